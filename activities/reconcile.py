"""The reconcile, page by page: the levels, what runs, what lacks a row, and every row.

A page is bounded by number and by time, and says where the next begins; few workflows are asked at the
same time. Everything may be done twice.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter
from temporalio import activity
from temporalio.client import Client

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.reconcile_restart import restart
from activities.reconcile_row import RowReconcile
from activities.reconcile_server import running
from activities.reconcile_tree import TreeReconcile
from contracts.names import rollout_id, split_id
from contracts.reconcile import (
    FindingLine,
    LastRun,
    LastRunQuestion,
    Reconciled,
    ReconcileOrder,
    ReconcileReads,
    Reconciling,
    Restarted,
    RestartOrder,
)
from contracts.reform import Standing
from domain.reconcile import FindingKind
from domain.unit import Role
from storage import reconcile_store as store
from storage.audit_flow_store import has_ended
from storage.engine import Database
from storage.registers_store import read_standing

PROCEDURES: Final = (
    "Audit",
    "CaseHandover",
    "DutyListAdjustment",
    "DutyListDrafting",
    "NameplateHanging",
    "PersonnelTransfer",
    "PlanApproval",
    "RelationTransfer",
    "SandingDrafting",
    "TaskMilestone",
)
"""The workflow types that write a row of the board."""

LEVEL_STAGE: Final = "层级"
RUNNING_STAGE: Final = "在办"
GAP_STAGE: Final = "缺行"
STRAY_STAGE: Final = "散行"
ROW_STAGE: Final = "逐件"
STAGES: Final = (LEVEL_STAGE, RUNNING_STAGE, GAP_STAGE, STRAY_STAGE, ROW_STAGE)
"""In this order: what was lost is told first, then rows that are missing, then each row."""

CHUNK: Final = 50
"""Workflows of one page; a page of an area has its units, at most a hundred."""

AT_ONCE: Final = 4
"""Workflows asked at the same time; one that is not in memory is replayed for it."""

LONGEST: Final = timedelta(seconds=35)
"""A page ends soon after, wherever it is; who ordered it waits a minute."""

MOST_FINDINGS: Final = 500

_LINE: TypeAdapter[FindingLine] = TypeAdapter(FindingLine)


def _nothing() -> None:
    """Nobody listens."""


class Reconcile:
    """Does pages; ``pulse`` is called after each workflow, so that a long page shows that it lives."""

    def __init__(
        self, client: Client, database: Database, pulse: Callable[[], object] = _nothing
    ) -> None:
        self._client = client
        self._database = database
        self._pulse = pulse

    async def page(self, order: ReconcileOrder) -> Reconciled:
        """This will do the next page of a run, and keep what was found and where it is."""
        new = store.NewRun(
            key=order.key,
            night=None,
            rollout=order.rollout,
            only_check=order.only_check,
            person=order.person,
            at=order.now,
        )
        async with self._database.transaction() as connection:
            run = await store.begin_run(connection, new)
        return await self.proceed(order, run.counts)

    async def proceed(self, order: ReconcileOrder, before: dict[str, int]) -> Reconciled:
        """This will do the next page of a run that has begun; ``before`` are its counts so far."""
        stage = order.stage or STAGES[0]
        does = {
            LEVEL_STAGE: self._levels,
            RUNNING_STAGE: self._running,
            GAP_STAGE: self._gaps,
            STRAY_STAGE: self._strays,
            ROW_STAGE: self._rows,
        }
        done = await does[stage](replace(order, stage=stage))
        if not done.cursor:
            later = STAGES[STAGES.index(stage) + 1 :]
            done = replace(done, stage=later[0] if later else "")
        else:
            done = replace(done, stage=stage)
        counts = before | {n: before.get(n, 0) + more for n, more in done.counts.items()}
        async with self._database.transaction() as connection:
            await store.keep_findings(connection, order.key, _kept(order, done.findings))
            place = store.Place(done.stage, done.cursor)
            await store.step_run(connection, order.key, place, counts, order.now)
        return done

    # --- stages -----------------------------------------------------------------------------

    async def _levels(self, order: ReconcileOrder) -> Reconciled:
        """One area with its units, or a rollout's units at city level; the cursor names the next."""
        rollout, area = key_of(order.cursor, 2) if order.cursor else ("", "")
        async with self._database.single() as connection:
            named = await store.rollouts_from(connection, order.rollout, rollout, 2)
        if not named:
            return Reconciled()
        rollout, following = named[0], named[1] if len(named) > 1 else ""
        next_rollout = place_of(following, "") if following else ""
        tree = TreeReconcile(self._client, only_check=order.only_check)
        above = rollout_id(rollout)
        top, found = await tree.top(above)
        if top is None:
            return Reconciled(findings=found, cursor=next_rollout)
        names = sorted(top.below)
        # The first page of a rollout does what stands directly below it, each later one an area.
        if not area:
            found += await self._compare(tree, above, {n: top.below[n] for n in names})
            first = names[0] if names else ""
            cursor = place_of(rollout, first) if first else next_rollout
            return Reconciled(counts={"层级": len(names) + 1}, findings=found, cursor=cursor)
        below = await self._units_of(tree, top, area)
        found = await self._compare(tree, top.below[area], below) if area in top.below else ()
        later = [name for name in names if name > area]
        cursor = place_of(rollout, later[0]) if later else next_rollout
        return Reconciled(counts={"层级": len(below)}, findings=found, cursor=cursor)

    async def _units_of(self, tree: TreeReconcile, top: Standing, area: str) -> dict[str, str]:
        standing, _ = await tree.top(top.below[area]) if area in top.below else (None, ())
        return standing.below if standing is not None else {}

    async def _compare(
        self, tree: TreeReconcile, above: str, below: dict[str, str]
    ) -> tuple[FindingLine, ...]:
        async def one(name: str) -> tuple[FindingLine, ...]:
            return (await tree.level(above, name, below[name]))[1]

        return await self._few(one, sorted(below))

    async def _running(self, order: ReconcileOrder) -> Reconciled:
        """What runs and has no row; the cursor is the server's own place in its list."""
        token = base64.b64decode(order.cursor) if order.cursor else b""
        ids, token = await running(self._client, PROCEDURES, order.rollout, token, CHUNK)
        known = await store.known_of(self._database, ids)
        found = await self._look(order, [each for each in ids if each not in known])
        cursor = base64.b64encode(token).decode() if token else ""
        return Reconciled(counts={"在办": len(ids)}, findings=found, cursor=cursor)

    async def _gaps(self, order: ReconcileOrder) -> Reconciled:
        """What has a log and no row."""
        ids = await store.gaps_after(self._database, order.rollout, order.cursor, CHUNK)
        return await self._looked(order, ids, "缺行")

    async def _strays(self, order: ReconcileOrder) -> Reconciled:
        """A row of the register of cases without one on the board."""
        ids = await store.strays_after(self._database, order.rollout, order.cursor, CHUNK)
        return await self._looked(order, ids, "散行")

    async def _rows(self, order: ReconcileOrder) -> Reconciled:
        """Every row of the board, and its log."""
        ids = await store.rows_after(
            self._database, order.rollout, order.cursor, CHUNK, everything=order.everything
        )
        return await self._looked(order, ids, "核对事项")

    # --- many at a time ---------------------------------------------------------------------

    async def _looked(self, order: ReconcileOrder, ids: Sequence[str], what: str) -> Reconciled:
        """As many as time allows; the cursor is the last that was looked at."""
        clock = asyncio.get_running_loop().time
        until = clock() + LONGEST.total_seconds()
        found: tuple[FindingLine, ...] = ()
        seen = 0
        while seen < len(ids) and (not seen or clock() < until):
            few = ids[seen : seen + AT_ONCE]
            found += await self._look(order, few)
            seen += len(few)
        is_last = len(ids) < CHUNK and seen == len(ids)
        cursor = "" if is_last or not ids else ids[seen - 1]
        return Reconciled(counts={what: seen}, findings=found, cursor=cursor)

    async def _look(self, order: ReconcileOrder, ids: Sequence[str]) -> tuple[FindingLine, ...]:
        rows = RowReconcile(self._client, self._database, only_check=order.only_check)

        async def one(workflow_id: str) -> tuple[FindingLine, ...]:
            return await rows.look(workflow_id, order.logs_since)

        return await self._few(one, ids)

    async def _few(
        self, work: Callable[[str], Awaitable[tuple[FindingLine, ...]]], names: Sequence[str]
    ) -> tuple[FindingLine, ...]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(name: str) -> tuple[FindingLine, ...]:
            async with room:
                found = await work(name)
                self._pulse()
                return found

        return tuple(line for lines in await asyncio.gather(*map(one, names)) for line in lines)


