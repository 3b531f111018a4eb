"""Inbox, board and log as printed: within the width, items whole, lights in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import click
import pytest

from contracts.desk import BoardLine, BoardPage, InboxLine, InboxPage, LogLine, NoticeLine
from contracts.procedure import ActionReply
from starter.actions import opened_in_words
from starter.audit_hint import problems_of
from starter.board import cell, closed, count, grouped, header, laid_out, listed, matrix
from starter.inbox import due_in_words, hint, live
from starter.inbox import laid_out as inbox_lines
from starter.lights import days_in_words, paint
from starter.log import laid_out as log_lines
from starter.table import display_width
from starter.web import general, particular, schedules, url

TODAY = date(2019, 12, 18)
NOON = datetime(2019, 12, 18, 4, tzinfo=UTC)
ITEM = "乌海2019/海勃湾区/滨河街道/三定#初审"


def _line(**changes):
    fields = {
        "item": ITEM,
        "rollout": "乌海2019",
        "unit": "海勃湾区委编办",
        "subject_unit": "滨河街道",
        "task": "制定三定",
        "step": "初审",
        "purpose": "办理",
        "light": "绿",
        "due_at": datetime(2019, 12, 20, 16, tzinfo=UTC),
        "due_date": date(2019, 12, 20),
        "original_due_date": date(2019, 12, 20),
        "provisional": False,
        "overdue_days": 0,
        "verbs": ("通过", "退回", "签收", "转办"),
    }
    return InboxLine(**{**fields, **changes})


def _board(unit="滨河街道", item="三定", **changes):
    fields = {
        "workflow_id": f"乌海2019/海勃湾区/{unit}/{item}",
        "district": "海勃湾区",
        "unit": unit,
        "row_id": "M3-1",
        "item": item,
        "task": item,
        "status": "办理中",
        "light": "绿",
        "open_steps": ("初审",),
        "responsible": ("海勃湾区委编办",),
        "due_date": date(2019, 12, 20),
        "days_left": 2,
        "next_due_at": None,
        "provisional": False,
        "steps_done": 1,
        "steps_total": 9,
    }
    return BoardLine(**{**fields, **changes})


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_an_item_is_whole_at_any_width(width):
    """What is pasted into jiegai act was never shortened, and no line is too long."""
    lines = (_line(), _line(unit="海勃湾区人力资源和社会保障事业发展中心", provisional=True))

    printed = [click.unstyle(text) for text in inbox_lines(lines, TODAY, width)]

    assert sum(ITEM in text for text in printed) == 2
    assert width >= max(display_width(text) for text in printed)


def test_a_due_date_says_how_far_it_is():
    """Provisional dates and original dates are marked."""
    assert due_in_words(_line(), TODAY) == "12-20 还剩2天"
    assert due_in_words(_line(), date(2019, 12, 20)) == "12-20 今天到期"
    assert due_in_words(_line(), date(2020, 1, 1)) == "2019-12-20 超期12天"
    moved = _line(provisional=True, original_due_date=date(2019, 12, 16))
    assert due_in_words(moved, TODAY) == "12-20 还剩2天 暂定（原12-16）"
    assert days_in_words(date(2019, 12, 17), TODAY) == "超期1天"


def test_the_hint_is_the_command_to_type():
    """The hint names verb and needed documents."""
    expected = f"办理：jiegai act {ITEM} 通过 --as 姓名 --evidence 纪要=文号或文件"
    assert expected == hint(_line(documents=("纪要",)))


def test_an_item_says_as_what_somebody_has_it():
    """代录 asks for the paper with its file, and for the day on which the organ decided."""
    recorded = _line(capacity="代录", documents=("纪要",))
    assert "【代录】通过" in click.unstyle(inbox_lines((recorded,), TODAY, 80)[1])
    assert hint(recorded).endswith("--evidence 纪要=文号@文件 --on 发生日期")
    assert hint(_line(capacity="代录")).endswith("--evidence 纪要=文号@文件 --on 发生日期")
    assert "【代办张三】" in click.unstyle(inbox_lines((_line(capacity="代办张三"),), TODAY, 80)[1])


def test_a_reminder_of_what_is_done_is_not_shown():
    """Only what may still matter is printed; a page that is not whole shows all."""
    page = InboxPage(
        lines=(_line(),),
        total=1,
        notices=tuple(
            NoticeLine(at=NOON, unit="甲", to="经办人", level=level, item=item, text="")
            for level, item in (("到期", ITEM), ("到期", "乙#起草"), ("修订", "乙#起草"))
        ),
    )
    assert [("到期", ITEM), ("修订", "乙#起草")] == [(n.level, n.item) for n in live(page)]
    assert len(live(replace(page, total=2))) == 3


def test_a_board_cell_is_light_step_and_days():
    """Open work shows light, step and days; ended and waiting work shows its status."""
    assert cell(_board()) == "绿初审剩2"
    assert cell(_board(light="红", open_steps=("复审", "三方沟通"), days_left=-3)) == "红复审+1超3"
    assert cell(_board(light="黄", open_steps=("报送",), days_left=0)) == "黄报送今天"
    assert cell(_board(status="办结")) == "办结"
    waiting = _board(status="未开始", due_date=date(2019, 12, 4))
    assert cell(waiting) == "未12-04"
    assert count([_board(), _board(item="挂牌", status="办结")]) == {"绿": 1, "办结": 1}


def test_units_without_a_common_task_stand_apart():
    """A 区 and its 街道 share no 事项: two narrow tables instead of one wide one."""
    lines = [_board("海勃湾区", "方案"), _board("滨河街道", "三定"), _board("林荫街道", "三定")]

    assert [["海勃湾区"], ["滨河街道", "林荫街道"]] == [
        [line.unit for line in group] for group in grouped(lines)
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_a_matrix_continues_below_where_it_is_too_wide(width):
    """Every procedure has its cell, whatever the width; units without any are left out of a band."""
    lines = [
        _board(unit, f"第{n}项改革任务") for unit in ("滨河街道", "千里山镇") for n in range(9)
    ]
    lines.append(_board("海勃湾区", "机构改革方案", open_steps=("省市审核",)))

    printed = [click.unstyle(text) for text in matrix(lines, width)]

    assert width >= max(display_width(text) for text in printed)
    assert "".join(printed).count("绿初审剩2") == 18
    assert "".join(printed).count("绿省市审核剩2") == 1
    assert sum(text.startswith("海勃湾区 ") for text in printed) == 1
    assert [text.rstrip() for text in printed] == printed, "no blanks at the end of a line"


def test_the_header_counts_and_looks_at_the_final_date():
    """Counts by light and status, and the days to the last due date."""
    page = BoardPage(
        rollout="乌海2019",
        title="街道改革",
        as_of=datetime(2019, 12, 18, 4, tzinfo=UTC),
        lines=(_board(), _board(item="挂牌", status="未开始", due_date=date(2019, 12, 31))),
    )

    first, second = header(page)

    assert first == "乌海2019 街道改革（截至 2019-12-18 12:00）"
    assert second.startswith("共 2 项：")
    assert second.endswith("办结 0  未开始 1  最后时限 2019-12-31（还剩13天）")
    day_end = datetime(2019, 12, 20, 15, 59, 59, 999999, tzinfo=UTC)
    assert "截至 2019-12-20 24:00）" in header(replace(page, as_of=day_end))[0]


def test_what_a_stopped_rollout_never_began_is_not_waiting():
    """After 终止 nothing is 未开始 any more, and no days are left to a final date."""
    waiting = _board(status="未开始", due_date=date(2019, 12, 31))
    page = BoardPage(rollout="乌海2019", title="街道改革", as_of=NOON, lines=(waiting,))

    assert closed(page) == page
    stopped = closed(replace(page, ending="已结束"))

    assert cell(stopped.lines[0]) == "未办"
    assert header(stopped)[0] == "乌海2019 街道改革（已结束，截至 2019-12-18 12:00）"
    assert header(stopped)[1].endswith("办结 0  未办 1")


def test_colour_can_be_switched_off(monkeypatch):
    """NO_COLOR is honoured; a light that is no light is never coloured."""
    assert "\x1b" in paint("红", "红")
    assert paint("办结", "办结") == "办结"
    monkeypatch.setenv("NO_COLOR", "1")
    assert paint("红", "红") == "红"


def test_a_log_line_says_who_was_refused_and_what_is_not_yet_sure():
    """Refusals carry person, verb and code; an unconfirmed line is marked; nothing is cut."""
    line = LogLine(
        workflow_id="w",
        seq=3,
        at=datetime(2019, 12, 18, 4, tzinfo=UTC),
        kind="拒绝",
        step="初审",
        person="甲",
        unit="滨河街道",
        verb="通过",
        code="NOT_YOUR_UNIT",
        sentence="环节“初审”由海勃湾区委编办办理，甲（滨河街道）不能代其办理。" * 3,
        confirmed=False,
    )

    printed = log_lines(line, 80)

    assert "   3  2019-12-18 12:00  拒绝  滨河街道甲“通过”[NOT_YOUR_UNIT] " in printed[0] + " "
    assert "".join(text.strip() for text in printed).endswith("（待确认）")
    assert max(display_width(text) for text in printed) <= 80


def test_a_log_line_says_on_what_papers_somebody_acted():
    """An action's line names its evidence: by 文号, by file where it has none."""
    line = LogLine(
        workflow_id="乌海2019/海勃湾区/滨河街道/三定",
        seq=4,
        at=NOON,
        kind="办理",
        step="审议",
        person="甲",
        unit="海勃湾区委编委",
        verb="通过",
        code="",
        sentence="海勃湾区委编委（甲代录）：审议通过。",
        confirmed=True,
        detail={
            "evidence": [
                {"name": "纪要", "doc_no": "海编委纪〔2019〕1号", "filename": "纪要.pdf"},
                {"name": "照片", "filename": "会场.jpg"},
            ]
        },
    )
    assert "".join(text.strip() for text in log_lines(line, 200)).endswith(
        "审议通过。（凭纪要 海编委纪〔2019〕1号、照片 会场.jpg）"
    )


