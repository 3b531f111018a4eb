"""Who may record something of which audit: the organiser's people, while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.audit_open import plan_of
from activities.plan_shelf import Shelf
from activities.sealed import Known, Undone, known_person
from contracts.audit_flow import AuditRecorded
from domain.audit import AuditKind, AuditPlan, RunKey
from domain.audit_guard import not_open
from domain.refusal import Refused
from storage import audit_flow_store as store
from storage.audit_plan_store import read_plan

MOST_AT_ONCE: Final = 2_000


class Signed(Protocol):
    """An order by somebody, now."""

    @property
    def now(self) -> datetime:
        """When it was given."""

    @property
    def person(self) -> str:
        """By whom."""


class OfAudit(Signed, Protocol):
    """An order about one audit."""

    @property
    def key(self) -> RunKey:
        """Which audit."""


@dataclass(frozen=True)
class Recorders:
    """Knows who records, by the directory and the arrangement."""

    shelf: Shelf

    async def known(self, connection: AsyncConnection, rollout: str, order: Signed) -> Known:
        """This will look the person up. Raises Undone."""
        known = await known_person(
            connection, self.shelf, rollout, order.person, order.now, to_change=True
        )
        if isinstance(known, Refused):
            raise Undone(known)
        return known

    async def running(
        self, connection: AsyncConnection, order: OfAudit
    ) -> tuple[store.AuditOnFile, AuditPlan, Known]:
        """This will hold an audit that was opened for its organiser's person. Raises Undone."""
        known = await self.known(connection, order.key.rollout, order)
        on_file = await store.read_audit(connection, order.key, to_change=True)
        plan = await plan_for(connection, order.key, on_file)
        may_record(known, plan, on_file)
        if on_file is None:
            raise Undone(not_open(order.key))
        return on_file, plan, known


async def plan_for(
    connection: AsyncConnection, key: RunKey, on_file: store.AuditOnFile | None
) -> AuditPlan:
    """The arrangement by which an audit was opened, or would be. Raises Undone."""
    if on_file is not None:
        return plan_of(on_file)
    plan = await read_plan(connection, key.rollout, key.plan)
    if plan is None:
        sentence = f"没有督查安排“{key.plan}”（jiegai audit list {key.rollout}）。"
        raise Undone(Refused(code="AUDIT_UNKNOWN", sentence=sentence))
    return plan


def may_record(known: Known, plan: AuditPlan, on_file: store.AuditOnFile | None) -> None:
    """The organiser's people record; whoever leads them may where there is nothing to hide.

    Raises Undone.
    """
    word = on_file.organiser if on_file else plan.organiser
    organiser = known.directory.find(word, plan.district)
    if organiser is not None and (
        organiser.name in known.acting or (not is_sample(plan) and known.writes(organiser))
    ):
        return
    who = organiser.name if organiser else word
    sentence = f"督查记录由主办单位{who}的办理人登记，{known.person}不是。"
    raise Undone(Refused(code="NOT_YOUR_UNIT", sentence=sentence))


def is_sample(plan: AuditPlan) -> bool:
    """Whether who is inspected is drawn."""
    return plan.kind is AuditKind.SAMPLING


def still_runs(on_file: store.AuditOnFile) -> None:
    """Nothing is recorded of an audit that is over, or not approved yet (3-30). Raises Undone."""
    if on_file.ended_at is not None:
        sentence = f"“{on_file.key.plan}”{on_file.key.window}已经{on_file.ending}，不能再登记。"
        raise Undone(Refused(code="AUDIT_ENDED", sentence=sentence))

    if on_file.approved_at is None:
        sentence = (
            f"“{on_file.key.plan}”{on_file.key.window}还没有立项：一事一报，区委区政府批准后"
            "才能到街道检查（3-30）；请先办“立项”，写明批准文号。"
        )
        raise Undone(Refused(code="AUDIT_NOT_APPROVED", sentence=sentence))


def refused(no: Refused, place: int = 0) -> AuditRecorded:
    """The answer that says no; ``place`` is the line that it is about, if it is one."""
    return AuditRecorded(code=no.code, sentence=no.sentence, place=place)
