"""Lists of duties as districts have them, in code: 25 items of one field, 340 of a street."""

from __future__ import annotations

from domain.duty_sheet import DutySheet, RawItem, RawList

NAME = "文化和旅游市场属地管理事项清单"
DEPARTMENT = "甲区司法局"


def head(name: str = NAME, row: int = 2, **more: str) -> RawList:
    """A list's row; the district is that of the small plan."""
    given = {
        "kind": "属地管理",
        "field_name": "文化和旅游市场",
        "district": "甲区",
        "declared": "25",
    }
    return RawList(row=row, name=name, **(given | more))


def item(number: int, list_name: str = "", row: int = 0, **more: str) -> RawItem:
    """An item that the department leads and streets support; ``more`` replaces columns."""
    mandate = more.pop("委托书", "")
    fields = {
        "事项类型": "旅游市场" if number % 2 else "文化市场",
        "事项名称": f"第{number}类经营场所监管",
        "区级部门职责": "牵头查处违法经营，对街道的上报依法处理。",
        "街道职责": "日常巡查，发现问题当日上报，配合处置。",
        "法律法规及文件依据": "《中华人民共和国旅游法》第八十三条、第八十五条",
        "主体责任": "区司法局",
        "配合责任": "各街道",
    } | more
    return RawItem(
        row=row or number + 1,
        list_name=list_name,
        number=str(number),
        seven=tuple(fields.values()),
        mandate=mandate,
    )


def sheet(count: int = 25, **more: str) -> DutySheet:
    """One list of so many items, rightly declared."""
    declared = {"declared": str(count)} | more
    return DutySheet(lists=(head(**declared),), items=tuple(item(n) for n in range(1, count + 1)))


def streets_sheet(streets: int, each: int) -> DutySheet:
    """A list of each of so many streets: names and rows as one workbook has them."""
    names = [f"第{n}街道基本履职事项清单" for n in range(1, streets + 1)]
    return DutySheet(
        lists=tuple(
            head(name, row=place, kind="基本履职", declared=str(each))
            for place, name in enumerate(names, start=2)
        ),
        items=tuple(
            item(n, name, row=place * each + n + 1)
            for place, name in enumerate(names)
            for n in range(1, each + 1)
        ),
    )
