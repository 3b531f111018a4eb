"""How a list of duties comes into force and changes: the two routes, and what blocks each step.

The orders are opposite (C7): a first list is issued and then filed (4-30), a change is filed and
only then takes effect (4-32). None of these steps has a limit in the source texts; their working
days are what a district settles, and 备案 has none unless one is set.

Sources: 4-21…4-30, 4-40, 4-43 (drafting, F29, F30); 4-31, 4-32, 4-34, 4-48 (adjustment, F31).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from domain.calendar import WorkCalendar
from domain.duty import ListStatus
from domain.procedure import LEAD, PARTNERS, StepShape, Verb
from domain.refusal import Refused
from domain.schedule import workday_back

DRAFT: Final = "初稿"
OPINIONS: Final = "征求意见"
DISPOSAL: Final = "意见处置"
LEGALITY: Final = "合法性审查"
REVIEW: Final = "四部门审核"
ISSUE: Final = "联合印发"
FILING: Final = "备案"
TRIAL: Final = "试运行"
CLAIM: Final = "认领"
ACCEPTANCE: Final = "评估验收"
APPLY: Final = "申请"
EFFECT: Final = "实施"

PAPER: Final = "发文字号"
FILING_NO: Final = "备案号"
APPLICATION: Final = "书面申请"
NOTICE: Final = "施行通知"
"""Document by which a change is announced, where there is one."""

EFFECTIVE_ON: Final = "施行日期"
"""Fact of 实施: from which day a change holds; the moment of the action where it is not said."""

REVIEWERS: Final = ("区委编办", "区司法局", "区财政局", "区行政审批局")
"""The members of the 职责下沉准入联席会议 that review and issue (4-29)."""

STREETS: Final = "各街道"
"""Whom 认领 waits for; the units are given when the procedure starts."""

ROW_ID: Final = "清单"
"""The row id of both procedures: they are no row of any plan."""

LIST_OPTION: Final = "清单"
"""Option of a procedure's row: which list it is about."""

_REVIEWED_BY = "、".join(REVIEWERS)

DRAFTING: Final = (
    StepShape(name=DRAFT, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=10),
    StepShape(name=OPINIONS, unit=PARTNERS, verbs=(Verb.OPINION,), workdays=5),
    StepShape(name=DISPOSAL, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=3),
    StepShape(
        name=LEGALITY,
        unit="区司法局",
        verbs=(Verb.APPROVE, Verb.RETURN),
        workdays=5,
        back_to=(DRAFT,),
    ),
    StepShape(
        name=REVIEW,
        unit=_REVIEWED_BY,
        verbs=(Verb.APPROVE, Verb.REJECT, Verb.RETURN),
        workdays=5,
        back_to=(DRAFT,),
        joint=True,
    ),
    StepShape(
        name=ISSUE,
        unit=_REVIEWED_BY,
        verbs=(Verb.COSIGN, Verb.RETURN),
        workdays=3,
        documents=(PAPER,),
        back_to=(DRAFT,),
    ),
    StepShape(
        name=FILING, unit="市委编办", verbs=(Verb.APPROVE,), workdays=10, documents=(FILING_NO,)
    ),
    StepShape(name=TRIAL, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=20),
    StepShape(name=CLAIM, unit=STREETS, verbs=(Verb.SUBMIT,), workdays=5, joint=True),
    StepShape(
        name=ACCEPTANCE,
        unit="区委编办",
        verbs=(Verb.APPROVE, Verb.RETURN),
        workdays=5,
        back_to=(CLAIM, TRIAL),
    ),
)
"""清单 initial (state machine 6). One 不通过 or 退回 leads back to the draft (4-29)."""

ADJUSTING: Final = (
    StepShape(name=APPLY, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=3, documents=(APPLICATION,)),
    StepShape(
        name=REVIEW,
        unit=_REVIEWED_BY,
        verbs=(Verb.APPROVE, Verb.REJECT, Verb.RETURN),
        workdays=5,
        back_to=(APPLY,),
        joint=True,
    ),
    StepShape(
        name=FILING,
        unit="市委编办",
        verbs=(Verb.APPROVE, Verb.RETURN),
        workdays=10,
        documents=(FILING_NO,),
        back_to=(APPLY,),
    ),
    StepShape(
        name=EFFECT,
        unit="区委编办",
        verbs=(Verb.SUBMIT, Verb.RETURN),
        workdays=3,
        back_to=(APPLY,),
    ),
)
"""清单 adjustment (state machine 7): 备案 comes before 实施."""

