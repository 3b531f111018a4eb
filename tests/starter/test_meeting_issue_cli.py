"""Issues as people type and read them (3-22)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from activities.plan_shelf import plan_to_json
from contracts.meeting_issue import IssuesPage
from domain.meeting import Meeting, MeetingKind
from domain.meeting_issue import Issue, IssueCounts, IssueState
from starter.meeting_issue import in_lines
from starter.table import display_width
from storage.engine import open_database
from storage.meeting_store import store_meeting
from storage.registers_store import NewPlan, store_plan
from tests.small_plan import small_plan

NAME, DOC = "联席议题", "甲联纪〔2026〕1号"
BY = ("--as", "甲区委编办经办甲")


@pytest.fixture
async def recorded(stack) -> None:
    """A rollout with one 联席会议."""
    plan = small_plan(NAME, date(2026, 1, 2))
    at = datetime.now(UTC)
    new = NewPlan(
        plan=plan,
        content_hash=NAME,
        document=plan_to_json(plan),
        procedures=1,
        at=at,
        person="测",
    )
    held = Meeting(
        rollout=NAME,
        doc_no=DOC,
        kind=MeetingKind.JOINT,
        held_on=date(2026, 3, 2),
        organ="甲区委编办",
    )
    database = open_database(stack.database_url, pool_size=1)
    async with database.transaction() as connection:
        await store_plan(connection, new)
        await store_meeting(connection, held, "测", at)
    await database.close()


async def test_an_issue_goes_from_the_meeting_to_its_closure(recorded, jiegai) -> None:
    """Entered once, closed with how, listed with the counts; half an order is refused."""
    issue = ("meeting", "issue", NAME, DOC, *BY)
    new = ("--text", "岗位设置", "--decision", "按12岗核定", "--owner", "甲区委编办")
    said = jiegai(*issue, *new).stdout
    assert said.startswith(
        "第1号议题“岗位设置”，责任单位甲区委编办。\n解决以后：jiegai meeting issue"
    )
    assert "此前已登记" in jiegai(*issue, *new).stdout
    listed = ("meeting", "issues", NAME)
    assert jiegai(*listed).stdout.startswith("联席会议1次，协调具体问题1个，已解决0个。")
    closed = jiegai(*issue, "--number", "1", "--close", "已核定", "--on", "2026-03-09").stdout
    assert closed == "第1号议题“岗位设置”，2026-03-09已解决：已核定。\n"
    assert "岗位设置" in jiegai(*listed).stdout and "岗位" not in jiegai(*listed, "--open").stdout
    assert json.loads(jiegai(*listed, "--json").stdout)["counts"]["联席会议"]["closed"] == 1
    for words in ((), ("--number", "1"), new[:4], (*new, "--close", "x"), ("--close", "x")):
        assert jiegai(*issue, *words, code=2).stderr.startswith("错误["), words
    no = jiegai("meeting", "issue", NAME, "没有", *BY, *new, code=3).stderr
    assert no.startswith("错误[NOT_FOUND]")


@pytest.mark.parametrize("columns", [80, 120])
def test_issues_fit_the_screen(columns: int) -> None:
    """Whose, until when, how it closed; what is late says so; closed ones may be left out."""
    late = Issue(
        doc_no=DOC,
        text="下放人员绩效管理" * 9,
        decision="由街道考核",
        owner="一街道",
        due=date(2026, 3, 9),
        number=1,
        kind="联席会议",
        held_on=date(2026, 3, 2),
    )
    closed = Issue(
        doc_no=DOC,
        text="岗位设置",
        decision="核定12岗",
        owner="甲区委编办",
        number=2,
        kind="联席会议",
        held_on=date(2026, 3, 2),
        state=IssueState.CLOSED,
        on=date(2026, 3, 5),
        note="已核定",
    )
    counts = {
        "培训会": IssueCounts(meetings=1),
        "联席会议": IssueCounts(meetings=6, issues=11, closed=1),
    }
    page = IssuesPage(lines=(late, closed), counts=counts)
    lines = list(in_lines(page, date(2026, 3, 10), columns))
    assert lines[0] == "联席会议6次，协调具体问题11个，已解决1个。"
    assert "     一街道（2026-03-09前办），已超期" in lines
    assert "     甲区委编办；2026-03-05已解决：已核定" in lines
    assert all(display_width(line) <= columns for line in lines)
    assert "岗位设置" not in "".join(in_lines(page, date(2026, 3, 10), columns, only_open=True))
