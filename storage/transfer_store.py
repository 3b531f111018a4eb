"""Transfer batches: whose roster it is, where its people are, and what was decided of them.

Whoever changes a batch holds its row first, so that a page of postings and a decision about one
person follow each other. People are keys here; names stand in the staff register alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.action import Evidence
from domain.transfer import Place, RosterFacts, Stage, Traveller
from domain.transfer_person import CLOSED
from storage.roster_store import roster_for

_CLAIM = text(
    """
    INSERT INTO transfer_batch (workflow_id, number, rollout, unit, version, stage, at)
    SELECT :workflow_id, :number, :rollout, :unit, 0, '编制', :at
    WHERE EXISTS (SELECT FROM roster WHERE rollout = :rollout AND number = :number)
    ON CONFLICT DO NOTHING
    """
)
_HOLD = text(
    """
    SELECT stage FROM transfer_batch
    WHERE workflow_id = :workflow_id AND number = :number FOR UPDATE
    """
)
_SET_STAGE = text(
    """
    UPDATE transfer_batch SET stage = :stage, version = greatest(version, :version)
    WHERE workflow_id = :workflow_id AND number = :number
    """
)
_CLAIMED_BY = text(
    """
    SELECT workflow_id FROM transfer_batch
    WHERE rollout = :rollout AND number = :number AND stage <> '撤销'
    AND workflow_id <> :workflow_id
    """
)
_CURRENT = """
    roster r JOIN roster_person p
        ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    JOIN staff s ON s.rollout = p.rollout AND s.key = p.staff
    LEFT JOIN ledger_place l ON (l.rollout, l.staff, l.type) = (p.rollout, p.staff, p.type)
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
"""
_FACTS = text(
    f"""
    SELECT count(*) FILTER (WHERE p.state = '在册') AS people,
        array_agg(p.staff ORDER BY p.staff) FILTER (WHERE p.live
            AND (NOT s.baseline OR s.type <> p.type)) AS unlocked,
        array_agg(p.staff ORDER BY p.staff) FILTER (WHERE p.state = '在册'
            AND (l.unit IS DISTINCT FROM p.from_unit OR l.toward IS NOT NULL)) AS elsewhere,
        array_agg(DISTINCT p.to_unit) FILTER (WHERE p.live AND p.to_unit <> :unit
            AND NOT EXISTS (SELECT FROM directory_unit d
                WHERE (d.rollout, d.name, d.parent) = (p.rollout, p.to_unit, :unit)))
            AS strangers,
        (SELECT kind FROM directory_unit d WHERE (d.rollout, d.name) = (:rollout, :unit))
            AS own_kind
    FROM {_CURRENT}
    """  # noqa: S608 - the inserted part is the constant above
)
_TRAVELLERS = """
    SELECT p.staff, p.from_unit, p.to_unit, p.type,
        CASE WHEN h.unit = p.from_unit THEN s.leader_type ELSE '' END AS leader_type,
        greatest(l.since, h.since) AS since
    FROM roster r JOIN roster_person p
        ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    JOIN staff s ON s.rollout = p.rollout AND s.key = p.staff
    LEFT JOIN ledger_place l ON (l.rollout, l.staff, l.type) = (p.rollout, p.staff, p.type)
    LEFT JOIN ledger_place h ON s.leader_type <> ''
        AND (h.rollout, h.staff, h.type) = (p.rollout, p.staff, s.leader_type)
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
    AND p.state = :place
    AND (CAST(:institutions AS boolean) IS NULL OR starts_with(p.type, '事业') = :institutions)
