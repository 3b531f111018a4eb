"""The workbooks of lists of duties as people fill them in: columns, and rows as written.

Sheets 清单 and 事项 (4-24), 认领 (4-43) and 试运行 (4-40). Nothing is judged here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from domain.refusal import Finding

LIST_SHEET: Final = "清单"
ITEM_SHEET: Final = "事项"
CLAIM_SHEET: Final = "认领"
TRIAL_SHEET: Final = "试运行"

LIST: Final = "清单名称"
KIND: Final = "类型"
FIELD: Final = "领域"
DISTRICT: Final = "区"
STREET: Final = "街道"
DECLARED: Final = "声明总数"
DECLARED_BY: Final = "各类别声明数"
LIST_COLUMNS: Final = (LIST, KIND, FIELD, DISTRICT, STREET, DECLARED, DECLARED_BY)
LIST_NEEDED: Final = (LIST, KIND, DECLARED)

NUMBER: Final = "序号"
CATEGORY: Final = "事项类型"
NAME: Final = "事项名称"
DISTRICT_DUTY: Final = "区级部门职责"
STREET_DUTY: Final = "街道职责"
BASIS: Final = "法律法规及文件依据"
PRIMARY: Final = "主体责任"
SUPPORT: Final = "配合责任"
MANDATE: Final = "委托书"
SEVEN: Final = (CATEGORY, NAME, DISTRICT_DUTY, STREET_DUTY, BASIS, PRIMARY, SUPPORT)
"""The seven fields of an item (4-24)."""
ITEM_COLUMNS: Final = (LIST, NUMBER, *SEVEN, MANDATE)
ITEM_NEEDED: Final = (NUMBER, *SEVEN)

LIAISONS: Final = "专人"
TEAM: Final = "专班"
CLAIM_COLUMNS: Final = (LIST, STREET, NUMBER, NAME, LIAISONS, TEAM)
CLAIM_NEEDED: Final = (STREET, NUMBER, LIAISONS)

EVALUATED_ON: Final = "评估日期"
METHODS: Final = "方式"
RESULT: Final = "结果"
PAPER: Final = "文号"
TRIAL_COLUMNS: Final = (LIST, STREET, EVALUATED_ON, METHODS, RESULT, PAPER)
TRIAL_NEEDED: Final = (STREET, EVALUATED_ON, METHODS, RESULT)

MOST_ITEMS: Final = 20_000
"""Items of one workbook: 50 streets with lists of 340 are 17,000."""

MOST_LISTS: Final = 500
"""Lists of one workbook."""

_PART = re.compile(r"(.*?)\s*[:：×xX=]?\s*(\d{1,5})\s*[项件条]?")


@dataclass(frozen=True, kw_only=True)
class RawList:
    """One row of the sheet 清单 as written."""

    row: int
    name: str
    kind: str
    field_name: str = ""
    district: str = ""
    street: str = ""
    declared: str = ""
    declared_by: str = ""

    def finding(self, code: str, sentence: str, column: str) -> Finding:
        """An error at this row."""
        return Finding(code=code, sentence=sentence, sheet=LIST_SHEET, row=self.row, column=column)


@dataclass(frozen=True, kw_only=True)
class RawItem:
    """One row of the sheet 事项 as written; ``seven`` are its fields in the order of 4-24."""

    row: int
    list_name: str
    number: str
    seven: tuple[str, ...]
    mandate: str = ""

    def __getitem__(self, column: str) -> str:
        return self.seven[SEVEN.index(column)]

    def finding(self, code: str, sentence: str, column: str) -> Finding:
        """An error at this row."""
        return Finding(code=code, sentence=sentence, sheet=ITEM_SHEET, row=self.row, column=column)


@dataclass(frozen=True, kw_only=True)
class DutySheet:
    """A workbook of lists as written."""

    lists: tuple[RawList, ...]
    items: tuple[RawItem, ...]


@dataclass(frozen=True, kw_only=True)
class RawClaim:
    """One row of the sheet 认领, or one claim typed as a command (row 0)."""

    row: int
    list_name: str
    street: str
    number: str
    liaisons: str
    team: str = ""

    def finding(self, code: str, sentence: str, column: str) -> Finding:
        """An error at this row."""
        return Finding(code=code, sentence=sentence, sheet=CLAIM_SHEET, row=self.row, column=column)


@dataclass(frozen=True, kw_only=True)
class RawTrial:
    """One row of the sheet 试运行, or one evaluation typed as a command (row 0)."""

    row: int
    list_name: str
    street: str
    evaluated_on: str
    methods: str
    result: str
    paper: str = ""

    def finding(self, code: str, sentence: str, column: str) -> Finding:
        """An error at this row."""
        return Finding(code=code, sentence=sentence, sheet=TRIAL_SHEET, row=self.row, column=column)


def declared_parts(text: str) -> dict[str, int] | None:
    """This will read 各类别声明数; None if it cannot be read.

    >>> declared_parts("市场监管 12项；文化：13")
    {'市场监管': 12, '文化': 13}
    >>> declared_parts("若干项") is None, declared_parts("")
    (True, {})
    """
    found: dict[str, int] = {}
    for part in re.split(r"[、，,；;\n]", unicodedata.normalize("NFKC", text)):
        if not part.strip():
            continue
        read = _PART.fullmatch(part.strip())
        if read is None or not read[1].strip() or read[1].strip() in found:
            return None
        found[read[1].strip()] = int(read[2])
    return found


def counted(text: str) -> int | None:
    """This will read 声明总数 (``25``, ``25项``, ``共25项``); None if it is no number.

    >>> counted("共25项"), counted("二十五")
    (25, None)
    """
    read = re.fullmatch(r"共?\s*(\d{1,6})\s*[项件条]?", unicodedata.normalize("NFKC", text).strip())
    return int(read[1]) if read else None
