"""Does a ledger keep its laws? Each is computed anew from the postings; the guards are not trusted.

A law is a question that answers with what breaks it: a short text for each breach.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_MOST = 50
"""Breaches named of each law; where there are more, somebody must look into the database."""

_LINES = """
    lines AS (
        SELECT t.id, t.number, t.day, t.kind, t.paper, t.special_paper, t.note, p.line, p.unit,
            p.type, p.state, p.amount, p.toward, p.staff
        FROM ledger_transaction t JOIN ledger_posting p ON p.transaction = t.id
        WHERE t.rollout = :rollout),
    moves AS (
        SELECT unit, type, day, id, number, kind, note,
            coalesce(sum(amount) FILTER (WHERE state = '核定'), 0) AS approved,
            coalesce(sum(amount) FILTER (WHERE state = '在途'), 0) AS in_transit,
            coalesce(sum(amount) FILTER (WHERE state = '在途' AND staff <> ''), 0) AS occupied,
            coalesce(sum(amount) FILTER (WHERE state = '实有'), 0) AS actual
        FROM lines WHERE unit <> '' GROUP BY unit, type, day, id, number, kind, note),
    running AS (
        SELECT unit, type, day, id, number, kind, sum(approved) OVER w AS approved,
            sum(in_transit) OVER w AS in_transit, sum(occupied) OVER w AS occupied,
            sum(actual) OVER w AS actual
        FROM moves WINDOW w AS (PARTITION BY unit, type ORDER BY day, id)),
    beyond AS (
        SELECT unit, type, number, kind, greatest(0, actual - approved - occupied) AS now,
            lag(greatest(0, actual - approved - occupied), 1, 0)
                OVER (PARTITION BY unit, type ORDER BY day, id) AS before
        FROM running),
    summed AS (
        SELECT unit, type, sum(approved) AS approved, sum(in_transit) AS in_transit,
            sum(occupied) AS occupied, sum(actual) AS actual
        FROM moves GROUP BY unit, type),
    places AS (
        SELECT staff, type, unit, sum(amount) FILTER (WHERE state = '实有') AS here,
            sum(amount) FILTER (WHERE state = '在途') AS going
        FROM lines WHERE staff <> '' AND unit <> '' GROUP BY staff, type, unit)
