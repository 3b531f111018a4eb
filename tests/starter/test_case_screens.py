"""``jiegai case`` on the screen and on paper: lists, the story with every clock, papers, settings."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.case import NOT_ADMITTED, CaseLine, CaseListPage, CasePage, ClockLine, SettingsAnswer
from contracts.desk import LogLine
from contracts.procedure import Progress, StepProgress
from domain.case_limits import NO_LIMIT_DAY
from starter.case_docx import write_paper
from starter.case_find import chosen_case
from starter.case_list import attempt_in_lines, counted, held_up_by, listed, tried_by_unit
from starter.case_settings import laid_out as settings_laid_out
from starter.case_settings import read_file
from starter.case_story import Story, laid_out
from starter.errors import UserError
from starter.table import display_width
from tests.cases import CULTURE, STREET

FOUND = datetime(2026, 2, 15, 15, 50, tzinfo=UTC)
"""23:50 on 2026-02-15 in Shanghai (section 7)."""
T1 = datetime(2026, 2, 15, 16, tzinfo=UTC)
T2 = datetime(2026, 2, 25, 16, tzinfo=UTC)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Colours are the terminal's; widths are counted without them."""
    monkeypatch.setenv("NO_COLOR", "1")


def clocks(signed: datetime | None = None, late_by: str = "") -> tuple[ClockLine, ...]:
    """T1 stopped by the report, T2 delivered in time."""
    return (
        ClockLine(
            name="当天报告",
            basis="4-11",
            started_at=FOUND,
            due_at=T1,
            due_date=date(2026, 2, 15),
            rule="触发日2026年2月15日（星期日）当日办结，不论是否休息日。",
            stopped_at=FOUND + timedelta(minutes=5),
            by="送达",
        ),
        ClockLine(
            name="正式交接",
            basis="4-12",
            started_at=FOUND,
            due_at=T2,
            due_date=date(2026, 2, 25),
            rule="触发日不计，次日起算第3个工作日为2026年2月25日。",
            stopped_at=signed,
            by="签收" if signed else "",
            delivered_at=FOUND + timedelta(hours=12),
            late_by=late_by,
        ),
    )


def line(**more: Any) -> CaseLine:
    """A street's case that waits for the department's signature."""
    page = CasePage(
        number="一街道-20260215-7F3A",
        kind="上报",
        title="无证经营旅行社业务",
        street=STREET,
        sender=STREET,
        receiver=CULTURE,
        trigger_at=FOUND,
        source="巡查发现",
        urgency="紧急",
        opened_by="一街道经办甲",
        action_id="动作1",
        status="办理中",
        list_name="文化旅游属地管理清单",
        list_version=2,
        item="7",
        item_name="无证经营",
        clocks=clocks(),
        opened_at=FOUND + timedelta(minutes=5),
    )
    page = replace(page, **{k: v for k, v in more.items() if hasattr(page, k)})
    known = {
        "workflow_id": f"案例/案件/{page.number}",
        "rollout": "案例",
        "district": "甲区",
        "light": "绿",
        "open_steps": ("签收",),
        "waiting": (f"签收：{CULTURE}",),
        "next_due_at": T2,
        "opened_at": page.opened_at,
    }
    known |= {k: v for k, v in more.items() if not hasattr(page, k)}
    return CaseLine(page=page, **known)


def entry(seq: int, kind: str, step: str, verb: str = "", **more: Any) -> LogLine:
    """A line of the log."""
    known = {
        "workflow_id": "案例/案件/一街道-20260215-7F3A",
        "at": FOUND + timedelta(minutes=seq),
        "person": "一街道经办甲",
        "unit": STREET,
        "code": "",
        "sentence": f"一街道经办甲：{step}{verb}。",
        "confirmed": True,
    }
    return LogLine(seq=seq, kind=kind, step=step, verb=verb, **(known | more))


SLIP = {"name": "交接单", "doc_no": "一街交〔2026〕1号"}
PHOTO = {"name": "照片", "sha256": "ab" * 32, "size": 3, "filename": "a.jpg", "kept": "入库"}


def story(**more: Any) -> Story:
    """From the report to the handover; the receiver has not signed."""
    log = (
        entry(1, "开启", "报告"),
        entry(
            2,
            "办理",
            "报告",
            "提交",
            detail={
                "note": "门店无证招揽游客。",
                "facts": {"来源": "巡查发现", "地点": "人民路1号", "案由": "无证经营"},
                "evidence": [PHOTO],
            },
        ),
        entry(
            3, "办理", "交接", "提交", detail={"facts": {"执法人员": "甲、乙"}, "evidence": [SLIP]}
        ),
        entry(4, "拒绝", "签收", "接收", code="NOT_YOUR_UNIT", sentence="不能代其签收。"),
    )
    steps = tuple(
        StepProgress(
            step=step,
            visit=1,
            units=(unit,),
            light="绿",
            due_at=T2,
            due_date=due,
            original_due_date=due,
            provisional=False,
            opened_at=FOUND,
            closed_at=FOUND if done else None,
            outcome="提交" if done else "",
            answered_by={unit: "一街道经办甲"} if done else {},
        )
        for step, unit, due, done in (
            ("报告", STREET, date(2026, 2, 15), True),
            ("签收", CULTURE, date(2026, 2, 25), False),
            ("办理", CULTURE, NO_LIMIT_DAY, False),
        )
    )
    progress = Progress(
        unit=STREET, task="x", status="办理中", steps=steps, seq=4, calendar_version=1
    )
    known = {"line": line(), "log": log, "progress": progress}
    return Story(**(known | more))


