"""When arranged audits come round (C2, 3-21, 4-06, 4-37): labels, rest days, changes, and the law.

The law: every window of the past is done, or missed and reported, exactly once, or still to be made
up. Random firings, outages, pauses, failures, changes and new calendars try to break it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.audit import AuditKind, AuditPlan, Cadence, Every, Move, SampleRule
from domain.audit_cadence import RunStep, Version, expected, first_day, windows
from domain.audit_reckoning import (
    Ending,
    Record,
    Settled,
    coming,
    halts_of,
    past,
    reckon,
    why_missed,
)
from domain.calendar import NoticeDay, Overlay, load_builtin_calendar
from domain.day_words import SHANGHAI
from domain.deadline import local_day

CALENDAR = load_builtin_calendar()
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def at(text: str) -> datetime:
    """An instant in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def arrangement(cadence: Cadence, kind: AuditKind = AuditKind.ASSESSMENT, **more: Any) -> AuditPlan:
    """An arrangement with nothing but its cadence."""
    return AuditPlan(rollout="改革", name="安排", kind=kind, cadence=cadence, **more)


def opened(cadence: Cadence, *days: date) -> list[str]:
    """The windows of a year, as label and day."""
    frm, until = days or YEAR
    found = windows(cadence, CALENDAR, frm, until)
    return [f"{one.label} {one.opens_on:%m-%d}" for one in found]


def cadence(every: Every, **more: Any) -> Cadence:
    """A cadence from the beginning of 2026."""
    return Cadence(**{"every": every, "first": date(2026, 1, 1), **more})


@pytest.mark.parametrize(
    "said, days",
    [
        (cadence(Every.QUARTER, month=2, day=15), "02-24 05-15 08-17 11-16"),
        (cadence(Every.QUARTER, month=2, day=15, move=Move.EARLIER), "02-14 05-15 08-14 11-13"),
        (cadence(Every.HALF_YEAR, month=6, day=31), "06-30 12-31"),
        (cadence(Every.YEAR, month=10, day=1), "10-08"),
        (cadence(Every.YEAR, month=10, day=1, move=Move.EARLIER), "09-30"),
        (cadence(Every.ONCE, first=date(2026, 5, 1)), "05-06"),
        (cadence(Every.MONTH, day=31, until=date(2026, 3, 31)), "01-30 02-28 03-31"),
    ],
)
def test_a_rest_day_moves_a_window_to_a_working_day(said, days):
    """Across 春节 and 国庆, onto make-up Saturdays (2026-02-14, 02-28), as 顺延 and 提前 say."""
    assert [f"{one.opens_on:%m-%d}" for one in windows(said, CALENDAR, *YEAR)] == days.split()


def test_a_window_never_leaves_its_own_period():
    """提前 from January 1 would be last year's, 顺延 from February's last day the next month's."""
    first = cadence(Every.MONTH, move=Move.EARLIER, until=date(2026, 2, 28))
    assert opened(first) == ["2026-01 01-04", "2026-02 02-02"]
    last = cadence(Every.MONTH, day=31, first=date(2026, 5, 1), until=date(2026, 5, 31))
    assert opened(last) == ["2026-05 05-29"]


def test_a_window_is_called_what_people_call_it():
    """Month, quarter, half-year, year; 一次 by its day."""
    labels = [windows(cadence(every), CALENDAR, *YEAR)[0].label for every in Every]
    assert labels == ["2026-01-01", "2026-01", "2026年第1季度", "2026年上半年", "2026年"]


def test_a_sample_is_open_for_its_working_days():
    """Twenty working days from October 8, over the make-up Saturday of October 10."""
    sample = cadence(Every.QUARTER, first=date(2026, 10, 1), span=4)
    (window,) = windows(sample, CALENDAR, date(2026, 10, 1), date(2026, 10, 31))
    assert [day.day for day in window.days] == [8, 9, 10, 12]


