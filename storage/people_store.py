"""People in the registers: who stands in for whom, changes of posts, absences.

Every change of a directory is one new version with its paper, in the transaction of the change;
:func:`lock_directory` makes two changes of one rollout follow each other.
"""

from __future__ import annotations

from typing import Final

STAND_IN: Final = """
    away AS (
        SELECT b.rollout, b.person, b.by_person FROM absence b
        WHERE b.from_day <= :today AND b.to_day >= :today
        AND (b.ended_at IS NULL OR b.ended_at > :now)),
    chain (rollout, absent, held_by) AS (
        SELECT w.rollout, w.person, w.by_person FROM away w
        UNION
        SELECT c.rollout, c.absent, w.by_person
        FROM chain c JOIN away w ON w.rollout = c.rollout AND w.person = c.held_by),
    stand_in AS (
        SELECT c.rollout, c.absent, c.held_by AS substitute FROM chain c
        WHERE NOT EXISTS (SELECT FROM away w WHERE w.rollout = c.rollout AND w.person = c.held_by))
"""
"""Who is away on ``:today`` (at ``:now``), and the substitute who is there at the end of the chain.

For ``WITH RECURSIVE``. UNION drops what is there already, so that a circle, which is refused when
it is written, ends here with nobody.
"""
