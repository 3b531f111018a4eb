"""The golden cases of the deadlines (4-11, 4-12) through the real workflow, in virtual time.

What lies in the past is opened late, as a street does that registers an old finding: the clocks
count from the finding. What lies ahead is played day by day.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from domain import case_opening
from domain.procedure import Verb
from runtime.converter import data_converter
from storage.engine import Database
from tests.case_hall import (
    CLERK,
    HANDED_OVER,
    OFFICER,
    REPORTED,
    SLIPS,
    Hall,
    next_day,
    shanghai,
    told_to,
)
from tests.cases import CULTURE, SLIP, STREET, report
from tests.office import Office
from tests.workflows.conftest import server_program
from tests.workflows.test_calendar_changes import Almanac, almanac

__all__ = ["almanac"]

PAST = (
    ("2023-12-15", "2023-12-20"),
    ("2025-12-31", "2026-01-06"),
    ("2026-01-03", "2026-01-06"),
    ("2026-02-13", "2026-02-25"),
    ("2026-04-30", "2026-05-08"),
    ("2026-05-08", "2026-05-12"),
    ("2026-09-18", "2026-09-22"),
    ("2026-09-24", "2026-09-30"),
    ("2026-09-30", "2026-10-10"),
)
"""Trigger and due day of T2, from the golden table; all but the last of it, which lies ahead."""


@pytest.fixture(scope="module")
async def hall(database: Database) -> AsyncIterator[Hall]:
    """One server for all that lies in the past: nothing there depends on today."""
    async with (
        await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=server_program(), data_converter=data_converter
        ) as env,
        Office(env, database) as office,
    ):
        yield await Hall.of(office, "黄金")


@pytest.fixture
def old_cases_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finding of 2023 is older than what is taken otherwise."""
    monkeypatch.setattr(case_opening, "MAX_AGE", timedelta(days=366 * 20))


@pytest.mark.parametrize("clock", ["00:00", "16:20", "23:59"])
@pytest.mark.parametrize("trigger,due", PAST)
async def test_the_handover_is_due_as_the_golden_table_says(
    hall: Hall, old_cases_taken: None, trigger: str, due: str, clock: str
) -> None:
    """T2 counts working days from the day after the finding, at whatever minute of its day."""
    day, last = date.fromisoformat(trigger), date.fromisoformat(due)
    found = shanghai(day, clock)

    wid = await hall.open(report(found))

    step = await hall.open_step(wid)
    assert ("交接", last, shanghai(last, "24:00")) == (step.step, step.due_date, step.due_at)
    assert not step.provisional
    clocks = await hall.clocks(wid)
    t1, t2 = clocks[REPORTED], clocks[HANDED_OVER]
    assert ("4-12", last, shanghai(last, "24:00")) == (t2.basis, t2.due_date, t2.due_at)
    assert ("4-11", day, shanghai(day, "24:00")) == (t1.basis, t1.due_date, t1.due_at)
    assert {found} == {t1.started_at, t2.started_at}
    assert {STREET} == {t1.late_by, t2.late_by}


async def test_a_finding_late_on_a_holiday_is_reported_that_day(hall: Hall) -> None:
    """T1 of 2026-02-15 23:50, a Sunday of the festival, ends ten minutes later."""
    wid = await hall.open(report(shanghai(date(2026, 2, 15), "23:50"), reported=False))

    t1 = await hall.clock(wid, REPORTED)
    assert (date(2026, 2, 15), datetime(2026, 2, 15, 16, tzinfo=UTC)) == (t1.due_date, t1.due_at)
    assert "不论是否休息日" in t1.rule


async def test_days_are_those_of_shanghai(hall: Hall) -> None:
    """2026-02-15 16:30 UTC is already 02-16; half an hour earlier it was 02-15 and its last."""
    after = await hall.open(report(datetime(2026, 2, 15, 16, 30, tzinfo=UTC), reported=False))
    before = await hall.open(report(datetime(2026, 2, 15, 15, 59, tzinfo=UTC), reported=False))
    at = await hall.open(report(datetime(2026, 2, 15, 16, 0, tzinfo=UTC), reported=False))

    days = [(await hall.clock(wid, REPORTED)).due_date for wid in (before, at, after)]
    assert [date(2026, 2, 15), date(2026, 2, 16), date(2026, 2, 16)] == days


async def test_what_is_delivered_after_its_limit_leaves_the_receiver_a_day(hall: Hall) -> None:
    """T2 of 09-30 ran out on 10-10; the receiver's own day begins with the delivery."""
    opening = report(shanghai(date(2026, 9, 30)), **SLIPS)
    wid = await hall.open(opening)

    step = await hall.open_step(wid)
    assert step.step == "签收" and step.due_date > await hall.office.today()
    clock = await hall.clock(wid, HANDED_OVER)
    assert (date(2026, 10, 10), STREET) == (clock.due_date, clock.late_by)
    await hall.done(wid, "签收", Verb.ACCEPT, OFFICER)
    clock = await hall.clock(wid, HANDED_OVER)
    assert clock.stopped_at is not None and clock.by == "签收"
    assert STREET == clock.late_by