@pytest.mark.parametrize("day", [1, 9, 15, 20, 31])
def test_no_day_of_a_sample_lies_beyond_the_next_window(day):
    """Twenty working days of every month: a draw after its window could only be missed."""
    monthly = cadence(Every.MONTH, day=day, span=20)
    for window in windows(monthly, CALENDAR, *YEAR):
        assert window.days[0] == window.opens_on
        assert window.until is None or window.days[-1] < local_day(window.until)


def test_a_local_closure_of_a_whole_period_loses_no_window():
    """Where nobody works all month two windows may open on one day; each is still done."""
    off = tuple(NoticeDay(day=date(2026, 3, n), is_off=True, name="封控") for n in range(1, 32))
    closed = CALENDAR.with_overlay(Overlay(district="甲区", paper="甲〔2026〕1号", days=off))
    plan = arrangement(cadence(Every.MONTH), district="甲区")
    record = Record(versions=(Version(number=1, plan=plan, since=YEAR[0], at=at("2026-01-01")),))
    due = reckon(record, closed, at("2026-04-01T10:00"))
    assert [(one.window.label, one.step) for one in due] == [
        ("2026-01", RunStep.MISSED),
        ("2026-02", RunStep.MISSED),
        ("2026-03", RunStep.OPEN),
        ("2026-04", RunStep.OPEN),
    ]


def test_nothing_is_due_on_a_rest_day():
    """Not even what was missed; on the make-up Saturday it is."""
    plan = arrangement(cadence(Every.MONTH, day=9))
    record = Record(versions=(Version(number=1, plan=plan, since=YEAR[0], at=at("2026-01-01")),))
    assert not reckon(record, CALENDAR, at("2026-02-15T12:00"))
    assert reckon(record, CALENDAR, at("2026-02-14T12:00"))


def test_a_change_holds_from_the_next_window_on():
    """April 5 has passed in May: the second quarter, still to come, stays as it was arranged."""
    old = arrangement(cadence(Every.QUARTER, month=2, day=20))
    new = replace(old, cadence=replace(old.cadence, month=1, day=5), leader="区委主要领导")
    first = Version(number=1, plan=old, since=YEAR[0], at=at("2026-01-01"))
    since = first_day(new, (first,), CALENDAR, at("2026-05-10T10:00"))
    second = Version(number=2, plan=new, since=since, at=at("2026-05-10T10:00"))
    found = expected((first, second), CALENDAR, YEAR[1])
    assert [(e.window.label, e.version.number, f"{e.window.opens_on:%m-%d}") for e in found] == [
        ("2026年第1季度", 1, "02-24"),
        ("2026年第2季度", 1, "05-20"),
        ("2026年第3季度", 2, "07-06"),
        ("2026年第4季度", 2, "10-08"),
    ]


def test_a_period_that_has_begun_stays_as_it_was_arranged():
    """The second quarter opened in May; a change to its last month does not open it again."""
    old = arrangement(cadence(Every.QUARTER, month=2, day=20))
    new = replace(old, cadence=replace(old.cadence, month=3))
    first = Version(number=1, plan=old, since=YEAR[0], at=at("2026-01-01"))
    since = first_day(new, (first,), CALENDAR, at("2026-05-25T10:00"))
    second = Version(number=2, plan=new, since=since, at=at("2026-05-25T10:00"))
    found = expected((first, second), CALENDAR, date(2026, 9, 30))
    assert [(e.version.number, f"{e.window.opens_on:%m-%d}") for e in found] == [
        (1, "02-24"),
        (1, "05-20"),
        (2, "09-20"),
    ]


def test_an_arrangement_begins_with_the_window_that_is_open():
    """One made in November for every quarter since January has missed nothing before it was made."""
    plan = arrangement(cadence(Every.QUARTER))
    now = at("2026-11-22T10:00")
    since = first_day(plan, (), CALENDAR, now)
    record = Record(versions=(Version(number=1, plan=plan, since=since, at=now),))
    (due,) = reckon(record, CALENDAR, at("2026-11-23T10:00"))
    assert (due.window.label, due.step, due.late) == ("2026年第4季度", RunStep.OPEN, True)


# --- samples ----------------------------------------------------------------------------------


