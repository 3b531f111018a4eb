"""What an amended plan says differently, what becomes of each procedure, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.amendment import (
    Begun,
    Change,
    Choice,
    Fate,
    compare,
    concerned_areas,
    concerned_units,
    consequences,
    keep_persons,
    whole_changes,
)
from domain.amendment_check import Proposal, refusals
from domain.amendment_words import notices
from domain.milestones import survey
from domain.plan import CalendarPolicy, Plan, Row, RowKind, StepRule
from tests.small_plan import CITY, DISTRICT, STREETS, row, small_plan

DAY = date(2026, 3, 2)
ONE, TWO = STREETS


def plan() -> Plan:
    """方案 → 三定 → 挂牌 of both streets, 总结 of the city."""
    return small_plan("示例", DAY)


def moved(old: Plan, row_id: str, **changes: object) -> Plan:
    """The plan with one row changed."""
    rows = tuple(replace(r, **changes) if r.id == row_id else r for r in old.rows)
    return replace(old, rows=rows)


def without(old: Plan, *row_ids: str) -> Plan:
    """The plan without these rows, and nobody waiting for them."""
    return replace(
        old,
        rows=tuple(
            replace(r, after=tuple(a for a in r.after if a not in row_ids))
            for r in old.rows
            if r.id not in row_ids
        ),
    )


def begun(row_id: str, unit: str = ONE, **more: object) -> Begun:
    """A procedure of the small plan."""
    known = plan().row(row_id)
    return Begun(
        **{
            "workflow_id": f"示例/{DISTRICT}/{unit}/{known.item}",
            "unit": unit,
            "row_id": row_id,
            "item": known.item,
            "kind": known.kind,
            "status": "办理中",
            **more,
        }
    )


def fates(old: Plan, new: Plan, *running: Begun, **choice: frozenset[str]) -> dict[str, str]:
    """What becomes of whom: 单位/编号 to 处理."""
    chosen = Choice(**choice)
    held = {(b.unit, b.row_id): b for b in running}
    lines = consequences(compare(old, new, chosen), held, chosen)
    return {f"{line.change.unit}/{line.change.row.id}": str(line.fate) for line in lines}


def codes(old: Plan, new: Plan, *running: Begun, issuer: str = "", **choice: object) -> list[str]:
    """The codes of everything that forbids the amendment."""
    chosen = Choice(**choice)
    proposal = Proposal(
        old=old,
        new=new,
        old_survey=survey(old),
        new_survey=survey(new),
        changes=compare(old, new, chosen),
        begun={(b.unit, b.row_id): b for b in running},
        choice=chosen,
        issuer=issuer,
    )
    return [no.code for no in refusals(proposal)]


def test_a_plan_differs_from_itself_in_nothing() -> None:
    """The same plan is no amendment, also where it was read from another file."""
    assert compare(plan(), plan()) == ()
    assert whole_changes(plan(), plan()) == ()


LATER = DAY + timedelta(days=99)


@pytest.mark.parametrize(
    "new, expected",
    [
        (moved(plan(), "2", due=LATER), {f"{ONE}/2": "继续", f"{TWO}/2": "改期"}),
        (moved(plan(), "2", task="另"), {f"{ONE}/2": "继续", f"{TWO}/2": "变更"}),
        (moved(plan(), "2", targets=(TWO,)), {f"{ONE}/2": "终止"}),
        (moved(plan(), "2", targets=(ONE,)), {f"{TWO}/2": "取消"}),
        (moved(plan(), "4", targets=(CITY, DISTRICT)), {f"{DISTRICT}/4": "新增"}),
        (
            without(plan(), "2"),
            {f"{ONE}/2": "终止", f"{TWO}/2": "取消", f"{ONE}/3": "变更", f"{TWO}/3": "变更"},
        ),
    ],
)
def test_what_runs_goes_on_and_what_waits_moves(new: Plan, expected: dict[str, str]) -> None:
    """One street works on its 三定, the other has not begun: each line of the list."""
    assert expected == fates(plan(), new, begun("2", due=plan().row("2").due))


def test_what_has_ended_stays_as_it_is() -> None:
    """A changed or removed row does nothing to a procedure that is over."""
    over = begun("2", status="办结", is_over=True)
    assert f"{ONE}/2" not in fates(plan(), moved(plan(), "2", due=LATER), over)
    assert f"{ONE}/2" not in fates(plan(), without(plan(), "2"), over)


def test_running_procedures_are_sent_back_or_ended_by_choice() -> None:
    """--redo and --stop name a row, also an unchanged one; what waits is left alone."""
    assert fates(plan(), plan(), begun("2"), redo=frozenset("2")) == {f"{ONE}/2": "退回重办"}
    assert fates(plan(), plan(), begun("2"), stop=frozenset("2")) == {f"{ONE}/2": "终止"}
    later = Choice(redo=frozenset("2")).then(Choice(stop=frozenset("2")))
    assert later == Choice(stop=frozenset("2"))


def test_another_way_through_the_desks_is_a_change() -> None:
    """The 环节 sheet gives 初审 to another unit: every 三定 is carried out differently."""
    rule = StepRule(kind=RowKind.SANDING, step="初审", unit="区司法局", workdays=2)
    new = replace(plan(), steps=(*plan().steps, rule))
    assert {c.row.id for c in compare(plan(), new)} == {"2"}
    assert all(c.what == ("环节",) for c in compare(plan(), new))


def test_persons_are_the_directorys() -> None:
    """Other persons in the file are named, not taken over; a new unit comes with its own."""
    units = list(plan().units)
    units[-1] = replace(units[-1], handlers=("新人",))
    added = replace(units[-1], name="三街道")
    kept, differ = keep_persons(plan(), replace(plan(), units=(*units, added)))
    assert kept.units == (*plan().units, added)
    assert differ == (TWO,)
    assert whole_changes(plan(), kept) == ("新增单位三街道",)


def test_whoever_waits_for_others_is_concerned() -> None:
    """A row that newly waits for 挂牌 makes the streets report it, and their area pass it up."""
    old = replace(plan(), rows=tuple(replace(r, after=()) for r in plan().rows))
    new = moved(old, "4", after=("3",))
    changes = compare(old, new)
    units = concerned_units(survey(old), survey(new), changes)
    assert {c.unit for c in changes} == {CITY}
    assert units == {CITY, *STREETS}
    assert concerned_areas(survey(old), survey(new), units) == {DISTRICT}


def renamed_unit(old: Plan) -> Plan:
    """The first street leaves the plan, its rows stay for the other."""
    return replace(
        old,
        units=tuple(u for u in old.units if u.name != ONE),
        rows=tuple(replace(r, targets=tuple(t for t in r.targets if t != ONE)) for r in old.rows),
    )


SET = {"set_by": "中共甲市委"}


@pytest.mark.parametrize(
    "old, new, code",
    [
        (plan(), replace(plan(), kickoff=DAY + timedelta(days=1)), "KICKOFF_CHANGED"),
        (plan(), replace(plan(), coordinator="甲区委编办"), "COORDINATOR_CHANGED"),
        (plan(), replace(plan(), policy=CalendarPolicy(day_end="17:00")), "POLICY_CHANGED"),
        (plan(), moved(plan(), "2", kind=RowKind.WUDING), "KIND_CHANGED"),
        (plan(), moved(plan(), "2", item="三定方案"), "ITEM_RENAMED"),
        (plan(), moved(plan(), "2", options={"方式": "名册"}), "WAY_CHANGED"),
        (moved(plan(), "2", **SET), moved(plan(), "2", due=LATER, **SET), "DATE_OF_SUPERIOR"),
        (moved(plan(), "2", **SET), plan(), "DATE_OF_SUPERIOR"),
        (moved(plan(), "2", **SET), without(plan(), "2"), "DATE_OF_SUPERIOR"),
        (
            moved(plan(), "2", **SET),
            moved(plan(), "2", options={"环节时限": "审议=2026-05-01"}, **SET),
            "DATE_OF_SUPERIOR",
        ),
        (plan(), renamed_unit(plan()), "UNIT_RUNNING"),
    ],
)
def test_what_an_amendment_may_not_do(old: Plan, new: Plan, code: str) -> None:
    """Each of these alone is refused, with one code."""
    assert [code] == codes(old, new, begun("2"))


def test_a_superior_organ_moves_its_own_date() -> None:
    """With --issuer of the organ that set it, the date moves."""
    old = moved(plan(), "2", **SET)
    assert codes(old, moved(old, "2", due=LATER), issuer=SET["set_by"]) == []


@pytest.mark.parametrize(
    "running, choice, expected",
    [
        (begun("2"), {"redo": frozenset("9")}, ["ROW_UNKNOWN"]),
        (begun("2"), {"redo": frozenset("2"), "stop": frozenset("2")}, ["CHOICE_TWICE"]),
        (begun("2"), {"redo": frozenset("3")}, ["NOTHING_RUNNING"]),
        (begun("2", status="办结", is_over=True), {"redo": frozenset("2")}, ["ISSUED_SANDING"]),
    ],
)
def test_a_choice_names_what_runs(running: Begun, choice: dict, expected: list[str]) -> None:
    """Rows to send back or end must run; an issued 三定 changes only through a 修订."""
    assert expected == codes(plan(), plan(), running, **choice)


def test_an_issued_sanding_is_not_drawn_up_twice() -> None:
    """A second 三定 for a street that has one is refused; a 修订 is not."""
    over = begun("2", status="办结", is_over=True)
    again: Row = row("5", "三定二", RowKind.SANDING, LATER, targets=(ONE,))
    assert codes(plan(), replace(plan(), rows=(*plan().rows, again)), over) == ["ISSUED_SANDING"]
    revision = replace(again, kind=RowKind.REVISION, item="三定修订")
    assert codes(plan(), replace(plan(), rows=(*plan().rows, revision)), over) == []
    ended = begun("2", status="终止", is_over=True)
    assert codes(plan(), replace(plan(), rows=(*plan().rows, again)), ended) == []


def test_an_item_that_was_used_is_not_used_again() -> None:
    """事项 is the procedure's name for ever: a removed row cannot come back under it."""
    new = without(plan(), "2")
    again = replace(new, rows=(*new.rows, replace(plan().row("2"), after=())))
    assert codes(new, again, begun("2", status="终止", is_over=True)) == ["ITEM_TAKEN"]


