"""What is wrong with a workbook of lists of duties, all at once and by cell; else the lists.

An item has its seven fields, one side with 主体责任, and a basis cited to the article or by document
number (4-24); the totals in the header equal what is counted (4-23, 3-13); an item that is delegated
names its 委托书 (3-09, 行政处罚法 art. 20). Without a directory, units are not looked up. Whether an
item is lawful is the district's 司法局's to say (4-28), not decided here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.directory import Directory
from domain.duty import DutyItem, DutyList, ListKind, Side, plain_number
from domain.duty_sheet import (
    BASIS,
    CATEGORY,
    DECLARED,
    DECLARED_BY,
    DISTRICT,
    DISTRICT_DUTY,
    FIELD,
    ITEM_SHEET,
    KIND,
    LIST,
    LIST_SHEET,
    MANDATE,
    METHODS,
    MOST_LISTS,
    NAME,
    NUMBER,
    PAPER,
    PRIMARY,
    RESULT,
    SEVEN,
    STREET,
    STREET_DUTY,
    SUPPORT,
    TEAM,
    DutySheet,
    RawItem,
    RawList,
    counted,
    declared_parts,
)
from domain.duty_sides import STREET_KINDS, Sides, departments_of, near_words, sides_of
from domain.personal import personal_fault
from domain.refusal import Finding, Refused
from domain.secrecy import mark_in_lines, secret

_ROOMS: Final = {
    LIST: 60,
    FIELD: 60,
    NUMBER: 20,
    CATEGORY: 60,
    NAME: 200,
    DISTRICT_DUTY: 4_000,
    STREET_DUTY: 4_000,
    BASIS: 4_000,
    PRIMARY: 400,
    SUPPORT: 400,
    MANDATE: 400,
    TEAM: 60,
    METHODS: 200,
    RESULT: 4_000,
    PAPER: 100,
}
"""Most characters of a cell."""

_CITED: Final = re.compile(
    r"第[一二三四五六七八九十百千零〇○\d０-９、至\-]+条"
    r"|[〔\[【(（﹝]\s*\d{4}\s*[〕\]】)）﹞]\s*第?\s*[\d０-９]+\s*号"
    r"|第\s*[\d０-９]+\s*号|令\s*[\d０-９]+\s*号"
)
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)
_DELEGATED: Final = re.compile("委托类?(事项)?(清单)?")
_NAME_MARKS: Final = "/#@|\\"


@dataclass(frozen=True, kw_only=True)
class DutyRead:
    """The lists of a workbook, or what is wrong with it; versions are not given yet (0)."""

    lists: tuple[DutyList, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings refuse the workbook."""
        return sum(1 for one in self.findings if one.is_error)


@dataclass
class _Pass:
    """One pass over a workbook; what the same text means is looked up once."""

    directory: Directory | None
    findings: list[Finding] = field(default_factory=list)
    sides: dict[tuple[str, str], Sides] = field(default_factory=dict)


def check_lists(sheet: DutySheet, directory: Directory | None = None) -> DutyRead:
    """This will find everything that is wrong with a workbook, else read its lists."""
    this = _Pass(directory)
    heads: dict[str, RawList] = {}
    for raw in sheet.lists:
        this.findings.extend(_head_faults(raw, heads))
        heads.setdefault(raw.name, raw)
    if len(sheet.lists) > MOST_LISTS:
        text = f"一个文件最多{MOST_LISTS}个清单，这里有{len(sheet.lists)}个，请分成几个文件。"
        this.findings.append(Finding(code="DUTY_TOO_MANY", sentence=text, sheet=LIST_SHEET))
    places = {name: _place(raw, this) for name, raw in heads.items()}
    items: dict[str, list[tuple[RawItem, DutyItem]]] = {name: [] for name in heads}
    only = next(iter(heads)) if len(heads) == 1 else ""
    for row in sheet.items:
        name = row.list_name or only
        if name not in heads:
            this.findings.append(_no_list(row, heads))
            continue
        items[name].append((row, _item(row, heads[name], places[name][0], this)))
    lists = []
    for name, raw in heads.items():
        this.findings.extend(_list_faults(raw, items[name]))
        found = tuple(item for _, item in items[name])
        lists.append(_list(raw, places[name], found))
    if any(one.is_error for one in this.findings):
        return DutyRead(lists=(), findings=_in_order(this.findings))
    return DutyRead(lists=tuple(lists), findings=_in_order(this.findings))


def totals_fault(content: DutyList) -> Refused | None:
    """Why a list may not be issued: what its header declares is not what it has (4-23, 3-13)."""
    if content.declared != len(content.items):
        sentence = f"“{content.name}”声明{content.declared}项，实有{len(content.items)}项，不一致。"
        return Refused(code="DUTY_TOTAL", sentence=sentence)
    by_category = Counter(item.category for item in content.items)
    if content.declared_by and content.declared_by != dict(by_category):
        said = _differences(content.declared_by, by_category)
        return Refused(code="DUTY_TOTAL", sentence=f"“{content.name}”的各类别不一致：{said}。")
    return None