def sampling(**more: Any) -> Record:
    """A quarterly sample."""
    plan = arrangement(
        cadence(Every.QUARTER, span=20), AuditKind.SAMPLING, sample=SampleRule(count=1)
    )
    version = Version(number=1, plan=plan, since=YEAR[0], at=at("2026-01-01"))
    return Record(**{"versions": (version,), **more})


def steps(record: Record, now: str) -> list[tuple[str, str]]:
    """What is due, as step and window."""
    return [(str(due.step), due.window.label) for due in reckon(record, CALENDAR, at(now))]


def test_a_sample_is_prepared_drawn_when_ripe_and_asked_after():
    """One commitment ahead at a time; the visit is asked for after ten working days."""
    first, second = "2026年第1季度", "2026年第2季度"
    now = "2026-01-15T10:00"
    assert steps(sampling(), now) == [("备抽", first)]
    assert steps(sampling(prepared=frozenset({first})), now) == []
    ripe = sampling(prepared=frozenset({first}), ripe=frozenset({first}))
    assert steps(ripe, now) == [("抽取", first)]
    drawn = {first: Settled(ending=Ending.DRAWN, at=at(now))}
    after = sampling(prepared=frozenset({first}), settled=drawn)
    assert steps(after, now) == [("备抽", second)]
    both = replace(after, prepared=frozenset({first, second}))
    assert steps(both, "2026-01-29T10:00") == []
    assert steps(both, "2026-01-30T10:00") == [("未到访", first)]
    assert steps(replace(both, told=frozenset({first})), "2026-01-30T10:00") == []
    assert steps(replace(both, visited=frozenset({first})), "2026-01-30T10:00") == []


def test_a_sample_that_waits_for_its_number_is_not_drawn_but_missed_in_the_end():
    """Until the next window; given at a command it is settled even later."""
    first = "2026年第1季度"
    waits = sampling(
        prepared=frozenset({first}), ripe=frozenset({first}), waiting=frozenset({first})
    )
    assert steps(waits, "2026-02-10T10:00") == []
    later = reckon(waits, CALENDAR, at("2026-04-01T10:00"))
    assert [(str(due.step), due.window.label) for due in later] == [
        ("漏检", first),
        ("备抽", "2026年第2季度"),
    ]
    assert "公开数" in later[0].sentence
    given_late = replace(waits, waiting=frozenset(), drawn=frozenset({first}))
    assert steps(given_late, "2026-04-01T10:00")[0] == ("抽取", first)


def test_why_a_window_was_missed_is_said_without_what_anybody_typed():
    """By its failure, by a pause that lay in it, else by the outage."""
    plan = arrangement(cadence(Every.MONTH))
    version = Version(number=1, plan=plan, since=YEAR[0], at=at("2026-01-01"))
    plain = Record(versions=(version,))
    march = past(plain, CALENDAR, at("2026-03-20"))[2]
    assert "停机" in why_missed(plain, march)
    halts = halts_of(
        [("暂停", at("2026-03-10"), "李四", "王五住院"), ("恢复", at("2026-05-01"), "", "")]
    )
    paused = why_missed(replace(plain, halts=halts), march)
    assert "暂停" in paused and "王五" not in paused
    failed = replace(plain, halts=halts, faults={"2026-03": "UNKNOWN_UNIT"})
    assert "UNKNOWN_UNIT" in why_missed(failed, march)


# --- the law ----------------------------------------------------------------------------------


@dataclass
class Register:
    """A register in memory, and everything that was ever done by it."""

    versions: list[Version] = field(default_factory=list)
    settled: dict[str, Settled] = field(default_factory=dict)
    events: list[tuple[str, datetime, str, str]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)

    @property
    def record(self) -> Record:
        """As a reckoning reads it."""
        return Record(
            versions=tuple(self.versions),
            settled=dict(self.settled),
            halts=halts_of(self.events),
            faults=dict(self.faults),
        )

    def fire(self, now: datetime, calendar: Any, *, fails: bool = False) -> None:
        """A firing: everything that is due is done, or fails."""
        for due in reckon(self.record, calendar, now):
            if fails and due.step is RunStep.OPEN:
                self.faults[due.window.label] = "AUDIT_FAILED"
                self.events.append(("故障", now, "", "失败"))
                return
            ending = Ending.MISSED if due.step is RunStep.MISSED else Ending.OPENED
            self.settled[due.window.label] = Settled(ending=ending, at=now, late=due.late)
            self.done.append((due.window.label, str(ending)))