@pytest.mark.parametrize("width", [80, 120])
def test_the_story_fits_the_screen_and_shows_every_clock(width):
    """Delivered in time and not signed: the delay is the receiver's, and both are on the page."""
    shown = list(laid_out(story(), T2 + timedelta(minutes=1), width, rules=True))

    assert max(display_width(text) for text in shown) <= width
    page = "\n".join(shown)
    for word in ("当天报告", "4-11", "正式交接", "4-12", "2026-02-25 24:00", "人民路1号"):
        assert word in page, word
    assert "文化旅游属地管理清单（第2版）第7项“无证经营”" in page.replace("\n", "").replace(
        " " * 12, ""
    )
    assert "2026-02-16 11:50" in page and "未停" in page
    assert CULTURE in page and "NOT_YOUR_UNIT" in page
    assert "未设时限" in page and "2200" not in page
    assert "次日起算" in page.replace("\n", "").replace(" ", "")


def test_a_case_that_does_not_answer_still_has_its_story():
    """Without steps the log tells it."""
    shown = "\n".join(laid_out(story(progress=None, log=()), FOUND, 120))
    assert "没有应答" in shown and "还没有办理记录" in shown


def test_who_holds_a_clock_up_is_said_at_the_moment_of_asking():
    """The register may have been written before the clock ran out."""
    one = line()
    handover = one.page.clocks[1]
    assert held_up_by(one, handover, T2 - timedelta(seconds=1)) == ""
    assert held_up_by(one, handover, T2) == CULTURE
    assert held_up_by(one, replace(handover, delivered_at=None), T2) == STREET
    assert held_up_by(one, replace(handover, delivered_at=T2), T2) == STREET
    assert held_up_by(one, replace(handover, stopped_at=T2, late_by="甲局"), T2) == "甲局"
    assert held_up_by(one, replace(one.page.clocks[0], stopped_at=None), T2) == STREET
    own = replace(handover, name="第2次签收")
    assert held_up_by(one, own, T2) == CULTURE
    assert held_up_by(one, replace(own, due_at=None), T2) == ""


@pytest.mark.parametrize("width", [80, 120])
def test_a_list_fits_the_screen(width):
    """Number, sides, what it waits for, the due time and who is late; unlimited is no date."""
    lines = [
        line(),
        line(number="一街道-20260215-0002", next_due_at=None, clocks=()),
        line(
            kind="派单",
            sender=CULTURE,
            status="办结",
            light="",
            waiting=(),
            clocks=clocks(T2, STREET),
        ),
    ]
    lines[2] = replace(lines[2], ended_at=T2, next_due_at=None)

    shown = listed(lines, FOUND, width).split("\n")

    assert max(display_width(text) for text in shown) <= width
    page = "\n".join(shown)
    assert "一街道-20260215-7F3A" in page and "未设时限" in page
    assert f"{STREET}→{CULTURE}" in page and f"{CULTURE}→{STREET}" in page
    assert "正式交接" in page
    page = CaseListPage(lines=tuple(lines), total=9, open=2, late=1, breaches=3)
    assert counted(page).startswith("共 9 件（列出 3 件），在办 2，有超期 1；违规尝试 3 次")


@pytest.mark.parametrize("width", [80, 120])
def test_attempts_name_sender_ground_and_no_person(width):
    """Counted by unit; who typed it is nobody's ranking (4-35)."""
    tried = line(
        kind="派单",
        sender=CULTURE,
        status=NOT_ADMITTED,
        code="OFF_LIST",
        breach=True,
        sentence="清单之外无协同：派单须写明现行清单的事项。" * 2,
    )
    shown = attempt_in_lines(tried, width)
    assert max(display_width(text) for text in shown) <= width
    assert "OFF_LIST" in "".join(shown) and f"{CULTURE}→{STREET}" in shown[0]
    assert "一街道经办甲" not in "".join(shown)
    assert tried_by_unit([tried, tried]) == {CULTURE: 2}


