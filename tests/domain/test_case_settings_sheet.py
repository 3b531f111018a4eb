"""办案设置 as written: what is not written stays, what cannot be is said at its place."""

from __future__ import annotations

import pytest
import yaml

from domain.case_limits import CaseLimit, CaseSettings, LimitUnit
from domain.case_settings_sheet import SETTINGS_TEMPLATE, read_settings

PAPER = "甲编〔2026〕9号"


def test_the_template_says_what_the_source_texts_say():
    """Stored unchanged it changes nothing."""
    read, findings = read_settings(yaml.safe_load(SETTINGS_TEMPLATE), PAPER)
    assert findings == ()
    assert read is not None
    limits = {step: limit for step, limit in read.limits.items() if limit != CaseLimit()}
    assert limits == dict(CaseSettings().limits)
    assert (read.urgent, read.documents, read.elements) == (None, (), CaseSettings().elements)
    assert read.escalate == CaseSettings().escalate


def test_what_is_settled_rests_on_its_paper():
    """A limit of the district counts from the dispatch, the urgent one from the finding."""
    written = {
        "时限": {"签收": "2个工作日", "办理": "15日", "报到": "2小时"},
        "紧急": "24小时",
        "执法人员": "2",
        "交接材料": ["现场笔录", "照片"],
        "退回上限": "3",
        "裁定机关": "区政府办",
        "当日截止": "17:30",
        "提前提醒小时": ["1", "6"],
        "超期升级": ["2 第一责任人"],
    }

    read, findings = read_settings(written, PAPER)

    assert read is not None and findings == ()
    assert read.limits["签收"] == CaseLimit(unit=LimitUnit.WORKDAYS, count=2, basis=PAPER)
    assert read.limits["报到"].always and not read.limits["办理"].always
    assert read.urgent == CaseLimit(
        unit=LimitUnit.HOURS, count=24, basis=PAPER, from_trigger=True, always=True
    )
    assert (read.officers, read.max_returns, read.arbiter) == (2, 3, "区政府办")
    assert (read.documents, read.day_end) == (("现场笔录", "照片"), "17:30")
    assert (read.remind_hours, read.escalate) == ((6, 1), ((2, "第一责任人"),))


def test_the_sources_may_be_loosened_with_a_warning_and_the_law_not():
    """4-12 is the district's own rule; 国务院令310号 binds it."""
    read, findings = read_settings({"时限": {"交接": "5个工作日"}}, PAPER)
    assert read is not None
    assert [(f.code, f.is_error, f.column) for f in findings] == [("LIMIT_LOOSE", False, "交接")]
    assert read.limits["交接"].from_trigger
    for step, text in (("决定", "5日"), ("移送", "2日"), ("公安审查", "不限")):
        read, findings = read_settings({"时限": {step: text}}, PAPER)
        assert read is None
        assert [(f.code, f.column) for f in findings] == [("LIMIT_UNLAWFUL", step)]
    read, findings = read_settings({"时限": {"决定": "2日", "移送": "12小时"}}, PAPER)
    assert read is not None and findings == ()


@pytest.mark.parametrize(
    "written, code",
    [
        ("办理: 及时", "FILE_LAYOUT"),
        (None, "FILE_LAYOUT"),
        ([], "FILE_LAYOUT"),
        ({"颜色": "红"}, "SETTING_UNKNOWN"),
        ({"时限": "3日"}, "FILE_LAYOUT"),
        ({"时限": {"签到": "3日"}}, "SETTING_UNKNOWN"),
        ({"时限": {"办理": "及时"}}, "LIMIT_FORM"),
        ({"时限": {"办理": "0日"}}, "LIMIT_FORM"),
        ({"紧急": "尽快"}, "LIMIT_FORM"),
        ({"执法人员": "二"}, "SETTING_VALUE"),
        ({"执法人员": "99"}, "SETTING_VALUE"),
        ({"执法人员": "9" * 5000}, "SETTING_VALUE"),
        ({"裁定机关": ""}, "SETTING_VALUE"),
        ({"裁定机关": "长" * 200}, "SETTING_VALUE"),
        ({"交接材料": "照片"}, "SETTING_VALUE"),
        ({"交接材料": ["照片", "照片"]}, "SETTING_VALUE"),
        ({"回告要素": []}, "SETTING_VALUE"),
        ({"回告要素": [None]}, "SETTING_VALUE"),
        ({"当日截止": "25:00"}, "SETTING_VALUE"),
        ({"提前提醒小时": ["0"]}, "SETTING_VALUE"),
        ({"提前提醒小时": "4"}, "SETTING_VALUE"),
        ({"超期升级": ["第一责任人"]}, "SETTING_VALUE"),
    ],
)
def test_what_cannot_be_settled_is_said_at_its_place(written, code):
    """One finding with its key; nothing of the file is stored."""
    read, findings = read_settings(written, PAPER)
    assert read is None
    assert [f.code for f in findings] == [code]