CADENCES = st.builds(
    Cadence,
    every=st.sampled_from([Every.MONTH, Every.QUARTER, Every.HALF_YEAR]),
    first=st.dates(date(2025, 10, 1), date(2026, 4, 1)),
    month=st.just(1),
    day=st.integers(1, 31),
    at=st.sampled_from([time(8), time(9), time(16, 30)]),
    move=st.sampled_from(Move),
    until=st.none() | st.dates(date(2026, 6, 1), date(2026, 12, 1)),
)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(
            ["运行", "运行", "运行", "重复", "失败", "停机", "暂停", "恢复", "改期", "历法"]
        ),
        st.integers(1, 40),
        CADENCES,
    ),
    max_size=15,
)


@settings(max_examples=40)
@given(CADENCES, HAPPENINGS)
def test_every_window_is_done_or_reported_exactly_once(first, happenings):
    """Whatever happens in whatever order, and nothing is forgotten when it is over."""
    now, calendar = at("2026-01-05T10:00"), CALENDAR
    register = Register()
    arrange(register, arrangement(first, district="甲区"), calendar, now)
    promised = {one.label for one in coming(register.record, calendar, now)}
    for what, days, changed in happenings:
        now += timedelta(days=days)
        if what == "历法":
            calendar = with_a_closure(calendar, local_day(now))
        elif what == "改期":
            arrange(register, arrangement(changed, district="甲区"), calendar, now)
        elif what in {"暂停", "恢复"}:
            register.events.append((what, now, "某人", "理由"))
        elif what != "停机":
            register.fire(now, calendar, fails=what == "失败")
            if what == "重复":
                register.fire(now, calendar)
        check(register, calendar, now)
    register.events.append(("恢复", now, "某人", "理由"))
    now = working(at("2028-06-01T10:00"), calendar)
    register.fire(now, calendar)
    check(register, calendar, now)
    settled = set(register.settled)
    assert all(one.label in settled for one in past(register.record, calendar, now))
    if len(register.versions) == 1:
        assert {label for label in promised if label < "2027"} <= settled


def arrange(register: Register, plan: AuditPlan, calendar: Any, now: datetime) -> None:
    """Make an arrangement, or change it."""
    since = first_day(plan, tuple(register.versions), calendar, now)
    number = len(register.versions) + 1
    register.versions.append(Version(number=number, plan=plan, since=since, at=now))


def with_a_closure(calendar: Any, day: date) -> Any:
    """A notice that closes the district for the fortnight to come."""
    off = tuple(
        NoticeDay(day=day + timedelta(days=n), is_off=True, name="停工") for n in range(1, 15)
    )
    return calendar.with_overlay(Overlay(district="甲区", paper=f"甲〔2026〕{day}", days=off))


def check(register: Register, calendar: Any, now: datetime) -> None:
    """The law at a moment: none twice, none lost, none before its time."""
    assert max(Counter(label for label, _ in register.done).values(), default=1) == 1
    record = register.record
    open_or_due = {one.label for one in coming(record, calendar, now)}
    due = {
        one.window.label
        for one in reckon(replace(record, halts=()), calendar, working(now, calendar))
    }
    for window in past(record, calendar, now):
        states = [window.label in record.settled, window.label in open_or_due | due]
        assert any(states), f"{window.label} is lost"


def working(now: datetime, calendar: Any) -> datetime:
    """The same hour of the next day on which the district works."""
    while not calendar.for_district("甲区").is_workday(local_day(now)):
        now += timedelta(days=1)
    return now


