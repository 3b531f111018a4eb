"""The annexes of a periodic report: the procedure or the case behind every number.

A procedure's id is a unit's prefix and the name of the matter, so that a unit takes one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from domain.official_paper import Annex, Block, Cell, Para, Row, Table, plain_table
from domain.progress_report import Entry
from domain.wall_chart import RUNS, Standing

if TYPE_CHECKING:
    from starter.duty_execution import Assessment

MOST_CASES: Final = 40
"""Cases named behind one number; the command beside it lists them all."""


def annexes_of(entries: Sequence[Entry], assessment: Assessment | None) -> Iterator[Annex]:
    """This will name every procedure of the report, and the cases where there are any."""
    yield Annex(title="各单位事项和流程编号", body=tuple(_numbers(entries)))
    if assessment is not None and assessment.marks:
        yield Annex(title="案件数字和案件编号", body=tuple(_case_numbers(assessment)))


def _numbers(entries: Sequence[Entry]) -> Iterator[Block]:
    yield Para(
        text="流程编号＝前缀/事项，可据以用 jiegai log 编号 查到全部办理记录；▲超期，◆临近时限。",
        flush=True,
    )
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.unit, _prefix(entry)), []).append(entry)
    rows = (
        (
            unit,
            prefix or "（全称见右）",
            _listed(own, {Standing.DONE}, prefix),
            _listed(own, RUNS, prefix),
            _listed(own, set(Standing) - RUNS - {Standing.DONE}, prefix),
        )
        for (unit, prefix), own in groups.items()
    )
    heads = ("单位", "前缀", "办结", "办理中", "其他")
    table = plain_table(heads, rows, grid=(14, 18, 22, 24, 24))
    yield _fine(table)


def _prefix(entry: Entry) -> str:
    ending = f"/{entry.item}"
    return entry.workflow_id.removesuffix(ending) if entry.workflow_id.endswith(ending) else ""


def _listed(entries: Iterable[Entry], wanted: Iterable[Standing], prefix: str) -> str:
    chosen = frozenset(wanted)
    signs = {Standing.RED: "▲", Standing.YELLOW: "◆"}
    endings = {Standing.NEVER: "（未办）", Standing.ENDED: "（终止）"}
    return "、".join(
        f"{signs.get(one.mark.standing, '')}{one.item if prefix else one.workflow_id}"
        f"{endings.get(one.mark.standing, '')}"
        for one in entries
        if one.mark.standing in chosen
    )


def _case_numbers(found: Assessment) -> Iterator[Block]:
    yield Para(
        text=f"一个数字超过{MOST_CASES}件的，用 jiegai duty execution --unit 单位 列出全部。",
        flush=True,
    )
    rows = []
    for one in (*found.streets, *found.departments):
        for name, marks in one.cases.items():
            if marks:
                numbers = "、".join(mark.number for mark in marks[:MOST_CASES])
                more = f"……共{len(marks)}件" if len(marks) > MOST_CASES else ""
                rows.append((one.unit, name, str(len(marks)), numbers + more))
    yield _fine(plain_table(("单位", "数字", "件数", "案件编号"), rows, grid=(18, 18, 8, 60)))


def _fine(table: Table) -> Table:
    """The same table in small print."""
    rows = tuple(
        row
        if row.head
        else Row(
            cells=tuple(
                Cell(text=cell.text, centred=cell.centred, fine=True) for cell in row.cells
            ),
            lines=0.7,
        )
        for row in table.rows
    )
    return Table(grid=table.grid, rows=rows, caption=table.caption)