class ReconcileActivities(Reconciling):
    """Pages and restarts, as a person orders them."""

    def __init__(self, client: Client, database: Database) -> None:
        self._client = client
        self._database = database

    @activity.defn(name="reconcile_page")
    async def page(self, order: ReconcileOrder) -> Reconciled:
        """This will do one page of a run."""
        async with translated_errors():
            if not order.stage and (no := await self._unknown(order.rollout)):
                return no
            return await Reconcile(self._client, self._database, activity.heartbeat).page(order)

    @activity.defn(name="restart_procedure")
    async def restart(self, order: RestartOrder) -> Restarted:
        """This will restart a procedure from its own history, or say why not."""
        if not order.person.strip() or not order.paper.strip():
            sentence = "恢复事项须写明协调员（--as）和文号（--paper）。"
            return Restarted(code="PAPER_MISSING", sentence=sentence)
        async with translated_errors():
            if no := await self._may_not(order):
                return no
            done = await restart(self._client, order)
            if not done.code:
                await self._keep(order, done)
        return done

    async def _unknown(self, rollout: str) -> Reconciled | None:
        if not rollout:
            return None
        async with self._database.single() as connection:
            if await store.rollouts_from(connection, rollout, "", 1):
                return None
        return Reconciled(code="ROLLOUT_NOT_FOUND", sentence=f"没有名为“{rollout}”的改革。")

    async def _may_not(self, order: RestartOrder) -> Restarted | None:
        """Only a 协调员 above districts, or of this one, decides that what was broken off goes on."""
        rollout = split_id(order.workflow_id)[0]
        board = (await store.stored_of(self._database, order.workflow_id)).board
        districts = {"", board["district"] if board is not None else ""}
        async with self._database.single() as connection:
            standing = await read_standing(connection, rollout, [order.person], now=order.now)
            is_closed = await has_ended(connection, order.workflow_id)
        grants = standing.grants.get(order.person, ()) if standing else ()
        if any(g.role is Role.COORDINATOR and g.district in districts for g in grants):
            return _closed() if is_closed else None
        sentence = (
            "恢复被中止的事项只能由改革协调单位或该区的协调员决定，"
            f"{order.person}不是“{rollout}”的这种协调员。"
        )
        return Restarted(code="NOT_COORDINATOR", sentence=sentence)

    async def _keep(self, order: RestartOrder, done: Restarted) -> None:
        """The decision is kept beside what the reconcile has found."""
        key = f"恢复-{order.action_id}"
        new = store.NewRun(
            key=key,
            night=None,
            rollout=split_id(order.workflow_id)[0],
            only_check=False,
            person=order.person,
            at=order.now,
        )
        kept = store.NewFinding(
            kind=str(FindingKind.TERMINATED),
            workflow_id=order.workflow_id,
            found="事项曾在程序之外被中止。",
            done=done.sentence,
            at=order.now,
            person=order.person,
            paper=order.paper,
        )
        async with self._database.transaction() as connection:
            await store.begin_run(connection, new)
            await store.keep_findings(connection, key, [kept])
            await store.step_run(connection, key, store.Place(""), {"恢复": 1}, order.now)


