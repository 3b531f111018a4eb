"""Execution of lists and complaints as they are printed and written; bad input before sending."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from openpyxl import load_workbook

from contracts.complaint import ComplaintLine
from domain.case_complaint import Complaint, Finding, Pressed, Reply
from domain.duty_execution import Beside, Timing, of_departments, of_items, of_streets
from starter.case_complain import complaint_in_lines, counted_by_year
from starter.duty_execution import Assessment, assessment_in_words, in_json, only
from starter.duty_execution_xlsx import assessment_book
from starter.errors import UserError
from starter.main import run
from starter.parameters import SHANGHAI
from starter.sheet_style import save
from starter.table import display_width
from tests.cases import CULTURE, STREET
from tests.domain.test_duty_execution import mark
from tests.starter.test_case_cli import HANDLER, OFFICER, district

__all__ = ["district"]

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
STREETS = ("一街道", "二街道")


@pytest.fixture
def found() -> Assessment:
    """A year of three cases, an attempt and a complaint."""
    sent = {"reported": Timing.NONE, "handed": Timing.NONE, "list_name": "", "item": ""}
    marks = (
        mark("一街道-20260213-0001"),
        mark("一街道-20260213-0002", handed=Timing.LATE, handed_late_by=("文旅局",), is_open=True),
        mark("派-1", kind="派单", departments=("城管局",), refusals=1, upheld=True, **sent),
    )
    beside = Beside(coverage={"一街道": (24, 25)}, attempts={"城管局": 1}, complaints={"城管局": 1})
    return Assessment(
        rollout="改革",
        since=date(2026, 1, 1),
        until=date(2026, 12, 31),
        as_of=NOW,
        streets=of_streets(marks, STREETS, beside),
        departments=of_departments(marks, ("文旅局", "城管局"), beside, STREETS),
        items=of_items(marks),
        marks=marks,
        pressed=(Pressed(year=2026, department="城管局", attempts=1, reported=1),),
    )


@pytest.mark.parametrize("width", [80, 120])
def test_a_screen_has_every_unit_and_the_way_to_the_cases(found, width):
    """Nothing is cut off at 80 columns; a street without cases is there; the filter is given."""
    said = assessment_in_words(found, width)

    lines = "\n".join(said).split("\n")
    assert max(map(display_width, lines[:-1])) <= width
    assert not any(".." in line for line in lines)
    assert any("一街道" in line and "24/25" in line for line in lines)
    assert any(line.startswith("二街道") for line in lines)
    assert "1/0/1" in "\n".join(lines), "in time, the street's delay, the receiver's delay"
    assert lines[-1].endswith("--unit 一街道 --since 2026-01-01 --until 2026-12-31")


def test_one_unit_lists_the_cases_of_each_number(found):
    """By their numbers; a unit with nothing is an error, not an empty page."""
    said = "\n".join(assessment_in_words(only(found, "文旅局"), 120, listed=True))

    assert "交接本单位超期 1：一街道-20260213-0002" in said
    assert "城管局" not in said and "派-1" not in said
    with pytest.raises(UserError, match="没有“无此局”的数字"):
        only(found, "无此局")


def test_json_and_workbook_lead_from_each_number_to_its_cases(found, tmp_path):
    """Counts equal the cases named; the workbook's numbers are numbers."""
    told = in_json(found)
    save(assessment_book(found), tmp_path / "落实.xlsx")
    book = load_workbook(tmp_path / "落实.xlsx")

    for unit in (*told["streets"], *told["departments"]):
        assert unit["counts"] == {name: len(cases) for name, cases in unit["cases"].items()}
    assert book.sheetnames == ["街道", "部门", "事项", "案件", "说明"]
    heads, first, _ = book["街道"].iter_rows(values_only=True)
    assert dict(zip(heads, first, strict=True))["上报"] == 2
    assert [row[0].value for row in book["案件"].iter_rows(min_row=2)] == [
        one.number for one in found.marks
    ]
    assert book["案件"].auto_filter.ref == "A1:P4"


@pytest.mark.parametrize("width", [80, 120])
def test_a_complaint_shows_what_was_handed_down_and_what_was_answered(width):
    """Without an answer it says how to give one; wrapped, not cut."""
    stated = Complaint(
        street="一街道",
        about="甲区文旅局",
        happened_on=date(2026, 3, 2),
        content="电话要求街道查处无证经营并每日报送台账" * 3,
        item="7",
        list_name="属地管理清单",
        paper="甲文旅函〔2026〕3号",
    )
    line = ComplaintLine(
        number=3, rollout="改革", complaint=stated, person="甲", at=NOW, item_name="无证经营"
    )
    reply = Reply(note="已责成收回", paper="编办函1号", finding=Finding.TRUE)
    answered = ComplaintLine(**(vars(line) | {"reply": reply, "replied_by": "区协调员"}))

    waiting, done = (complaint_in_lines(one, width) for one in (line, answered))

    assert max(map(display_width, (*waiting, *done))) <= width
    assert waiting[0].startswith("2026-03-02        一街道 反映 甲区文旅局")
    assert "--answer 3" in "".join(waiting)
    assert done[-1].endswith("[属实] 已责成收回（编办函1号，区协调员）")
    table = counted_by_year((Pressed(year=2026, department="文旅局", reported=3),), width)
    assert table.split("\n")[-1].split() == ["2026", "文旅局", "0", "3", "0", "0"]


