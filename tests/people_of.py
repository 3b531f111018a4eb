"""Persons that do not exist, with identity numbers that check; and sheets of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from openpyxl import Workbook

from domain.census import (
    OVERVIEW_COLUMNS,
    OVERVIEW_SHEET,
    PEOPLE_COLUMNS,
    PEOPLE_SHEET,
    POSTS_COLUMNS,
    POSTS_SHEET,
    SECTIONS,
    CensusSheet,
    RawPerson,
    RawPosts,
    RawUnit,
)
from domain.roster import ROSTER_COLUMNS, ROSTER_SHEET
from domain.staff import check_digit

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华文辉力宁波旭光"


def number_of(person: int) -> str:
    """The identity number of the n-th person; region 999 is nobody's."""
    born = date.fromordinal(date(1966, 1, 1).toordinal() + person * 37 % 12_000)
    first = f"110{person // 100_000 % 1000:03d}{born:%Y%m%d}{person % 1000:03d}"
    return first + check_digit(first)


def name_of(person: int) -> str:
    """The name of the n-th person: unlike any word of the program."""
    given = GIVEN[person // len(SURNAMES) % len(GIVEN)] + GIVEN[person * 7 % len(GIVEN)]
    return f"{SURNAMES[person % len(SURNAMES)]}{given}"


def census_sheet(
    units: dict[str, int],
    *,
    start: int = 0,
    types: tuple[str, ...] = ("行政", "事业"),
    spare: int = 2,
) -> CensusSheet:
    """Units with so many persons each, types in turn, the first of each unit a leader."""
    people: list[RawPerson] = []
    posts: list[RawPosts] = []
    at = start
    for unit, count in units.items():
        for n in range(count):
            people.append(
                RawPerson(
                    row=len(people) + 2,
                    unit=unit,
                    name=name_of(at),
                    number=number_of(at),
                    type=types[n % len(types)],
                    title="科长" if n == 0 else "科员",
                    leading="科级" if n == 0 else "",
                )
            )
            at += 1
        for index, kind in enumerate(types):
            held = len(range(index, count, len(types)))
            posts.append(
                RawPosts(
                    row=len(posts) + 2,
                    unit=unit,
                    type=kind,
                    approved=str(held + spare),
                    basis="甲编办〔2019〕1号",
                )
            )
        posts.append(
            RawPosts(row=len(posts) + 2, unit=unit, type="领导·科级", approved="3", basis="")
        )
    return CensusSheet(
        units=tuple(
            RawUnit(row=n, unit=unit, sections=tuple(f"{unit}的{name}" for name in SECTIONS))
            for n, unit in enumerate(units, start=2)
        ),
        posts=tuple(posts),
        people=tuple(people),
    )


def write_census(path: Path, sheet: CensusSheet) -> Path:
    """This will write a census as its users fill it in."""
    book = Workbook(write_only=True)
    filled = (
        (OVERVIEW_SHEET, OVERVIEW_COLUMNS, [(u.unit, *u.sections) for u in sheet.units]),
        (POSTS_SHEET, POSTS_COLUMNS, [(q.unit, q.type, q.approved, q.basis) for q in sheet.posts]),
        (
            PEOPLE_SHEET,
            PEOPLE_COLUMNS,
            [(p.unit, p.name, p.number, p.type, p.title, p.leading) for p in sheet.people],
        ),
    )
    for title, columns, rows in filled:
        worksheet = book.create_sheet(title)
        worksheet.append(columns)
        for row in rows:
            worksheet.append(row)
    book.save(path)
    return path


def write_roster(path: Path, *rows: tuple[object, ...]) -> Path:
    """This will write a roster as its users fill it in."""
    book = Workbook(write_only=True)
    worksheet = book.create_sheet(ROSTER_SHEET)
    worksheet.append(ROSTER_COLUMNS)
    for row in rows:
        worksheet.append(row)
    book.save(path)
    return path
