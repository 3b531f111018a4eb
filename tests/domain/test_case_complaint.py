"""擅自转嫁: what a complaint says, about whom, and how the years are counted (4-35)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.case_complaint import (
    Complaint,
    Finding,
    Pressed,
    Reply,
    complaint_fault,
    pressed_by_year,
    reply_fault,
    sides_fault,
)
from domain.unit import Unit, UnitKind

DAY = date(2026, 3, 2)
SAID = Complaint(street="一街道", about="甲区文旅局", happened_on=DAY, content="电话要求查处")
STREET = Unit(name="一街道", kind=UnitKind.STREET, district="甲区")
CULTURE = Unit(name="甲区文旅局", kind=UnitKind.DEPARTMENT, district="甲区")


@pytest.mark.parametrize(
    "wrong, code",
    [
        ({"street": ""}, "COMPLAINT_SIDE"),
        ({"about": ""}, "COMPLAINT_SIDE"),
        ({"content": ""}, "COMPLAINT_EMPTY"),
        ({"happened_on": date(2026, 3, 3)}, "COMPLAINT_FUTURE"),
        ({"content": "长" * 2001}, "NOTE_TOO_LONG"),
        ({"paper": "长" * 121}, "TOO_LONG"),
        ({"content": "响\x07"}, "CONTROL_CHARACTER"),
        ({"content": "见11010119900307123X"}, "PERSONAL_DATA"),
    ],
)
def test_a_complaint_that_is_none_is_refused(wrong, code):
    """Each by the first rule that it breaks."""
    fault = complaint_fault(replace(SAID, **wrong), DAY)
    assert fault is not None and fault.code == code


def test_an_item_alone_says_enough_and_an_answer_needs_words_and_a_paper():
    """A complaint names the item or says what was handed down."""
    assert complaint_fault(SAID, DAY) is None
    assert complaint_fault(replace(SAID, content="", item="7"), DAY) is None
    assert reply_fault(Reply(note="已责成收回", paper="1号")) is None
    for reply in (Reply(note="", paper="1号"), Reply(note="已责成收回", paper="")):
        fault = reply_fault(reply)
        assert fault is not None and fault.code == "COMPLAINT_REPLY"


@pytest.mark.parametrize(
    "street, about, code",
    [
        (None, CULTURE, "UNKNOWN_UNIT"),
        (STREET, None, "UNKNOWN_UNIT"),
        (CULTURE, CULTURE, "NOT_A_STREET"),
        (STREET, STREET, "COMPLAINT_SIDE"),
        (STREET, replace(CULTURE, district="乙区"), "COMPLAINT_SIDE"),
    ],
)
def test_a_street_complains_about_a_department_of_its_district(street, about, code):
    """Or of the city; about nobody else."""
    fault = sides_fault(street, about, SAID)
    assert fault is not None and fault.code == code
    assert sides_fault(STREET, CULTURE, SAID) is None
    assert sides_fault(STREET, replace(CULTURE, district=""), SAID) is None


def test_attempts_and_complaints_are_counted_by_year_and_department():
    """An attempt on New Year's morning in Shanghai is of the new year; 属实 is counted by itself."""
    new_year = datetime(2025, 12, 31, 17, tzinfo=UTC)
    true = Reply(note="已收回", paper="1号", finding=Finding.TRUE)

    counted = pressed_by_year(
        [("文旅局", new_year)],
        [("文旅局", DAY, true), ("文旅局", DAY, None), ("城管局", date(2025, 5, 1), None)],
    )

    assert counted == (
        Pressed(year=2025, department="城管局", reported=1),
        Pressed(year=2026, department="文旅局", attempts=1, reported=2, answered=1, true=1),
    )
