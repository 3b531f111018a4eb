"""Checking a plan: one correct plan, and every way to spoil it."""

from __future__ import annotations

import itertools
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import load_builtin_calendar
from domain.deadline import workdays_between
from domain.plan_columns import CONTENT, ITEM
from domain.plan_times import cycles_in
from domain.requirement import required_documents
from domain.schedule import PINS, route_of, step_dates
from tests.drafts import checked, draft, set_to, setting, tables

CALENDAR = load_builtin_calendar()


def test_a_correct_plan_is_accepted_and_tells_how_it_was_read():
    """The plan comes back resolved, with a reading for each 责任单位 and 完成时限."""
    result = checked()

    assert result.findings == ()
    assert result.plan is not None
    assert result.plan.row("S1").targets == ("一街道", "二街道", "三镇")
    assert date(2019, 12, 31) == result.plan.row("S1").due
    assert date(2020, 1, 15) == result.plan.row("N1").due
    said = {(each.row, each.column): each.meaning for each in result.readings}
    assert said["S1", "责任单位"] == "各镇街 → 3个：一街道、二街道、三镇"
    assert said["N1", "完成时限"].endswith("：2020-01-15")


def drop(sheet):
    """A spoiler: remove a sheet."""
    return lambda found: found.pop(sheet)


def drop_column(sheet, column):
    """A spoiler: remove a column of a sheet."""
    return lambda found: [row.pop(column, None) for row in found[sheet]]


def again(sheet, number, **cells):
    """A spoiler: append a copy of a row."""
    return lambda found: found[sheet].append({**found[sheet][number - 1], **cells})


def two_districts(found):
    """A spoiler: a second district with an office of the same duty."""
    found["单位"].append({**found["单位"][2], "名称": "乙区", "所属区": "乙区"})
    found["单位"].append({**found["单位"][3], "名称": "乙区编办", "所属区": "乙区"})


def extra(row_id, item, kind, **cells):
    """A spoiler: a row more at the end of 任务, like the 三定 but for what is said."""
    return lambda found: found["任务"].append(
        {
            **found["任务"][1],
            "编号": row_id,
            "事项": item,
            "类型": kind,
            "完成时限": "T+60个工作日",
            "前置任务": "P1",
            **cells,
        }
    )


def unmanned(found):
    """A spoiler: 甲区编委 has nobody of its own, 甲区编办 records for it."""
    found["单位"][4].update({"经办人": "", "代办人": "", "第一责任人": "", "代录单位": "区委编办"})