def _head_faults(raw: RawList, before: Mapping[str, RawList]) -> Iterator[Finding]:
    for column, text in ((LIST, raw.name), (FIELD, raw.field_name)):
        if fault := text_fault(column, text):
            yield raw.finding(fault.code, fault.sentence, column)
    if not raw.name:
        yield raw.finding("DUTY_EMPTY_FIELD", f"{LIST}为空。", LIST)
    elif marks := [mark for mark in _NAME_MARKS if mark in raw.name] or "\n" in raw.name:
        shown = "、".join(marks) if isinstance(marks, list) else "换行"
        yield raw.finding("DUTY_NAME", f"{LIST}里不能有{shown}。", LIST)
    elif raw.name in before:
        text = f"与第{before[raw.name].row}行的清单同名，一个清单写一行。"
        yield raw.finding("DUTY_TWICE", text, LIST)
    if raw.kind not in [kind.value for kind in ListKind]:
        words = "、".join(kind.value for kind in ListKind)
        what = f"类型不能写“{raw.kind[:20]}”" if raw.kind else "类型为空"
        yield raw.finding("BAD_CHOICE", f"{what}，可写：{words}。", KIND)
    number = counted(raw.declared)
    if not number:
        text = "声明总数须是大于零的整数，如 25。"
        yield raw.finding("DUTY_DECLARED", text, DECLARED)
    if declared_parts(raw.declared_by) is None:
        text = "各类别声明数读不懂，请写成“市场监管 12；文化旅游 13”。"
        yield raw.finding("DUTY_DECLARED", text, DECLARED_BY)


def _place(raw: RawList, this: _Pass) -> tuple[str, str]:
    """The district and the one street of a list by their full names; faults are noted."""
    if this.directory is None:
        return raw.district, raw.street
    directory = this.directory
    streets = [u for u in directory.units if u.kind in STREET_KINDS]
    districts = sorted({unit.district for unit in streets})
    street = directory.by_name.get(raw.street) if raw.street else None
    if raw.street and (street is None or street.kind not in STREET_KINDS):
        near = near_words(raw.street, [unit.name for unit in streets])
        text = f"没有街道“{raw.street[:40]}”{near}。"
        this.findings.append(raw.finding("UNKNOWN_UNIT", text, STREET))
    district = raw.district or (street.district if street else "")
    if not district and len(districts) == 1:
        district = districts[0]
    if not district:
        text = f"请写明是哪个区的清单：{'、'.join(districts[:10])}。"
        this.findings.append(raw.finding("DUTY_EMPTY_FIELD", text, DISTRICT))
    elif district not in districts:
        text = f"没有区“{district[:40]}”{near_words(district, districts)}。"
        this.findings.append(raw.finding("UNKNOWN_UNIT", text, DISTRICT))
    elif street is not None and street.district != district:
        text = f"“{street.name}”属{street.district}，不属{district}。"
        this.findings.append(raw.finding("DUTY_OTHER_DISTRICT", text, STREET))
    return district, raw.street


def _item(row: RawItem, head: RawList, district: str, this: _Pass) -> DutyItem:
    """The item that a row says; faults are noted."""
    findings = this.findings
    for column, text in zip(SEVEN, row.seven, strict=True):
        if not text:
            said = f"{column}为空，七项内容须逐项填写（4-24）。"
            findings.append(row.finding("DUTY_EMPTY_FIELD", said, column))
        elif fault := text_fault(column, text):
            findings.append(row.finding(fault.code, fault.sentence, column))
    for column, text in ((NUMBER, row.number), (MANDATE, row.mandate)):
        if fault := text_fault(column, text):
            findings.append(row.finding(fault.code, fault.sentence, column))
    if not row.number:
        findings.append(row.finding("DUTY_EMPTY_FIELD", f"{NUMBER}为空。", NUMBER))
    if row[BASIS] and not _CITED.search(row[BASIS]):
        text = "依据须引到具体条款（第…条）或写明文号（4-24）。"
        findings.append(row.finding("DUTY_BASIS", text, BASIS))
    is_delegated = head.kind == ListKind.DELEGATED or bool(_DELEGATED.fullmatch(row[CATEGORY]))
    if is_delegated and not row.mandate:
        text = f"委托事项须写明{MANDATE}（行政处罚法第二十条，3-09）。"
        findings.append(row.finding("DUTY_MANDATE", text, MANDATE))
    primary, support = _who(row, PRIMARY, district, this), _who(row, SUPPORT, district, this)
    if primary.is_both:
        text = (
            f"主体责任只能是一方：或是区级部门，或是街道（4-24），这里写了“{row[PRIMARY][:40]}”。"
        )
        findings.append(row.finding("DUTY_BOTH_SIDES", text, PRIMARY))
    elif row[PRIMARY] and not (primary.has_street or primary.departments or primary.unknown):
        text = "主体责任须写明一方：区级部门的名称，或街道（4-24）。"
        findings.append(row.finding("DUTY_NO_SIDE", text, PRIMARY))
    return DutyItem(
        number=plain_number(row.number),
        category=row[CATEGORY],
        name=row[NAME],
        district_duty=row[DISTRICT_DUTY],
        street_duty=row[STREET_DUTY],
        basis=row[BASIS],
        primary=row[PRIMARY],
        support=row[SUPPORT],
        primary_side=Side.STREET if primary.has_street else Side.DEPARTMENT,
        departments=tuple(dict.fromkeys((*primary.departments, *support.departments))),
        extra={MANDATE: row.mandate} if row.mandate else {},
    )


