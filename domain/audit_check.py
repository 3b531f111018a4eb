"""Automatic checks: what an audit looks for in everything that is live, by which rule, in words.

Each check trusts no guard: it asks the registers and the action log anew whether what the guards
should have kept out is there. A finding names the row of the source texts, the unit and since when;
nothing is weighed and nobody is ranked. The 四个严禁 (0-15) are no check: their text is the customer's,
and none is invented here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from domain.case import CaseKind
from domain.case_limits import HANDOVER, REPORT, SIGN
from domain.day_words import SHANGHAI
from domain.deadline import local_day
from domain.duty_execution import ClockSeen
from domain.plan import Plan


class Check(StrEnum):
    """One kind of check, in the order in which they run."""

    OVERDUE = "超期未办"
    SAME_REVIEWER = "同人两审"
    UNREVIEWED = "未经两审"
    PLATE = "无据挂牌"
    LEDGER = "台账不平"
    ROSTER = "名册越界"
    UNREPLIED = "未回告"
    REPORT_LATE = "报告超期"
    HANDOVER_LATE = "交接超期"
    OFF_LIST = "清单外派单"
    UNCITED = "派单无据"
    UNCLAIMED = "无人认领"
    UNFILED = "未备案"
    DEADLINE = "时限改动"
    ABSENT = "无人代办"
    SECONDED = "借调逾期"
    DEVOLUTION = "下放不足"
    VIEW = "数据不符"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a check rests on: a row of the source texts, what is asked, and what is counted."""

    row: str
    asks: str
    counts: str


RULES: Final[Mapping[Check, Rule]] = {
    Check.OVERDUE: Rule(row="0-13", asks="到期的环节都已办理", counts="在办事项"),
    Check.SAME_REVIEWER: Rule(row="0-35", asks="初审、复审由不同的人办理", counts="三定事项"),
    Check.UNREVIEWED: Rule(
        row="0-35", asks="三定经初审、复审通过后才报送、办结", counts="三定事项"
    ),
    Check.PLATE: Rule(row="3-04", asks="挂牌写明依据文号", counts="挂牌事项"),
    Check.LEDGER: Rule(row="0-25", asks="编制台账各条规则都成立", counts="台账凭证"),
    Check.ROSTER: Rule(row="0-50", asks="名册的人都在锁定的人员编制之内", counts="名册"),
    Check.UNREPLIED: Rule(row="4-14", asks="派单办结前街道已回告", counts="案件"),
    Check.REPORT_LATE: Rule(row="4-11", asks="街道当天报告", counts="案件"),
    Check.HANDOVER_LATE: Rule(row="4-12", asks="3个工作日内正式交接", counts="案件"),
    Check.OFF_LIST: Rule(row="4-20", asks="没有清单之外或未经准入的派单", counts="被拒的派单"),
    Check.UNCITED: Rule(row="4-20", asks="受理的派单都引用清单事项", counts="案件"),
    Check.UNCLAIMED: Rule(row="4-43", asks="清单事项都有在岗的专人认领", counts="有效清单"),
    Check.UNFILED: Rule(row="4-30", asks="印发的清单已报备案", counts="有效清单"),
    Check.DEADLINE: Rule(row="0-06", asks="时限的改动在允许之内、有依据", counts="事项"),
    Check.ABSENT: Rule(row="4-05", asks="请假的人有在岗的人代办", counts="请假"),
    Check.SECONDED: Rule(row="3-08", asks="借调的人按期归还", counts="在外借调"),
    Check.DEVOLUTION: Rule(row="0-44", asks="到期的下放达到比例", counts="下放任务"),
    Check.VIEW: Rule(row="0-08", asks="挂图和待办与 Temporal 一致", counts="事项类型"),
}

DEFAULT_EXTENSIONS: Final = 1
"""How often a step may be put off where the plan says nothing of it."""

_UPWARD: Final = (CaseKind.REPORT, CaseKind.REFERRAL)
_TOLD: Final = re.compile(r"升级告知(.*)。$")
_BARRED_ROW: Final = {"WRONG_SIDE": "4-33"}
"""By the code of a refused opening, where the row is not that of its check."""

PROCEDURE_NAMES: Final[Mapping[str, str]] = {
    "Audit": "督查",
    "CaseHandover": "案件",
    "DutyListAdjustment": "清单调整",
    "DutyListDrafting": "清单起草",
    "NameplateHanging": "挂牌",
    "PersonnelTransfer": "转隶（名册）",
    "PlanApproval": "方案",
    "RelationTransfer": "转隶（关系）",
    "SandingDrafting": "三定、五定、修订",
    "TaskMilestone": "任务",
}
"""Types of procedures in words."""