ERRORS = [
    # code, what is spoiled, place, words of the sentence
    ("MISSING_SHEET", [drop("单位")], "单位", "没有“单位”表"),
    ("MISSING_COLUMN", [drop_column("任务", "责任单位")], "任务!第1行·责任单位", "缺少“责任单位”列"),
    ("UNKNOWN_COLUMN", [set_to("任务", 1, 完成期限="x")], "任务!第1行·完成期限", "最接近的是“完成时限”"),
    ("UNKNOWN_SETTING", [setting("启动日", "x")], "改革!第7行·启动日", "最接近的是“启动日期”"),
    ("DUPLICATE_SETTING", [lambda t: t["改革"].append({ITEM: "名称", CONTENT: "x"})], "改革!第7行·名称", "不止一次"),
    ("MISSING_SETTING", [setting("标题", "")], "改革!第2行·标题", "没有填写“标题”"),
    ("NO_LEAD", [setting("牵头领导", "")], "改革!第5行·牵头领导", "牵头领导"),
    ("MANY_LEADS", [setting("牵头领导", "某甲、某乙")], "改革!第5行·牵头领导", "只能是一人"),
    ("BAD_KICKOFF", [setting("启动日期", "2019-11-31")], "改革!第3行·启动日期", "不是一个存在的日期"),
    ("BAD_CLOCK", [setting("每日截止", "25:00")], "改革!第7行·每日截止", "25:00"),
    ("BAD_CLOCK", [setting("上班时间", "18:00")], "改革!第7行·上班时间", "早于下班时间"),
    ("BAD_NUMBER", [setting("同日审核上限", "很多")], "改革!第6行·同日审核上限", "整数"),
    ("BAD_NAME", [setting("名称", "示例/2019")], "改革!第1行·名称", "不能含有“/”"),
    ("MANY_COORDINATORS", [setting("协调单位", "市委编办、甲区编办")], "改革!第4行·协调单位", "只能是一个"),
    ("UNKNOWN_UNIT", [setting("协调单位", "市编办")], "改革!第4行·协调单位", "最接近的是“市委编办”"),
    ("NO_COORDINATOR", [set_to("单位", 2, 协调员="")], "改革!第4行·协调单位", "没有协调员"),
    ("EMPTY_NAME", [set_to("单位", 11, 名称="")], "单位!第11行·名称", "没有填写"),
    ("BAD_CHOICE", [set_to("单位", 11, 类别="街")], "单位!第11行·类别", "可写：市、区、镇"),
    ("BAD_NAME", [set_to("单位", 11, 名称="一#街道")], "单位!第11行·名称", "不能含有“#”"),
    ("BAD_NAME", [set_to("单位", 11, 名称="一" * 31)], "单位!第11行·名称", "不能超过30个字"),
    ("BAD_NAME", [set_to("单位", 11, 名称="一\u200b街道")], "单位!第11行·名称", "不可见字符"),
    ("DUPLICATE_UNIT", [set_to("单位", 12, 名称="一街道")], "单位!第12行·名称", "第11行已有"),
    ("DUPLICATE_DUTY", [set_to("单位", 6, 简称="区委编委")], "单位!第6行·简称", "甲区已有"),
    ("UNKNOWN_UNIT", [set_to("单位", 11, 上级单位="乙区")], "单位!第11行·上级单位", "不在单位表中"),
    ("UNKNOWN_DISTRICT", [set_to("单位", 11, 所属区="一区")], "单位!第11行·所属区", "不是单位表中的区"),
    ("UNKNOWN_DISTRICT", [set_to("单位", 11, 所属区="")], "单位!第11行·所属区", "没有填写所属区"),
    ("PARENT_CYCLE", [set_to("单位", 11, 上级单位="二街道"), set_to("单位", 12, 上级单位="一街道")], "单位!第11行·上级单位", "一街道 → 二街道 → 一街道"),
    ("NO_HEAD", [set_to("单位", 11, 第一责任人="")], "单位!第11行·第一责任人", "没有第一责任人"),
    ("MANY_HEADS", [set_to("单位", 11, 第一责任人="某甲、某乙")], "单位!第11行·第一责任人", "只能是一人"),
    ("NO_FIRST_SECRETARY", [set_to("单位", 13, 第一书记="")], "单位!第13行·第一书记", "没有第一书记"),
    ("NO_LEADER_IN_CHARGE", [set_to("单位", 4, 分管区领导="")], "单位!第4行·分管区领导", "没有分管区领导"),
    ("NO_HANDLER", [set_to("单位", 11, 经办人="")], "单位!第11行·经办人", "没有经办人"),
    ("NO_HANDLER", [set_to("单位", 5, 经办人="")], "单位!第5行·经办人", "也没有代录单位"),
    ("UNKNOWN_UNIT", [set_to("单位", 5, 代录单位="区编办")], "单位!第5行·代录单位", "最接近的是“甲区编办”"),
    ("BAD_RECORDER", [set_to("单位", 11, 代录单位="区委编办")], "单位!第11行·代录单位", "自己办理"),
    ("BAD_RECORDER", [set_to("单位", 5, 代录单位="区委编委")], "单位!第5行·代录单位", "代录自己"),
    ("BAD_RECORDER", [set_to("单位", 5, 代录单位="市委编办")], "单位!第5行·代录单位", "不在甲区"),
    ("BAD_RECORDER", [unmanned, set_to("单位", 6, 代录单位="区委编委")], "单位!第6行·代录单位", "自己也由区委编办代录"),
    ("BAD_RECORDER", [set_to("单位", 4, 经办人="", 第一责任人="", 代办人=""), unmanned], "单位!第5行·代录单位", "没有能办理的人"),
    ("EMPTY_TASK", [set_to("任务", 1, 任务="")], "任务!第1行·任务", "没有填写"),
    ("EMPTY_UNIT", [set_to("任务", 1, 责任单位="")], "任务!第1行·责任单位", "没有填写"),
    ("EMPTY_DUE", [set_to("任务", 1, 完成时限="")], "任务!第1行·完成时限", "没有填写"),
    ("EMPTY_RESPONSIBLE", [set_to("任务", 1, 责任人="")], "任务!第1行·责任人", "没有填写"),
    ("EMPTY_CELL", [set_to("任务", 1, 编号="")], "任务!第1行·编号", "没有填写"),
    ("BAD_CHOICE", [set_to("任务", 1, 类型="四定")], "任务!第1行·类型", "可写：方案"),
    ("BAD_NAME", [set_to("任务", 1, 事项="方案/甲")], "任务!第1行·事项", "不能含有“/”"),
    ("DUPLICATE_ROW", [set_to("任务", 4, 编号="S1")], "任务!第4行·编号", "第2行已有"),
    ("DUPLICATE_ITEM", [set_to("任务", 3, 事项="三定")], "任务!第3行·事项", "一街道、二街道、三镇已有同名事项"),
    ("UNKNOWN_UNIT", [set_to("任务", 2, 责任单位="一街到")], "任务!第2行·责任单位", "最接近的是“一街道”"),
    ("UNKNOWN_UNIT", [set_to("任务", 2, 牵头单位="区编办")], "任务!第2行·牵头单位", "在甲区找不到"),
    ("NO_TARGET", [set_to("任务", 2, 责任单位="各事业单位")], "任务!第2行·责任单位", "没有对应的单位"),
    ("UNKNOWN_ROW", [set_to("任务", 2, 前置任务="P2")], "任务!第2行·前置任务", "不在任务表中"),
    ("NO_RESPONSIBLE", [set_to("任务", 1, 责任人="第一书记")], "任务!第1行·责任人", "甲区没有第一书记"),
    ("BAD_OPTION", [set_to("任务", 1, 选项="模板乌海")], "任务!第1行·选项", "读不懂"),
    ("UNKNOWN_OPTION", [set_to("任务", 1, 选项="模版=乌海")], "任务!第1行·选项", "最接近的是“模板”"),
    ("UNKNOWN_TEMPLATE", [set_to("任务", 1, 选项="模板=北京")], "任务!第1行·选项", "武昌、乌海"),
    ("BAD_BASIS", [set_to("任务", 3, 选项="依据=口头")], "任务!第3行·选项", "三定、五定、方案"),
    ("PLATE_BASIS", [set_to("任务", 3, 前置任务="P1")], "任务!第3行·前置任务", "没有三定"),
    ("PLATE_BASIS", [set_to("任务", 2, 责任单位="各街道")], "任务!第3行·前置任务", "三镇没有作为挂牌依据"),
    ("DUE_NO_SUCH_DAY", [set_to("任务", 2, 完成时限="2019-11-31")], "任务!第2行·完成时限", "不存在"),
    ("DUE_NO_NUMBER", [set_to("任务", 2, 完成时限="尽快")], "任务!第2行·完成时限", "没有具体期限"),
    ("DUE_BEFORE_KICKOFF", [set_to("任务", 1, 完成时限="2019-11-11")], "任务!第1行·完成时限", "早于启动日"),
    ("DUE_BEFORE_PREDECESSOR", [set_to("任务", 2, 完成时限="2019-11-29")], "任务!第2行·完成时限", "早于前置任务P1"),
    ("AFTER_CYCLE", [set_to("任务", 1, 前置任务="T1")], "任务!第1行·前置任务", "P1 → T1 → N1 → S1 → P1"),
    ("NO_TIME", [set_to("任务", 2, 完成时限="2019-12-10")], "任务!第2行·完成时限", "共需14个工作日"),
    ("NO_TIME", [set_to("任务", 2, 选项={PINS: {"起草": "2019-12-03"}})], "任务!第2行·选项", "“起草”须在2019-12-03前完成"),
    ("NO_TIME", [set_to("任务", 2, 选项={PINS: {"审议": "2019-12-31"}})], "任务!第2行·选项", "“审议”定在2019-12-31"),
    ("UNKNOWN_STEP", [set_to("任务", 2, 选项={PINS: {"审定": "2019-12-20"}})], "任务!第2行·选项", "最接近的是“审议”"),
    ("DUE_NO_SUCH_DAY", [set_to("任务", 2, 选项={PINS: {"审议": "2019-12-32"}})], "任务!第2行·选项", "环节时限"),
    ("UNKNOWN_UNIT", [set_to("任务", 2, 时限设定机关="市编办")], "任务!第2行·时限设定机关", "最接近的是“市委编办”"),
    ("AMBIGUOUS_UNIT", [two_districts, set_to("任务", 1, 时限设定机关="区委编办")], "任务!第1行·时限设定机关", "几个区都有"),
    ("BAD_DATE_SETTER", [set_to("任务", 1, 时限设定机关="甲区")], "任务!第1行·时限设定机关", "就是责任单位"),
    ("BAD_DATE_SETTER", [set_to("任务", 1, 时限设定机关="一街道")], "任务!第1行·时限设定机关", "不在全部责任单位之上"),
    ("BAD_DATE_SETTER", [two_districts, set_to("任务", 1, 时限设定机关="乙区编办", 责任单位="甲区")], "任务!第1行·时限设定机关", "不在全部责任单位之上"),
    ("SECOND_SANDING", [extra("S2", "三定二", "三定", 责任单位="各街道")], "任务!第5行·责任单位", "选项写 修订=S1"),
    ("BAD_REVISION", [extra("R1", "三定修订", "修订")], "任务!第5行·选项", "请在选项中写 修订=S1"),
    ("UNKNOWN_ROW", [extra("R1", "三定修订", "修订", 选项="修订=S9")], "任务!第5行·选项", "最接近的是“S1”"),
    ("BAD_REVISION", [extra("R1", "三定修订", "修订", 选项="修订=P1")], "任务!第5行·选项", "“P1”是方案任务"),
    ("BAD_REVISION", [extra("R1", "三定修订", "修订", 选项="修订=R1")], "任务!第5行·选项", "“R1”是它自己"),
    ("BAD_REVISION", [extra("R1", "三定修订", "修订", 选项="修订=S1", 责任单位="各区")], "任务!第5行·责任单位", "甲区在S1中没有三定"),
    ("BAD_REVISION", [set_to("任务", 2, 选项="修订=S1")], "任务!第2行·选项", "“三定”不能写选项“修订”"),
    ("BAD_WAY", [extra("T1", "人员转隶", "转隶", 选项="方式=花名册")], "任务!第5行·选项", "只有“转隶”可写方式=名册"),
    ("BAD_WAY", [extra("T1", "报表", "任务", 选项="方式=名册")], "任务!第5行·选项", "只有“转隶”可写方式=名册"),
    ("BAD_WAY", [extra("T1", "人员转隶", "转隶", 选项="审批=分口")], "任务!第5行·选项", "只有方式=名册的“转隶”可写审批=分口"),
    ("BAD_STATION", [set_to("单位", 11, 派驻机构="保留")], "单位!第11行·派驻机构", "只写在区的一行"),
    ("BAD_DEVOLUTION", [extra("R1", "下沉", "任务", 选项="下放=区委办70%")], "任务!第5行·选项", "读不懂"),
    ("BAD_DEVOLUTION", [extra("R1", "下沉", "转隶", 选项="方式=名册；下放=区委办:70%")], "任务!第5行·选项", "不写方式的“转隶”"),
    ("UNKNOWN_UNIT", [extra("R1", "下沉", "任务", 选项="下放=区委半:70%")], "任务!第5行·选项", "最接近的是“区委办”"),
    ("STATIONS_STAY", [set_to("单位", 3, 派驻机构="保留"), extra("R1", "下放", "转隶", 选项="方式=关系", 责任单位="各街道")], "任务!第5行·责任单位", "（2-36）"),
    ("SECOND_REVISION", [extra("R1", "修订一", "修订", 选项="修订=S1"), extra("R2", "修订二", "修订", 选项="修订=S1")], "任务!第6行·选项", "请接着写 修订=R1"),
    ("DUE_BEFORE_PREDECESSOR", [extra("R1", "三定修订", "修订", 选项="修订=S1", 完成时限="12月20日前")], "任务!第5行·完成时限", "早于前置任务S1"),
    ("MEMBER_WITHOUT_TASK", [set_to("单位", 9, 成员单位="是")], "单位!第9行·成员单位", "没有承担任何任务"),
    ("STEP_WITHOUT_UNIT", [set_to("单位", 5, 简称="")], "任务!第2行·责任单位", "须由“区委编委”办理，甲区没有"),
    ("STEP_WITHOUT_UNIT", [lambda t: t["环节"].append({"类型": "任务", "环节": "确认", "承办单位": "配合"})], "任务!第4行·配合单位", "没有填写配合单位"),
    ("UNKNOWN_STEP", [set_to("环节", 1, 环节="办结")], "环节!第1行·环节", "没有环节“办结”"),
    ("DUPLICATE_STEP", [again("环节", 1)], "环节!第2行·环节", "重复"),
    ("UNKNOWN_UNIT", [set_to("环节", 1, 承办单位="区编办")], "环节!第1行·承办单位", "不在单位表中"),
    ("UNKNOWN_UNIT", [set_to("环节", 1, 升级="1:区长")], "环节!第1行·升级", "不在单位表中"),
    ("BAD_NUMBER", [set_to("环节", 1, 工作日="0")], "环节!第1行·工作日", "1至999"),
    ("BAD_LADDER", [set_to("环节", 1, 升级="第一责任人")], "环节!第1行·升级", "读不懂"),
    ("NO_ROWS", [lambda t: t["任务"].clear(), set_to("单位", 4, 成员单位="否")], "任务", "没有任务"),
]  # fmt: skip