def test_saved_queries_are_quoted_into_links():
    """A link carries its query whole; a rollout's links name its districts and busiest units."""
    now = datetime(2019, 12, 18, 4, tzinfo=UTC)
    queries = general("乌海2019", now)
    assert queries["三天内到期"].endswith('`NextDue` < "2019-12-21T04:00:00Z"')
    assert all(query.startswith('`Rollout`="乌海2019" AND ') for query in queries.values())
    assert queries["督查"] == '`Rollout`="乌海2019" AND `WorkflowType`="Audit"'
    assert schedules("http://ui", "jiegai") == "http://ui/namespaces/jiegai/schedules"
    own = particular("乌海2019", [_board(), _board(item="挂牌", status="办结", ended_at=now)])
    assert list(own) == ["海勃湾区", "待海勃湾区委编办办理"]
    expected = "http://ui/namespaces/jiegai/workflows?query=Light%3D%22%E7%BA%A2%22"
    assert expected == url("http://ui", "jiegai", 'Light="红"')


def test_a_step_of_an_audit_says_where_its_problems_are_read():
    """2-24, 2-25: 检查, 问题汇总, 整改 and 复核, each audit once; a report, a 三定 has no such line."""
    audit = "乌海2019/督查/季度 督查/2026年第4季度"
    items = [f"{audit}#{step}" for step in ("检查", "问题汇总", "整改", "整改#2", "复核", "报告")]
    said = ["督查的问题：jiegai audit show 乌海2019 '季度 督查' 2026年第4季度"]
    assert [problems_of([item]) for item in items] == [said] * 5 + [[]]
    assert problems_of([ITEM, *items]) == said
    many = problems_of(f"乌海2019/督查/安排{n}/2026年#整改" for n in range(5))
    assert (len(many), many[-1]) == (4, "……另有 2 项督查，照此查看。")
    opened = ActionReply(accepted=True, sentence="", opened=("整改",))
    assert opened_in_words(audit, opened) == "\n".join((f"下一环节：{audit}#整改", *said))