class ReconcileReadActivities(ReconcileReads):
    """Reads runs and findings of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn(name="read_last_reconcile")
    async def last(self, question: LastRunQuestion) -> LastRun:
        """This will read a run and its findings."""
        async with translated_errors(), self._database.single() as connection:
            run = await store.latest_run(connection, question.key)
            if run is None:
                return LastRun()
            after = int(key_of(question.page, 1)[0]) if question.page else 0
            rows = (
                ()
                if question.only_head
                else await store.findings_of(connection, run.key, after, MOST_FINDINGS + 1)
            )
        lines = [
            FindingLine(
                kind=row.kind,
                workflow_id=row.workflow_id,
                found=row.found,
                done=row.done,
                seq=row.seq,
                person=row.person,
                paper=row.paper,
                at=row.at,
            )
            for row in rows[:MOST_FINDINGS]
        ]
        shown = how_many_fit(lines, _LINE)
        return LastRun(
            key=run.key,
            nightly=run.night is not None,
            rollout=run.rollout,
            only_check=run.only_check,
            started_at=run.started_at,
            ended_at=run.ended_at,
            counts=run.counts,
            found=run.found,
            findings=tuple(lines[:shown]),
            next_page=place_of(rows[shown - 1].id) if shown < len(rows) else "",
        )


def _closed() -> Restarted:
    """An audit's row is closed at its end, or by audit_runs if nobody restarted it in time."""
    sentence = "登记库里这次督查已经结束，不能再恢复；需要时请另行安排。"
    return Restarted(code="RESTART_ENDED", sentence=sentence)


def _kept(order: ReconcileOrder, findings: Sequence[FindingLine]) -> list[store.NewFinding]:
    return [
        store.NewFinding(**{k: v for k, v in asdict(line).items() if k != "at"}, at=order.now)
        for line in findings
    ]