def test_a_unit_that_changes_its_district_is_refused() -> None:
    """The area is in the ids of what runs."""
    units = tuple(
        replace(u, district="", parent=CITY) if u.name == TWO else u for u in plan().units
    )
    assert codes(plan(), replace(plan(), units=units)) == ["AREA_MOVED"]


def test_each_unit_is_told_once_for_all_its_items() -> None:
    """A street hears of all its rows in one text, the desk that holds one hears of that."""
    new = replace(moved(plan(), "2", due=LATER), rows=(*moved(plan(), "2", due=LATER).rows[:2],))
    held = begun("2", desks=("甲区委编办",), due=plan().row("2").due)
    lines = consequences(compare(plan(), new), {(ONE, "2"): held}, Choice())
    told = notices(lines, "甲改办〔2026〕9号", "甲区委", 2)
    assert set(told) == {ONE, TWO, CITY, "甲区委编办"}
    assert told[ONE].count("方案（第2版）") == 1
    assert "“挂牌”取消" in told[ONE]
    assert f"时限由{plan().row('2').due}改为{LATER}" in told["甲区委编办"]


def test_a_change_needs_a_row() -> None:
    """Neither before nor after is a defect, not a line."""
    with pytest.raises(ValueError, match="before or after"):
        _ = Change(unit=ONE, before=None, after=None).row
    assert Fate.SAME not in fates(plan(), plan()).values()