@pytest.mark.parametrize("code,spoilers,place,words", ERRORS)
def test_one_wrong_cell_is_refused_where_it_stands(code, spoilers, place, words):
    """Each error has its code, its cell and a sentence, and there is no plan."""
    result = checked(*spoilers)

    assert result.plan is None
    found = [f for f in result.errors if f.code == code and f.place == place]
    assert found, [(f.code, f.place, f.sentence) for f in result.errors]
    assert any(words in finding.sentence for finding in found), [f.sentence for f in found]


def test_an_organ_without_a_desk_has_a_unit_that_records_for_it():
    """With 代录单位, by duty or by name, nobody of its own is needed; also for a 编办 above."""
    result = checked(unmanned, set_to("单位", 2, 经办人="", 代录单位="甲区编办"))

    assert result.errors == ()
    assert result.plan is not None
    organs = (result.plan.unit(name) for name in ("甲区编委", "市委编办"))
    assert [("区委编办", ()), ("甲区编办", ())] == [(o.recorder, o.handlers) for o in organs]


@pytest.mark.parametrize("said", ["市委编办", "示例市"])
def test_a_date_set_above_names_the_organ(said):
    """By duty or by name, the row keeps the organ's name; nothing written is nobody."""
    result = checked(set_to("任务", 2, 时限设定机关=said))

    assert result.errors == ()
    assert result.plan is not None
    assert (said, "") == tuple(result.plan.row(row).set_by for row in ("S1", "N1"))


