"""The steps of each kind of case, and what an answer to one may open.

This is the mechanism of 双向派单 as a table: 4-10…4-12 (street → district), 4-13…4-15 (district →
street, with the complex transfer), 3-14 (referral off the list), 行政处罚法 art. 25 (negotiation,
then designation by the common superior), 国务院令310号 (suspected crime), 1-46 (民呼我应), 0-47
(吹哨报到). ``workflows.case_handover`` waits at these steps; who acts is resolved from the words
below when the case is admitted. Limits are in ``domain.case_limits``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.case import CaseKind
from domain.case_limits import (
    ANSWER,
    ARRIVE,
    CARRY_ON,
    CONFIRM,
    DECIDE,
    DESIGNATE,
    DISPATCH,
    DISPOSE,
    DIVIDE,
    HANDLE,
    HANDOVER,
    INTAKE,
    MOVE,
    NEGOTIATE,
    POLICE_REVIEW,
    PROPOSE,
    RAISED,
    REPLY,
    REPORT,
    RULE,
    SIGN,
    TAKE_OVER,
    WHISTLE,
)
from domain.procedure import StepShape, Verb
from domain.unit import Role

SENDER: Final = "发送方"
RECEIVER: Final = "接收方"
STREET: Final = "街道"
SUPERIOR: Final = "指定机关"
ARBITER: Final = "裁定机关"
POLICE: Final = "公安机关"
RAISED_TO: Final = "提级机关"
CALLED: Final = "被吹哨部门"

HANDOVER_SLIP: Final = "交接单"
CASE_FILE: Final = "案卷"
REFERRAL_LETTER: Final = "移送书"


def _step(
    name: str, unit: str, *verbs: Verb, opens: tuple[str, ...] = (), **more: object
) -> StepShape:
    return StepShape(name=name, unit=unit, verbs=verbs, opens=opens, beside=True, **more)  # type: ignore[arg-type]


def _negotiation(taken: str, again: str, *kept: str) -> tuple[StepShape, StepShape]:
    """协商 between the two organs; no agreement goes up to the common superior (art. 25).

    ``taken`` follows an agreement, ``again`` the designation of another, ``kept`` the street's own.
    """
    return (
        _step(
            NEGOTIATE,
            f"{STREET}、{RECEIVER}",
            Verb.ACCEPT,
            Verb.KEEP,
            Verb.SUBMIT,
            opens=(taken, *kept, DESIGNATE),
        ),
        _step(
            DESIGNATE,
            SUPERIOR,
            Verb.DESIGNATE,
            documents=("指定决定",),
            opens=(again, *kept),
        ),
    )


UPWARD_ROUTE = (
    _step(REPORT, STREET, Verb.SUBMIT, opens=(HANDOVER,)),
    _step(HANDOVER, STREET, Verb.SUBMIT, documents=(HANDOVER_SLIP,), opens=(SIGN,)),
    _step(SIGN, RECEIVER, Verb.ACCEPT, Verb.REFUSE, opens=(HANDLE, NEGOTIATE)),
    *_negotiation(HANDLE, SIGN),
    _step(HANDLE, RECEIVER, Verb.SUBMIT),
)
"""发现/举报 → 报告(当天) → 交接 → 签收(≤3个工作日) → 区级办理 → 办结."""

DISPATCH_ROUTE = (
    _step(DISPATCH, SENDER, Verb.SUBMIT, opens=(SIGN,)),
    _step(SIGN, STREET, Verb.ACCEPT, Verb.REFUSE, opens=(HANDLE, RULE)),
    _step(RULE, ARBITER, Verb.APPROVE, Verb.REJECT, opens=(SIGN,)),
    _step(
        HANDLE,
        STREET,
        Verb.SUBMIT,
        Verb.REPLY,
        Verb.HAND_OVER,
        opens=(REPLY, CONFIRM, RAISED, TAKE_OVER),
    ),
    _step(REPLY, STREET, Verb.REPLY, opens=(CONFIRM, RAISED)),
    _step(
        CONFIRM,
        SENDER,
        Verb.APPROVE,
        Verb.RETURN,
        back_to=(HANDLE,),
        opens=(HANDLE, RAISED),
    ),
    _step(RAISED, RAISED_TO, Verb.APPROVE, Verb.RETURN, back_to=(HANDLE,), opens=(HANDLE,)),
    _step(TAKE_OVER, RECEIVER, Verb.ACCEPT, Verb.REFUSE, opens=(CARRY_ON, NEGOTIATE)),
    *_negotiation(CARRY_ON, TAKE_OVER, REPLY),
    _step(CARRY_ON, RECEIVER, Verb.REPLY),
)
"""函件 → 专人签收 → 办理 → {回告 → 确认 | 移交 → 接收 → 继续办理 → 回告}."""

CRIME_ROUTE = (
    _step(
        PROPOSE,
        SENDER,
        Verb.SUBMIT,
        documents=(REFERRAL_LETTER, CASE_FILE),
        opens=(DECIDE,),
    ),
    _step(DECIDE, SENDER, Verb.APPROVE, Verb.REJECT, role=Role.HEAD, opens=(MOVE,)),
    _step(MOVE, SENDER, Verb.SUBMIT, documents=("移送清单",), opens=(POLICE_REVIEW,)),
    _step(POLICE_REVIEW, POLICE, Verb.ACCEPT, Verb.REFUSE),
)
"""拟移送 → 负责人决定(3日) → 移送(24小时) → 公安审查(3日); not part of 双向派单."""

CITIZEN_ROUTE = (
    _step(INTAKE, STREET, Verb.SUBMIT, opens=(DIVIDE,)),
    _step(DIVIDE, STREET, Verb.DESIGNATE, opens=(HANDLE,)),
    _step(HANDLE, RECEIVER, Verb.REPLY, opens=(ANSWER,)),
    _step(ANSWER, STREET, Verb.REPLY, Verb.RETURN, back_to=(HANDLE,), opens=(HANDLE,)),
)
"""受理 → 分流 → 办理 → 回复; nothing closes without 回复."""

WHISTLE_ROUTE = (
    _step(WHISTLE, STREET, Verb.SUBMIT, opens=(ARRIVE,)),
    _step(ARRIVE, CALLED, Verb.ARRIVE, opens=(DISPOSE,)),
    _step(DISPOSE, STREET, Verb.SUBMIT),
)
"""吹哨 → 报到 by each department called → 处置."""

CASE_ROUTES: Final[Mapping[CaseKind, tuple[StepShape, ...]]] = {
    CaseKind.REPORT: UPWARD_ROUTE,
    CaseKind.REFERRAL: UPWARD_ROUTE,
    CaseKind.DISPATCH: DISPATCH_ROUTE,
    CaseKind.CRIME: CRIME_ROUTE,
    CaseKind.CITIZEN: CITIZEN_ROUTE,
    CaseKind.WHISTLE: WHISTLE_ROUTE,
}

FIRST_STEP: Final[Mapping[CaseKind, str]] = {
    kind: shapes[0].name for kind, shapes in CASE_ROUTES.items()
}
"""The step that opening a case answers."""
