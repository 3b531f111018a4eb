"""What may be handed to the 区纪委监委, and what not (0-14, 2-21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from domain.audit_referral import Referral, ReferralKind, blocked, referral_fault

TODAY = date(2026, 12, 10)
SENT = Referral(number=3, kind=ReferralKind.REFERRED, on=TODAY, paper="移〔2026〕1号", place=1)
BACK = Referral(number=3, kind=ReferralKind.OUTCOME, on=TODAY, outcome="责令检查")


def code_of(no: object) -> str:
    """The code of a refusal; empty for none."""
    return str(getattr(no, "code", ""))


def test_a_referral_has_its_paper_and_its_day() -> None:
    """0-14: document, date, outcome; the outcome's own paper may be missing."""
    assert referral_fault(SENT, TODAY) is referral_fault(BACK, TODAY) is None
    assert code_of(referral_fault(replace(SENT, paper=" "), TODAY)) == "REFERRAL_PAPER"
    assert code_of(referral_fault(replace(BACK, outcome=""), TODAY)) == "REFERRAL_OUTCOME"
    assert code_of(referral_fault(SENT, date(2026, 12, 9))) == "AUDIT_DAY_AHEAD"
    assert code_of(referral_fault(replace(SENT, paper="长" * 5_000), TODAY)) == "AUDIT_TEXT_LONG"


def test_a_problem_is_referred_once_and_says_which_discipline() -> None:
    """2-21: one of the six; an outcome needs the referral before it, and several may come."""
    assert code_of(blocked(SENT, "", ())) == "REFERRAL_DISCIPLINE"
    assert blocked(SENT, "财经纪律", ()) is None
    assert code_of(blocked(SENT, "财经纪律", (SENT,))) == "REFERRAL_TWICE"
    assert code_of(blocked(BACK, "财经纪律", ())) == "REFERRAL_MISSING"
    early = replace(BACK, on=date(2026, 12, 9))
    assert code_of(blocked(early, "财经纪律", (SENT,))) == "REFERRAL_DAY"
    assert blocked(BACK, "财经纪律", (SENT, BACK)) is None