def test_a_revision_waits_for_what_it_revises_and_goes_its_way():
    """前置任务 gains the revised rows; steps, plates and a revision of a revision follow."""
    result = checked(
        extra("R1", "修订一", "修订", 选项="修订=S1", 前置任务=""),
        extra(
            "R2",
            "修订二",
            "修订",
            选项="修订=R1；模板=范本",
            责任单位="一街道",
            完成时限="T+90个工作日",
        ),
        extra("N2", "更名挂牌", "挂牌", 责任单位="各街道", 前置任务="R1", 完成时限="T+90个工作日"),
        lambda t: t["环节"].append({"类型": "三定", "环节": "起草", "工作日": 9}),
    )

    assert result.errors == ()
    assert result.plan is not None
    assert [("S1",), ("P1", "R1")] == [result.plan.row(row).after for row in ("R1", "R2")]
    dated = {
        step.shape.name: step for step in step_dates(result.plan, result.plan.row("R1"), CALENDAR)
    }
    assert dated["起草"].workdays == 9


def test_a_revision_s_draft_names_what_it_changes_and_on_what_ground():
    """原三定文号 and 修订依据 close 起草; 印发 asks the row's own documents."""
    plan = checked(extra("R1", "修订一", "修订", 选项="修订=S1；模板=范本", 必交材料="新三定")).plan
    assert plan is not None
    row = plan.row("R1")
    asked = {s.name: required_documents(row, s, "一街道") for s in route_of(row)}

    assert asked["起草"] == ("草案", "模板", "原三定文号", "修订依据")
    assert asked["印发"] == ("发文字号", "新三定")


