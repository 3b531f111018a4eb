"""What blocks a step of an audit, and what may be recorded between its steps.

Sources: 0-12, 0-13, 0-15, 2-21, 2-23…2-25, 4-37, 4-39.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

from domain.action import MAX_NOTE
from domain.audit import AuditKind, AuditPlan, CheckItem, RunKey
from domain.audit_flow import (
    INSPECT,
    RECTIFY,
    REPORT,
    VERIFY,
    AuditStanding,
    Conclusion,
    Discipline,
    Method,
    Problem,
    ProblemState,
    Visit,
)
from domain.procedure import Verb
from domain.refusal import Refused


def blocked(
    step: str, verb: Verb, kind: AuditKind, unit: str, standing: AuditStanding
) -> Refused | None:
    """What stands against closing a step; None if nothing does. ``unit`` acts."""
    if step == INSPECT and verb is Verb.SUBMIT:
        return _inspection_fault(kind, standing)
    if step == VERIFY:
        return _own_fault(unit, standing) or (
            _open_fault(standing) if verb is Verb.APPROVE else None
        )
    if step == REPORT and verb is Verb.SUBMIT:
        return _unsettled_fault(standing)
    return None


def _inspection_fault(kind: AuditKind, standing: AuditStanding) -> Refused | None:
    """0-12, 4-37: every unit has a record; 0-12: with a result; 0-13, 0-15: every item concluded."""
    if kind is AuditKind.DISCIPLINE and standing.lacks_text:
        return Refused(
            code="DISCIPLINE_TEXT_MISSING",
            sentence="“四个严禁”的文本还没有载入（0-15），请先 jiegai audit discipline。",
        )
    if standing.unvisited:
        if kind is AuditKind.SAMPLING:
            said = f"共{standing.covered}个，{standing.unvisited[0]}没有到访记录"
        else:
            said = f"共{standing.covered}个单位，没有到访记录的：{listed(standing.unvisited, '个')}"
        return Refused(code="AUDIT_UNVISITED", sentence=f"{said}（jiegai audit visit）。")
    if kind is AuditKind.ASSESSMENT and standing.unrated:
        return Refused(
            code="AUDIT_UNRATED",
            sentence=f"到访记录没有评估结果的：{listed(standing.unrated, '个')}（0-12）。",
        )
    if standing.unconcluded:
        return Refused(
            code="AUDIT_UNCONCLUDED",
            sentence=(
                f"检查内容还没有结论的：{listed(standing.unconcluded, '项')}"
                "（jiegai audit conclude）。"
            ),
        )
    return None


def _own_fault(unit: str, standing: AuditStanding) -> Refused | None:
    if unit not in {*standing.with_open, *standing.with_rectified}:
        return None
    sentence = f"{unit}本身有问题待整改，不能复核自己；请协调员改派其他单位复核。"
    return Refused(code="AUDIT_OWN_PROBLEMS", sentence=sentence)


def _open_fault(standing: AuditStanding) -> Refused | None:
    if not standing.with_open:
        return None
    units = listed(standing.with_open, "个")
    sentence = f"还有问题没有整改的：{units}，不能通过；请退回{RECTIFY}（--reopen 单位）。"
    return Refused(code="AUDIT_NOT_RECTIFIED", sentence=sentence)


def _unsettled_fault(standing: AuditStanding) -> Refused | None:
    units = tuple(dict.fromkeys((*standing.with_open, *standing.with_rectified)))
    if not units:
        return None
    sentence = f"还有问题没有销号的：{listed(units, '个')}，不能报告；请退回{RECTIFY}。"
    return Refused(code="AUDIT_PROBLEMS_OPEN", sentence=sentence)


def reopen_fault(reopen: Collection[str], standing: AuditStanding) -> Refused | None:
    """Units that a 退回 names without a problem of theirs."""
    concerned = {*standing.with_open, *standing.with_rectified}
    strange = next((unit for unit in reopen if unit not in concerned), "")
    if not strange:
        return None
    return Refused(code="AUDIT_REOPEN_UNIT", sentence=f"{strange}在本次督查中没有待复核的问题。")


def withdrawal_fault(back_to: str) -> Refused | None:
    """What a unit says it did, and what was closed, is not taken back."""
    if back_to not in (RECTIFY, VERIFY):
        return None
    sentence = f"“{back_to}”的结果已经登记，不能撤回；要重新整改请在“{REPORT}”退回。"
    if back_to == RECTIFY:
        sentence = f"“{back_to}”的结果已经登记，不能撤回；请复核单位退回。"
    return Refused(code="TOO_LATE_TO_WITHDRAW", sentence=sentence)


# --- what is recorded -------------------------------------------------------------------------


def items_of(plan: AuditPlan, discipline: Sequence[str]) -> tuple[CheckItem, ...]:
    """What an audit concludes about: its own items, and for 编制纪律检查 the 四个严禁 (0-15)."""
    if plan.kind is not AuditKind.DISCIPLINE:
        return plan.items
    banned = (CheckItem(number=f"{BAN}{n}", text=text) for n, text in enumerate(discipline, 1))
    return (*banned, *plan.items)


BAN: Final = "严禁"


def item_named(items: Sequence[CheckItem], number: str) -> CheckItem | None:
    """The item of a number; a plain 1 may mean 严禁1 where no other item has it."""
    by_number = {item.number: item for item in items}
    return by_number.get(number) or by_number.get(f"{BAN}{number}")


def visit_fault(visit: Visit, today: date) -> Refused | None:
    """What is wrong with a visit by itself (2-23, 4-37)."""
    if visit.on > today:
        return Refused(code="AUDIT_DAY_AHEAD", sentence=f"{visit.on}还没有到，不能先记到访。")
    strange = next((word for word in visit.methods if word not in list(Method)), "")
    if strange:
        sentence = f"没有检查方式“{strange}”；可写：{'、'.join(Method)}。"
        return Refused(code="AUDIT_METHOD", sentence=sentence)
    return length_fault(visit.team, visit.result, visit.opinions)


def problem_fault(problem: Problem) -> Refused | None:
    """What is wrong with a problem by itself (2-21, 2-24, 4-39)."""
    if not problem.sentence.strip():
        return Refused(code="AUDIT_PROBLEM_EMPTY", sentence=f"{problem.unit}的问题没有写明。")
    if not problem.rule.strip():
        sentence = f"{problem.unit}的问题须写明依据的条目或清单事项（4-39）。"
        return Refused(code="AUDIT_RULE_MISSING", sentence=sentence)
    if problem.discipline and problem.discipline not in list(Discipline):
        sentence = f"没有纪律“{problem.discipline}”；可写：{'、'.join(Discipline)}。"
        return Refused(code="AUDIT_DISCIPLINE", sentence=sentence)
    if problem.state not in (ProblemState.OPEN, ProblemState.ON_THE_SPOT):
        sentence = f"登记问题时只能是{ProblemState.OPEN}或{ProblemState.ON_THE_SPOT}。"
        return Refused(code="AUDIT_PROBLEM_STATE", sentence=sentence)
    if problem.state is ProblemState.ON_THE_SPOT and not problem.done.strip():
        sentence = f"{problem.unit}的问题现场解决，须写明怎样解决（2-24）。"
        return Refused(code="AUDIT_ON_THE_SPOT", sentence=sentence)
    return length_fault(problem.sentence, problem.rule, problem.advice, problem.done)


def conclusion_fault(conclusion: Conclusion, items: Sequence[CheckItem]) -> Refused | None:
    """What is wrong with a conclusion by itself (0-13, 0-15)."""
    if item_named(items, conclusion.number) is None:
        sentence = f"检查内容里没有第{conclusion.number}项。"
        return Refused(code="AUDIT_ITEM_UNKNOWN", sentence=sentence)
    if not conclusion.is_good and not conclusion.note.strip():
        sentence = f"第{conclusion.number}项结论为不符合，须写明情况（--note）。"
        return Refused(code="REASON_MISSING", sentence=sentence)
    return length_fault(conclusion.note)


def length_fault(*texts: str) -> Refused | None:
    """Texts that are too long for one record."""
    if all(len(text) <= MAX_NOTE for text in texts):
        return None
    return Refused(code="AUDIT_TEXT_LONG", sentence=f"一项文字最多{MAX_NOTE}字，请分开写。")


_LASTS = re.compile(r"\d+(?:天|小时|分).*", re.DOTALL)


def source_of(problem: Problem) -> str:
    """What makes a finding of an automatic check the same one a day later: all but how long it is.

    >>> one = Problem(unit="一街道", sentence="时限2026-11-02，已超期5天未办。", found_by="超期未办")
    >>> two = Problem(unit="一街道", sentence="时限2026-11-02，已超期6天未办。", found_by="超期未办")
    >>> source_of(one) == source_of(two)
    True
    """
    said = _LASTS.sub("", problem.sentence)
    parts = (problem.found_by, problem.rule, problem.unit, problem.workflow_id, said)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


_SHOWN: Final = 6


def listed(words: Sequence[str], counter: str) -> str:
    """The first few, and how many there are."""
    more = f"等{len(words)}{counter}" if len(words) > _SHOWN else ""
    return "、".join(words[:_SHOWN]) + more


# --- what there is no audit, or no unit, for --------------------------------------------------


def not_open(key: RunKey) -> Refused:
    """Nothing is recorded of an audit before it is opened."""
    sentence = f"“{key.plan}”{key.window}还没有开展（jiegai audit list {key.rollout}）。"
    return Refused(code="AUDIT_NOT_OPEN", sentence=sentence)


def not_of(unit: str, plan: AuditPlan) -> Refused:
    """A unit that is not inspected; of a sample, one without a visit, drawn or not (4-37)."""
    if plan.kind is AuditKind.SAMPLING:
        sentence = f"没有“{unit}”的到访记录，不能登记它的问题。"
    else:
        sentence = f"“{unit}”不是本次督查的单位，不能登记它的问题。"
    return Refused(code="AUDIT_NOT_COVERED", sentence=sentence)


def unproved(unit: str) -> Refused:
    """The same for a unit that was not drawn and for who has not read the sample (4-37)."""
    return Refused(
        code="AUDIT_NOT_COVERED",
        sentence=f"“{unit}”不能登记到访：不是本期抽到的单位，或没有用抽样口令读出样本。",
    )
