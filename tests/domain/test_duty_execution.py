"""What the yearly assessment counts: whose delay, which side, every number with its cases (4-38)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.duty_execution import (
    TESTS,
    Beside,
    CaseMark,
    ClockSeen,
    Timing,
    departments_of,
    handed_in,
    of_departments,
    of_items,
    of_streets,
    reported_in,
)

DUE = datetime(2026, 2, 25, 16, tzinfo=UTC)
BEFORE, AFTER = DUE - timedelta(hours=1), DUE + timedelta(hours=1)


def clock(name: str = "正式交接", **more: object) -> ClockSeen:
    """A clock that ends at DUE."""
    return ClockSeen(**({"name": name, "due_at": DUE} | more))


def mark(number: str, **more: object) -> CaseMark:
    """A report of 一街道 to 文旅局 that went as it should."""
    known = {
        "workflow_id": f"改革/案件/{number}",
        "number": number,
        "kind": "上报",
        "street": "一街道",
        "departments": ("文旅局",),
        "status": "办结",
        "list_name": "清单",
        "item": "7",
        "item_name": "无证经营",
        "reported": Timing.IN_TIME,
        "handed": Timing.IN_TIME,
    }
    return CaseMark(**(known | more))


@pytest.mark.parametrize(
    "seen, now, found",
    [
        (clock("当天报告", stopped_at=BEFORE), AFTER, Timing.IN_TIME),
        (clock("当天报告", stopped_at=AFTER, late_by="一街道"), AFTER, Timing.LATE),
        (clock("当天报告"), BEFORE, Timing.RUNNING),
        (clock("当天报告"), DUE, Timing.LATE),
        (clock("当天报告", due_at=None), AFTER, Timing.RUNNING),
        (clock("签收"), AFTER, Timing.NONE),
    ],
)
def test_a_report_is_late_from_the_end_of_its_day_on(seen, now, found):
    """4-11: nothing that was not reported is in time, and what has time left is neither."""
    assert reported_in([seen], now) is found


@pytest.mark.parametrize(
    "seen, late_by",
    [
        (clock(), ("一街道",)),
        (clock(delivered_at=AFTER), ("一街道",)),
        (clock(delivered_at=BEFORE), ("文旅局",)),
        (clock(delivered_at=BEFORE, late_by="城管局"), ("城管局",)),
        (clock(stopped_at=AFTER, late_by="一街道、文旅局"), ("一街道", "文旅局")),
    ],
)
def test_a_receivers_delay_is_not_the_streets(seen, late_by):
    """4-12: what was delivered in time and not signed for is the receiver's."""
    assert handed_in([seen], "一街道", "文旅局", AFTER) == (Timing.LATE, late_by)


def test_the_other_side_of_a_dispatch_is_its_sender():
    """Several departments that were called are each one."""
    assert departments_of("派单", "文旅局", "一街道") == ("文旅局",)
    assert departments_of("吹哨", "一街道", "文旅局、城管局") == ("文旅局", "城管局")
    assert departments_of("上报", "一街道", "") == ()


def test_every_number_is_a_count_of_cases():
    """Streets keep the directory's order, also those without a case; a department with nothing is left out."""
    marks = (
        mark("甲"),
        mark("乙", handed=Timing.LATE, handed_late_by=("文旅局",), is_open=True),
        mark("丙", street="二街道", reported=Timing.LATE),
        mark(
            "丁",
            kind="派单",
            departments=("城管局",),
            refusals=1,
            upheld=True,
            returns=2,
            reported=Timing.NONE,
            handed=Timing.NONE,
        ),
        mark(
            "戊",
            kind="吹哨",
            departments=("文旅局", "城管局"),
            reported=Timing.NONE,
            handed=Timing.NONE,
        ),
    )
    beside = Beside(
        coverage={"一街道": (2, 3)}, attempts={"规划局": 1, "三街道": 1}, complaints={"规划局": 2}
    )

    streets = ("一街道", "二街道", "三街道")
    one, two, three = of_streets(marks, streets, beside)
    planning, culture, urban = of_departments(
        marks, ("规划局", "司法局", "文旅局"), beside, streets
    )

    assert (one.claimed, one.items, three.attempts) == (2, 3, 1)
    assert {name: one.count(name) for name in TESTS if one.count(name)} == {
        "上报": 2,
        "当天报告按时": 2,
        "交接按时": 1,
        "交接对方超期": 1,
        "派单": 1,
        "回告被退": 1,
        "拒收": 1,
        "拒收成立": 1,
        "其他": 1,
        "在办": 1,
    }
    assert [each.number for each in two.cases["当天报告超期"]] == ["丙"]
    assert (planning.unit, planning.attempts, planning.complaints) == ("规划局", 1, 2)
    assert (urban.unit, urban.count("派单"), urban.count("拒收成立")) == ("城管局", 1, 1)
    assert culture.count("交接本单位超期") == 1, "the same delay, seen from its own side"


def test_items_are_counted_by_the_way_the_case_went():
    """In the order of their numbers; what is off every list comes last."""
    marks = (
        mark("甲", item="10", item_name="占道"),
        mark("乙", kind="派单"),
        mark("丙"),
        mark("丁", item="", list_name="", item_name=""),
    )

    found = of_items(marks)

    assert [(one.number, len(one.upward), len(one.downward)) for one in found] == [
        ("7", 1, 1),
        ("10", 1, 0),
        ("", 1, 0),
    ]


def test_a_moment_gone_by_does_not_know_what_came_later():
    """A report as of a day: what stopped afterwards ran then, what was late already was."""
    done = clock(stopped_at=BEFORE)
    late = clock(stopped_at=AFTER, late_by="一街道")
    early = BEFORE - timedelta(days=1)

    assert handed_in([done], "一街道", "文旅局", early)[0] is Timing.RUNNING
    assert handed_in([late], "一街道", "文旅局", early)[0] is Timing.RUNNING
    assert handed_in([late], "一街道", "文旅局", DUE) == (Timing.LATE, ("一街道",))