"""

LAWS = {
    "凭证号连续，每笔分录齐全": """
        SELECT '第' || t.number || '号' FROM (
            SELECT t.number, t.lines, row_number() OVER (ORDER BY t.number) AS place,
                (SELECT count(*) FROM ledger_posting p WHERE p.transaction = t.id) AS found
            FROM ledger_transaction t WHERE t.rollout = :rollout) t
        WHERE t.number <> t.place OR t.lines <> t.found
        UNION ALL SELECT '末号' || b.entries FROM ledger_book b WHERE b.rollout = :rollout
        AND b.entries <> (SELECT count(*) FROM ledger_transaction WHERE rollout = :rollout)
    """,
    "每笔编制、人员各自一进一出相等": """
        SELECT '第' || number || '号' || type FROM lines GROUP BY number, type
        HAVING coalesce(sum(amount) FILTER (WHERE state IN ('核定', '在途', '批准')), 0) <> 0
            OR coalesce(sum(amount) FILTER (WHERE state IN ('实有', '来源')), 0) <> 0
    """,
    "余额与分录合计一致": """
        SELECT coalesce(s.unit, p.unit) || coalesce(s.type, p.type) FROM summed s FULL JOIN (
            SELECT * FROM ledger_position WHERE rollout = :rollout) p
            ON (p.unit, p.type) = (s.unit, s.type)
        WHERE (s.approved, s.in_transit, s.occupied, s.actual)
            IS DISTINCT FROM (p.approved, p.in_transit, p.occupied, p.actual)
    """,
    "任何一天的余额都不为负": """
        SELECT unit || type || '（' || day || '）' FROM running
        WHERE approved < 0 OR actual < 0 OR occupied NOT BETWEEN 0 AND in_transit
    """,
    "实有不超过核定（或职数），原有超编有依据且只减不增": """
        SELECT b.unit || b.type || '（第' || b.number || '号）' FROM beyond b
        LEFT JOIN moves m ON (m.unit, m.type, m.number) = (b.unit, b.type, b.number)
        WHERE b.now > b.before AND NOT (b.kind = '期初' AND m.note <> '')
        UNION SELECT unit || type FROM ledger_position
        WHERE rollout = :rollout AND actual > approved + occupied + excess
    """,
    "一人只在一处": """
        SELECT staff FROM places GROUP BY staff, type
        HAVING sum(here) > 1 OR min(here) < 0 OR max(here) > 1
        UNION SELECT staff FROM places WHERE type NOT LIKE '领导·%' GROUP BY staff
        HAVING sum(here) > 1
    """,
    "人员所在、在途与分录一致": """
        SELECT coalesce(f.staff, l.staff) FROM (
            SELECT staff, type, max(unit) FILTER (WHERE here > 0) AS unit,
                max(unit) FILTER (WHERE going > 0) AS going
            FROM places GROUP BY staff, type) f
        FULL JOIN (SELECT * FROM ledger_place WHERE rollout = :rollout) l
            ON (l.staff, l.type) = (f.staff, f.type)
        WHERE f.unit IS DISTINCT FROM l.unit
            OR f.going IS DISTINCT FROM CASE WHEN l.toward IS NOT NULL THEN l.unit END
    """,
    "在途编制去向明确，与分录一致": """
        SELECT coalesce(f.unit, x.unit) || '→' || coalesce(f.toward, x.toward) FROM (
            SELECT unit, type, toward, sum(amount) AS posts FROM lines
            WHERE state = '在途' AND staff = '' GROUP BY unit, type, toward) f
        FULL JOIN (SELECT * FROM ledger_transit WHERE rollout = :rollout) x
            ON (x.unit, x.type, x.toward) = (f.unit, f.type, f.toward)
        WHERE f.posts IS DISTINCT FROM x.vacant OR f.posts < 0
    """,
    "增减总量、进出人员都有文号": """
        SELECT DISTINCT '第' || number || '号' FROM lines WHERE unit = '' AND paper = ''
    """,
    "街道编制没有未经专项批准的减少": """
        SELECT '第' || l.number || '号' || l.type FROM lines l
        JOIN directory_unit d ON (d.rollout, d.name) = (:rollout, l.unit)
        WHERE d.kind = '街道' AND l.state IN ('核定', '在途') AND l.special_paper = ''
        GROUP BY l.number, l.type HAVING sum(l.amount) < 0
    """,
}

_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM ledger_transaction WHERE rollout = :rollout) AS entries,
        (SELECT count(*) FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction
         WHERE t.rollout = :rollout) AS postings,
        (SELECT count(*) FROM ledger_position WHERE rollout = :rollout) AS positions,
        (SELECT count(DISTINCT staff) FROM ledger_place
         WHERE rollout = :rollout AND unit IS NOT NULL) AS people
    """
)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What was counted, and every breach as (law, about)."""

    entries: int
    postings: int
    positions: int
    people: int
    breaches: tuple[tuple[str, str], ...]


async def audit(connection: AsyncConnection, rollout: str) -> Audit:
    """This will try every law of one ledger, as of one moment where the connection has one."""
    counts = (await connection.execute(_COUNTS, {"rollout": rollout})).one()
    breaches = []
    for law, question in LAWS.items():
        found = await connection.scalars(
            # Put together from this module's own constants.
            text(f"WITH {_LINES} SELECT * FROM ({question}) AS broken LIMIT {_MOST}"),  # noqa: S608
            {"rollout": rollout},
        )
        breaches += [(law, str(about)) for about in found]
    return Audit(
        entries=counts.entries,
        postings=counts.postings,
        positions=counts.positions,
        people=counts.people,
        breaches=tuple(breaches),
    )