def test_the_case_meant_is_the_one_that_runs():
    """An ending may fit several: what is over or was refused comes last; two that run are said."""
    running, over = line(), replace(line(number="二街道-1"), ended_at=T2)
    refused = line(number="三街道-1", status=NOT_ADMITTED)
    assert chosen_case("1", (over, refused, running)) is running
    assert chosen_case("1", (over, refused)) is over
    assert chosen_case("1", (refused,)) is refused
    with pytest.raises(UserError) as several:
        chosen_case("1", (running, line(workflow_id="案例/案件/二街道-1")))
    assert several.value.code == "AMBIGUOUS"
    with pytest.raises(UserError) as none:
        chosen_case("1", ())
    assert none.value.code == "CASE_UNKNOWN"


def test_every_paper_of_a_case_is_written_from_its_story(tmp_path):
    """交接单 with evidence and clocks, 送达回证; what does not exist yet says so; no overwriting."""
    path = tmp_path / "交接单.docx"
    said = write_paper(story(), path, "")
    assert said["paper"] == "交接单" and said["warnings"] == []
    text = words_of(path)
    for word in (
        "一街道-20260215-7F3A",
        "人民路1号",
        "门店无证招揽",
        "一街交〔2026〕1号",
        "甲、乙",
    ):
        assert word in text, word
    with pytest.raises(UserError) as again:
        write_paper(story(), path, "交接单")
    assert again.value.code == "FILE_EXISTS"
    assert write_paper(story(), tmp_path / "2.docx", "送达回证")["paper"] == "送达回证"
    for paper, code in (
        ("回告", "PAPER_NOT_YET"),
        ("函", "PAPER_NOT_YET"),
        ("移送书", "PAPER_NOT_YET"),
        ("拒收说明", "PAPER_NOT_YET"),
        ("红头", "PAPER_UNKNOWN"),
    ):
        with pytest.raises(UserError) as refused:
            write_paper(story(), tmp_path / "3.docx", paper)
        assert refused.value.code == code
    assert not (tmp_path / "3.docx").exists()


def test_letters_go_the_other_way(tmp_path):
    """函, 回告, 拒收说明 and 移送书 name their sides, their numbers and what was said."""
    facts = {"函号": "甲文旅函〔2026〕3号", "送达方式": "线上", "要求": "配合"}
    dispatched = line(kind="派单", sender=CULTURE, receiver=CULTURE)
    opened = entry(1, "办理", "派单", "提交", detail={"facts": facts, "note": "群众投诉占道。"})
    replied = entry(2, "办理", "办理", "回告", detail={"facts": {"办理结果": "已整改"}})
    refused = entry(
        3, "办理", "签收", "拒收", detail={"note": "不在本街", "facts": {"拒收理由": "不属本街道"}}
    )
    own = story(line=dispatched, log=(opened, replied, refused))
    write_paper(own, tmp_path / "函.docx", "")
    assert "甲文旅函〔2026〕3号" in words_of(tmp_path / "函.docx")
    write_paper(own, tmp_path / "回告.docx", "回告", "一街函〔2026〕1号")
    assert "已整改" in words_of(tmp_path / "回告.docx")
    write_paper(own, tmp_path / "拒.docx", "拒收说明", "一街函〔2026〕2号")
    assert "不在本街" in words_of(tmp_path / "拒.docx")
    crime = line(kind="涉罪移送", receiver="甲区公安分局")
    decided = entry(2, "办理", "决定", "通过", person="一街道主要负责人")
    book = {"name": "移送书", "doc_no": "一街移〔2026〕1号"}
    proposed = entry(
        1, "办理", "拟移送", "提交", detail={"note": "涉案五万元。", "evidence": [book]}
    )
    write_paper(story(line=crime, log=(proposed, decided)), tmp_path / "移.docx", "")
    assert "一街道主要负责人" in words_of(tmp_path / "移.docx")


def words_of(path: Path) -> str:
    """The text of a document."""
    with zipfile.ZipFile(path) as package:
        return re.sub(r"<[^>]+>", "", package.read("word/document.xml").decode())


@pytest.mark.parametrize("width", [80, 120])
def test_settings_are_shown_in_words(tmp_path, width):
    """Limits as a table with their basis; what is off is not listed as a date."""
    file = tmp_path / "设置.yaml"
    file.write_text("时限:\n  签收: 2个工作日\n执法人员: 2\n", "utf-8")
    read, document, findings = read_file(file, "甲编〔2026〕9号")
    assert read is not None and findings == () and document.startswith("时限")
    answer = SettingsAnswer(
        settings=read, version=3, paper="甲编〔2026〕9号", person="市协调员", at=FOUND
    )
    shown = settings_laid_out(answer, width)
    page = "\n".join(shown)
    assert max(display_width(text) for one in shown for text in one.split("\n")) <= width
    for word in ("第3版", "签收", "2个工作日", "2名共同交接", "当日", "4-11", "国务院令310号"):
        assert word in page, word