async def test_a_finding_on_a_rest_day_at_night_runs_its_ladder_at_once(office: Office) -> None:
    """Found on a Saturday 18:00: told at 20:00 and 23:00, red and told higher at 24:00 sharp."""
    hall = await Hall.of(office, "周六")
    saturday = next_day(await office.today(), 5)
    await hall.until(shanghai(saturday, "18:00"))
    wid = await hall.open(report(await office.now(), reported=False))
    await hall.until(shanghai(saturday, "19:59"))
    assert "绿" == (await hall.open_step(wid)).light

    await hall.until(shanghai(saturday + timedelta(days=1), "00:30"))
    await hall.wait_for(wid, "升级")
    told = await hall.notices(wid)

    minutes = [n["at"].astimezone(shanghai(saturday).tzinfo).strftime("%H:%M") for n in told]
    assert ["20:00", "23:00", "00:00"] == minutes
    assert [(STREET, "经办人"), (STREET, "经办人"), (STREET, "第一责任人")] == told_to(told)
    assert ["提醒", "提醒", "升级"] == [n["level"] for n in told]
    assert "红" == (await hall.open_step(wid)).light
    await hall.done(wid, "报告", Verb.SUBMIT, CLERK, note="补报")
    t1 = await hall.clock(wid, REPORTED)
    assert ("送达", STREET) == (t1.by, t1.late_by)


async def test_ten_minutes_before_midnight_there_is_no_time_for_reminders(office: Office) -> None:
    """Found at 23:50 of a Sunday: nothing is told before, all at 24:00; reported 23:58 is in time."""
    hall = await Hall.of(office, "周日")
    sunday = next_day(await office.today(), 6)
    await hall.until(shanghai(sunday, "23:50"))
    late = await hall.open(report(await office.now(), reported=False))
    swift = await hall.open(report(await office.now(), reported=False))

    await hall.until(shanghai(sunday, "23:58"))
    await hall.done(swift, "报告", Verb.SUBMIT, CLERK)
    assert "" == (await hall.clock(swift, REPORTED)).late_by
    await hall.until(shanghai(sunday, "24:00") + timedelta(minutes=2))
    await hall.wait_for(late, "升级")

    assert [(STREET, "第一责任人")] == told_to(await hall.notices(late))
    assert [] == await hall.lines(late, "提醒")
    [line] = await hall.lines(late, "升级")
    assert timedelta(0) <= line["at"] - shanghai(sunday, "24:00") < timedelta(seconds=5)


async def test_a_limit_into_a_year_without_notice_is_provisional_until_published(
    almanac: Almanac,
) -> None:
    """Found on 2026-12-30: provisional; the notice of 2027 moves it, and both sides are told."""
    hall = await Hall.of(almanac.office, "跨年")
    day = date(2026, 12, 30)
    await hall.until(shanghai(day, "09:00"))
    waiting = await hall.open(report(await hall.office.now()))
    given = await hall.open(report(await hall.office.now(), **SLIPS))

    before = await hall.open_step(given)
    assert ("签收", True) == (before.step, before.provisional)
    t2 = await hall.clock(given, HANDED_OVER)
    assert t2.provisional and "2027年放假通知尚未载入，本期限为暂定" in t2.rule
    naive = before.due_date
    rest = {date(2027, 1, 1) + timedelta(days=n) for n in range(4)}
    await almanac.notice(2027, "国办发明电〔2026〕9号", rest, {date(2027, 1, 9)})
    await almanac.publish()

    moved = date(2027, 1, 6)
    for wid, step in ((waiting, "交接"), (given, "签收")):
        after = await hall.open_step(wid)
        assert (step, moved, False) == (after.step, after.due_date, after.provisional)
        clock = await hall.clock(wid, HANDED_OVER)
        assert (moved, shanghai(moved, "24:00"), False) == (
            clock.due_date,
            clock.due_at,
            clock.provisional,
        )
        assert 1 == len(await hall.lines(wid, "改期"))
    assert [(CULTURE, "经办人")] == told_to(await hall.notices(given, "改期"))
    assert naive < moved
    await hall.until(shanghai(moved, "23:00"))
    await hall.done(waiting, "交接", Verb.SUBMIT, CLERK, evidence=(SLIP,))
    await hall.done(waiting, "签收", Verb.ACCEPT, OFFICER)
    clock = await hall.clock(waiting, HANDED_OVER)
    assert ("签收", "") == (clock.by, clock.late_by)


async def test_a_closing_time_ends_the_day_where_the_district_says_so(hall: Hall) -> None:
    """day_end 17:30: found at 16:00 it ends at 17:30; found after it, at 24:00."""
    own = await Hall.of(hall.office, "黄金下班", day_end="17:30")
    early = await own.open(report(shanghai(date(2026, 9, 18), "16:00"), reported=False))
    late = await own.open(report(shanghai(date(2026, 9, 18), "18:00"), reported=False))

    assert shanghai(date(2026, 9, 18), "17:30") == (await own.clock(early, REPORTED)).due_at
    assert shanghai(date(2026, 9, 18), "24:00") == (await own.clock(late, REPORTED)).due_at
    kept = await hall.open(report(shanghai(date(2026, 9, 18), "16:00"), reported=False))
    assert shanghai(date(2026, 9, 18), "24:00") == (await hall.clock(kept, REPORTED)).due_at