def test_a_duty_that_two_districts_have_must_be_written_with_each():
    """区委编办 alone is ambiguous; 各区委编办 is both."""
    one = checked(two_districts, set_to("任务", 4, 责任单位="区委编办"))
    both = checked(two_districts, set_to("任务", 4, 责任单位="各区委编办"))

    assert "AMBIGUOUS_UNIT" in {f.code for f in one.errors}
    assert "AMBIGUOUS_UNIT" not in {f.code for f in both.errors}
    said = {each.row: each.meaning for each in both.readings if each.column == "责任单位"}
    assert said["T1"] == "各区委编办 → 2个：甲区编办、乙区编办"


def test_all_errors_come_at_once():
    """Errors of different sheets and kinds are in one answer, errors before warnings."""
    result = checked(
        setting("牵头领导", ""),
        set_to("单位", 13, 第一书记=""),
        set_to("任务", 1, 任务=""),
        set_to("任务", 2, 完成时限="2019-12-10"),
        set_to("环节", 1, 环节="办结"),
        set_to("单位", 4, 代办人=""),
    )

    assert {f.code for f in result.errors} == {
        "NO_LEAD",
        "NO_FIRST_SECRETARY",
        "EMPTY_TASK",
        "NO_TIME",
        "UNKNOWN_STEP",
    }
    assert not result.findings[-1].is_error