UNLIMITED: Final = frozenset({FILING})
"""Steps without a limit until one is set (4-30: none is stated)."""

REVIEWED: Final = frozenset({REVIEW, ISSUE})
"""Steps of the units that review; a district may settle who they are."""


def routed(route: Sequence[StepShape], reviewers: Sequence[str]) -> tuple[StepShape, ...]:
    """The route with the reviewing units that a district has settled."""
    units = "、".join(reviewers)
    return tuple(replace(s, unit=units) if units and s.name in REVIEWED else s for s in route)


@dataclass(frozen=True, kw_only=True)
class DatedStep:
    """When one step falls: ``start`` is the last day on which it may be opened."""

    shape: StepShape
    workdays: int
    start: date
    due: date


def dated(
    route: Sequence[StepShape], workdays: Mapping[str, int], due: date, calendar: WorkCalendar
) -> tuple[DatedStep, ...]:
    """This will schedule a route back from its last day; a step without a limit takes no days."""
    found: list[DatedStep] = []
    for shape in reversed(route):
        own = days_of(shape, workdays)
        start = workday_back(due, own, calendar)
        found.append(DatedStep(shape=shape, workdays=own, start=start, due=due))
        due = start
    return tuple(reversed(found))


def days_of(shape: StepShape, workdays: Mapping[str, int]) -> int:
    """The working days of a step: as set, else the route's own; 0 where it has no limit."""
    return workdays.get(shape.name, 0 if shape.name in UNLIMITED else shape.workdays)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a list stands while it is drafted, as the register knows it.

    ``status`` is empty where there is no such list. ``totals`` says how the totals of the header
    differ from what is counted, empty if they do not. ``empty`` names items with a field missing,
    ``unjudged`` those without a legality verdict on their present text and ``unsound`` those
    judged 不合法, all by number. ``untried`` are streets without a trial evaluation, ``unclaimed``
    what each street has not claimed, in words.
    """

    status: str = ""
    version: int = 0
    content_hash: str = ""
    counted: int = 0
    totals: str = ""
    empty: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    unsound: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()
    unclaimed: dict[str, str] = field(default_factory=dict)


def blocked(
    step: str, unit: str, standing: Standing, replies: Mapping[str, str], circulated: str
) -> Refused | None:
    """What stands against closing a step of the drafting; None if nothing does.

    ``unit`` acts, ``replies`` answer opinions by unit, ``circulated`` is the content that opinions
    were asked on.
    """
    if step in (DRAFT, DISPOSAL):
        draft = _no_draft(standing) or totals_fault(standing) or _empty_fault(standing)
        if draft is not None or step == DRAFT:
            return draft
        return disposal_fault(replies) or _unrevised(standing, replies, circulated)
    if step == LEGALITY:
        return _no_draft(standing) or legality_fault(standing)
    if step in (REVIEW, ISSUE):
        draft = _no_draft(standing) or totals_fault(standing)
        return draft or _empty_fault(standing) or legality_fault(standing)
    if step == TRIAL:
        return trial_fault(standing)
    if step == CLAIM:
        return claim_fault(standing, unit)
    return trial_fault(standing) or claim_fault(standing) if step == ACCEPTANCE else None


def totals_fault(standing: Standing) -> Refused | None:
    """4-23: the total in the header is the number of items; 25 with 24 rows is not issued."""
    if not standing.totals:
        return None
    sentence = f"{standing.totals.removesuffix('。')}；请牵头单位改正后重新导入。"
    return Refused(code="DUTY_TOTAL", sentence=sentence)


def legality_fault(standing: Standing) -> Refused | None:
    """4-28: every item has a verdict, and none is unlawful."""
    judged = standing.counted - len(standing.unjudged)
    if standing.unjudged:
        return Refused(
            code="DUTY_VERDICT_MISSING",
            sentence=(
                f"{standing.counted}项中只有{judged}项有合法性结论，"
                f"还缺第{listed(standing.unjudged)}项（jiegai duty legality）。"
            ),
        )
    if standing.unsound:
        return Refused(
            code="DUTY_UNLAWFUL",
            sentence=f"第{listed(standing.unsound)}项审查结论为不合法，不能通过，请退回{DRAFT}。",
        )
    return None


def trial_fault(standing: Standing) -> Refused | None:
    """4-40: a trial evaluation of every street."""
    if not standing.untried:
        return None
    done = len(standing.streets) - len(standing.untried)
    more = f"等{len(standing.untried)}个街道" if len(standing.untried) > _SHOWN else ""
    return Refused(
        code="DUTY_TRIAL_MISSING",
        sentence=(
            f"{len(standing.streets)}个街道中{done}个有试运行评估，"
            f"还缺：{'、'.join(standing.untried[:_SHOWN])}{more}（jiegai duty trial）。"
        ),
    )


def claim_fault(standing: Standing, street: str = "") -> Refused | None:
    """4-43: every street has claimed every item, with a named 专人 or 专班."""
    lacking = {s: what for s, what in standing.unclaimed.items() if street in ("", s)}
    if not lacking:
        return None
    first, numbers = next(iter(lacking.items()))
    more = f"等{len(lacking)}个街道" if len(lacking) > 1 else ""
    return Refused(
        code="DUTY_CLAIM_MISSING",
        sentence=(
            f"{first}{more}还没有认领全部事项：{first}缺第{numbers}项的专人专班"
            "（jiegai duty claim）。"
        ),
    )


ADOPTED: Final = "采纳"
PARTLY: Final = "部分采纳"
DECLINED: Final = "不采纳"


def disposal_fault(replies: Mapping[str, str]) -> Refused | None:
    """4-27: each opinion is 采纳, 部分采纳, or 不采纳 with the reason."""
    for unit, text in replies.items():
        word = disposal_of(text)
        if not word:
            return Refused(
                code="DUTY_DISPOSAL",
                sentence=(
                    f"对{unit}意见的处置须以“{ADOPTED}”“{PARTLY}”或“{DECLINED}”开头"
                    f"（--reply {unit}={ADOPTED}）。"
                ),
            )
        if word == DECLINED and not _bare(text.strip().removeprefix(DECLINED)):
            return Refused(
                code="DUTY_DISPOSAL_REASON",
                sentence=f"不采纳{unit}的意见须写明理由（--reply {unit}=不采纳：理由）。",
            )
    return None


def disposal_of(text: str) -> str:
    """The word with which a disposition begins; empty if it is none of the three."""
    words = (PARTLY, DECLINED, ADOPTED)
    return next((word for word in words if text.strip().startswith(word)), "")


def is_no_opinion(note: str) -> bool:
    """Whether an opinion says that there is none.

    >>> is_no_opinion(" 无意见。"), is_no_opinion("无意见，但第3项应改")
    (True, False)
    """
    return _bare(note) in ("无意见", "没有意见", "无修改意见", "无不同意见")


def withdrawal_fault(back_to: str) -> Refused | None:
    """What has taken effect is not withdrawn: from issue and filing on, only what comes after."""
    if back_to not in (ISSUE, FILING, EFFECT):
        return None
    return Refused(
        code="TOO_LATE_TO_WITHDRAW",
        sentence=f"“{back_to}”已经生效，不能撤回；要改清单请走动态调整（jiegai duty adjust）。",
    )


def _no_draft(standing: Standing) -> Refused | None:
    if standing.status == ListStatus.DRAFT and standing.counted:
        return None
    return Refused(
        code="DUTY_DRAFT_MISSING", sentence="登记库里没有这份清单的草案，请先 jiegai duty import。"
    )


def _empty_fault(standing: Standing) -> Refused | None:
    """4-24: none of the seven fields may be empty."""
    if not standing.empty:
        return None
    return Refused(
        code="DUTY_FIELD_EMPTY",
        sentence=f"第{listed(standing.empty)}项的七个要素没有填全（4-24），请补齐后重新导入。",
    )


def _unrevised(standing: Standing, replies: Mapping[str, str], circulated: str) -> Refused | None:
    """What was adopted must be in the list by then (4-27: 全部采纳并对清单加以完善)."""
    adopts = any(disposal_of(text) in (ADOPTED, PARTLY) for text in replies.values())
    if not adopts or standing.content_hash != circulated:
        return None
    return Refused(
        code="DUTY_NOT_REVISED",
        sentence="采纳了意见，但清单草案自征求意见以来没有改动，请先导入修改稿（jiegai duty import）。",
    )


_SHOWN = 6


def listed(words: Sequence[str]) -> str:
    """The first few, and how many there are: ``1、2、3、4、5、6等25项``."""
    more = f"等{len(words)}项" if len(words) > _SHOWN else ""
    return "、".join(words[:_SHOWN]) + more


def _bare(text: str) -> str:
    """The text without blanks and punctuation."""
    return "".join(c for c in text if unicodedata.category(c)[0] not in "PZC")
