"""What may be done about a case, by the words of the office: which verb, at which steps.

Where a case has several steps that take the verb, the open one is meant; the first is named where
none is open, so that the case itself says why it cannot be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.case_limits import (
    ANSWER,
    ARRIVE,
    CARRY_ON,
    CONFIRM,
    DECIDE,
    DESIGNATE,
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
from domain.procedure import Verb


@dataclass(frozen=True)
class CaseAct:
    """A verb, and the steps at which it can be meant; none for the whole case."""

    verb: Verb
    steps: tuple[str, ...] = ()

    def step_among(self, open_steps: tuple[str, ...]) -> str:
        """The open step that is meant; the first that could be where none of them is open."""
        first = self.steps[0] if self.steps else ""
        return next((step for step in self.steps if step in open_steps), first)


_RECEIVING = (SIGN, TAKE_OVER, POLICE_REVIEW)

CASE_ACTS: Final[Mapping[str, CaseAct]] = {
    "报告": CaseAct(Verb.SUBMIT, (REPORT, PROPOSE, INTAKE, WHISTLE)),
    "交接": CaseAct(Verb.SUBMIT, (HANDOVER,)),
    "签收": CaseAct(Verb.ACCEPT, _RECEIVING),
    "拒收": CaseAct(Verb.REFUSE, _RECEIVING),
    "办结": CaseAct(Verb.SUBMIT, (HANDLE,)),
    "进展": CaseAct(Verb.ADD_NOTE, (HANDLE, CARRY_ON)),
    "回告": CaseAct(Verb.REPLY, (REPLY, CARRY_ON, ANSWER, HANDLE)),
    "确认": CaseAct(Verb.APPROVE, (CONFIRM, RAISED)),
    "退回": CaseAct(Verb.RETURN, (CONFIRM, RAISED, ANSWER)),
    "移交": CaseAct(Verb.HAND_OVER, (HANDLE,)),
    "同意接收": CaseAct(Verb.ACCEPT, (NEGOTIATE,)),
    "自办": CaseAct(Verb.KEEP, (NEGOTIATE,)),
    "协商不成": CaseAct(Verb.SUBMIT, (NEGOTIATE,)),
    "指定": CaseAct(Verb.DESIGNATE, (DESIGNATE,)),
    "拒收成立": CaseAct(Verb.APPROVE, (RULE,)),
    "拒收不成立": CaseAct(Verb.REJECT, (RULE,)),
    "分流": CaseAct(Verb.DESIGNATE, (DIVIDE,)),
    "报到": CaseAct(Verb.ARRIVE, (ARRIVE,)),
    "处置": CaseAct(Verb.SUBMIT, (DISPOSE,)),
    "批准移送": CaseAct(Verb.APPROVE, (DECIDE,)),
    "不批准": CaseAct(Verb.REJECT, (DECIDE,)),
    "移送公安": CaseAct(Verb.SUBMIT, (MOVE,)),
}

GROUNDS: Final[Mapping[str, str]] = {
    "清单之外": "清单之外无协同",
    "未经准入": "未经准入",
    "不属本街道": "不属本街道",
    "其他": "其他",
}
"""Short words for why a street refuses a dispatch (4-20, 3-27)."""
