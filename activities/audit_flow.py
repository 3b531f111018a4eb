"""The register's side of an audit: what its workflow asks is read, what it orders is written once.

What of a sample is not yet visited never leaves this process (4-37). Sources: 0-12…0-15, 2-23…2-25.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.audit import AuditActivities
from activities.audit_draw import DrawBook
from activities.audit_flow_checks import CHECKER, find_problems
from activities.audit_notices import Message, notice_to_supervisors
from activities.audit_open import AuditOpener, plan_of
from activities.database import bad_data, translated_errors
from contracts.audit import AuditQuestion
from contracts.audit_flow import (
    AuditApproved,
    AuditEnded,
    AuditFlow,
    AuditKey,
    AuditOutcome,
    ProblemsClosed,
    ProblemsSent,
    Rectification,
)
from domain.audit import AuditKind, RunKey
from domain.audit_flow import AuditStanding, ProblemState
from domain.audit_guard import items_of
from domain.refusal import Refused
from storage import audit_conclusion_store as concluded
from storage import audit_flow_store as store
from storage.engine import Database

_STEPS: Final = {
    ProblemState.RECTIFIED: (ProblemState.OPEN, ProblemState.RECTIFIED),
    ProblemState.CLOSED: (ProblemState.RECTIFIED, ProblemState.CLOSED),
    ProblemState.OPEN: (ProblemState.RECTIFIED, ProblemState.OPEN),
}


class AuditFlowActivities(AuditFlow):
    """Reads and writes the audits of one database."""

    def __init__(
        self,
        database: Database,
        opener: AuditOpener,
        audits: AuditActivities,
        draws: DrawBook,
    ) -> None:
        self._database = database
        self._opener = opener
        self._audits = audits
        self._draws = draws

    @activity.defn(name="look_at_audit")
    async def look(self, key: AuditKey) -> AuditStanding:
        """This will tell what is recorded so far."""
        async with translated_errors(), self._database.snapshot() as connection:
            on_file = await _read(connection, key.key)
            return await self._standing(connection, on_file)

    @activity.defn(name="approve_audit")
    async def approve(self, order: AuditApproved) -> AuditOutcome:
        """This will write down that streets may be inspected now (3-30)."""
        at = order.key.at if order.approval else None
        async with translated_errors(), self._database.transaction() as connection:
            await store.approve_audit(connection, order.key.key, order.approval, at)
        if not order.approval:
            return AuditOutcome(sentence="立项已撤回，重新批准前不能到访和登记。")
        return AuditOutcome(sentence=f"已经批准（{order.approval}，一事一报），可以到访。")

    @activity.defn(name="check_for_audit")
    async def check(self, key: AuditKey) -> AuditOutcome:
        """This will make the automatic checks that the kind asks for and enter what they find."""
        async with translated_errors(), self._database.single() as connection:
            on_file = await _read(connection, key.key)
        plan = plan_of(on_file)
        question = AuditQuestion(now=key.at, rollout=plan.rollout)
        found = await find_problems(self._audits, plan, question, on_file.covers)
        async with translated_errors(), self._database.transaction() as connection:
            if (await _read(connection, key.key, to_change=True)).ended_at is not None:
                return AuditOutcome()
            there = await store.problems_by_source(connection, key.key, found.problems)
            new = [one for source, one in found.problems.items() if source not in there]
            await store.add_problems(connection, key.key, new, person=CHECKER, at=key.at)
        sentence = (
            f"自动检查{found.checks}项，查出{found.findings}处，"
            f"登记{len(found.problems)}个问题。{found.sentence}"
        )
        return AuditOutcome(sentence=sentence)

    @activity.defn(name="plan_rectification")
    async def rectification(self, key: AuditKey) -> Rectification:
        """This will tell which units have open problems, and who is told if they are late."""
        async with translated_errors(), self._database.snapshot() as connection:
            on_file = await _read(connection, key.key)
            found = await store.problems_by_unit(connection, key.key)
            units = tuple(found[ProblemState.OPEN])
            if not units:
                return Rectification()
            request = await self._opener.rectification(connection, on_file, units, key.at)
        if isinstance(request, Refused):
            raise bad_data(request.sentence)
        (step,) = request.steps
        return Rectification(units=units, step=replace(step, units=units))

    @activity.defn(name="send_problems")
    async def send(self, order: ProblemsSent) -> AuditOutcome:
        """This will give the open problems their due day."""
        async with translated_errors(), self._database.transaction() as connection:
            sent = await store.send_problems(
                connection, order.key.key, order.due, order.units, again=order.again
            )
        return AuditOutcome(sentence=f"{sent}个问题的整改时限为{order.due}。")

    @activity.defn(name="close_problems")
    async def close(self, order: ProblemsClosed) -> AuditOutcome:
        """This will move problems to a new state; what is there already stays."""
        async with translated_errors(), self._database.transaction() as connection:
            await _read(connection, order.key.key, to_change=True)
            moved = await store.move_problems(
                connection,
                order.key.key,
                _STEPS[order.state],
                units=order.units,
                person=order.person,
                note=order.note,
                at=order.key.at,
            )
        whose = f"{'、'.join(order.units)}的" if order.units else ""
        return AuditOutcome(sentence=f"{whose}{moved}个问题{order.state}。")

    @activity.defn(name="end_audit")
    async def end(self, order: AuditEnded) -> AuditOutcome:
        """This will close the register's row of the audit; a sample is published then (4-37)."""
        key = order.key.key
        async with translated_errors(), self._database.transaction() as connection:
            on_file = await _read(connection, key, to_change=True)
            await store.end_audit(connection, key, order.key.at, order.ending)
            found = await store.problems_by_unit(connection, key)
            published: Refused | None = None
            if on_file.kind == AuditKind.SAMPLING:
                await self._report_unvisited(connection, on_file, order)
                published = await self._draws.publish(connection, key, order.key.at)
        standing = sum(
            sum(found[state].values()) for state in (ProblemState.OPEN, ProblemState.RECTIFIED)
        )
        said = f"结束时还有{standing}个问题没有销号。" if standing else ""
        if published is not None:
            return AuditOutcome(code=published.code, sentence=said + published.sentence)
        if on_file.kind == AuditKind.SAMPLING:
            said += "抽样记录已经公布，可用 jiegai audit verify 验算。"
        return AuditOutcome(sentence=said)

    async def _report_unvisited(
        self, connection: AsyncConnection, on_file: store.AuditOnFile, order: AuditEnded
    ) -> None:
        """The 督查室 hears of a sample that is ended, and with it published, before all was visited."""
        key = on_file.key
        drawn = await self._draws.drawn_units(connection, key)
        if not isinstance(drawn, tuple):
            return
        visited = await store.visited(connection, key)
        left = sum(unit not in visited for unit in drawn)
        if not left:
            return
        sentence = (
            f"随机抽查“{key.plan}”{key.window}{order.ending}：抽中{len(drawn)}个单位，"
            f"{left}个没有到访，抽样记录随即公布。"
        )
        about, at = on_file.workflow_id, order.key.at
        message = Message(what=f"{key.window}:未查完", sentence=sentence, about=about, at=at)
        await notice_to_supervisors(connection, plan_of(on_file), message)

    async def _standing(
        self, connection: AsyncConnection, on_file: store.AuditOnFile
    ) -> AuditStanding:
        key, plan = on_file.key, plan_of(on_file)
        visited = await store.visited(connection, key)
        by_state = await store.problems_by_unit(connection, key)
        text = await concluded.newest_discipline(connection, key.rollout)
        known = await concluded.conclusions(connection, key)
        items = items_of(plan, text.items if text else ())
        standing = AuditStanding(
            covered=len(on_file.covers),
            unvisited=tuple(unit for unit in on_file.covers if unit not in visited),
            unrated=tuple(unit for unit, result in visited.items() if not result),
            unconcluded=tuple(i.number for i in items if (i.number, i.text) not in known),
            with_open=tuple(by_state[ProblemState.OPEN]),
            with_rectified=tuple(by_state[ProblemState.RECTIFIED]),
            problems=sum(sum(units.values()) for units in by_state.values()),
            closed=sum(by_state[ProblemState.CLOSED].values()),
            lacks_text=plan.kind is AuditKind.DISCIPLINE and text is None,
        )
        if plan.kind is not AuditKind.SAMPLING:
            return standing
        drawn = await self._draws.drawn_units(connection, key)
        if drawn is None or isinstance(drawn, Refused):
            why = drawn.sentence.rstrip("。") if drawn else "还没有抽取"
            return replace(standing, unvisited=(f"（{why}）",))
        left = sum(unit not in visited for unit in drawn)
        unvisited = (f"还有{left}个",) if left else ()
        return replace(standing, covered=len(drawn), unvisited=unvisited)


async def _read(
    connection: AsyncConnection, key: RunKey, *, to_change: bool = False
) -> store.AuditOnFile:
    found = await store.read_audit(connection, key, to_change=to_change)
    if found is None:
        raise bad_data(f"没有登记督查“{key.plan}”{key.window}")
    return found
