"""A breach of discipline handed to the 区纪委监委: a paper, a day, and later what came of it (0-14).

The source gives no criterion: somebody decides, nothing refers by itself. Which of the six disciplines
was broken must stand at the problem (2-21). Nothing is changed afterwards; a later outcome is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from domain.audit_guard import length_fault
from domain.refusal import Refused

WHERE_TO: Final = "区纪委监委"


class ReferralKind(StrEnum):
    """What an entry says: that a problem was handed over, or what came of it."""

    REFERRED = "移送"
    OUTCOME = "结果"


@dataclass(frozen=True, kw_only=True)
class Referral:
    """One entry about a problem; ``paper`` of a 结果 may be empty, its ``outcome`` may not."""

    number: int
    kind: ReferralKind
    on: date
    paper: str = ""
    outcome: str = ""
    place: int = 0
    recorded_by: str = ""
    recorded_at: datetime | None = None


def referral_fault(entry: Referral, today: date) -> Refused | None:
    """What is wrong with an entry by itself."""
    if entry.on > today:
        return Refused(code="AUDIT_DAY_AHEAD", sentence=f"{entry.on}还没有到，不能先登记。")
    if entry.kind is ReferralKind.REFERRED and not entry.paper.strip():
        return Refused(code="REFERRAL_PAPER", sentence="移送须写明移送文书的文号（--paper）。")
    if entry.kind is ReferralKind.OUTCOME and not entry.outcome.strip():
        return Refused(code="REFERRAL_OUTCOME", sentence="须写明移送的结果（--outcome）。")
    return length_fault(entry.paper, entry.outcome)


def blocked(entry: Referral, discipline: str, before: tuple[Referral, ...]) -> Refused | None:
    """What stands against an entry: no discipline named (2-21), handed over twice, or never."""
    problem = f"第{entry.number}号问题"
    first = before[0] if before else None
    if entry.kind is ReferralKind.REFERRED:
        if not discipline:
            sentence = f"{problem}没有写明违反哪一种纪律（2-21），不能移送。"
            return Refused(code="REFERRAL_DISCIPLINE", sentence=sentence)
        if first is not None:
            sentence = f"{problem}已于{first.on}移送（{first.paper}），不再移送。"
            return Refused(code="REFERRAL_TWICE", sentence=sentence)
        return None
    if first is None:
        sentence = f"{problem}没有移送过，没有结果可以登记。"
        return Refused(code="REFERRAL_MISSING", sentence=sentence)
    if entry.on < first.on:
        sentence = f"结果的日期{entry.on}早于移送之日（{first.on}）。"
        return Refused(code="REFERRAL_DAY", sentence=sentence)
    return None


def in_words(entry: Referral) -> str:
    """An entry as it is shown.

    >>> in_words(Referral(number=1, kind=ReferralKind.REFERRED, on=date(2026, 11, 2), paper="移〔2026〕1号"))
    '2026-11-02移送区纪委监委（移〔2026〕1号）'
    """
    paper = f"（{entry.paper}）" if entry.paper else ""
    if entry.kind is ReferralKind.REFERRED:
        return f"{entry.on}移送{WHERE_TO}{paper}"
    return f"{entry.on}移送结果：{entry.outcome}{paper}"