Facts = Mapping[str, Any]
"""What a question found of one fault; texts and numbers, instants as ISO 8601."""


def checks_named(words: Iterable[str]) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """This will read names of checks or their rows (4-11), and return those that are neither.

    >>> checks_named(["超期未办", "4-20", "x"])[1]
    ('x',)
    """
    chosen: dict[Check, None] = {}
    wrong = []
    for word in words:
        found = [check for check in Check if word in (check, RULES[check].row)]
        chosen.update(dict.fromkeys(found))
        if not found:
            wrong.append(word)
    return tuple(check for check in Check if check in chosen), tuple(wrong)


def rule_row(check: Check, facts: Facts) -> str:
    """The row that a finding names: that of its check, or of what exactly was tried."""
    return _BARRED_ROW.get(str(facts.get("code", "")), RULES[check].row)


def sentence_of(check: Check, facts: Facts, now: datetime) -> str:
    """This will say in one sentence what is wrong."""
    return _WORDS[check](facts, local_day(now))


# --- steps ------------------------------------------------------------------------------------


def _overdue(facts: Facts, today: date) -> str:
    days = max(0, (today - date.fromisoformat(facts["due_date"])).days)
    what = f"“{facts['step']}”" + ("的延期审批" if facts["purpose"] == "延期审批" else "")
    told = _TOLD.search(facts["told"])
    rung = "尚未升级"
    if facts["rungs"]:
        to = f"，末次告知{told[1]}" if told else ""
        rung = f"已升级{facts['rungs']}次{to}"
    return f"{what}时限{facts['due_date']}，已超期{days}天未办，{rung}。"


def _same_reviewer(facts: Facts, _today: date) -> str:
    return (
        f"初审（第{facts['first']}条）和复审（第{facts['second']}条）都由{facts['reviewer']}"
        f"{facts['person']}办理。"
    )


def _unreviewed(facts: Facts, _today: date) -> str:
    if not facts["seq"]:
        return "已办结，日志里没有复审通过和报送。"
    missing = "、".join(
        name for name, passed in (("初审", facts["first"]), ("复审", facts["second"])) if not passed
    )
    return f"第{facts['seq']}条报送前，末次起草之后没有{missing}通过。"


def _plate(facts: Facts, _today: date) -> str:
    return f"第{facts['seq']}条提交了挂牌，没有“依据文号”。"


def _deadline(facts: Facts, _today: date) -> str:
    if facts["how"] == "修订":
        return (
            f"“{facts['step']}”时限由{facts['before']}改为{facts['after']}，称依据修订"
            f"“{facts['paper']}”，没有登记这次修订。"
        )
    return (
        f"“{facts['step']}”批准延期{facts['times']}次，最多{facts['most']}次；"
        f"时限由{facts['original']}延至{facts['after']}。"
    )


def extensions_allowed(plan: Plan | None, facts: Facts) -> int:
    """How often a step may be put off (0-06): by the plan's 环节, for cases by 4-11 and 4-12."""
    step = facts["step"]
    if kind := facts.get("case_kind"):
        promised = step in (REPORT, HANDOVER) or (step == SIGN and kind in _UPWARD)
        return 0 if promised else DEFAULT_EXTENSIONS
    if plan is None or all(row.id != facts["row_id"] for row in plan.rows):
        return DEFAULT_EXTENSIONS
    kind = plan.row(facts["row_id"]).kind
    rules = (rule for rule in plan.steps if rule.kind is kind and rule.step == step)
    return next((rule.max_extensions for rule in rules), DEFAULT_EXTENSIONS)


# --- establishment ----------------------------------------------------------------------------


def _ledger(facts: Facts, _today: date) -> str:
    return f"“{facts['law']}”不成立：{facts['about']}。"


def _roster(facts: Facts, _today: date) -> str:
    head = f"名册“{facts['number']}”的{facts['staff']}"
    if not facts["baseline"]:
        return f"{head}不在锁定的人员里。"
    if facts["type"] != facts["locked_type"]:
        return f"{head}写为{facts['type']}，锁定的是{facts['locked_type']}。"
    return f"{head}的编制从未在转出单位{facts['from_unit']}。"


def _devolution(facts: Facts, _today: date) -> str:
    state = "已办结" if facts["ended"] else f"时限{facts['due']}已过"
    return (
        f"第{facts['row_id']}行{state}，“{facts['of']}”应下放{facts['percent']}%："
        f"{facts['by']}锁定{facts['locked']}、应下放{facts['needed']}、已下放{facts['gone']}，"
        f"还差{facts['missing']}。"
    )