WARNINGS = [
    ("DUE_ON_REST_DAY", [set_to("任务", 1, 完成时限="2019-12-01")], "任务!第1行·完成时限", "星期日"),
    ("PROVISIONAL_DATE", [set_to("任务", 4, 完成时限="2027-03-01")], "任务!第4行·完成时限", "2027年的放假通知"),
    ("LONG_HORIZON", [set_to("任务", 4, 完成时限="2020-05-13")], "改革!第3行·启动日期", "2020-05-12"),
    ("FEW_REVIEWERS", [set_to("单位", 4, 经办人="某甲")], "单位!第4行·经办人", "经办人1名"),
    ("FEW_REVIEWERS", [set_to("单位", 4, 代办人="")], "单位!第4行·经办人", "代办人0名"),
    ("REVIEWS_PILE_UP", [setting("同日审核上限", "2")], "改革!第6行·同日审核上限", "有3件审核同日到期"),
    ("UNKNOWN_PERSON", [set_to("任务", 1, 责任人="某某")], "任务!第1行·责任人", "某某"),
]  # fmt: skip


@pytest.mark.parametrize("code,spoilers,place,words", WARNINGS)
def test_a_warning_does_not_stop_a_plan(code, spoilers, place, words):
    """The plan is accepted, the warning is there."""
    result = checked(*spoilers)

    assert result.errors == ()
    assert result.plan is not None
    found = [f for f in result.warnings if f.code == code and f.place == place]
    assert found, [(f.code, f.place, f.sentence) for f in result.warnings]
    assert any(words in finding.sentence for finding in found)


