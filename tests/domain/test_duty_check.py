"""Workbooks of duty lists: what is wrong is found at its cell, and all of it at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from domain.directory import Directory
from domain.duty import Side
from domain.duty_check import DutyRead, check_lists, totals_fault
from domain.duty_claims import ClaimGround, IssuedList, cover, read_claims, read_trials
from domain.duty_sheet import DutySheet, RawClaim, RawTrial
from domain.refusal import Refused
from domain.unit import Unit
from tests.duty_lists import NAME, head, item, sheet, streets_sheet
from tests.small_plan import STREETS, units

DIRECTORY = Directory.of(units())
TODAY = date(2026, 11, 23)


def check(content: DutySheet, directory: Directory | None = DIRECTORY) -> DutyRead:
    """The workbook against the small plan's directory."""
    return check_lists(content, directory)


def found(content: DutySheet, directory: Directory | None = DIRECTORY) -> list[tuple[str, str]]:
    """What is wrong, as (place, code)."""
    return [(one.place, one.code) for one in check(content, directory).findings]


def with_item(**more: str) -> DutySheet:
    """25 items, the seventh of them changed."""
    whole = sheet()
    items = tuple(item(7, **more) if one.number == "7" else one for one in whole.items)
    return replace(whole, items=items)


def test_25_items_of_one_field_are_one_list() -> None:
    """4-23, 4-24: header and rows say 25; whom an item binds is known by full name."""
    (read,) = check(sheet(declared_by="旅游市场 13项；文化市场：12")).lists

    assert (read.name, read.declared, len(read.items)) == (NAME, 25, 25)
    assert read.items[6].departments == ("甲区司法局",)
    assert read.items[6].primary_side is Side.DEPARTMENT
    assert totals_fault(read) is None


def test_a_header_of_25_with_24_rows_blocks() -> None:
    """The declared total must equal what is counted (4-23)."""
    content = sheet(25)
    short = replace(content, items=content.items[:24])
    read = check(short)

    assert read.lists == ()
    (one,) = read.findings
    assert (one.place, one.code) == ("清单!第2行·声明总数", "DUTY_TOTAL")
    assert "声明25项，实有24项" in one.sentence
    (whole,) = check(content).lists
    issued = replace(whole, items=whole.items[:24])
    refused = totals_fault(issued)
    assert refused is not None and refused.code == "DUTY_TOTAL"


def test_89_items_in_6_categories() -> None:
    """Six categories are declared one by one; one item moved between two of them is found (3-13)."""
    counts = {"城市管理": 40, "市场监管": 20, "文化": 10, "水务": 9, "农业": 6, "民政": 4}
    names = [name for name, count in counts.items() for _ in range(count)]
    items = tuple(item(n, 事项类型=name) for n, name in enumerate(names, start=1))
    declared = "；".join(f"{name}{count}" for name, count in counts.items())
    right = DutySheet(lists=(head(declared="89", declared_by=declared),), items=items)
    wrong = replace(right, items=(*items[:-1], item(89, 事项类型="城市管理")))

    assert check(right).lists[0].declared_by == counts
    (one,) = check(wrong).findings
    assert (one.place, one.code) == ("清单!第2行·各类别声明数", "DUTY_TOTAL")
    assert "城市管理声明40、实有41；民政声明4、实有3" in one.sentence


@pytest.mark.parametrize(
    "column",
    [
        "事项类型",
        "事项名称",
        "区级部门职责",
        "街道职责",
        "法律法规及文件依据",
        "主体责任",
        "配合责任",
    ],
)
def test_each_of_the_seven_fields_is_needed(column: str) -> None:
    """An empty field is found at its cell (4-24)."""
    assert (f"事项!第8行·{column}", "DUTY_EMPTY_FIELD") in found(with_item(**{column: ""}))


@pytest.mark.parametrize(
    "change, place, code",
    [
        ({"主体责任": "区司法局、各街道"}, "主体责任", "DUTY_BOTH_SIDES"),
        ({"主体责任": "无"}, "主体责任", "DUTY_NO_SIDE"),
        ({"主体责任": "区司法句"}, "主体责任", "UNKNOWN_UNIT"),
        ({"配合责任": "各街道、乙区司法局"}, "配合责任", "UNKNOWN_UNIT"),
        ({"法律法规及文件依据": "有关法律"}, "法律法规及文件依据", "DUTY_BASIS"),
        ({"事项名称": "第6类经营场所监管"}, "事项名称", "DUTY_TWICE"),
        ({"事项名称": "甲" * 201}, "事项名称", "TOO_LONG"),
        ({"街道职责": "巡查\x07"}, "街道职责", "CONTROL_CHARACTER"),
        ({"街道职责": "机密★10年"}, "街道职责", "SECRET_DOCUMENT"),
        ({"街道职责": "找11010119900307123X"}, "街道职责", "PERSONAL_DATA"),
    ],
)
def test_what_is_wrong_with_an_item_is_found_at_its_cell(
    change: dict[str, str], place: str, code: str
) -> None:
    """One spoiled cell is one finding."""
    assert found(with_item(**change)) == [(f"事项!第8行·{place}", code)]


