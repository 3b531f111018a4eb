"""``jiegai audit check --xlsx``: the checks on one sheet, every finding on another, with its link."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from domain.audit_check import RULES, Check
from starter.audit_check import NOT_CHECKED
from starter.parameters import SHANGHAI
from starter.sheet_style import Head, empty_book, fit_height, lay_out, put, write_heads, write_notes

if TYPE_CHECKING:
    from openpyxl import Workbook

    from starter.audit_check import Checked

_SUMS: Final = (
    ("条号", 8),
    ("检查", 12),
    ("应当", 36),
    ("查了", 9),
    ("计", 12),
    ("问题", 8),
    ("没有查全", 40),
)
_FINDINGS: Final = (
    ("条号", 8),
    ("检查", 12),
    ("区", 12),
    ("单位", 22),
    ("问题", 64),
    ("从何时起", 18),
    ("事项", 44),
)


def audit_book(checked: Checked) -> Workbook:
    """This will write the workbook: 汇总, 问题, 说明."""
    book = empty_book()
    _write_sums(book, checked)
    _write_findings(book, checked)
    write_notes(
        book,
        (
            ("改革", checked.rollout),
            ("截至", f"{checked.as_of.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"),
            ("条号", "问题所依据的来源条文，见项目文档的要求对照表。"),
            ("查了", "这一类看过多少件；0 表示没有可查的，不是合格。"),
            ("四个严禁", NOT_CHECKED),
        ),
    )
    return book


def _write_sums(book: Workbook, checked: Checked) -> None:
    counts = Counter(one.check for one in checked.findings)
    heads = [Head(name=name, width=width, fill_in=False) for name, width in _SUMS]
    sheet = book.create_sheet("汇总")
    write_heads(sheet, heads)
    for row, name in enumerate(checked.checks, start=2):
        rule = RULES[Check(name)]
        left_out = checked.left_out.get(name, "")
        cells = (rule.row, name, rule.asks, "", rule.counts, "", left_out)
        for column, (text, head) in enumerate(zip(cells, heads, strict=True), start=1):
            put(sheet, row, column, text, head)
        for column, number in ((4, checked.looked.get(name, 0)), (6, counts[name])):
            cell = sheet.cell(row=row, column=column, value=number)
            cell.number_format = "0"
        fit_height(sheet, row, [(rule.asks, heads[2].width), (left_out, heads[6].width)])
    lay_out(sheet, freeze="A2", title=f"{checked.rollout}自动检查")


def _write_findings(book: Workbook, checked: Checked) -> None:
    heads = [Head(name=name, width=width, fill_in=False) for name, width in _FINDINGS]
    sheet = book.create_sheet("问题")
    write_heads(sheet, heads)
    for row, one in enumerate(checked.findings, start=2):
        since = f"{one.since.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if one.since else ""
        cells = (one.rule, one.check, one.district, one.unit, one.sentence, since, one.workflow_id)
        for column, (text, head) in enumerate(zip(cells, heads, strict=True), start=1):
            cell = put(sheet, row, column, text, head)
        if link := checked.link(one):
            cell.hyperlink = link
        fit_height(sheet, row, [(one.sentence, 64), (one.workflow_id, 44)])
    sheet.auto_filter.ref = f"A1:G{max(2, len(checked.findings) + 1)}"
    lay_out(sheet, freeze="A2", title=f"{checked.rollout}自动检查")
