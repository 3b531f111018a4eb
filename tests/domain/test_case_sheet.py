"""What is written to open a case: moments, telephone calls, sides, words; acts against the routes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.action import Evidence
from domain.case import CaseKind, Channel, Share, Source, Urgency
from domain.case_acts import CASE_ACTS
from domain.case_routes import CASE_ROUTES
from domain.case_sheet import RawCase, made_number, read_call, read_case, read_moment
from domain.procedure import CLOSING

NOW = datetime(2026, 2, 15, 16, 5, tzinfo=UTC)
"""00:05 of 2026-02-16 in Shanghai."""
LATE_EVENING = datetime(2026, 2, 15, 15, 50, tzinfo=UTC)
"""23:50 of 2026-02-15 in Shanghai, of section 7."""

RAW = RawCase(
    action_id="动作1",
    street="一街道",
    title="无证经营",
    found="2026-02-15 23:50",
    person="一街道经办甲",
    suffix="7F3A",
)


@pytest.mark.parametrize(
    "text, found",
    [
        ("2026-02-15 23:50", LATE_EVENING),
        ("2026年2月15日 23:50", LATE_EVENING),
        ("2026/2/15 23：50", LATE_EVENING),
        ("2026-02-15T23:50", LATE_EVENING),
        ("2026-02-15 23:50:30", LATE_EVENING),
        ("2026年2月15日23时50分", LATE_EVENING),
        ("00:02", datetime(2026, 2, 15, 16, 2, tzinfo=UTC)),
        ("", NOW),
    ],
)
def test_a_moment_is_read_in_shanghai(text, found):
    """A bare hour is of today there, which may be yesterday in UTC."""
    assert read_moment(text, NOW) == found


@pytest.mark.parametrize(
    "text, word",
    [
        ("2026-02-15", "几点几分"),
        ("2026-02-30 10:00", "没有“2026-02-30 10:00”这个时间"),
        ("25:00", "没有“25:00”这个时间"),
        ("昨晚", "不是时间"),
        ("nan", "不是时间"),
        ("46068.99", "不是时间"),
    ],
)
def test_what_is_no_moment_says_why(text, word):
    """当天报告 ends at midnight: a day without its hour is not guessed at."""
    said = read_moment(text, NOW)
    assert isinstance(said, str) and word in said


def test_a_call_is_the_first_of_its_hour_after_the_finding():
    """17:40 means today's; an hour before the finding is the next day's; a date stays a date."""
    call = read_call("23:55 王某", LATE_EVENING)
    assert not isinstance(call, str)
    assert (call.at, call.taken_by) == (datetime(2026, 2, 15, 15, 55, tzinfo=UTC), "王某")
    next_day = read_call("08:00 王某", LATE_EVENING)
    assert not isinstance(next_day, str)
    assert next_day.at == datetime(2026, 2, 16, 0, 0, tzinfo=UTC)
    dated = read_call("2026-02-15 23:51 王某", LATE_EVENING)
    assert not isinstance(dated, str)
    assert dated.at == datetime(2026, 2, 15, 15, 51, tzinfo=UTC)
    seconds_later = read_call("23:50 王某", LATE_EVENING.replace(second=40))
    assert not isinstance(seconds_later, str)
    assert seconds_later.at == LATE_EVENING.replace(second=40)
    for wrong in ("王某", "17:40", "晚上 王某"):
        assert isinstance(read_call(wrong, LATE_EVENING), str)


def test_a_case_is_read_as_it_was_written():
    """Every word finds its place; a number is made of street, day in Shanghai and suffix."""
    evidence = (Evidence(name="照片", doc_no="1号"),)
    raw = replace(
        RAW,
        department="甲区文旅局",
        item="7",
        source="收到举报",
        urgency="紧急",
        officers="张三、李四",
        call="23:55 王某",
        stage="交接",
        evidence=evidence,
    )

    opening, faults = read_case(raw, NOW)

    assert faults == () and opening is not None
    assert opening.number == "一街道-20260215-7F3A" == made_number("一街道", LATE_EVENING, "7F3A")
    assert (opening.kind, opening.sender, opening.receivers) == (
        CaseKind.REPORT,
        "一街道",
        ("甲区文旅局",),
    )
    assert (opening.source, opening.urgency) == (Source.TIP, Urgency.URGENT)
    assert (opening.officers, opening.evidence) == (("张三", "李四"), evidence)
    assert opening.phone is not None and opening.reported and opening.handed_over


def test_a_department_dispatches_and_a_street_does_the_rest():
    """Of a dispatch the named department is the sender, of a whistle those named are called."""
    dispatch, _ = read_case(
        replace(RAW, kind="派单", department="甲区文旅局", channel="线下", share="配合"), NOW
    )
    assert dispatch is not None
    assert (dispatch.sender, dispatch.street, dispatch.receivers) == ("甲区文旅局", "一街道", ())
    assert (dispatch.channel, dispatch.share) == (Channel.OFFLINE, Share.SUPPORT)
    whistle, _ = read_case(replace(RAW, kind="吹哨", department="甲局、乙局"), NOW)
    assert whistle is not None and whistle.receivers == ("甲局", "乙局")
    crime, _ = read_case(replace(RAW, sender="甲局"), NOW, CaseKind.CRIME)
    assert crime is not None and crime.sender == "甲局"
    registered, _ = read_case(replace(RAW, stage="登记"), NOW)
    assert registered is not None and not registered.reported


def test_every_fault_of_a_case_is_said_at_once():
    """Each with its column; nothing is opened of it."""
    raw = RawCase(
        action_id="动作1",
        kind="派发",
        found="昨晚",
        source="听说",
        urgency="很急",
        call="王某",
        channel="电话",
        share="全包",
        stage="办结",
    )

    opening, faults = read_case(raw, NOW)

    assert opening is None
    assert {f.column for f in faults} == {
        "类别",
        "发现或收到时间",
        "来源",
        "紧急程度",
        "电话报告",
        "送达方式",
        "要求",
        "本次办到",
        "街道",
        "案由",
        "办理人",
    }
    _, sides = read_case(replace(RAW, kind="派单"), NOW)
    assert [f.code for f in sides] == ["CASE_SIDE"]
    _, called = read_case(replace(RAW, kind="吹哨"), NOW)
    assert [f.code for f in called] == ["CASE_SIDE"]


def test_an_act_stands_at_steps_that_take_its_verb():
    """Every closing act is offered by the routes at every step that it names."""
    offered = {
        (shape.name, verb)
        for route in CASE_ROUTES.values()
        for shape in route
        for verb in shape.verbs
    }
    for name, act in CASE_ACTS.items():
        if act.verb in CLOSING:
            assert {(step, act.verb) for step in act.steps} <= offered, name


def test_the_open_step_is_meant():
    """签收 is 接收移交 where that is open; the first where none is."""
    sign = CASE_ACTS["签收"]
    assert sign.step_among(("接收移交",)) == "接收移交"
    assert sign.step_among(("办理",)) == "签收"
