"""Figures of a periodic report: counts by district, unit and row; what changed between two days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from domain.progress_report import Change, Entry, changes, progress_of, shares
from domain.wall_chart import Mark, Standing

TODAY = date(2019, 12, 15)


def entry(unit: str = "甲街道", standing: Standing = Standing.GREEN, item: str = "三定") -> Entry:
    """A procedure of a street."""
    return Entry(
        workflow_id=f"改革/甲区/{unit}/{item}",
        district="甲区",
        unit=unit,
        row_id=item,
        item=item,
        mark=Mark(standing=standing),
    )


def test_everything_is_counted_by_district_unit_and_row_in_the_order_met():
    """What was stopped counts in no share."""
    found = progress_of(
        [
            entry("乙街道", Standing.DONE),
            entry("甲街道", Standing.RED),
            entry("甲街道", Standing.WAITING, "挂牌"),
            entry("甲街道", Standing.ENDED, "转隶"),
        ],
        TODAY,
    )

    assert list(found.units) == ["乙街道", "甲街道"], (
        "as the plan has them, not by how far they are"
    )
    assert list(found.rows) == ["三定", "挂牌", "转隶"]
    assert shares(found.whole) == (1, 1, 1)
    assert shares(found.units["甲街道"]) == (0, 1, 1)
    assert found.whole.total == 3


@pytest.mark.parametrize(
    "was, now, expected",
    [
        (Standing.WAITING, Standing.GREEN, {Change.BEGUN}),
        (Standing.WAITING, Standing.DONE, {Change.BEGUN, Change.DONE}),
        (Standing.GREEN, Standing.RED, {Change.LATE}),
        (Standing.WAITING, Standing.RED, {Change.BEGUN, Change.LATE}),
        (Standing.RED, Standing.RED, {Change.STILL_LATE}),
        (Standing.RED, Standing.GREEN, {Change.CAUGHT_UP}),
        (Standing.RED, Standing.DONE, {Change.DONE, Change.CAUGHT_UP}),
        (Standing.RED, Standing.ENDED, {Change.STOPPED}),
        (Standing.DONE, Standing.DONE, set()),
        (Standing.GREEN, Standing.YELLOW, set()),
    ],
)
def test_what_became_of_a_procedure(was, now, expected):
    """By its standing on both days."""
    found = changes([entry(standing=was)], [entry(standing=now)])
    assert {change for change, entries in found.items() if entries} == expected


def test_what_an_amendment_added_or_took_away_is_said():
    """A procedure that only one of the two reports has."""
    first, second = entry(), replace(entry(), workflow_id="改革/甲区/乙街道/三定")
    found = changes([first], [second])
    assert (found[Change.ADDED], found[Change.LEFT]) == ((second,), (first,))
