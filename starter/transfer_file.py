"""A sheet of what is recorded of persons of a batch, by key: all its faults at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from starter.errors import UserError

if TYPE_CHECKING:
    from domain.action import Evidence

KINDS: Final = ("异议", "谈话", "维持", "调整", "暂缓", "答复", "移出")
HEADS: Final = ("人员编号", "动作", "意见", "更正文号", "去向")
_MOST_NAMED: Final = 20


@dataclass(frozen=True, kw_only=True)
class Group:
    """The same thing recorded of several persons."""

    kind: str
    keys: tuple[str, ...]
    note: str = ""
    to_unit: str = ""
    evidence: tuple[Evidence, ...] = ()


def read_people(path: Path) -> list[Group]:
    """This will read 人员编号、动作、意见、更正文号、去向; the same line for many is one group.

    A cell is never repeated in an error: what stands there may be a name.
    """
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise UserError("FILE_FORMAT", f"读不了“{path.name}”：不是 xlsx 工作簿。") from error
    rows = [
        ["" if cell is None else str(cell).strip() for cell in row]
        for row in book.worksheets[0].iter_rows(values_only=True)
    ]
    book.close()
    if not rows or tuple(rows[0][:2]) != HEADS[:2]:
        raise UserError("FILE_FORMAT", f"第一行须是：{'、'.join(HEADS)}。")
    return _grouped(rows)


def _grouped(rows: Sequence[Sequence[str]]) -> list[Group]:
    from domain.action import Evidence
    from domain.personal import personal_fault
    from domain.transfer_person import keys_fault

    heads = {name: place for place, name in enumerate(rows[0])}
    faults: list[str] = []
    found: dict[tuple[str, str, str, str], list[str]] = {}
    seen: set[tuple[str, str]] = set()

    for number, row in enumerate(rows[1:], start=2):

        def cell(name: str, row: Sequence[str] = row) -> str:
            place = heads.get(name, len(row))
            return row[place] if place < len(row) else ""

        key, kind = cell("人员编号"), cell("动作")
        if not any(row):
            continue
        if keys_fault((key,)) is not None:
            faults.append(f"第{number}行·人员编号")
        if kind not in KINDS:
            faults.append(f"第{number}行·动作")
        if personal_fault(cell("意见")) is not None:
            faults.append(f"第{number}行·意见")
        if (key, kind) in seen:
            faults.append(f"第{number}行·重复")
        seen.add((key, kind))
        found.setdefault((kind, cell("意见"), cell("更正文号"), cell("去向")), []).append(key)
    if faults or not found:
        named = "、".join(faults[:_MOST_NAMED]) or "没有一行"
        more = f"等{len(faults)}处" if len(faults) > _MOST_NAMED else ""
        raise UserError("PEOPLE_SHEET", f"表中有误，没有发出：{named}{more}。")
    return [
        Group(
            kind=kind,
            keys=tuple(keys),
            note=note,
            to_unit=to_unit,
            evidence=(Evidence(name="更正", doc_no=paper),) if paper else (),
        )
        for (kind, note, paper, to_unit), keys in found.items()
    ]
