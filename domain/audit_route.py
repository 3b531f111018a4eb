"""Which steps an audit of each kind has, in order (C8).

Sources: 0-12…0-15, 2-23…2-25, 3-21, 3-30, 4-06, 4-37. No working days are in them: those below are this
software's, and an arrangement sets its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.audit import AUDITS, AuditKind
from domain.audit_flow import (
    ADVISE,
    ANALYSE,
    DO,
    GATHER,
    INSPECT,
    MEET,
    PRESENT,
    RECTIFY,
    REGISTER,
    REPORT,
    VERIFY,
)
from domain.audit_reckoning import VISIT_STEP
from domain.procedure import LEAD, StepShape, Verb
from domain.refusal import Refused

APPROVAL_NO: Final = "批准文号"
"""Document of 立项: by which 区委区政府 approved this one inspection (3-30)."""

RECTIFICATION: Final = "整改报告"
AUDIT_REPORT: Final = "报告"
MINUTES: Final = "纪要"

INSPECTED: Final = "被督查单位"
"""Whom 整改 waits for: the units with open problems, known when it opens."""

SUPERVISORS: Final = "区委督查室"
"""Who reports on the yearly supervision (0-13)."""

STEERING: Final = "改革协调小组"
"""To whom the special supervision is presented (2-25)."""

AUDIT_OPTION: Final = "督查"
WINDOW_OPTION: Final = "期"
KIND_OPTION: Final = "督查类型"
APPROVAL_OPTION: Final = "批准文号"
LATE_OPTION: Final = "补办"
"""Options of a procedure's row: by which arrangement, of which window, which kind, approved how,
and whether its window is made up."""

ROW_ID: Final = "督查"
"""The row id of every audit: it is no row of any plan."""

MOST_COVERED: Final = 300
"""Units of one audit: all of them answer one step, in one history. More go by district."""

CHECKED: Final = (AuditKind.ANNUAL, AuditKind.DISCIPLINE)
"""Kinds that make automatic checks when 检查 opens (0-13, 0-15)."""

MOST_FOUND: Final = 2_000
"""Problems that the automatic checks enter into one audit."""

_REGISTER = StepShape(
    name=REGISTER, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=5, documents=(APPROVAL_NO,)
)
_INSPECT = StepShape(name=INSPECT, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=20)
_GATHER = StepShape(
    name=GATHER, unit=LEAD, verbs=(Verb.SUBMIT, Verb.RETURN), workdays=5, back_to=(INSPECT,)
)
_ANALYSE = StepShape(name=ANALYSE, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=5)
_ADVISE = StepShape(name=ADVISE, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=5)
_RECTIFY = StepShape(
    name=RECTIFY,
    unit=INSPECTED,
    verbs=(Verb.SUBMIT,),
    workdays=15,
    documents=(RECTIFICATION,),
    joint=True,
)
_VERIFY = StepShape(
    name=VERIFY, unit=LEAD, verbs=(Verb.APPROVE, Verb.RETURN), workdays=5, back_to=(RECTIFY,)
)


def _report(unit: str) -> StepShape:
    return StepShape(
        name=REPORT,
        unit=unit,
        verbs=(Verb.SUBMIT, Verb.RETURN),
        workdays=5,
        documents=(AUDIT_REPORT,),
        back_to=(RECTIFY,),
    )


_PRESENT = StepShape(
    name=PRESENT, unit=STEERING, verbs=(Verb.SUBMIT,), workdays=10, documents=(MINUTES,)
)
_MEET = StepShape(name=MEET, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=10, documents=(MINUTES,))
_DO = StepShape(name=DO, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=20, documents=(AUDIT_REPORT,))

_ROUTES: Final[Mapping[AuditKind, tuple[StepShape, ...]]] = {
    AuditKind.ASSESSMENT: (
        _REGISTER,
        _INSPECT,
        _GATHER,
        _RECTIFY,
        _VERIFY,
        _report(LEAD),
    ),
    AuditKind.ANNUAL: (
        _REGISTER,
        _INSPECT,
        _GATHER,
        _RECTIFY,
        _VERIFY,
        _report(SUPERVISORS),
    ),
    AuditKind.DISCIPLINE: (
        _REGISTER,
        _INSPECT,
        _GATHER,
        _RECTIFY,
        _VERIFY,
        _report(LEAD),
    ),
    AuditKind.SPECIAL: (
        _INSPECT,
        _GATHER,
        _ANALYSE,
        _ADVISE,
        _RECTIFY,
        _VERIFY,
        _report(LEAD),
        _PRESENT,
    ),
    AuditKind.SAMPLING: (_INSPECT, _GATHER, _RECTIFY, _VERIFY, _report(LEAD)),
    AuditKind.JOINT_MEETING: (_MEET,),
    AuditKind.PUSH_MEETING: (_MEET,),
    AuditKind.YEARLY_ITEM: (_DO,),
}
"""The working days are this software's (the texts state none); an arrangement sets its own."""


def route_of(kind: AuditKind, approval: str = "") -> tuple[StepShape, ...]:
    """The steps of a kind; with its approval number the arrangement has its 立项 behind it (3-30).

    >>> [step.name for step in route_of(AuditKind.SAMPLING)]
    ['检查', '问题汇总', '整改', '复核', '报告']
    """
    return tuple(step for step in _ROUTES[kind] if not (approval and step.name == REGISTER))


MOST_DAYS: Final = 250


def days_fault(kind: AuditKind, workdays: Mapping[str, int]) -> Refused | None:
    """What is wrong with the working days that an arrangement sets for single steps."""
    names = [step.name for step in _ROUTES[kind]]
    if kind is AuditKind.SAMPLING:
        names.append(VISIT_STEP)
    strange = next((name for name in workdays if name not in names), "")
    if strange:
        sentence = f"{kind}没有环节“{strange}”；可设：{'、'.join(names)}。"
        return Refused(code="AUDIT_STEP_UNKNOWN", sentence=sentence)
    if not all(0 < days <= MOST_DAYS for days in workdays.values()):
        return Refused(code="AUDIT_STEP_DAYS", sentence=f"环节的工作日数须在1至{MOST_DAYS}之间。")
    return None


def is_inspection(kind: AuditKind) -> bool:
    """Whether units are inspected: one of the five audits of C8, no meeting or yearly item."""
    return kind in AUDITS
