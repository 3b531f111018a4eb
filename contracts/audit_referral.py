"""Referrals to the 区纪委监委 as commands record them (0-14); they are read with the audit's record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from domain.audit import RunKey
from domain.audit_referral import Referral


@dataclass(frozen=True, kw_only=True)
class ReferralOrder:
    """Record that a problem was handed over, or what came of it."""

    now: datetime
    key: RunKey
    person: str
    action_id: str
    entry: Referral


@dataclass(frozen=True, kw_only=True)
class ReferralRecorded:
    """What was recorded; ``again`` was recorded before. A refusal has ``code`` and ``sentence``."""

    entry: Referral | None = None
    again: bool = False
    code: str = ""
    sentence: str = ""


class ReferralDesk(ABC):
    """Declares what commands order (queue ``bulk``)."""

    @activity.defn(name="record_referral")
    @abstractmethod
    async def refer(self, order: ReferralOrder) -> ReferralRecorded:
        """This will record an entry about a problem."""