def _seconded(facts: Facts, today: date) -> str:
    due = date.fromisoformat(facts["due_back"])
    return (
        f"{facts['street']}的{facts['staff']}借调{facts['organ']}，应于{due}归还，"
        f"已逾期{(today - due).days}天。"
    )


def _absent(facts: Facts, _today: date) -> str:
    who = f"{facts['person']}{facts['from_day']}至{facts['to_day']}请假"
    if facts["substitute"]:
        return f"{who}，代办人{facts['substitute']}已不在任何单位任职。"
    return f"{who}，代办成圈（{facts['by_person']}），没有人在岗。"


# --- cases and lists --------------------------------------------------------------------------


def late_clock(
    clocks: Iterable[ClockSeen], name: str, number: str, now: datetime
) -> tuple[str, datetime | None]:
    """What to say of a clock that is late, and since when."""
    clock = next(one for one in clocks if one.name == name)
    due = clock.due_at or now
    minutes = int(((clock.stopped_at or now) - due).total_seconds()) // 60
    what = name.removeprefix("当天").removeprefix("正式")
    ended = f"{_moment(clock.stopped_at)}才{what}" if clock.stopped_at else f"至今没有{what}"
    return f"案件{number}{name}时限{_moment(due)}，{ended}，迟{_span(minutes)}。", clock.due_at


def _moment(instant: datetime) -> str:
    """An instant in Shanghai; midnight is the end of the day before.

    >>> from datetime import UTC
    >>> _moment(datetime(2026, 11, 20, 16, tzinfo=UTC))
    '2026-11-20 24:00'
    """
    local = instant.astimezone(SHANGHAI)
    if local.time() == time():
        return f"{local.date() - timedelta(days=1)} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"


def _span(minutes: int) -> str:
    """So many minutes in words.

    >>> _span(59), _span(61), _span(3000)
    ('59分', '1小时1分', '2天2小时')
    """
    if minutes >= 24 * 60:
        return f"{minutes // 1440}天{minutes % 1440 // 60}小时"
    return f"{minutes // 60}小时{minutes % 60}分" if minutes >= 60 else f"{minutes}分"


def _unreplied(facts: Facts, _today: date) -> str:
    return f"{facts['kind']}案件{facts['number']}已办结，日志里没有{facts['lacks']}。"


def _off_list(facts: Facts, _today: date) -> str:
    return f"向{facts['street']}派单“{facts['number']}”被拒：{facts['said'].rstrip('。')}。"


def _uncited(facts: Facts, _today: date) -> str:
    return f"派单案件{facts['number']}（{facts['sender']}→{facts['street']}）没有引用清单事项。"


def _unclaimed(facts: Facts, _today: date) -> str:
    named = "、".join(facts["items"])
    more = "等" if facts["missing"] > len(facts["items"]) else ""
    return (
        f"{facts['list']}第{facts['version']}版{facts['total']}项，"
        f"{facts['missing']}项没有在岗的专人：{named}{more}。"
    )


def _unfiled(facts: Facts, today: date) -> str:
    issued = local_day(datetime.fromisoformat(facts["from"]))
    return (
        f"{facts['list']}第{facts['version']}版（{facts['paper']}）{issued}起施行，"
        f"已{(today - issued).days}天，没有备案号。"
    )


# --- read models ------------------------------------------------------------------------------


def _view(facts: Facts, _today: date) -> str:
    if "found" in facts:
        return f"核对发现{facts['kind']}：{facts['found'].rstrip('。')}；没有修复。"
    if "desk" in facts:
        return f"事项已结束，待办里还有{facts['desk']}个环节。"
    kind = PROCEDURE_NAMES.get(facts["type"], facts["type"])
    return f"“{kind}”在办：Temporal {facts['running']}件，挂图{facts['shown']}件。"


_WORDS: Final[Mapping[Check, Callable[[Facts, date], str]]] = {
    Check.OVERDUE: _overdue,
    Check.SAME_REVIEWER: _same_reviewer,
    Check.UNREVIEWED: _unreviewed,
    Check.PLATE: _plate,
    Check.LEDGER: _ledger,
    Check.ROSTER: _roster,
    Check.UNREPLIED: _unreplied,
    Check.OFF_LIST: _off_list,
    Check.UNCITED: _uncited,
    Check.UNCLAIMED: _unclaimed,
    Check.UNFILED: _unfiled,
    Check.DEADLINE: _deadline,
    Check.ABSENT: _absent,
    Check.SECONDED: _seconded,
    Check.DEVOLUTION: _devolution,
    Check.VIEW: _view,
}
"""The two clocks of cases are worded by ``late_clock``."""