@pytest.mark.parametrize(
    "name, side",
    [
        ("各街道", Side.STREET),
        ("街道办事处", Side.STREET),
        ("一街道", Side.STREET),
        ("区司法局", Side.DEPARTMENT),
        ("甲区司法局", Side.DEPARTMENT),
        ("司法局", Side.DEPARTMENT),
        ("区司法局，区委办", Side.DEPARTMENT),
    ],
)
def test_the_side_is_read_from_the_names(name: str, side: Side) -> None:
    """A duty short name, a full name, or a word for the streets."""
    (read,) = check(with_item(主体责任=name)).lists

    assert read.items[6].primary_side is side


@pytest.mark.parametrize(
    "basis",
    ["《旅游法》第八十三条", "第83条", "鄂政办发〔2023〕5号", "国务院令第310号", "武编[2023]12号"],
)
def test_a_basis_cites_an_article_or_a_document(basis: str) -> None:
    """Articles in words and figures, document numbers in any brackets."""
    assert found(with_item(法律法规及文件依据=basis)) == []


def test_a_delegated_item_names_its_mandate() -> None:
    """行政处罚法 art. 20, 3-09: by the list's type or the item's category."""
    listed = replace(sheet(1), lists=(head(kind="委托", declared="1"),))
    by_item = replace(sheet(1), items=(item(1, 事项类型="委托类"),))
    given = replace(by_item, items=(item(1, 事项类型="委托类", 委托书="甲委托〔2026〕1号"),))

    assert found(listed) == [("事项!第2行·委托书", "DUTY_MANDATE")]
    assert found(by_item) == [("事项!第2行·委托书", "DUTY_MANDATE")]
    (read,) = check(given).lists
    assert read.items[0].extra == {"委托书": "甲委托〔2026〕1号"}


@pytest.mark.parametrize(
    "spoil, expected",
    [
        (lambda s: replace(s, lists=(head(kind="其他"),)), ("清单!第2行·类型", "BAD_CHOICE")),
        (
            lambda s: replace(s, lists=(head(declared="廿五"),)),
            ("清单!第2行·声明总数", "DUTY_DECLARED"),
        ),
        (
            lambda s: replace(s, lists=(head(declared_by="若干"),)),
            ("清单!第2行·各类别声明数", "DUTY_DECLARED"),
        ),
        (lambda s: replace(s, lists=(head(district="乙区"),)), ("清单!第2行·区", "UNKNOWN_UNIT")),
        (lambda s: replace(s, lists=(head(street="三街道"),)), ("清单!第2行·街道", "UNKNOWN_UNIT")),
        (
            lambda s: replace(s, lists=(*s.lists, head("空清单", row=3, declared="1"))),
            ("清单!第3行·清单名称", "DUTY_NO_ITEMS"),
        ),
        (
            lambda s: replace(s, items=(*s.items[:24], item(25, "别的清单"))),
            ("事项!第26行·清单名称", "DUTY_LIST_UNKNOWN"),
        ),
        (
            lambda s: replace(s, items=(*s.items[:24], replace(item(24), row=26))),
            ("事项!第26行·序号", "DUTY_TWICE"),
        ),
    ],
)
def test_what_is_wrong_with_a_list(
    spoil: Callable[[DutySheet], DutySheet], expected: tuple[str, str]
) -> None:
    """Each fault of a head, or between head and rows, stands among the findings."""
    assert expected in found(spoil(sheet()))


def test_without_a_directory_no_unit_is_looked_up() -> None:
    """``jiegai duty check FILE`` finds the structure's faults on a computer without a service."""
    assert found(with_item(主体责任="任何局"), None) == []
    assert found(with_item(主体责任="任何局、街道办"), None) == [
        ("事项!第8行·主体责任", "DUTY_BOTH_SIDES")
    ]


def test_17000_rows_are_checked_in_seconds() -> None:
    """50 streets with 340 items each: under four seconds."""
    content = streets_sheet(50, 340)
    start = time.process_time()
    read = check(content)

    assert (len(read.lists), sum(len(one.items) for one in read.lists)) == (50, 17_000)
    assert time.process_time() - start < 4


# --- claims -----------------------------------------------------------------------------------

ISSUED = IssuedList(
    name=NAME, version=1, district="甲区", street="", items={"1": "事项一", "2": "事项二"}
)
OWN = IssuedList(
    name="一街道清单", version=1, district="甲区", street="一街道", items={"1": "自己的"}
)


def ground(*lists: IssuedList, barred: Callable[[Unit], Refused | None] = lambda _: None):
    """What claims are measured by."""
    return ClaimGround(
        lists={one.name: one for one in lists or (ISSUED,)},
        directory=DIRECTORY,
        acting={name: frozenset({f"{name}经办甲", f"{name}经办乙"}) for name in STREETS},
        barred=barred,
        today=TODAY,
    )


