"""``jiegai duty execution --xlsx``: the numbers as numbers, and on a sheet of its own every case.

The filters of 案件 lead from each number to its cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from starter.sheet_style import Head, empty_book, lay_out, put, write_heads, write_notes

if TYPE_CHECKING:
    from openpyxl import Workbook

    from domain.duty_execution import CaseMark, Execution
    from starter.duty_execution import Assessment

_COUNTS: Final = ("认领", "应认领")
_BESIDE: Final = ("违规尝试", "街道反映")
_ITEM_HEADS: Final = (("清单", 32), ("序号", 8), ("事项", 34), ("街道→部门", 12), ("部门→街道", 12))
_CASE_HEADS: Final = (
    ("案件编号", 26),
    ("类别", 9),
    ("街道", 16),
    ("部门", 26),
    ("清单", 28),
    ("序号", 7),
    ("事项", 26),
    ("状态", 9),
    ("在办", 6),
    ("当天报告", 10),
    ("正式交接", 10),
    ("交接由谁延误", 20),
    ("退回次数", 9),
    ("拒收次数", 9),
    ("裁定拒收成立", 12),
    ("流程编号", 44),
)
_NOTES: Final = (
    (
        "用途",
        "机构编制工作年度考核的清单落实情况（4-38）。只有数字，不打分、不排名，权重由使用单位定。",
    ),
    ("认领", "现在的认领数和应认领数（4-43）；其他数字是这段时间受理的案件。"),
    ("当天报告", "4-11：按时、超期；未到期的两边都不计。"),
    ("正式交接", "4-12：3个工作日内签收。按时送达而对方未按时签收的，是对方超期。"),
    ("违规尝试", "没有清单依据、未经准入，被本软件拒绝的派单（4-33），见 jiegai case breaches。"),
    ("街道反映", "街道反映部门在本软件之外转嫁职责（4-35），见 jiegai case breaches。"),
    ("查案件", "“案件”一张可按街道、部门、各列筛选；jiegai case show 案件编号 看全部经过。"),
)


def assessment_book(found: Assessment) -> Workbook:
    """This will write the workbook: 街道, 部门, 事项, 案件, 说明."""
    book = empty_book()
    title = f"{found.rollout}清单落实情况 {found.since or ''}—{found.until or ''}"
    _write(book, "街道", _unit_heads("街道"), (_unit_row(one) for one in found.streets), title)
    _write(book, "部门", _unit_heads("部门"), (_unit_row(one) for one in found.departments), title)
    items = (
        (one.list_name or "清单之外", one.number, one.name, len(one.upward), len(one.downward))
        for one in found.items
    )
    _write(book, "事项", _ITEM_HEADS, items, title)
    _write(book, "案件", _CASE_HEADS, (_case_row(mark) for mark in found.marks), title)
    write_notes(book, _NOTES)
    return book


def _unit_heads(first: str) -> tuple[tuple[str, float], ...]:
    from domain.duty_execution import TESTS

    return ((first, 24), *((name, 10) for name in (*_COUNTS, *TESTS, *_BESIDE)))


def _unit_row(one: Execution) -> tuple[object, ...]:
    counts = (len(marks) for marks in one.cases.values())
    return (one.unit, one.claimed, one.items, *counts, one.attempts, one.complaints)


def _case_row(mark: CaseMark) -> tuple[object, ...]:
    return (
        mark.number,
        mark.kind,
        mark.street,
        "、".join(mark.departments),
        mark.list_name,
        mark.item,
        mark.item_name,
        mark.status,
        "是" if mark.is_open else "",
        mark.reported.value,
        mark.handed.value,
        "、".join(mark.handed_late_by),
        mark.returns,
        mark.refusals,
        "是" if mark.upheld else "",
        mark.workflow_id,
    )


def _write(
    book: Workbook,
    name: str,
    columns: Sequence[tuple[str, float]],
    rows: Iterable[Sequence[object]],
    title: str,
) -> None:
    sheet = book.create_sheet(name)
    heads = [Head(name=head, width=width, fill_in=False) for head, width in columns]
    write_heads(sheet, heads)
    for place, row in enumerate(rows, start=2):
        for column, (value, head) in enumerate(zip(row, heads, strict=True), start=1):
            if isinstance(value, int):
                cell = put(sheet, place, column, "", head)
                cell.value, cell.number_format = value, "0"
            else:
                put(sheet, place, column, str(value), head)
    sheet.auto_filter.ref = sheet.dimensions
    lay_out(sheet, freeze="B2", title=title)