COMPLAIN = ("case", "complain", "--street", "一街道", "--about", "文旅局", "--as", "甲")


@pytest.mark.parametrize(
    "argv, code",
    [
        (COMPLAIN, "COMPLAINT_EMPTY"),
        ((*COMPLAIN[:4], "--text", "来文", "--as", "甲"), "COMPLAINT_SIDE"),
        ((*COMPLAIN, "--text", "来文", "--on", "2190-01-01"), "COMPLAINT_FUTURE"),
        ((*COMPLAIN, "--text", "长" * 2001), "NOTE_TOO_LONG"),
        ((*COMPLAIN, "--text", "来文", "--note", "好"), "USAGE"),
        ((*COMPLAIN[:-2], "--text", "来文"), "USAGE"),
        (("case", "complain", "--answer", "1", "--as", "甲"), "COMPLAINT_REPLY"),
        (("case", "complain", "--answer", "1", "--text", "x", "--as", "甲"), "USAGE"),
        (("case", "complain", "--answer", "0", "--as", "甲"), "USAGE"),
        (("case", "breaches", "--year", "2026", "--since", "2026-01-01"), "USAGE"),
        (("duty", "execution", "--year", "2026", "--until", "2026-01-01"), "USAGE"),
        (("duty", "execution", "--xlsx", "落实.csv"), "FILE_FORMAT"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(argv, code, capsys):
    """Refused on this side of the wire."""
    assert run(list(argv)) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] "), said.err
    assert said.err.count("\n") == 1 and said.out == ""


async def test_what_was_handed_down_outside_is_reported_answered_and_counted(jiegai, district):
    """A refused dispatch and a complaint stand in one list; the year's numbers need no --as (4-39)."""
    own = ("--rollout", district)
    said = ("case", "complain", "--street", STREET, "--about", CULTURE, *own, "--as", HANDLER)
    sent = ("case", "dispatch", "--from", CULTURE, "--street", STREET, "--title", "投诉", *own)
    reported = ("case", "report", "--street", STREET, "--item", "1", "--title", "无证经营", *own)

    first = jiegai(*said, "--text", "电话要求街道查处").stdout
    again = jiegai(*said, "--text", "电话要求街道查处").stdout
    jiegai(*sent, "--channel", "线上", "--letter", "3号", "--as", OFFICER, code=3)
    jiegai(*reported, "--as", HANDLER)
    waiting = jiegai("case", "breaches", *own).stdout
    refused = jiegai(
        *said[:2], "--answer", "1", "--note", "好", "--paper", "1号", *own, "--as", HANDLER, code=3
    )
    jiegai(
        "case",
        "complain",
        "--answer",
        "1",
        "--note",
        "已责成收回",
        "--finding",
        "属实",
        "--paper",
        "编办函1号",
        *own,
        "--as",
        "区协调员",
    )
    year = datetime.now(UTC).astimezone(SHANGHAI).year
    counted = json.loads(jiegai("case", "breaches", "--year", str(year), *own, "--json").stdout)
    found = json.loads(jiegai("duty", "execution", *own, "--json").stdout)

    assert first.startswith(f"已登记反映第1号：{CULTURE}。") and "没有重复" in again
    assert waiting.endswith("共 违规尝试 1 次，街道反映 1 件，其中未答复 1 件。\n")
    assert refused.stderr.startswith("错误[NOT_COORDINATOR]")
    assert counted["by_year"] == [
        {
            "year": year,
            "department": CULTURE,
            "attempts": 1,
            "reported": 1,
            "answered": 1,
            "true": 1,
        }
    ]
    street = next(one for one in found["streets"] if one["unit"] == STREET)
    (culture,) = found["departments"]
    assert (street["claimed"], street["items"], street["counts"]["上报"]) == (2, 2, 1)
    assert street["cases"]["当天报告按时"] == street["cases"]["在办"]
    assert (culture["attempts"], culture["complaints"]) == (1, 1)
    assert jiegai("duty", "execution", *own).stdout.startswith(f"{district} 清单落实情况")
