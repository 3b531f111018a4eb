"""Claims and trial evaluations of lists of duties, and what a street's coverage is counted from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.duty_claims import Claim, IssuedList, Trial

# The newest issued version of each list that has not ended: one that begins tomorrow is claimed
# today.
_ISSUED = text(
    """
    SELECT l.name, l.version, l.district, l.street,
        json_agg(json_build_array(i.number, i.name) ORDER BY i.position) AS items
    FROM duty_list l JOIN duty_item i ON (i.rollout, i.list, i.version)
        = (l.rollout, l.name, l.version)
    WHERE l.rollout = :rollout AND l.status = '有效' AND (:name = '' OR l.name = :name)
    GROUP BY l.name, l.version, l.district, l.street ORDER BY l.name
    """
)
_CLAIMS = text(
    """
    SELECT list AS list_name, number, street, liaisons, team, claimed_at, claimed_by
    FROM duty_claim
    WHERE rollout = :rollout AND ended_at IS NULL AND (:name = '' OR list = :name)
    AND (:street = '' OR street = :street)
    """
)
_TRIALS = text(
    """
    SELECT DISTINCT ON (list, street) list AS list_name, street, evaluated_on, methods, result,
        paper
    FROM duty_trial WHERE rollout = :rollout AND (:name = '' OR list = :name)
    ORDER BY list, street, evaluated_on DESC
    """
)
_ACTING = text(
    """
    SELECT unit, array_agg(DISTINCT person) AS persons FROM appointment
    WHERE rollout = :rollout AND role = ANY(CAST(:roles AS text[]))
    AND valid_from <= :at AND (valid_to IS NULL OR valid_to > :at)
    GROUP BY unit
    """
)
# The clocks of two computers may differ: a claim never ends before it began.
_END = text(
    """
    UPDATE duty_claim c SET ended_at = greatest(c.claimed_at, :at)
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS n (list text, number text, street text)
    WHERE c.rollout = :rollout AND c.ended_at IS NULL
    AND (c.list, c.number, c.street) = (n.list, n.number, n.street)
    """
)
_ADD = text(
    """
    INSERT INTO duty_claim (rollout, list, number, street, liaisons, team, claimed_at, claimed_by,
        ended_at)
    SELECT :rollout, n.list, n.number, n.street,
        ARRAY(SELECT jsonb_array_elements_text(n.liaisons)), n.team,
        greatest(:at, (SELECT max(b.ended_at) + interval '1 microsecond' FROM duty_claim b
            WHERE (b.rollout, b.list, b.number, b.street)
                = (:rollout, n.list, n.number, n.street))),
        :person, NULL
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS n (list text, number text, street text,
        liaisons jsonb, team text)
    """
)
_TRY = text(
    """
    INSERT INTO duty_trial (rollout, list, street, evaluated_on, methods, result, paper,
        recorded_at, recorded_by)
    SELECT :rollout, n.list, n.street, n.evaluated_on,
        ARRAY(SELECT jsonb_array_elements_text(n.methods)), n.result, n.paper, :at, :person
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS n (list text, street text,
        evaluated_on date, methods jsonb, result text, paper text)
    ON CONFLICT (rollout, list, street, evaluated_on) DO UPDATE SET methods = excluded.methods,
        result = excluded.result, paper = excluded.paper, recorded_at = excluded.recorded_at,
        recorded_by = excluded.recorded_by
    WHERE (duty_trial.methods, duty_trial.result, duty_trial.paper)
        IS DISTINCT FROM (excluded.methods, excluded.result, excluded.paper)
    """
)


@dataclass(frozen=True, kw_only=True)
class ClaimOnFile:
    """A claim that holds, with who made it and when."""

    claim: Claim
    claimed_at: datetime
    claimed_by: str


async def issued_lists(
    connection: AsyncConnection, rollout: str, name: str = ""
) -> dict[str, IssuedList]:
    """This will read the newest issued version of every list, or of one, by name."""
    rows = await connection.execute(_ISSUED, {"rollout": rollout, "name": name})
    return {
        row.name: IssuedList(
            name=row.name,
            version=row.version,
            district=row.district,
            street=row.street,
            items=dict(row.items),
        )
        for row in rows
    }


async def claims_of(
    connection: AsyncConnection, rollout: str, *, name: str = "", street: str = ""
) -> tuple[ClaimOnFile, ...]:
    """This will read the claims that hold, of a list or a street or of all."""
    asked = {"rollout": rollout, "name": name, "street": street}
    return tuple(_on_file(row) for row in await connection.execute(_CLAIMS, asked))


async def trials_of(
    connection: AsyncConnection, rollout: str, *, name: str = ""
) -> tuple[Trial, ...]:
    """This will read the last evaluation of each list at each street."""
    rows = await connection.execute(_TRIALS, {"rollout": rollout, "name": name})
    return tuple(Trial(**row | {"methods": tuple(row["methods"])}) for row in _maps(rows))


async def acting_persons(
    connection: AsyncConnection, rollout: str, roles: Sequence[str], at: datetime
) -> dict[str, frozenset[str]]:
    """This will read by unit who holds one of these posts at a moment."""
    asked = {"rollout": rollout, "roles": list(roles), "at": at}
    return {row.unit: frozenset(row.persons) for row in await connection.execute(_ACTING, asked)}


async def write_claims(
    connection: AsyncConnection, rollout: str, claims: Sequence[Claim], at: datetime, person: str
) -> None:
    """This will end the claims that these replace, and write these."""
    lines = _json(
        [
            {
                "list": one.list_name,
                "number": one.number,
                "street": one.street,
                "liaisons": one.liaisons,
                "team": one.team,
            }
            for one in claims
        ]
    )
    await connection.execute(_END, {"rollout": rollout, "at": at, "lines": lines})
    given = {"rollout": rollout, "at": at, "person": person, "lines": lines}
    await connection.execute(_ADD, given)


async def write_trials(
    connection: AsyncConnection, rollout: str, trials: Sequence[Trial], at: datetime, person: str
) -> int:
    """This will write evaluations; of the same day the later stands. Returns how many are new."""
    lines: list[dict[str, Any]] = [
        {
            "list": one.list_name,
            "street": one.street,
            "evaluated_on": one.evaluated_on.isoformat(),
            "methods": one.methods,
            "result": one.result,
            "paper": one.paper,
        }
        for one in trials
    ]
    given = {"rollout": rollout, "at": at, "person": person, "lines": _json(lines)}
    return (await connection.execute(_TRY, given)).rowcount


def trial_days(trials: Sequence[Trial], name: str) -> dict[str, date]:
    """The day of a list's last evaluation by street."""
    return {one.street: one.evaluated_on for one in trials if one.list_name == name}


def _on_file(row: Any) -> ClaimOnFile:
    return ClaimOnFile(
        claim=Claim(
            list_name=row.list_name,
            number=row.number,
            street=row.street,
            liaisons=tuple(row.liaisons),
            team=row.team,
        ),
        claimed_at=row.claimed_at,
        claimed_by=row.claimed_by,
    )


def _maps(rows: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in rows.mappings()]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