def test_the_list_keeps_its_dates_and_units_on_a_narrow_terminal():
    """Two lines each where a table would cut the due date and the unit that must act."""
    line = _board(open_steps=("印发",), responsible=("海勃湾区党委办", "海勃湾区政府办"))
    narrow = listed([line], 80)
    assert max(display_width(text) for text in narrow.splitlines()) <= 80
    assert "印发 待海勃湾区党委办、海勃湾区政府办" in narrow
    assert str(line.due_date) in narrow
    assert ".." not in narrow
    assert len(listed([line], 120).splitlines()) == 3


@pytest.mark.parametrize("width", [80, 120])
def test_a_unit_with_tasks_of_its_own_takes_a_line(width):
    """No table is drawn for one unit: its tasks stand in a line, continued where it is full."""
    own = [_board("海勃湾区", f"第{n}项配套改革任务") for n in range(6)]
    shared = [_board(unit, "三定") for unit in ("滨河街道", "林荫街道")]

    printed = [click.unstyle(text) for text in laid_out(grouped([*own, *shared]), width)]

    assert width >= max(display_width(text) for text in printed)
    assert 1 == sum(text.startswith("海勃湾区") for text in printed)
    assert 8 == "".join(printed).count("绿初审剩2")
    assert 1 == sum(text.startswith("单位") for text in printed)
