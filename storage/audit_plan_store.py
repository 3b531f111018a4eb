"""Arranged audits: their versions, what stopped them, and what became of each window.

Everything is only ever added. Draws and audits that were opened are their own stores' business; what
a reckoning has to know of them is read here with the rest, at one moment.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.audit import AuditPlan, RunKey
from domain.audit_cadence import RunStep, Version
from domain.audit_reckoning import Ending, Record, Settled, halts_of
from domain.reconcile import BROKEN_OFF

_PLAN: Final[TypeAdapter[AuditPlan]] = TypeAdapter(AuditPlan)

_ALL = "rollout = :rollout AND (CAST(:plan AS text) = '' OR plan = :plan)"
_VERSIONS = text(
    """
    SELECT name, version, document, since, arranged_at, arranged_by FROM audit_plan
    WHERE rollout = :rollout AND (CAST(:plan AS text) = '' OR name = :plan)
    ORDER BY name COLLATE "C", version
    """
)
_EVENTS = text(
    f"SELECT plan, kind, at, person, reason FROM audit_plan_event WHERE {_ALL} ORDER BY id"  # noqa: S608
)
_RUNS = text(
    f"SELECT plan, label, state, at, late, sentence, workflow_id FROM audit_run WHERE {_ALL}"  # noqa: S608
)
_NOTES = text(
    f"SELECT plan, label, kind, sentence, at FROM audit_run_note WHERE {_ALL} ORDER BY id"  # noqa: S608
)
_DRAWS = text(
    f"SELECT plan, label, drawn_at, published_at FROM audit_draw WHERE {_ALL}"  # noqa: S608
)
_AUDITS = text(
    f"""
    SELECT plan, label, ended_at IS NULL AS is_open, ended_at IS NULL AND EXISTS (
        SELECT FROM board_row b WHERE b.workflow_id = audit.workflow_id AND b.status = '{BROKEN_OFF}'
    ) AS is_broken
    FROM audit WHERE {_ALL}
    """  # noqa: S608
)
_ROLLOUTS = text("SELECT DISTINCT rollout FROM audit_plan ORDER BY rollout")
_BY_ACTION = text(
    """
    SELECT version FROM audit_plan WHERE rollout = :rollout AND name = :plan AND action_id = :action_id
    """
)
_NEWEST_HASH = text(
    """
    SELECT content_hash FROM audit_plan WHERE rollout = :rollout AND name = :plan
    ORDER BY version DESC LIMIT 1
    """
)
_ARRANGE = text(
    """
    INSERT INTO audit_plan (rollout, name, version, kind, document, content_hash, since,
        arranged_at, arranged_by, action_id)
    VALUES (:rollout, :name, :version, :kind, CAST(:document AS jsonb), :content_hash, :since,
        :at, :by, :action_id)
    """
)
_EVENT = text(
    """
    INSERT INTO audit_plan_event (rollout, plan, kind, person, reason, action_id, at)
    VALUES (:rollout, :plan, :kind, :person, :reason, :action_id, :at)
    ON CONFLICT ON CONSTRAINT audit_plan_event_once DO NOTHING RETURNING id
    """
)
_SETTLE = text(
    """
    INSERT INTO audit_run (rollout, plan, label, version, planned_at, state, late, sentence,
        workflow_id, at)
    VALUES (:rollout, :plan, :label, :version, :planned_at, :state, :late, :sentence,
        :workflow_id, :at)
    ON CONFLICT DO NOTHING RETURNING label
    """
)
_NOTE = text(
    """
    INSERT INTO audit_run_note (rollout, plan, label, kind, sentence, at)
    VALUES (:rollout, :plan, :label, :kind, :sentence, :at)
    ON CONFLICT DO NOTHING RETURNING id
    """
)
_HOLD = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('jiegai.audit/' || :rollout || '/' || :plan, 0))"
)
_TELL = text(
    """
    INSERT INTO notice (key, workflow_id, seq, rollout, at, unit, recipient, level, step, text)
    VALUES (:key, :workflow_id, 0, :rollout, :at, :unit, :recipient, :level, '', :text)
    ON CONFLICT (key) DO NOTHING
    """
)


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something that happened on the way."""

    label: str
    kind: str
    sentence: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OnFile:
    """An arrangement on file, with what happened on the way."""

    record: Record
    notes: tuple[Noted, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A window to settle."""

    key: RunKey
    version: int
    planned_at: datetime
    settled: Settled


# --- arrangements -----------------------------------------------------------------------------


async def read_plan(connection: AsyncConnection, rollout: str, name: str) -> AuditPlan | None:
    """This will read an arrangement as it is now; None if there is none of that name."""
    found = await read_versions(connection, rollout, name)
    return found[name][-1].plan if name and name in found else None


async def read_plans(connection: AsyncConnection, rollout: str) -> tuple[AuditPlan, ...]:
    """This will read the arrangements of a rollout as they are now, by name."""
    found = await read_versions(connection, rollout)
    return tuple(versions[-1].plan for versions in found.values())


async def read_versions(
    connection: AsyncConnection, rollout: str, name: str = ""
) -> dict[str, tuple[Version, ...]]:
    """This will read all versions of one arrangement, or of all, by name."""
    found: dict[str, list[Version]] = {}
    for row in await connection.execute(_VERSIONS, {"rollout": rollout, "plan": name}):
        version = Version(
            number=row.version,
            plan=_PLAN.validate_python(row.document),
            since=row.since,
            at=row.arranged_at,
            by=row.arranged_by,
        )
        found.setdefault(row.name, []).append(version)
    return {each: tuple(versions) for each, versions in found.items()}


async def rollouts_with_plans(connection: AsyncConnection) -> tuple[str, ...]:
    """This will list the rollouts that have an arrangement."""
    return tuple((await connection.execute(_ROLLOUTS)).scalars())


def plan_hash(plan: AuditPlan) -> str:
    """The hash of all that an arrangement says."""
    return hashlib.sha256(_PLAN.dump_json(plan)).hexdigest()


async def is_arranged(connection: AsyncConnection, plan: AuditPlan, action_id: str) -> bool:
    """Whether this very order was carried out, or the arrangement as it is now says just that."""
    asked = {"rollout": plan.rollout, "plan": plan.name, "action_id": action_id}
    if (await connection.execute(_BY_ACTION, asked)).first() is not None:
        return True
    newest = (await connection.execute(_NEWEST_HASH, asked)).scalar_one_or_none()
    return newest == plan_hash(plan)


async def add_version(connection: AsyncConnection, version: Version, action_id: str) -> None:
    """This will write an arrangement, or a change of one."""
    plan = version.plan
    await connection.execute(
        _ARRANGE,
        {
            "rollout": plan.rollout,
            "name": plan.name,
            "version": version.number,
            "kind": str(plan.kind),
            "document": _PLAN.dump_json(plan).decode(),
            "content_hash": plan_hash(plan),
            "since": version.since,
            "at": version.at,
            "by": version.by,
            "action_id": action_id,
        },
    )


async def add_event(
    connection: AsyncConnection, key: tuple[str, str], kind: str, **said: Any
) -> bool:
    """This will write that an arrangement stopped or went on: person, reason, action_id, at."""
    row = {"rollout": key[0], "plan": key[1], "kind": kind, **said}
    return (await connection.execute(_EVENT, row)).first() is not None


# --- windows ----------------------------------------------------------------------------------


async def read_on_file(
    connection: AsyncConnection, rollout: str, name: str = ""
) -> dict[str, OnFile]:
    """This will read what is on file of one arrangement, or of all, by name."""
    asked = {"rollout": rollout, "plan": name}
    versions = await read_versions(connection, rollout, name)
    if not versions:
        return {}
    events: dict[str, list[tuple[str, datetime, str, str]]] = defaultdict(list)
    for row in await connection.execute(_EVENTS, asked):
        events[row.plan].append((row.kind, row.at, row.person, row.reason))
    settled: dict[str, dict[str, Settled]] = defaultdict(dict)
    for row in await connection.execute(_RUNS, asked):
        settled[row.plan][row.label] = Settled(
            ending=Ending(row.state),
            at=row.at,
            late=row.late,
            sentence=row.sentence,
            workflow_id=row.workflow_id,
        )
    notes: dict[str, list[Noted]] = defaultdict(list)
    for row in await connection.execute(_NOTES, asked):
        said = Noted(label=row.label, kind=row.kind, sentence=row.sentence, at=row.at)
        notes[row.plan].append(said)
    draws: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
    for row in await connection.execute(_DRAWS, asked):
        draws[row.plan][row.label] = row
    audits: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
    for row in await connection.execute(_AUDITS, asked):
        audits[row.plan][row.label] = row
    return {
        each: _on_file(
            Record(versions=held, settled=settled[each], halts=halts_of(events[each])),
            notes[each],
            draws[each],
            audits[each],
        )
        for each, held in versions.items()
    }


async def settle(connection: AsyncConnection, run: NewRun) -> bool:
    """This will settle a window; False if that was done before."""
    row = {
        "rollout": run.key.rollout,
        "plan": run.key.plan,
        "label": run.key.window,
        "version": run.version,
        "planned_at": run.planned_at,
        "state": str(run.settled.ending),
        "late": run.settled.late,
        "sentence": run.settled.sentence,
        "workflow_id": run.settled.workflow_id,
        "at": run.settled.at,
    }
    return (await connection.execute(_SETTLE, row)).first() is not None


async def note(
    connection: AsyncConnection, key: RunKey, kind: str, sentence: str, at: datetime
) -> bool:
    """This will write what happened on the way; False if it is there and can be there once."""
    row = {
        "rollout": key.rollout,
        "plan": key.plan,
        "label": key.window,
        "kind": kind,
        "sentence": sentence,
        "at": at,
    }
    return (await connection.execute(_NOTE, row)).first() is not None


async def hold(connection: AsyncConnection, rollout: str, name: str) -> None:
    """This will keep others from doing anything for an arrangement until the transaction ends."""
    await connection.execute(_HOLD, {"rollout": rollout, "plan": name})


async def tell(connection: AsyncConnection, notices: Sequence[Mapping[str, Any]]) -> None:
    """This will leave notices about windows, each once."""
    if notices:
        await connection.execute(_TELL, list(notices))


def _on_file(
    record: Record,
    notes: Sequence[Noted],
    draws: Mapping[str, Row[Any]],
    audits: Mapping[str, Row[Any]],
) -> OnFile:
    waits = {one.label for one in notes if one.kind == "待公开数"}
    interrupted: dict[str, datetime] = {}
    for one in notes:
        if one.kind == str(RunStep.BROKEN):
            interrupted[one.label] = one.at
        elif one.kind == str(RunStep.RESUMED):
            interrupted.pop(one.label, None)
    known = Record(
        versions=record.versions,
        settled=record.settled,
        halts=record.halts,
        visited=frozenset(audits),
        open=frozenset(label for label, row in audits.items() if row.is_open),
        faults={one.label: one.sentence for one in notes if one.kind == "故障" and one.label},
        prepared=frozenset(draws),
        waiting=frozenset(
            label for label in waits if label not in draws or draws[label].drawn_at is None
        ),
        drawn=frozenset(label for label, row in draws.items() if row.drawn_at is not None),
        published=frozenset(label for label, row in draws.items() if row.published_at is not None),
        broken=frozenset(label for label, row in audits.items() if row.is_broken),
        interrupted={label: since for label, since in interrupted.items() if audits[label].is_open},
        told=frozenset(one.label for one in notes if one.kind == "未到访"),
    )
    return OnFile(record=known, notes=tuple(notes))