"""
_FORWARD = text(f"{_TRAVELLERS} AND p.staff > :after ORDER BY p.staff LIMIT :limit")
_BACKWARD = text(f"{_TRAVELLERS} ORDER BY p.staff DESC LIMIT :limit")
_IN_TRANSIT = text(
    """
    SELECT coalesce(sum(g.amount), 0) FROM ledger_transaction t
    JOIN ledger_posting g ON g.transaction = t.id
    WHERE t.rollout = :rollout AND t.procedure = :workflow_id AND g.state = '在途'
    """
)
_ASTRAY = text(
    f"""
    SELECT count(*) FROM {_CURRENT} AND p.state IN ('在册', '已转')
    AND (l.toward IS NOT NULL OR l.unit IS DISTINCT FROM
        CASE p.state WHEN '已转' THEN p.to_unit ELSE p.from_unit END)
    """  # noqa: S608
)
_COUNTS = text(
    f"SELECT p.state, count(*) AS people FROM {_CURRENT} GROUP BY 1"  # noqa: S608
)
_OBJECTIONS = text(
    """
    SELECT stage, count(*) AS people FROM transfer_objection
    WHERE workflow_id = :workflow_id AND number = :number GROUP BY 1
    """
)
_OPEN_OBJECTIONS = text(
    """
    SELECT staff FROM transfer_objection
    WHERE workflow_id = :workflow_id AND number = :number AND stage <> '答复' ORDER BY staff
    """
)
_CASES = text(
    """
    SELECT p.staff, p.from_unit, p.to_unit, p.type, p.state, coalesce(o.stage, '') AS objection,
        coalesce(o.nth, 0) AS nth, greatest(l.since, CAST(:day AS date)) AS day
    FROM roster r JOIN roster_person p
        ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    LEFT JOIN ledger_place l ON (l.rollout, l.staff, l.type) = (p.rollout, p.staff, p.type)
    LEFT JOIN LATERAL (SELECT stage, nth FROM transfer_objection o
        WHERE (o.workflow_id, o.number, o.staff) = (:workflow_id, :number, p.staff)
        ORDER BY nth DESC LIMIT 1) o ON true
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
    AND p.staff = ANY(CAST(:staff AS text[]))
    """
)
_OBJECT = text(
    """
    INSERT INTO transfer_objection AS o (workflow_id, number, staff, nth, stage, outcome)
    VALUES (:workflow_id, :number, :staff, :nth, :stage, :outcome)
    ON CONFLICT (workflow_id, number, staff, nth) DO UPDATE SET stage = excluded.stage,
        outcome = CASE WHEN excluded.outcome = '' THEN o.outcome ELSE excluded.outcome END
    """
)
_DECIDED = text(
    """
    SELECT sentence FROM transfer_decision
    WHERE workflow_id = :workflow_id AND action_id = :action_id
    """
)
_KEEP_DECISION = text(
    """
    INSERT INTO transfer_decision (workflow_id, action_id, number, kind, staff, person, note,
                                   evidence, to_unit, day, at, sentence)
    VALUES (:workflow_id, :action_id, :number, :kind, :staff, :person, :note,
            CAST(:evidence AS jsonb), :to_unit, :day, :at, :sentence)
    """
)
_SAME_DISTRICT = text(
    """
    SELECT count(*) FROM directory_unit a JOIN directory_unit b
        ON b.rollout = a.rollout AND b.district = a.district
    WHERE (a.rollout, a.name, b.name) = (:rollout, :unit, :to_unit)
    """
)
_BATCH = text(
    """
    SELECT b.rollout, b.number, b.stage FROM transfer_batch b
    WHERE b.workflow_id = :workflow_id ORDER BY b.at DESC LIMIT 1
    """
)
_PEOPLE = text(
    """
    SELECT p.staff, p.from_unit, p.to_unit, p.team, p.type, p.state,
        coalesce(o.stage, '') AS objection, coalesce(o.outcome, '') AS outcome, p.sink_mode
    FROM roster r JOIN roster_person p
        ON (p.rollout, p.number, p.version) = (r.rollout, r.number, r.version)
    LEFT JOIN LATERAL (SELECT stage, outcome FROM transfer_objection o
        WHERE (o.workflow_id, o.number, o.staff) = (:workflow_id, :number, p.staff)
        ORDER BY nth DESC LIMIT 1) o ON true
    WHERE r.rollout = :rollout AND r.number = :number AND r.status <> '已替换'
    AND p.staff > :after AND (:state = '' OR p.state = :state OR o.stage = :state)
    ORDER BY p.staff LIMIT :limit
    """
)


@dataclass(frozen=True, kw_only=True)
class BatchKey:
    """Which roster of which procedure."""

    rollout: str
    workflow_id: str
    unit: str
    number: str

    @property
    def asked(self) -> dict[str, Any]:
        """The key as parameters of a statement."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class OnTheWay:
    """A person to be posted, and the day before which the ledger takes nothing of that person."""

    traveller: Traveller
    since: date | None


