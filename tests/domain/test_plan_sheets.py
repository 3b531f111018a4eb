"""A plan written out as sheets and read again is the same plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.calendar import load_builtin_calendar
from domain.plan import Plan
from domain.plan_check import check
from domain.plan_sheets import sheets_of
from domain.schedule import PINS
from starter.plan_file import read_plan
from tests.drafts import checked, set_to, setting

CALENDAR = load_builtin_calendar()


def again(plan: Plan) -> Plan | None:
    """The plan, written and read."""
    return check(sheets_of(plan, CALENDAR), CALENDAR).plan


@pytest.mark.parametrize("name", ["乌海2019", "武昌"])
def test_a_shipped_plan_comes_back_equal(name):
    """Units, rows, steps, policy and the authors' own words."""
    plan = read_plan(f"plans/{name}.yaml").plan

    assert plan is not None
    assert plan == again(plan)


def test_everything_that_a_plan_can_say_comes_back():
    """Settings beside the default, pins, options, dates set above, recorders, no reminders."""
    plan = checked(
        setting("每日截止", "17:00"),
        setting("上班时间", "08:30"),
        set_to("单位", 3, 派驻机构="保留"),
        set_to("单位", 4, 上级单位="示例市", 代码="150000"),
        set_to("单位", 5, 经办人="", 代录单位="区委编办"),
        set_to("任务", 2, 时限设定机关="市委编办", 任务="完成三定\n分两步"),
        set_to("任务", 2, 选项={PINS: {"审议": "12月20日前"}, "模板": "范本", "说明": "甲、乙"}),
        set_to("任务", 3, 选项="依据=方案；牌子=更名:旧→新、摘牌:甲", 前置任务="P1、S1", 必交材料="照片、清单"),
        set_to("环节", 1, 提醒="、", 升级="、", 延期次数="0", 承办单位="本单位、配合"),
        set_to("任务", 4, 配合单位="区委办、区政府办", 责任人="第一责任人、经办人", 依据条目="2-01、2-02"),
    ).plan  # fmt: skip

    assert plan is not None
    assert ((), ()) == (plan.steps[0].remind, plan.steps[0].escalate)
    assert plan == again(plan)


@given(st.dates(date(2005, 1, 1), date(2025, 6, 1)))
@settings(max_examples=25, deadline=None)
def test_a_rebased_plan_comes_back_with_its_dates(kickoff):
    """Only the words of a date that no longer means it are replaced by the date itself."""
    plan = checked(set_to("任务", 2, 选项={PINS: {"审议": "12月20日前"}}), kickoff=kickoff).plan
    assert plan is not None

    back = again(plan)

    assert back is not None
    wordless = [
        replace(each, rows=tuple(replace(row, due_text="") for row in each.rows))
        for each in (plan, back)
    ]
    assert wordless[0] == wordless[1]
    texts = {row.id: row.due_text for row in back.rows}
    assert (texts["N1"], texts["T1"]) == ("S1后10个工作日", "T+60个工作日")
