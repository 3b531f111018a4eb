"""Rosters (名册): who goes from where to where, checked against the lock.

Sources: 0-50 (each person stands in the lock with unit and type), 0-51 (①制名册), 0-43 and 1-37
(from departments to streets), 3-12 (sums by department and by team). A finding names sheet, row and
column, and never a person.
"""

from __future__ import annotations

from enum import StrEnum


class RosterStatus(StrEnum):
    """How far a roster is. 已替换 is an earlier version of the same number."""

    DRAWN_UP = "编制中"
    REQUESTED = "已请示"
    APPROVED = "已批复"
    DONE = "办结"
    CANCELLED = "撤销"
    REPLACED = "已替换"


OPEN_STATUSES = (RosterStatus.DRAWN_UP, RosterStatus.REQUESTED, RosterStatus.APPROVED)
"""While a roster is one of these its persons are wanted by no other."""

LISTED = "在册"
"""The state of a person when a roster comes in; what follows is domain.transfer_person's."""
