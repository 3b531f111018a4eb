"""What an amendment may not do, all of it at once, each a code and a sentence.

Source: issue 3: "Dates set by a superior organ move only by that organ", "An issued 三定 changes only
through a 修订 of its own"; the rest keeps what runs identifiable: ids, areas and kinds are fixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.amendment import Begun, Change, Choice, issued
from domain.milestones import Survey
from domain.plan import Plan, RowKind
from domain.procedure import WAY
from domain.refusal import Refused
from domain.schedule import PINS

Known = Mapping[tuple[str, str], Begun]

MOST_NAMED = 5
"""How many names a sentence lists before it says how many there are."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """An amendment to be judged: both plans, what differs, what runs, who set it."""

    old: Plan
    new: Plan
    old_survey: Survey
    new_survey: Survey
    changes: tuple[Change, ...]
    begun: Known
    choice: Choice
    issuer: str = ""


def refusals(proposal: Proposal) -> tuple[Refused, ...]:
    """This will say everything that an amendment may not do; empty if it may."""
    rules = (_frame, _choices, _rows, _dates, _units, _items, _issued)
    return tuple(no for rule in rules for no in rule(proposal))


def _frame(it: Proposal) -> Iterator[Refused]:
    old, new = it.old, it.new
    if old.kickoff != new.kickoff:
        yield Refused(
            code="KICKOFF_CHANGED",
            sentence=(
                f"启动日{old.kickoff}不能修订为{new.kickoff}；"
                f"方案文件若写的是另一启动日，请加 --kickoff {old.kickoff}。"
            ),
        )
    if old.coordinator != new.coordinator:
        yield Refused(
            code="COORDINATOR_CHANGED",
            sentence=f"协调单位{old.coordinator}不能修订为{new.coordinator}。",
        )
    if old.policy != new.policy:
        yield Refused(
            code="POLICY_CHANGED",
            sentence="日历、下班时间和提醒时段不能修订：在办事项已按原规定计算。",
        )


def _choices(it: Proposal) -> Iterator[Refused]:
    named = it.choice.redo | it.choice.stop
    known = {row.id for row in it.new.rows}
    if unknown := named - known:
        yield Refused(
            code="ROW_UNKNOWN",
            sentence=f"新方案里没有任务{listed(unknown)}，不能指定退回重办或终止。",
        )
    if both := it.choice.redo & it.choice.stop:
        yield Refused(
            code="CHOICE_TWICE", sentence=f"任务{listed(both)}既要退回重办又要终止，请只写一种。"
        )
    running = {each.row_id for each in it.begun.values() if not each.is_over}
    done = {row_id for (_, row_id), each in it.begun.items() if each.is_done}
    kinds = {row.id: row.kind for row in it.new.rows}
    for row_id in sorted((named & known) - running):
        if row_id in done and kinds[row_id] is RowKind.SANDING:
            yield _only_by_revision(f"任务{row_id}的三定已经印发，不能退回重办")
        else:
            yield Refused(
                code="NOTHING_RUNNING",
                sentence=f"任务{row_id}没有在办的事项，无须指定退回重办或终止。",
            )


def _rows(it: Proposal) -> Iterator[Refused]:
    olds = {row.id: row for row in it.old.rows}
    begun = {row_id for _, row_id in it.begun}
    for row in it.new.rows:
        was = olds.get(row.id)
        if was is None:
            continue
        if was.kind is not row.kind:
            yield Refused(
                code="KIND_CHANGED",
                sentence=(
                    f"任务{row.id}的类型不能由{was.kind}改为{row.kind}；"
                    "请移除原任务，另立编号新增一项。"
                ),
            )
        if was.options.get(WAY) != row.options.get(WAY) and row.id in begun:
            yield Refused(
                code="WAY_CHANGED",
                sentence=(
                    f"任务{row.id}已经开办，选项“{WAY}”不能改变；请移除原任务，另立编号新增一项。"
                ),
            )
        if was.item != row.item and row.id in begun:
            yield Refused(
                code="ITEM_RENAMED",
                sentence=f"任务{row.id}已经开办，事项名称不能由{was.item}改为{row.item}。",
            )


def _dates(it: Proposal) -> Iterator[Refused]:
    news = {row.id: row for row in it.new.rows}
    for was in it.old.rows:
        if not was.set_by or was.set_by == it.issuer:
            continue
        row = news.get(was.id)
        if row is None:
            moved = "不能移除"
        elif row.due != was.due:
            moved = f"不能由{was.due}改为{row.due}"
        elif row.options.get(PINS, "") != was.options.get(PINS, ""):
            moved = "环节时限不能改"
        elif row.set_by != was.set_by:
            moved = "时限设定机关不能改"
        else:
            continue
        yield Refused(
            code="DATE_OF_SUPERIOR",
            sentence=(
                f"任务{was.id}的时限由{was.set_by}设定，{moved}；上级设定的时限只能由该机关调整"
                f"（--issuer {was.set_by}）。"
            ),
        )


def _units(it: Proposal) -> Iterator[Refused]:
    left, rows = {unit.name for unit in it.new.units}, {row.id for row in it.new.rows}
    for unit in it.old.units:
        if unit.name in left:
            continue
        held = [
            each.item
            for each in it.begun.values()
            if each.unit == unit.name and not each.is_over and each.row_id in rows
        ]
        if held:
            yield Refused(
                code="UNIT_RUNNING",
                sentence=(
                    f"{unit.name}还有在办事项{listed(held)}，不能从方案中移除；"
                    "请先办结、终止，或移除相应任务。"
                ),
            )
    moved = [
        name
        for name, facts in it.new_survey.units.items()
        if name in it.old_survey.units and it.old_survey.units[name].area != facts.area
    ]
    if moved:
        yield Refused(
            code="AREA_MOVED",
            sentence=(
                f"{listed(moved)}会换到另一片区（区别或排列次序有变）；"
                "请保持原有单位的所属区和次序，新单位排在最后。"
            ),
        )


def _items(it: Proposal) -> Iterator[Refused]:
    taken = {(each.unit, each.item): each for each in it.begun.values()}
    again = [c for c in it.changes if c.before is None and (c.unit, c.row.item) in taken]
    by_row: dict[str, list[str]] = {}
    for change in again:
        by_row.setdefault(change.row.id, []).append(change.unit)
    items = {row.id: row.item for row in it.new.rows}
    for row_id, units in by_row.items():
        yield Refused(
            code="ITEM_TAKEN",
            sentence=(
                f"{listed(units)}已经有过事项“{items[row_id]}”，任务{row_id}不能再用这个事项名称；"
                "请另起一个。"
            ),
        )


def _issued(it: Proposal) -> Iterator[Refused]:
    have = issued(it.begun)
    again = [
        c.unit
        for c in it.changes
        if c.before is None and c.row.kind is RowKind.SANDING and c.unit in have
    ]
    if again:
        yield _only_by_revision(f"{listed(again)}的三定已经印发，不能再立一项三定")


def _only_by_revision(what: str) -> Refused:
    return Refused(code="ISSUED_SANDING", sentence=f"{what}；印发的三定只能另立“修订”任务改动。")


def listed(names: frozenset[str] | set[str] | list[str]) -> str:
    """A few names, and how many there are."""
    ordered = sorted(names) if isinstance(names, (set, frozenset)) else list(names)
    shown = "、".join(ordered[:MOST_NAMED])
    return f"{shown}等{len(ordered)}个" if len(ordered) > MOST_NAMED else shown
