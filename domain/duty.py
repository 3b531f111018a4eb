"""Lists of duties (清单) and their items: what a street and the departments owe on one matter.

属地管理事项清单 of 黄陂 with its seven fields (4-24), and the other types of list of 8.1. A list is
versioned; a version holds for ``[effective_from, effective_to)`` and is never edited (4-48): every
change goes through an adjustment (4-32). What is demanded of somebody cites item and column (4-20).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ListKind(StrEnum):
    """The types of list (8.1, 3-09, 3-13)."""

    LOCAL = "属地管理"
    POWERS = "权责"
    GRANTED = "赋权"
    DELEGATED = "委托"
    PUBLIC_SERVICE = "公共服务"
    ENFORCEMENT = "行政执法"
    BASIC = "基本履职"
    SUPPORT = "配合履职"
    TAKEN_BACK = "上级收回"


class ListStatus(StrEnum):
    """Where a version stands; only 有效 may be cited."""

    DRAFT = "草案"
    IN_FORCE = "有效"
    SUPERSEDED = "已替代"
    WITHDRAWN = "已废止"


class Side(StrEnum):
    """The two sides of an item; 主体责任 is exactly one of them (4-24)."""

    DEPARTMENT = "区级部门"
    STREET = "街道"


@dataclass(frozen=True, kw_only=True)
class DutyItem:
    """One item of a list: the seven fields of 4-24, and what follows from them.

    ``number`` is its number in the list, stable over versions. ``departments`` are the names of the
    district's units that the item binds, read from 主体责任 and 配合责任; ``primary_side`` is
    whose 主体责任 it is. ``basis`` cites laws to the article. ``extra`` are further columns of other types.
    """

    number: str
    category: str
    name: str
    district_duty: str
    street_duty: str
    basis: str
    primary: str
    support: str
    primary_side: Side
    departments: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DutyList:
    """One version of a list. ``declared`` is the total in its header, equal to the items counted.

    ``district`` is where it holds, ``street`` the one street that it is of (基本履职 of one street), empty
    for all streets of the district. ``declared_by`` are the declared totals by category, where the
    list states them. ``paper`` is the 发文字号 of the joint issue, ``filing_no`` the 备案号.
    """

    name: str
    version: int
    kind: ListKind
    district: str
    declared: int
    items: tuple[DutyItem, ...]
    field_name: str = ""
    street: str = ""
    declared_by: dict[str, int] = field(default_factory=dict)
    status: ListStatus = ListStatus.DRAFT
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    paper: str = ""
    filing_no: str = ""


def plain_number(text: str) -> str:
    """This will write an item's number in one way: ``７`` and `` 7.0`` are ``7``.

    >>> plain_number(" ７ "), plain_number("07"), plain_number("一-3")
    ('7', '7', '一-3')
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    whole = plain.removesuffix(".0")
    return str(int(whole)) if whole.isascii() and whole.isdigit() and len(whole) < 10 else plain