def test_an_audit_ended_from_outside_is_told_waited_for_and_closed():
    """Ten working days after it was told; one that goes on meanwhile is told as well, and left."""
    label = "2026年第1季度"
    opened = {"settled": {label: Settled(ending=Ending.DRAWN, at=at("2026-01-20T10:00"))}}
    record = sampling(**opened, visited={label}, drawn={label}, prepared={"2026年第2季度"})
    broken = replace(record, broken={label})
    assert steps(broken, "2026-01-21T10:00") == [("异常中止", label)]
    told = replace(broken, interrupted={label: at("2026-01-21T10:00")})
    assert steps(told, "2026-02-04T10:00") == []
    assert steps(told, "2026-02-05T10:00") == [("终止", label)]
    again = replace(told, broken=frozenset())
    assert steps(again, "2026-02-05T10:00") == [("恢复办理", label)]
    assert steps(record, "2026-02-05T10:00") == []


def test_a_sample_is_open_to_visits_until_the_next_window():
    """And for the days of a visit, where these end later; then everybody may see who was drawn."""
    label = "2026年第1季度"
    drawn = sampling(
        settled={label: Settled(ending=Ending.DRAWN, at=at("2026-03-26T10:00"))},
        drawn={label},
        prepared={"2026年第2季度"},
    )
    assert steps(drawn, "2026-04-10T10:00") == []
    assert steps(drawn, "2026-04-13T10:00") == [("未到访", label)]
    told = replace(drawn, told={label})
    assert steps(told, "2026-04-10T10:00") == []
    assert steps(told, "2026-04-13T10:00") == [("到期公布", label)]
    assert steps(replace(told, published={label}), "2026-04-13T10:00") == []


AFTER = {RunStep.UNVISITED, RunStep.LAPSED}
"""What comes of a draw that nobody acts on."""


@dataclass
class Urn:
    """A register of samples in memory: what is prepared, when it fires, what was done."""

    record: Record
    fires: dict[str, datetime] = field(default_factory=dict)
    done: list[tuple[str, str]] = field(default_factory=list)

    def fire(self, now: datetime, days: int) -> None:
        """A tick: everything that is due is done; a draw fires so many days into its window."""
        ripe = frozenset(label for label, moment in self.fires.items() if moment <= now)
        record = replace(self.record, ripe=ripe, prepared=frozenset(self.fires))
        settled = dict(record.settled)
        for due in reckon(record, CALENDAR, now):
            label = due.window.label
            if due.step is RunStep.PREPARE:
                assert label not in self.fires
                self.fires[label] = due.window.opens_at + timedelta(days=days)
                continue
            if due.step is RunStep.DRAW:
                assert self.fires[label] <= now
            ending = Ending.MISSED if due.step is RunStep.MISSED else Ending.DRAWN
            if due.step not in AFTER:
                settled[label] = Settled(ending=ending, at=now)
            self.done.append((label, str(due.step)))
            if due.step is RunStep.UNVISITED:
                record = replace(record, told=record.told | {label})
            if due.step is RunStep.LAPSED:
                record = replace(record, published=record.published | {label})
        self.record = replace(record, settled=settled, ripe=frozenset(), prepared=frozenset())


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["运行", "暂停", "恢复"]), st.integers(1, 60), st.integers(0, 40)
        ),
        max_size=15,
    )
)
def test_every_sample_is_drawn_or_reported_exactly_once(happenings):
    """Never before its commitment and its hour, one commitment ahead at a time, none lost."""
    urn, now, events = Urn(sampling()), at("2026-01-05T10:00"), []
    for what, pass_by, days in happenings:
        now += timedelta(days=pass_by)
        if what == "运行":
            urn.fire(now, days)
        else:
            events.append((what, now, "某人", "理由"))
            urn.record = replace(urn.record, halts=halts_of(events))
        open_ones = set(urn.fires) - set(urn.record.settled)
        assert len(open_ones) <= 1 or "暂停" in {what for what, *_ in events}
    urn.record = replace(urn.record, halts=())
    now = working(at("2028-06-01T10:00"), CALENDAR)
    urn.fire(now, 0)
    assert max(Counter(urn.done).values(), default=1) == 1
    settled = [label for label, step in urn.done if step not in AFTER]
    assert len(settled) == len(set(settled))
    last = past(urn.record, CALENDAR, now)[-1].label
    assert {one.label for one in past(urn.record, CALENDAR, now)} - {last} <= set(settled)
