"""``jiegai calendar`` through the real command line, without any service running."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest

from starter.main import run

ROOT = Path(__file__).parents[2]
LOCAL = ("--district", "甲区", "--paper", "文", "--as", "王")
NOTICE = {
    "year": 2027,
    "papers": ["测试文号〔2026〕1号"],
    "days": [
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "元旦", "date": "2027-01-04", "isOffDay": True},
        {"name": "国庆节", "date": "2027-10-01", "isOffDay": True},
    ],
}


def jiegai(*words: str) -> subprocess.CompletedProcess[str]:
    """One run of ``jiegai calendar``: its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["calendar", *words])
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def due(*words: str) -> dict[str, object]:
    """What ``jiegai calendar due --json`` printed."""
    done = jiegai("due", *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_three_working_days_across_the_spring_festival():
    """The example of the README: due, due_date, provisional, rule, skipped, calendar."""
    found = due("--from", "2026-02-13T10:00+08:00", "--workdays", "3")

    assert list(found) == ["due", "due_date", "provisional", "rule", "skipped", "calendar"]
    assert (found["due"], found["due_date"]) == ("2026-02-25T16:00:00+00:00", "2026-02-25")
    assert (found["provisional"], found["calendar"]) == (False, "CN@1")
    assert found["skipped"] == [f"2026-02-{day}" for day in range(15, 24)]


@pytest.mark.parametrize(
    "words, instant",
    [
        (("--from", "2026-02-13", "--workdays", "3"), "2026-02-25T16:00:00+00:00"),
        (("--from", "2026-02-05", "--days", "10"), "2026-02-24T16:00:00+00:00"),
        (("--from", "2026-02-05", "--days", "10", "--roll", "不顺延"), "2026-02-15T16:00:00+00:00"),
        (("--from", "2026-01-31", "--months", "1"), "2026-02-28T16:00:00+00:00"),
        (("--from", "2026-02-13T10:00Z", "--hours", "24"), "2026-02-14T10:00:00+00:00"),
        (("--by", "2026-12-20"), "2026-12-20T16:00:00+00:00"),
        (("--by", "2026-12-20", "--day-end", "17:30"), "2026-12-20T09:30:00+00:00"),
        (("--from", "2026-02-15T23:50+08:00", "--same-day"), "2026-02-15T16:00:00+00:00"),
        (("--from", "2026-02-15T16:30Z", "--same-day"), "2026-02-16T16:00:00+00:00"),
    ],
)
def test_every_way_of_counting(words, instant):
    """Working days, days, months, hours, a stated date and the same day."""
    assert due(*words)["due"] == instant


def test_the_next_year_is_provisional_until_its_notice_is_given(tmp_path):
    """2026-12-30 + 3: provisional; with a notice file for 2027 exact, under a new version."""
    file = tmp_path / "2027.json"
    file.write_text(json.dumps(NOTICE), encoding="utf-8")
    words = ("--from", "2026-12-30", "--workdays", "3")

    assert [
        (found["due_date"], found["provisional"], found["calendar"])
        for found in (due(*words), due(*words, "--notice", str(file)))
    ] == [("2027-01-05", True, "CN@1"), ("2027-01-06", False, "CN@2")]


def test_a_time_without_zone_is_taken_as_beijing_and_says_so():
    """Naive means Asia/Shanghai, with a note on stderr so that JSON stays JSON."""
    done = jiegai("due", "--from", "2026-02-13T10:00", "--hours", "2", "--json")

    assert json.loads(done.stdout)["due"] == "2026-02-13T04:00:00+00:00"
    assert "没有写时区，按北京时间" in done.stderr


def test_people_read_three_lines():
    """期限, 跳过 and 规则; 24:00 stays on the day that it ends."""
    lines = jiegai("due", "--from", "2026-02-13", "--workdays", "3").stdout.splitlines()

    assert [line.partition("：")[0] for line in lines] == ["期限", "跳过", "规则"]
    assert lines[0] == "期限：2026年2月25日（星期三）24:00"


@pytest.mark.parametrize(
    "words, code",
    [
        (("--workdays", "3"), "NO_TRIGGER"),
        (("--from", "昨天", "--workdays", "3"), "BAD_DATE"),
        (("--from", "2026-02-30", "--workdays", "3"), "BAD_DATE"),
        (("--from", "2026-02-13"), "DUE_HOW"),
        (("--from", "2026-02-13", "--days", "1", "--workdays", "1"), "DUE_HOW"),
        (("--from", "2026-02-13", "--workdays", "0"), "BAD_COUNT"),
        (("--from", "2026-02-13", "--hours", "1"), "BAD_TRIGGER"),
        (("--from", "9999-12-31", "--days", "1"), "BAD_TRIGGER"),
        (("--from", "0001-01-01T00:00+08:00", "--days", "1"), "BAD_TRIGGER"),
        (("--by", "12月20日"), "BAD_DATE"),
        (("--by", "2026-12-20", "--day-end", "25:00"), "BAD_DAY_END"),
        (("--by", "2026-12-20", "--notice", "/nowhere.json"), "NOTICE_FILE"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(words, code):
    """错误[CODE] and a sentence on stderr; nothing on stdout."""
    done = jiegai("due", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"错误[{code}] ")
    assert done.stderr.count("\n") == 1


def test_a_broken_notice_names_every_error(tmp_path):
    """Both errors of a file are in the one line, and nothing is worked out."""
    file = tmp_path / "放假.csv"
    file.write_bytes("日期,类型\n2027-02-30,休\n2027-01-01,？\n".encode("gb18030"))

    done = jiegai("due", "--by", "2026-12-20", "--notice", str(file))

    assert done.returncode == 2
    assert "错误[NOTICE_INVALID]" in done.stderr
    assert "2处错误" in done.stderr
    assert "第2行" in done.stderr
    assert "第3行" in done.stderr


def test_a_year_is_shown_by_months_with_its_marks():
    """休 on the Spring Festival, 班 on the make-up Saturday, and what it rests on."""
    page = jiegai("show", "2026").stdout

    assert "14班 15休" in page
    assert "国办发明电〔2025〕7号" in page
    assert "2027年放假通知调整，该通知尚未载入" in page


def test_a_year_as_json():
    """Working days and the named days of a year; a year without notice is provisional."""
    years = [json.loads(jiegai("show", year, "--json").stdout) for year in ("2020", "2027")]

    assert [(y["workdays"], y["provisional"]) for y in years] == [(249, False), (259, True)]
    assert [y["provisional_from"] for y in years] == [None, "2027-01-01"]
    assert {"date": "2020-01-31", "kind": "休", "name": "春节"} in years[0]["days"]


def test_working_out_a_deadline_imports_nothing_heavy():
    """No Temporal client, no pydantic, no spreadsheet reader: a deadline appears at once."""
    script = (
        "import sys; from starter.main import run; "
        "run(['calendar','due','--from','2026-02-13','--workdays','3']); "
        "print([m for m in ('temporalio','pydantic','openpyxl','yaml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "words, code",
    [
        (("import",), "USAGE"),
        (("import", "--off", "2026-07-20"), "USAGE"),
        (("import", "--district", "甲区", "--off", "2026-07-20"), "PAPER_MISSING"),
        (("import", "--district", "甲区", "--paper", " ", "--off", "2026-07-20"), "PAPER_MISSING"),
        (
            ("import", "--district", "甲区", "--paper", "文", "--off", "2026-07-20"),
            "PERSON_MISSING",
        ),
        (("import", *LOCAL), "USAGE"),
        (
            ("import", *LOCAL, "--off", "2026-07-20"),
            "LOCAL_REASON",
        ),
        (
            ("import", *LOCAL, "--off", "2026-02-30"),
            "USAGE",
        ),
        (
            ("import", "x.csv", *LOCAL, "--off", "2026-07-20"),
            "USAGE",
        ),
        (
            ("import", "无此文件", *LOCAL),
            "NOTICE_FILE",
        ),
        (("rollback",), "PERSON_MISSING"),
        (("rollback", "--to", "0", "--as", "王"), "USAGE"),
        (("rollback", "--to", "二", "--as", "王"), "USAGE"),
    ],
)
def test_a_change_that_says_too_little_never_reaches_the_service(words, code):
    """Without district, 文号, person or reason nothing is asked: one line, exit code 2."""
    done = jiegai(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"错误[{code}] ")
    assert done.stderr.count("\n") == 1


def test_every_error_of_a_districts_file_stands_in_one_line(tmp_path):
    """A date that never was, a kind that is none and a day without a reason; nothing is asked."""
    file = tmp_path / "台风.csv"
    file.write_text(
        "日期,类型,名称\n2026-02-30,休,台风\n2026-07-21,？,台风\n2026-07-20,休,\n", "utf-8"
    )

    done = jiegai("import", str(file), "--district", "甲区", "--paper", "文", "--as", "王")

    assert done.returncode == 2
    assert "3处错误" in done.stderr
    assert [row in done.stderr for row in ("第2行", "第3行", "第4行·名称")] == [True] * 3


def test_the_new_commands_are_named_with_what_they_do():
    """import, publish, rollback and versions stand in the help of the group."""
    page = jiegai("--help").stdout

    assert [word in page for word in ("import", "publish", "rollback", "versions")] == [True] * 4


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_of_the_versions_is_wider_than_the_terminal(columns, monkeypatch, capsys):
    """Long papers are broken over lines, and none is cut off."""
    from contracts.calendar_changes import VersionLine, VersionsPage
    from starter import calendar_versions, desk_client
    from starter.table import display_width

    at = datetime(2026, 7, 20, 1, tzinfo=UTC)
    lines = tuple(
        VersionLine(
            version=number,
            kind=kind,
            district=district,
            year=2026,
            paper="《关于台风期间停工停课停业停运停航的紧急通知》甲防指〔2026〕3号" * 2,
            basis=1,
            staged_at=at,
            staged_by="欧阳协调员",
            published_at=None if number == 4 else at,
            published_by="" if number == 4 else "欧阳协调员",
            in_force=number == 3,
        )
        for number, kind, district in ((4, "地方", "甲区"), (3, "回退", ""), (2, "通知", ""))
    )

    def answer(work):
        work.close()
        return VersionsPage(lines=lines, total=40)

    monkeypatch.setattr(desk_client, "run", answer)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(calendar_versions, "terminal_width", lambda: columns)

    assert run(["calendar", "versions"]) == 0

    page = capsys.readouterr().out.splitlines()
    assert max(display_width(line) for line in page) <= columns
    assert "待发布" in page[0]
    assert "".join(line.strip() for line in page).count("甲防指〔2026〕3号") == 6
    assert page[-1] == "……更早的 37 版见 --json"


def test_a_list_of_days_breaks_between_days(monkeypatch, capsys):
    """No day stands half on one line and half on the next."""
    from starter import calendar_versions

    monkeypatch.setattr(calendar_versions, "terminal_width", lambda: 80)
    days = tuple(f"甲区2027-02-{n:02}休" for n in range(1, 15))

    calendar_versions.echo_days("不同的日子", days)

    lines = capsys.readouterr().out.splitlines()
    assert "".join(line.strip() for line in lines) == f"不同的日子 14 天：{'、'.join(days)}"
    assert all(line.rstrip("、").endswith("休") for line in lines)
