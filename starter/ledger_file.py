"""``jiegai ledger export``: every posting as a table, with the balances that they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runtime.failure import why
from starter.errors import UserError, printable
from starter.parameters import SHANGHAI

if TYPE_CHECKING:
    from contracts.ledger import PostingLine

_COLUMNS: Final = (
    ("凭证号", 8),
    ("行", 5),
    ("日期", 12),
    ("类别", 12),
    ("单位", 18),
    ("类型", 10),
    ("状态", 8),
    ("增减", 8),
    ("去向", 18),
    ("人员编号", 21),
    ("文号", 22),
    ("专项批准文号", 22),
    ("依据", 8),
    ("事项", 30),
    ("经手人", 14),
    ("记账时间", 20),
    ("说明", 30),
    ("键", 30),
)
_BALANCES: Final = (("单位", 18), ("类型", 10), ("核定", 8), ("在途", 8), ("实有", 8))
_STATES: Final = ("核定", "在途", "实有")


def fit_path(path: Path) -> Path:
    """This will refuse a name that is neither a table's nor free: nothing is overwritten.

    Raises UserError: FILE_FORMAT, FILE_EXISTS.
    """
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        raise UserError("FILE_FORMAT", f"台账的文件名应以 .csv 或 .xlsx 结尾，现为 {path}。")
    if path.exists():
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请换一个文件名。")
    return path


def write_ledger(path: Path, lines: Sequence[PostingLine], title: str) -> None:
    """This will write the postings; a workbook has the balances as a sheet of its own.

    Raises UserError: FILE_UNWRITABLE.
    """
    if path.suffix.lower() == ".xlsx":
        _write_book(path, lines, title)
        return
    from starter.archive_text import table

    try:
        text = table([name for name, _ in _COLUMNS], map(_row, lines))
        path.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"不能写 {path}：{why(error)}。") from error


def balances(lines: Iterable[PostingLine]) -> list[tuple[str, str, int, int, int]]:
    """What the postings add up to, by unit and type in the order of their first posting."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for line in lines:
        if line.unit:
            sums.setdefault((line.unit, line.type), Counter())[line.state] += line.amount
    found = []
    for (unit, type_), by_state in sums.items():
        approved, in_transit, actual = (by_state[state] for state in _STATES)
        found.append((unit, type_, approved, in_transit, actual))
    return found


def _row(line: PostingLine) -> tuple[object, ...]:
    return (
        line.number,
        line.line,
        line.day.isoformat(),
        line.kind,
        line.unit,
        line.type,
        line.state,
        line.amount,
        line.toward,
        line.staff,
        line.paper,
        line.special_paper,
        line.rule,
        line.procedure,
        line.person,
        f"{line.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
        line.note,
        line.key,
    )


def _write_book(path: Path, lines: Sequence[PostingLine], title: str) -> None:
    from starter.sheet_style import empty_book, save

    book = empty_book()
    _fill(book.create_sheet("分录"), _COLUMNS, map(_row, lines), title)
    _fill(book.create_sheet("余额"), _BALANCES, balances(lines), title)
    save(book, path)


def _fill(
    sheet: Any, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[object]], title: str
) -> None:
    from starter.sheet_style import Head, lay_out, write_heads

    heads = [Head(name=name, width=width, fill_in=False) for name, width in columns]
    write_heads(sheet, heads)
    for number, row in enumerate(rows, start=2):
        for place, value in enumerate(row, start=1):
            if value == "":
                continue
            is_number = isinstance(value, int)
            cell = sheet.cell(row=number, column=place)
            cell.value = value if is_number else printable(str(value))
            if not is_number:
                # As text, so that no program makes a formula of it.
                cell.data_type = "s"
    sheet.auto_filter.ref = sheet.dimensions
    lay_out(sheet, freeze="A2", title=title)