@dataclass(frozen=True, kw_only=True)
class CaseOnFile:
    """A person as the batch has it; ``day`` is the asked one, or the person's last if later."""

    staff: str
    from_unit: str
    to_unit: str
    type: str
    place: Place
    objection: str
    nth: int
    day: date


@dataclass(frozen=True, kw_only=True)
class PersonOnFile:
    """One person for a list."""

    staff: str
    from_unit: str
    to_unit: str
    team: str
    type: str
    state: str
    objection: str
    outcome: str
    sink_mode: str


async def hold(connection: AsyncConnection, key: BatchKey, at: datetime) -> Stage | None:
    """This will hold a batch until the transaction ends, begun if it is new.

    None if another procedure has the roster, or there is no such roster.
    """
    await connection.execute(_CLAIM, {**key.asked, "at": at})
    stage = (await connection.execute(_HOLD, _own(key))).scalar_one_or_none()
    return Stage(stage) if stage else None


async def set_stage(
    connection: AsyncConnection, key: BatchKey, stage: Stage, version: int = 0
) -> None:
    """This will say how far a batch is."""
    await connection.execute(_SET_STAGE, {**_own(key), "stage": stage.value, "version": version})


async def roster_facts(connection: AsyncConnection, key: BatchKey) -> RosterFacts | None:
    """This will look at a roster with the eyes of a procedure; None if there is none."""
    roster = await roster_for(connection, key.rollout, key.number)
    if roster is None:
        return None
    other = (await connection.execute(_CLAIMED_BY, key.asked)).scalars().first()
    asked = {"rollout": key.rollout, "number": key.number, "unit": key.unit}
    found = (await connection.execute(_FACTS, asked)).mappings().one()
    return RosterFacts(
        number=key.number,
        version=roster.version,
        content_hash=roster.content_hash,
        status=roster.status,
        people=found["people"],
        claimed_by=other or "",
        unlocked=tuple(found["unlocked"] or ()),
        elsewhere=tuple(found["elsewhere"] or ()),
        strangers=tuple(found["strangers"] or ()),
        own_kind=found["own_kind"] or "",
    )


async def travellers(
    connection: AsyncConnection,
    key: BatchKey,
    place: Place,
    limit: int,
    *,
    institutions: bool | None = None,
    after: str = "",
    backward: bool = False,
) -> tuple[OnTheWay, ...]:
    """This will read persons in one place, in the order of their keys or against it.

    ``institutions`` asks for 事业 posts alone, or for all others. A person's ``leader_type`` is
    given only while the person leads at the old unit.
    """
    asked = {
        "rollout": key.rollout,
        "number": key.number,
        "place": place.value,
        "institutions": institutions,
        "limit": limit,
    }
    question, given = (_BACKWARD, asked) if backward else (_FORWARD, {**asked, "after": after})
    rows = (await connection.execute(question, given)).mappings()
    return tuple(
        OnTheWay(
            traveller=Traveller(**{k: v for k, v in row.items() if k != "since"}),
            since=row["since"],
        )
        for row in rows
    )


async def in_transit(connection: AsyncConnection, key: BatchKey) -> int:
    """This will add up the posts that this procedure has on their way."""
    asked = {"rollout": key.rollout, "workflow_id": key.workflow_id}
    return int((await connection.execute(_IN_TRANSIT, asked)).scalar_one())


async def astray(connection: AsyncConnection, key: BatchKey) -> int:
    """This will count the persons who are not where the roster says they are."""
    asked = {"rollout": key.rollout, "number": key.number}
    return int((await connection.execute(_ASTRAY, asked)).scalar_one())


