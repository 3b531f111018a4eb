"""Each district keeps its 派驻机构 or lets them go, and a plan that contradicts that is refused."""

from __future__ import annotations

from datetime import date

import pytest

from domain.calendar import load_builtin_calendar
from domain.requirement import required_documents
from domain.schedule import route_of, step_dates
from domain.unit import UnitKind
from tests.drafts import Tables, checked, set_to


def organs(found: Tables) -> None:
    """A spoiler: the three organs that take a station's relations in hand."""
    for duty in ("区委组织部", "区人社局", "区财政局"):
        found["单位"].append({**found["单位"][8], "名称": f"甲区{duty[1:]}", "简称": duty})


def moves(units: str = "各街道", **cells: object):
    """A spoiler: a row that moves the relations of both stations of these units."""

    def spoil(found: Tables) -> None:
        found["任务"].append(
            {
                **found["任务"][1],
                "编号": "R1",
                "事项": "派驻机构下放",
                "类型": "转隶",
                "责任单位": units,
                "完成时限": "T+60个工作日",
                "前置任务": "P1",
                "选项": "方式=关系",
                **cells,
            }
        )

    return spoil


def other_district(found: Tables) -> None:
    """A spoiler: 乙区 with a street of its own and all organs."""
    found["单位"] += [
        {
            **line,
            "名称": line["名称"].replace("甲区", "乙区").replace("一街道", "四街道"),
            "所属区": "乙区",
        }
        for line in found["单位"]
        if line["所属区"] == "甲区" and line["名称"] not in ("二街道", "三镇")
    ]


@pytest.mark.parametrize("decided", ["", "下放"])
def test_relations_go_where_the_district_lets_them_go_or_has_said_nothing(decided):
    """Three relations beside each other, then the street, then the lead; documents by station."""
    plan = checked(organs, moves(), set_to("单位", 3, 派驻机构=decided)).plan

    assert plan is not None
    row = plan.row("R1")
    asked = {s.name: required_documents(row, s, "一街道") for s in route_of(row)}
    papers = ("转接单·司法所", "转接单·市场监管所")
    assert asked == {
        "党组织关系": papers,
        "薪酬待遇关系": papers,
        "经费管理关系": papers,
        "责任移交": ("移交书·司法所", "移交书·市场监管所"),
        "确认": (),
    }
    dated = {s.shape.name: s for s in step_dates(plan, row, load_builtin_calendar())}
    assert dated["党组织关系"].due == dated["经费管理关系"].due == dated["责任移交"].start
    assert dated["确认"].due == row.due > date(2019, 12, 31)


def test_a_row_names_its_stations_and_its_other_documents():
    """机构=司法所 asks nothing of the other; 必交材料 are handed in with 责任移交."""
    plan = checked(organs, moves(选项="方式=关系；机构=司法所", 必交材料="人员清单")).plan

    assert plan is not None
    row = plan.row("R1")
    asked = {s.name: required_documents(row, s, "一街道") for s in route_of(row)}
    assert ("转接单·司法所",) == asked["薪酬待遇关系"]
    assert ("移交书·司法所", "人员清单") == asked["责任移交"]


def test_one_plan_has_districts_that_keep_and_districts_that_let_go():
    """2-36 holds in 乙区 alone: the row for all streets is wrong there, that for 甲区's is not."""
    keeps = [organs, other_district]
    kept = lambda t: next(u for u in t["单位"] if u["名称"] == "乙区").update(派驻机构="保留")  # noqa: E731

    wrong = checked(*keeps, kept, moves("一街道、四街道"))
    (found,) = [f for f in wrong.errors if f.code == "STATIONS_STAY"]
    assert (
        "乙区的派驻机构定为“保留”（2-36），司法所、市场监管所的关系不能转到街道" in found.sentence
    )
    assert (found.sheet, found.column) == ("任务", "责任单位")
    right = checked(*keeps, kept, moves("一街道"))
    assert "STATIONS_STAY" not in {f.code for f in right.findings}


@pytest.mark.parametrize(
    "code, spoil, place, words",
    [
        ("BAD_STATION", [set_to("单位", 11, 派驻机构="保留")], "单位·派驻机构", "“一街道”是街道"),
        ("BAD_CHOICE", [set_to("单位", 3, 派驻机构="留")], "单位·派驻机构", "可写：保留、下放"),
        ("BAD_STATION", [moves(选项="方式=关系；机构=派出所")], "任务·选项", "不能转到街道，"),
        ("BAD_STATION", [moves(选项="方式=关系；机构=市监所")], "任务·选项", "最接近的是“市场监管所”"),
        ("BAD_STATION", [moves(选项="机构=司法所")], "任务·选项", "只有方式=关系"),
        ("BAD_STATION", [moves("各区")], "任务·责任单位", "只转到街道、镇，甲区不是"),
        ("BAD_WAY", [moves(选项="方式=关系", 类型="任务")], "任务·选项", "方式=关系（派驻机构"),
    ],
)  # fmt: skip
def test_a_wrong_station_is_an_error_at_its_cell(code, spoil, place, words):
    """Only a 区 decides; only 司法所 and 市场监管所 go; only to a street or town."""
    found = [f for f in checked(organs, *spoil).errors if f.code == code]

    assert found
    assert f"{found[0].sheet}·{found[0].column}" == place
    assert words in found[0].sentence


def test_a_district_keeps_what_it_decided():
    """The decision is part of the unit that the plan holds."""
    plan = checked(set_to("单位", 3, 派驻机构="保留")).plan

    assert plan is not None
    assert [(u.name, u.stations) for u in plan.of_kind(UnitKind.DISTRICT)] == [("甲区", "保留")]