ELSEWHERE = {"AMBIGUOUS_UNIT", "DUPLICATE_COLUMN"}
"""Codes that other tests show: above, and with the files."""


def test_every_code_of_the_check_has_a_case():
    """No finding can be added to the check without a case here."""
    source = Path(__file__).parents[2] / "domain"
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(source.glob("plan_*.py")))
    codes = set(re.findall(r'"([A-Z]{2,}(?:_[A-Z]+)+)"', text))

    assert codes - ELSEWHERE <= {code for code, *_ in (*ERRORS, *WARNINGS)}


def test_a_step_rule_takes_what_it_leaves_empty_from_the_route():
    """An empty 承办单位 and an empty 升级 are the route's unit and the default ladder."""
    result = checked(set_to("环节", 1, 工作日="", 升级=""))

    assert result.plan is not None
    (rule,) = result.plan.steps
    assert (rule.unit, rule.workdays) == ("本单位", 3)
    assert rule.escalate == ((1, "第一责任人"), (3, "分管领导"))


@given(st.dates(date(2005, 1, 1), date(2025, 6, 1)))
@settings(max_examples=60, deadline=None)
def test_a_rebased_plan_keeps_order_and_time(kickoff):
    """Whatever the new first day, every stated date keeps its distance in working days."""
    spoil = set_to("任务", 2, 选项={PINS: {"审议": "12月20日前"}})
    before, after = checked(spoil).plan, checked(spoil, kickoff=kickoff).plan

    assert before is not None
    assert after is not None
    assert after.kickoff == kickoff
    for old, new in zip(before.rows, after.rows, strict=True):
        assert workdays_between(before.kickoff, old.due, CALENDAR) == workdays_between(
            kickoff, new.due, CALENDAR
        )
    pinned = date.fromisoformat(after.row("S1").options[PINS].partition("=")[2])
    assert workdays_between(before.kickoff, date(2019, 12, 20), CALENDAR) == workdays_between(
        kickoff, pinned, CALENDAR
    )


@given(st.dictionaries(st.sampled_from("ABCDEF"), st.lists(st.sampled_from("ABCDEF"), max_size=3)))
def test_cycles_are_found_exactly_where_there_are_some(edges):
    """A path is reported only if each of its arrows exists, and one is if any node reaches itself."""

    def reaches(start):
        seen, todo = set(), list(edges.get(start, ()))
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo.extend(edges.get(at, ()))
        return start in seen

    found = cycles_in(edges)

    assert bool(found) == any(reaches(node) for node in edges)
    for cycle in found:
        assert cycle[0] == cycle[-1]
        assert all(b in edges[a] for a, b in itertools.pairwise(cycle))


@given(
    st.text(max_size=40),
    st.sampled_from(["责任单位", "完成时限", "选项", "前置任务", "编号", "事项"]),
)
@settings(max_examples=200, deadline=None)
def test_no_cell_breaks_the_check(text, column):
    """Whatever is typed into a cell, the check answers with findings."""
    found = tables()
    found["任务"][1][column] = text

    from domain.plan_check import check

    result = check(draft(found), CALENDAR)

    assert (result.plan is None) == bool(result.errors)