def claim(**more: str) -> RawClaim:
    """A street's claim of item 1."""
    given = {"list_name": "", "street": "一街道", "number": "1", "liaisons": "一街道经办甲"}
    return RawClaim(row=2, **(given | more))


def test_a_claim_names_people_of_the_street() -> None:
    """Two persons in one cell, a number written as a spreadsheet does."""
    (read,) = read_claims(
        (claim(liaisons="一街道经办甲，一街道经办乙", number="1.0"),), ground()
    ).claims

    assert (read.list_name, read.number) == (NAME, "1")
    assert read.liaisons == ("一街道经办甲", "一街道经办乙")


@pytest.mark.parametrize(
    "change, code",
    [
        ({"liaisons": ""}, "DUTY_EMPTY_FIELD"),
        ({"liaisons": "二街道经办甲"}, "DUTY_LIAISON"),
        ({"number": "9"}, "DUTY_ITEM_UNKNOWN"),
        ({"number": ""}, "DUTY_EMPTY_FIELD"),
        ({"street": "区司法局"}, "UNKNOWN_UNIT"),
        ({"list_name": "别的"}, "DUTY_LIST_UNKNOWN"),
        ({"team": "班" * 61}, "TOO_LONG"),
        ({"liaisons": "、".join(f"人{n}" for n in range(11))}, "DUTY_TOO_MANY"),
    ],
)
def test_what_is_wrong_with_a_claim(change: dict[str, str], code: str) -> None:
    """Each fault has its code; nothing of the sheet is taken."""
    read = read_claims((claim(**change), claim()), ground())

    assert code in {one.code for one in read.findings}
    assert read.claims == ()


def test_a_number_in_two_lists_needs_the_list() -> None:
    """A street with a list of its own says which one it means."""
    both = ground(ISSUED, OWN)

    assert [one.code for one in read_claims((claim(),), both).findings] == ["DUTY_WHICH_LIST"]
    named = read_claims((claim(list_name=OWN.name),), both)
    assert [one.list_name for one in named.claims] == [OWN.name]
    other = read_claims(
        (claim(list_name=OWN.name, street="二街道", liaisons="二街道经办甲"),), both
    )
    assert [one.code for one in other.findings] == ["DUTY_LIST_ELSEWHERE"]


def test_coverage_counts_only_those_who_are_there() -> None:
    """One item claimed, one claimed by somebody who left, and the other street nothing (4-43)."""
    claims = {("一街道", "1"): ("一街道经办甲",), ("一街道", "2"): ("走了的人",)}
    acting = ground().acting
    covered = cover(ISSUED, DIRECTORY, claims, {"一街道": TODAY}, acting)
    first, second = covered.streets

    assert (first.claimed, first.total, first.missing[0].gone) == (1, 2, ("走了的人",))
    assert (second.claimed, [one.name for one in second.missing]) == (0, ["事项一", "事项二"])
    assert not covered.claims_complete and not covered.trials_complete
    assert covered.missing == (
        "一街道还有1项未认领",
        "二街道还有2项未认领",
        "二街道没有试运行评估",
    )
    everybody = {(s, n): (f"{s}经办甲",) for s in STREETS for n in ("1", "2")}
    full = cover(ISSUED, DIRECTORY, everybody, dict.fromkeys(STREETS, TODAY), acting)
    assert full.claims_complete and full.trials_complete and full.missing == ()


def test_a_list_that_nobody_must_claim_is_not_complete() -> None:
    """Nothing is true of all of nobody."""
    elsewhere = replace(ISSUED, district="乙区")

    assert not cover(elsewhere, DIRECTORY, {}, {}, {}).claims_complete


@pytest.mark.parametrize(
    "change, code",
    [
        ({"evaluated_on": "2026-11-24"}, "DUTY_TRIAL_AHEAD"),
        ({"evaluated_on": "昨天"}, "BAD_DATE"),
        ({"result": ""}, "DUTY_EMPTY_FIELD"),
        ({"methods": ""}, "DUTY_EMPTY_FIELD"),
        ({"street": "三街道"}, "UNKNOWN_UNIT"),
    ],
)
def test_what_is_wrong_with_an_evaluation(change: dict[str, str], code: str) -> None:
    """Each fault has its code; a right one is read with its methods (4-41)."""
    given = {
        "list_name": "",
        "street": "一街道",
        "evaluated_on": "2026-11-20",
        "methods": "实地察看、收集资料",
        "result": "运行正常",
    }
    assert [
        o.code for o in read_trials((RawTrial(row=2, **(given | change)),), ground()).findings
    ] == [code]
    (right,) = read_trials((RawTrial(row=2, **given),), ground()).trials
    assert right.methods == ("实地察看", "收集资料")
