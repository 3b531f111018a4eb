"""The routes of a list of duties and what blocks their steps; a change on the newest version."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from domain.calendar import load_builtin_calendar
from domain.duty import DutyItem, DutyList, ListKind, Side
from domain.duty_change import Change, ChangeKind, applicant_fault, begins, changed, item_hash
from domain.duty_flow import ADJUSTING, DRAFTING, FILING, REVIEW, dated, is_no_opinion, routed
from domain.refusal import Refused
from domain.unit import Unit, UnitKind


def item(number: str, **more: str) -> DutyItem:
    """An item of a list."""
    given = {
        "category": "文化" if number == "1" else "旅游",
        "name": f"事项{number}",
        "district_duty": "查处",
        "street_duty": "巡查",
        "basis": "《旅游法》第八十三条",
        "primary": "区文旅局",
        "support": "街道",
    } | more
    return DutyItem(number=number, primary_side=Side.DEPARTMENT, **given)


LIST = DutyList(
    name="文旅",
    version=2,
    kind=ListKind.LOCAL,
    district="甲区",
    declared=2,
    declared_by={"文化": 1, "旅游": 1},
    items=(item("1"), item("2")),
)


def change(kind: ChangeKind, number: str, new: DutyItem | None = None, base: int = 1) -> Change:
    """An application against the list as it is."""
    old = {one.number: one for one in LIST.items}.get(number)
    return Change(
        kind=kind,
        number=number,
        subject="事项",
        content="内容",
        basis="依据",
        reason="理由",
        base_version=base,
        base_hash=item_hash(old) if old else "",
        item=new,
    )


def test_the_orders_of_filing_are_opposite() -> None:
    """C7: a first list is issued and then filed, a change is filed and then takes effect."""
    first, later = ([s.name for s in route] for route in (DRAFTING, ADJUSTING))

    assert first.index("联合印发") < first.index("备案")
    assert later == ["申请", "四部门审核", "备案", "实施"]


def test_the_reviewing_units_are_a_setting() -> None:
    """The four of 4-29 unless a district settles others; nobody else's step changes."""
    route = {s.name: s.unit for s in routed(DRAFTING, ("区委编办", "区审计局"))}

    assert (route[REVIEW], route[FILING]) == ("区委编办、区审计局", "市委编办")
    assert {s.name: s.unit for s in DRAFTING}[REVIEW].count("、") == 3


def test_a_step_without_a_limit_takes_no_days() -> None:
    """备案 falls on the day of the step after it begins, unless its days are set (4-30)."""
    calendar, due = load_builtin_calendar(), date(2026, 12, 18)
    free = {s.shape.name: s for s in dated(ADJUSTING, {}, due, calendar)}
    set_ = {s.shape.name: s for s in dated(ADJUSTING, {FILING: 5}, due, calendar)}

    assert (free["实施"].due, free[FILING].due) == (due, date(2026, 12, 15))
    assert (free[REVIEW].due, set_[REVIEW].due) == (date(2026, 12, 15), date(2026, 12, 8))


def test_a_change_keeps_the_totals_by_category() -> None:
    """What is added, removed and moved between categories is counted."""
    added = changed(LIST, change(ChangeKind.ADD, "3", item("3", category="出版")))
    removed = changed(LIST, change(ChangeKind.REMOVE, "1"))
    moved = changed(LIST, change(ChangeKind.REVISE, "1", item("1", category="旅游")))

    assert isinstance(added, DutyList) and isinstance(removed, DutyList)
    assert isinstance(moved, DutyList)
    assert (added.version, added.declared_by) == (3, {"文化": 1, "旅游": 1, "出版": 1})
    assert (removed.declared, removed.declared_by) == (1, {"旅游": 1})
    assert (moved.declared, moved.declared_by) == (2, {"旅游": 2})


@pytest.mark.parametrize(
    "kind, number, code",
    [
        (ChangeKind.REVISE, "1", "DUTY_ITEM_MOVED"),
        (ChangeKind.REMOVE, "1", "DUTY_ITEM_MOVED"),
        (ChangeKind.ADD, "1", "DUTY_NUMBER_TAKEN"),
        (ChangeKind.REMOVE, "9", "DUTY_ITEM_GONE"),
    ],
)
def test_a_change_of_a_changed_item_is_refused(kind: ChangeKind, number: str, code: str) -> None:
    """No update is lost: another application has been there since."""
    meanwhile = replace(LIST, version=3, items=(item("1", street_duty="上报"), item("2")))
    found = changed(meanwhile, change(kind, number, item(number)))

    assert isinstance(found, Refused) and found.code == code


def test_the_last_item_stays() -> None:
    """A list without items is withdrawn, not adjusted."""
    only = replace(LIST, items=(item("1"),))
    found = changed(only, change(ChangeKind.REMOVE, "1"))

    assert isinstance(found, Refused) and found.code == "DUTY_LAST_ITEM"


@pytest.mark.parametrize(
    "kind, district, above, ok",
    [
        (UnitKind.DEPARTMENT, "甲区", None, True),
        (UnitKind.STREET, "甲区", None, True),
        (UnitKind.DEPARTMENT, "乙区", None, False),
        (UnitKind.COMMITTEE, "甲区", None, False),
        (UnitKind.DEPARTMENT, "甲区", UnitKind.DEPARTMENT, False),
        (UnitKind.DEPARTMENT, "甲区", UnitKind.DISTRICT, True),
    ],
)
def test_departments_and_streets_apply(
    kind: UnitKind, district: str, above: UnitKind | None, ok: bool
) -> None:
    """4-32, 临县 2024: nobody below them, nobody from elsewhere."""
    unit = Unit(name="某单位", kind=kind, district=district)
    parent = Unit(name="上级", kind=above, district="甲区") if above else None

    assert (applicant_fault(unit, "甲区", parent) is None) is ok


def test_a_version_begins_with_its_day_but_not_before_the_action() -> None:
    """A day ahead begins at midnight in Shanghai; today, at the moment of 实施."""
    at = datetime(2026, 11, 23, 2, tzinfo=UTC)

    assert begins("", at) == begins("2026-11-23", at) == at
    assert begins("2026-12-01", at) == datetime(2026, 11, 30, 16, tzinfo=UTC)


def test_no_opinion_is_said_in_so_many_words() -> None:
    """Punctuation does not make an opinion of it; anything more does."""
    assert all(map(is_no_opinion, ("无意见", "无意见。", " 没有意见！")))
    assert not any(map(is_no_opinion, ("", "同意，无意见但请补充", "原则同意")))