def _who(row: RawItem, column: str, district: str, this: _Pass) -> Sides:
    text = row[column]
    key = (district, text)
    if key not in this.sides:
        this.sides[key] = sides_of(text, district, this.directory)
    found = this.sides[key]
    for name in found.unknown:
        near = ""
        if this.directory is not None:
            near = near_words(name, departments_of(this.directory, district))
        said = f"{district}没有部门“{name[:40]}”{near}，请写单位全称或简称，几个用、分开。"
        this.findings.append(row.finding("UNKNOWN_UNIT", said, column))
    return found


def _list_faults(raw: RawList, items: list[tuple[RawItem, DutyItem]]) -> Iterator[Finding]:
    """What holds of a list as a whole."""
    if not items:
        yield raw.finding("DUTY_NO_ITEMS", f"“{raw.name}”没有事项。", LIST)
        return
    yield from _twice(items, NUMBER, lambda item: item.number)
    yield from _twice(items, NAME, lambda item: item.name)
    declared = counted(raw.declared)
    if declared and declared != len(items):
        text = f"“{raw.name}”声明{declared}项，实有{len(items)}项，不一致（4-23）。"
        yield raw.finding("DUTY_TOTAL", text, DECLARED)
    by_category = declared_parts(raw.declared_by)
    found = Counter(item.category for _, item in items)
    if by_category and by_category != dict(found):
        said = _differences(by_category, found)
        yield raw.finding("DUTY_TOTAL", f"各类别不一致：{said}（3-13）。", DECLARED_BY)


def _twice(
    items: Sequence[tuple[RawItem, DutyItem]], column: str, key: Callable[[DutyItem], str]
) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for row, item in items:
        text = key(item)
        if not text:
            continue
        if text in first:
            said = f"{column}“{text[:40]}”与第{first[text]}行重复。"
            yield row.finding("DUTY_TWICE", said, column)
        first.setdefault(text, row.row)


def _differences(declared: Mapping[str, int], found: Mapping[str, int]) -> str:
    names = dict.fromkeys((*declared, *found))
    parts = [
        f"{name}声明{declared.get(name, 0)}、实有{found.get(name, 0)}"
        for name in names
        if declared.get(name, 0) != found.get(name, 0)
    ]
    return "；".join(parts[:10])


def _list(raw: RawList, place: tuple[str, str], items: tuple[DutyItem, ...]) -> DutyList:
    is_known = raw.kind in [kind.value for kind in ListKind]
    return DutyList(
        name=raw.name,
        version=0,
        kind=ListKind(raw.kind) if is_known else ListKind.LOCAL,
        district=place[0],
        street=place[1],
        field_name=raw.field_name,
        declared=counted(raw.declared) or 0,
        declared_by=declared_parts(raw.declared_by) or {},
        items=items,
    )


def _no_list(row: RawItem, heads: Mapping[str, RawList]) -> Finding:
    if not row.list_name:
        return row.finding("DUTY_EMPTY_FIELD", f"有几个清单，须写明{LIST}。", LIST)
    near = near_words(row.list_name, list(heads))
    text = f"“{LIST_SHEET}”表里没有“{row.list_name[:40]}”{near}。"
    return row.finding("DUTY_LIST_UNKNOWN", text, LIST)


def text_fault(column: str, text: str) -> Refused | None:
    """Why a cell's text cannot be kept; None if it can."""
    if len(text) > _ROOMS[column]:
        sentence = f"{column}有{len(text)}字，不能超过{_ROOMS[column]}字。"
        return Refused(code="TOO_LONG", sentence=sentence)
    if _CONTROL.search(text):
        sentence = f"{column}里有不可见的控制字符，请删去。"
        return Refused(code="CONTROL_CHARACTER", sentence=sentence)
    if "密" in text and (mark := mark_in_lines(text.splitlines())):
        return secret(column, mark)
    return personal_fault(text)


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """As the author goes through the workbook: heads, then items, each by row."""
    return tuple(sorted(findings, key=lambda one: (one.sheet == ITEM_SHEET, one.row)))
