"""A unit's rows for the Web UI: what each waits for, where it stands, and the way to its page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.names import procedure_id
    from contracts.registers import RowSlice
    from contracts.webpage import day_cell, page_link, table
    from domain.slices import fact

STARTED = "办理中"
WAITING = "待前置"
BROKEN = "异常中止"
CANCELLED = "取消"


def rows_table(rows: Sequence[RowSlice], states: Mapping[str, str], facts: Collection[str]) -> str:
    """This will write the table of a unit's rows; what has begun links to its page."""
    info = workflow.info()
    # A row's targets are cut down to the unit itself.
    own = {fact(each.row.id, each.row.targets[0]): each.row.item for each in rows}

    def cells(each: RowSlice) -> tuple[str, ...]:
        item, day = each.row.item, day_cell(each.row.due)
        state = states.get(each.row.id, WAITING)
        if state == CANCELLED:
            return item, day, state
        if state == WAITING:
            missing = [own.get(f) or _elsewhere(f) for f in each.waits_for if f not in facts]
            return item, day, f"{state}（等{'、'.join(missing)}）" if missing else state
        return page_link(item, info.namespace, procedure_id(info.workflow_id, item)), day, state

    return table(("任务", "时限", "现状"), (cells(each) for each in rows))


def _elsewhere(waited: str) -> str:
    """A fact of another unit in words: M2@海勃湾区 is 海勃湾区的M2, M3@*甲区 is 甲区各单位的M3."""
    row_id, _, place = waited.partition("@")
    return f"{place[1:]}各单位的{row_id}" if place.startswith("*") else f"{place}的{row_id}"