async def counts_of(connection: AsyncConnection, key: BatchKey) -> dict[str, int]:
    """This will count persons by place, then open objections by stage."""
    asked = {"rollout": key.rollout, "number": key.number}
    places = {row.state: row.people for row in await connection.execute(_COUNTS, asked)}
    found = {place.value: places[place] for place in Place if place in places}
    stages = await objection_counts(connection, key)
    open_ones = sum(count for stage, count in stages.items() if stage != CLOSED)
    return {**found, "异议未结": open_ones} if open_ones else found


async def objection_counts(connection: AsyncConnection, key: BatchKey) -> dict[str, int]:
    """This will count objections by stage."""
    rows = await connection.execute(_OBJECTIONS, _own(key))
    return {row.stage: row.people for row in rows}


async def open_objections(connection: AsyncConnection, key: BatchKey) -> tuple[str, ...]:
    """Whose objections have no answer yet."""
    return tuple((await connection.execute(_OPEN_OBJECTIONS, _own(key))).scalars())


async def cases(
    connection: AsyncConnection, key: BatchKey, staff: Collection[str], day: date
) -> dict[str, CaseOnFile]:
    """This will read persons of the current roster, by key."""
    asked = {
        "rollout": key.rollout,
        "number": key.number,
        "workflow_id": key.workflow_id,
        "staff": list(staff),
        "day": day,
    }
    rows = (await connection.execute(_CASES, asked)).mappings()
    found = (
        CaseOnFile(**{k: v for k, v in r.items() if k != "state"}, place=Place(r["state"]))
        for r in rows
    )
    return {one.staff: one for one in found}


async def write_objection(
    connection: AsyncConnection, key: BatchKey, case: CaseOnFile, stage: str, outcome: str
) -> None:
    """This will move a person's objection on; after an answered one a new one begins."""
    begins = case.objection in ("", CLOSED)
    asked = {
        **_own(key),
        "staff": case.staff,
        "nth": case.nth + begins,
        "stage": stage,
        "outcome": outcome,
    }
    await connection.execute(_OBJECT, asked)


async def decided_before(
    connection: AsyncConnection, workflow_id: str, action_id: str
) -> str | None:
    """The sentence of a decision that is on file; None if there is none."""
    asked = {"workflow_id": workflow_id, "action_id": action_id}
    sentence: str | None = (await connection.execute(_DECIDED, asked)).scalar_one_or_none()
    return sentence


async def keep_decision(
    connection: AsyncConnection,
    key: BatchKey,
    *,
    evidence: Sequence[Evidence],
    staff: Sequence[str],
    **said: Any,
) -> None:
    """This will write a decision once, under its action id."""
    given = {
        **_own(key),
        **said,
        "staff": list(staff),
        "evidence": json.dumps([asdict(one) for one in evidence], ensure_ascii=False),
    }
    await connection.execute(_KEEP_DECISION, given)


async def in_same_district(
    connection: AsyncConnection, rollout: str, unit: str, to_unit: str
) -> bool:
    """Whether a unit is in the directory, in the district of another."""
    asked = {"rollout": rollout, "unit": unit, "to_unit": to_unit}
    return bool((await connection.execute(_SAME_DISTRICT, asked)).scalar_one())


async def batch_of(connection: AsyncConnection, workflow_id: str) -> tuple[BatchKey, Stage] | None:
    """This will find the newest batch of a procedure."""
    asked = {"workflow_id": workflow_id}
    row = (await connection.execute(_BATCH, asked)).one_or_none()
    if row is None:
        return None
    key = BatchKey(rollout=row.rollout, workflow_id=workflow_id, unit="", number=row.number)
    return key, Stage(row.stage)


async def people_page(
    connection: AsyncConnection, key: BatchKey, state: str, after: str, limit: int
) -> tuple[PersonOnFile, ...]:
    """This will list persons by key."""
    asked = {
        "rollout": key.rollout,
        "number": key.number,
        "workflow_id": key.workflow_id,
        "state": state,
        "after": after,
        "limit": limit,
    }
    rows = (await connection.execute(_PEOPLE, asked)).mappings()
    return tuple(PersonOnFile(**row) for row in rows)


def _own(key: BatchKey) -> dict[str, Any]:
    return {"workflow_id": key.workflow_id, "number": key.number}
