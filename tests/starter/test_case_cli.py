"""``jiegai case``: bad input before anything is sent, and once for real in both directions."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.plan_shelf import plan_to_json
from starter.main import run
from starter.parameters import SHANGHAI
from storage.engine import open_database
from storage.registers_store import NewPlan, store_plan
from tests.cases import CULTURE, STREET, case_plan, issue_list
from tests.starter.test_case_rows import fill

ROOT = Path(__file__).parents[2]
REPORT = ("case", "report", "--street", STREET, "--title", "无证经营", "--as", "甲")
DISPATCH = ("case", "dispatch", "--street", STREET, "--title", "占道", "--as", "甲")


@pytest.mark.parametrize(
    "argv, code",
    [
        (("case", "report"), "USAGE"),
        (("case", "report", "--street", STREET, "--as", "甲"), "CASE_TITLE"),
        (("case", "report", "--title", "x", "--as", "甲"), "CASE_SIDE"),
        ((*REPORT, "--found-at", "2026-02-15"), "CASE_TIME"),
        ((*REPORT, "--found-at", "2026-02-30 10:00"), "CASE_TIME"),
        ((*REPORT, "--found-at", "NaN"), "CASE_TIME"),
        ((*REPORT, "--found-at", "2190-01-01 10:00"), "TRIGGER_FUTURE"),
        ((*REPORT, "--found-at", "2019-01-01 10:00"), "TRIGGER_OLD"),
        ((*REPORT, "--phone", "王某"), "CASE_CALL"),
        ((*REPORT, "--source", "听说"), "CASE_WORD"),
        ((*REPORT, "--note", "长" * 2001), "NOTE_TOO_LONG"),
        ((*REPORT, "--title", "长" * 61), "CASE_TITLE"),
        ((*REPORT, "--place", "长" * 121), "TOO_LONG"),
        ((*REPORT, "--no", "甲/乙"), "CASE_NUMBER"),
        ((*REPORT, "--note", "见11010119900307123X"), "PERSONAL_DATA"),
        ((*REPORT, "--evidence", "照片=没有.jpg"), "EVIDENCE_MISSING"),
        ((*REPORT, "--register-only", "--handover"), "USAGE"),
        ((*REPORT, "--deliver"), "USAGE"),
        (("case", "report", "甲-1", *REPORT[2:]), "USAGE"),
        ((*DISPATCH, "--channel", "线上"), "CASE_SIDE"),
        ((*DISPATCH, "--from", CULTURE), "CASE_CHANNEL"),
        ((*DISPATCH, "--from", CULTURE, "--channel", "电话"), "USAGE"),
        (("case", "whistle", *REPORT[2:]), "CASE_SIDE"),
        (("case", "sign"), "USAGE"),
        (("case", "sign", "7F3A"), "USAGE"),
        (("case", "refuse", "7F3A", "--ground", "不想办", "--as", "甲"), "USAGE"),
        (("case", "negotiate", "7F3A", "--as", "甲"), "USAGE"),
        (("case", "rule", "7F3A", "--as", "甲"), "USAGE"),
        (("case", "decide", "7F3A", "--as", "甲"), "USAGE"),
        (("case", "reply", "7F3A", "--fact", "办理经过", "--as", "甲"), "FACT_FORM"),
        (
            ("case", "reply", "7F3A", "--process", "a", "--fact", "办理经过=b", "--as", "甲"),
            "FACT_FORM",
        ),
        (("case", "reply", "7F3A", "--process", "长" * 2001, "--as", "甲"), "NOTE_TOO_LONG"),
        (
            ("case", "reply", "7F3A", "--result", "110101199003071234", "--as", "甲"),
            "PERSONAL_DATA",
        ),
        (("case", "reply", "7F3A", "--done", "2026-02-30", "--as", "甲"), "USAGE"),
        (("case", "reply", "7F3A", "--done", "2190-01-01", "--as", "甲"), "CASE_TIME"),
        (("case", "arrive", "7F3A", "--at", "昨天", "--as", "甲"), "CASE_TIME"),
        (("case", "arrive", "7F3A", "--at", "2190-01-01 10:00", "--as", "甲"), "CASE_TIME"),
        (("case", "show", "7F3A", "--paper", "函"), "USAGE"),
        (("case", "list", "--since", "13月"), "USAGE"),
        (("case", "report", "--file", "没有.xlsx"), "FILE_MISSING"),
        (("case", "act", "--file", "没有.xlsx"), "FILE_MISSING"),
        (("case", "act"), "USAGE"),
        (("case", "settings", "set", "没有.yaml", "--as", "甲"), "PAPER_MISSING"),
        (("case", "settings", "set", "没有.yaml", "--as", "甲", "--paper", "1号"), "FILE_MISSING"),
        (("case", "签收"), "USAGE"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(argv, code, capsys):
    """What is wrong on this side of the wire needs no server to be refused."""
    assert run(list(argv)) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] "), said.err
    assert said.err.count("\n") == 1 and len(said.err) < 600
    assert said.out == ""


def test_ten_megabytes_of_text_are_one_short_sentence(capsys, tmp_path):
    """A note as long as a book is refused, and a file of settings that is none."""
    assert run([*REPORT, "--note", "长" * 3_500_000]) == 2
    assert len(capsys.readouterr().err) < 200
    huge = tmp_path / "设置.yaml"
    huge.write_bytes(b"a" * 10_000_000)
    assert run(["case", "settings", "set", str(huge), "--paper", "1号", "--as", "甲"]) == 2
    assert "FILE_TOO_BIG" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        REPORT,
        (*DISPATCH, "--from", CULTURE, "--channel", "线上"),
        ("case", "sign", "7F3A", "--as", "甲"),
        ("case", "list"),
        ("case", "breaches"),
        ("case", "show", "7F3A"),
        ("case", "settings", "show"),
    ],
)
def test_without_a_service_every_command_ends_with_4(argv, capsys, monkeypatch, tmp_path):
    """One line, no traceback."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path / "没有"))
    assert run(list(argv)) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_help_loads_nothing_heavy():
    """The list of commands appears without Temporal, pydantic or a spreadsheet library."""
    program = (
        "import sys; from starter.main import run; run(['case','--help']); run(['case','reply','-h']);"
        "print([m for m in ('temporalio','pydantic','openpyxl','docx','yaml') if m in sys.modules])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.rstrip().endswith("[]"), said.stdout[-300:]
    assert "签收" in said.stdout


HANDLER, OFFICER = f"{STREET}经办甲", f"{CULTURE}经办甲"


@pytest.fixture
async def district(stack, request) -> str:
    """A rollout of the test's own, with a list of duties in force that the streets have claimed."""
    name = f"命令行{request.node.name[-8:]}"
    now = datetime.now(UTC)
    database = open_database(stack.database_url)
    plan = case_plan(name, now.date())
    new = NewPlan(
        plan=plan,
        document=plan_to_json(plan),
        content_hash=name,
        procedures=0,
        at=now - timedelta(days=3),
        person="测试",
    )
    async with database.transaction() as connection:
        await store_plan(connection, new)
    await issue_list(database, name, now - timedelta(days=2))
    await database.close()
    return name


async def test_a_case_goes_from_its_report_to_its_end(jiegai, district, tmp_path):
    """Opened with a file, repeated without harm, refused on the wrong side, signed, closed, shown."""
    photo = tmp_path / "现场.jpg"
    photo.write_bytes(b"photo")
    own = ("--rollout", district)
    report = ("case", "report", "--street", STREET, "--item", "1", "--title", "无证经营", *own)
    report += ("--evidence", f"照片={photo}", "--as", HANDLER, "--action-id", "开案甲")

    first = json.loads(jiegai(*report, "--json").stdout)
    again = json.loads(jiegai(*report, "--json").stdout)

    assert first["number"] == again["number"] and again["accepted"]
    number = first["number"]
    assert first["opened"] == ["交接"] and number.startswith(f"{STREET}-")
    other = jiegai(*report[:-1], "另一动作", "--no", number, code=3)
    assert other.stderr.startswith("错误[CASE_ID_USED]")
    wrong = jiegai("case", "sign", number, "--as", OFFICER, *own, code=3)
    assert wrong.stderr.startswith("错误[")
    slip = ("--evidence", "交接单=一街交〔2026〕1号")
    handed = jiegai("case", "handover", number[-4:], *slip, "--as", HANDLER, *own)
    assert f"{number}#签收" in handed.stdout
    mine = jiegai("case", "sign", number, "--as", HANDLER, *own, code=3)
    assert mine.stderr.startswith("错误[NOT_YOUR_UNIT]")
    jiegai("case", "sign", number, "--as", OFFICER, *own)
    jiegai("case", "handle", number, "--progress", "--note", "已立案", "--as", OFFICER, *own)
    ended = jiegai("case", "handle", number, "--note", "已处罚", "--as", OFFICER, *own)
    assert "事项已结束" in ended.stdout
    jiegai("case", "handle", number, "--as", OFFICER, *own, code=3)

    shown = json.loads(jiegai("case", "show", number, "--json", *own).stdout)
    assert shown["case"]["page"]["status"] == "办结"
    assert [one["name"] for one in shown["case"]["page"]["clocks"]] == ["当天报告", "正式交接"]
    assert [one["step"] for one in shown["steps"]] == ["报告", "交接", "签收", "办理"]
    assert any(one["code"] == "NOT_YOUR_UNIT" for one in shown["log"])
    jiegai("case", "show", number, "--docx", str(tmp_path / "交接单.docx"), *own)
    stored = json.loads(jiegai("evidence", "list", number, "--json").stdout)["lines"]
    assert [one["stored"] for one in stored if one["name"] == "照片"] == [True]
    # Its number stays its own, also to whoever tells the same case again after its end.
    over = json.loads(jiegai(*report, "--json", "--no", number).stdout)
    assert (over["repeated"], over["ended"]) == (True, True)
    assert jiegai(*report[:-1], "第三动作", "--no", number, code=3).stderr.startswith(
        "错误[CASE_ID_USED]"
    )


async def test_a_dispatch_without_ground_is_an_attempt_that_shows(jiegai, district, tmp_path):
    """清单之外无协同: refused with its code, listed among the breaches, and no case of the list."""
    own = ("--rollout", district)
    sent = ("case", "dispatch", "--from", CULTURE, "--street", STREET, "--title", "投诉", *own)
    sent += ("--channel", "线上", "--letter", "甲文旅函〔2026〕3号", "--as", OFFICER)

    refused = jiegai(*sent, "--no", "派-1", code=3)
    admitted = json.loads(jiegai(*sent, "--item", "2", "--no", "派-1", "--json").stdout)

    assert refused.stderr.startswith("错误[OFF_LIST]")
    assert admitted["accepted"], "a number that was refused may be used again"
    found = json.loads(jiegai("case", "breaches", *own, "--json").stdout)
    assert found["by_unit"] == {CULTURE: 1}
    assert [one["page"]["code"] for one in found["lines"]] == ["OFF_LIST"]
    listed_now = json.loads(jiegai("case", "list", *own, "--json").stdout)
    assert [one["page"]["number"] for one in listed_now["lines"]] == ["派-1"]
    assert (listed_now["open"], listed_now["breaches"]) == (1, 1)
    letter = tmp_path / "函.docx"
    said = jiegai("case", "show", "派-1", "--docx", str(letter), *own)
    assert said.stderr == "", "its 专人 and its item are known"
    replied = ("--process", "查", "--result", "改", "--done", "2026-03-01", "--by", HANDLER)
    jiegai("case", "sign", "派-1", "--as", HANDLER, *own)
    short = jiegai("case", "reply", "派-1", "--process", "查", "--as", HANDLER, *own, code=3)
    assert short.stderr.startswith("错误[ELEMENT_MISSING]")
    jiegai("case", "reply", "派-1", *replied, "--as", HANDLER, *own)
    jiegai("case", "confirm", "派-1", "--return", "--note", "没有照片", "--as", OFFICER, *own)
    jiegai("case", "reply", "派-1", *replied, "--as", HANDLER, *own)
    done = jiegai("case", "confirm", "派-1", "--as", OFFICER, *own)
    assert "事项已结束" in done.stdout


async def test_sheets_open_and_answer_many_and_nothing_twice(jiegai, district, tmp_path):
    """A refused row is reported and the others go on; the same sheets again change nothing."""
    own = ("--rollout", district, "--as", HANDLER)
    moment = (datetime.now(UTC) - timedelta(minutes=1)).astimezone(SHANGHAI)
    cases, acts = tmp_path / "案件.xlsx", tmp_path / "办案.xlsx"
    jiegai("case", "template", str(cases))
    jiegai("case", "template", str(acts), "--act")
    good = {"街道": STREET, "清单事项": "1", "发现或收到时间": f"{moment:%Y-%m-%d %H:%M}"}
    off_list = {"类别": "派单", "部门": CULTURE, "送达方式": "线下", "办理人": OFFICER}
    fill(
        cases,
        "案件",
        good | {"案由": "一"},
        good | {"案由": "二"},
        good | off_list | {"案由": "三", "清单事项": "99"},
    )

    first = json.loads(
        jiegai("case", "report", "--file", str(cases), *own, "--json", code=3).stdout
    )
    again = json.loads(
        jiegai("case", "report", "--file", str(cases), *own, "--json", code=3).stdout
    )

    assert [row["code"] for row in first["rows"]] == ["", "", "OFF_LIST"]
    assert [row["case"] for row in again["rows"]] == [row["case"] for row in first["rows"]]
    listed_now = json.loads(jiegai("case", "list", "--rollout", district, "--json").stdout)
    assert (listed_now["total"], listed_now["breaches"]) == (2, 1)
    one, two = (row["case"] for row in first["rows"][:2])
    slip = {"证据": "交接单=一街交〔2026〕1号"}
    fill(
        acts,
        "办案",
        {"案件": one, "动作": "交接", "办理人": HANDLER} | slip,
        {"案件": one, "动作": "签收", "办理人": OFFICER},
        {"案件": one, "动作": "办结", "办理人": OFFICER},
        {"案件": two, "动作": "签收", "办理人": OFFICER},
    )
    done = json.loads(jiegai("case", "act", "--file", str(acts), *own, "--json", code=3).stdout)
    assert [row["accepted"] for row in done["rows"]] == [True, True, True, False]
    repeated = json.loads(jiegai("case", "act", "--file", str(acts), *own, "--json", code=3).stdout)
    assert [row["repeated"] for row in repeated["rows"]] == [True, True, True, False]
    fill(acts, "办案", {"案件": "没有这件"})
    lost = jiegai("case", "act", "--file", str(acts), *own, code=2)
    assert "CASE_UNKNOWN" in lost.stdout and lost.stderr.startswith("错误[SHEET_INVALID]")


async def test_a_district_settles_and_its_cases_follow(jiegai, district, tmp_path):
    """Two officers are asked for once it is settled; who does not lead may not settle."""
    own = ("--rollout", district)
    path = tmp_path / "设置.yaml"
    jiegai("case", "settings", "template", str(path))
    path.write_text(path.read_text("utf-8").replace("执法人员: 0", "执法人员: 2"), "utf-8")
    order = ("case", "settings", "set", str(path), "--paper", "甲编〔2026〕9号", *own)
    assert jiegai(*order, "--as", HANDLER, code=3).stderr.startswith("错误[NOT_COORDINATOR]")
    jiegai(*order, "--as", "区协调员")
    assert "没有改动" in jiegai(*order, "--as", "区协调员").stdout
    assert "2名共同交接" in jiegai("case", "settings", "show", *own).stdout
    report = ("case", "report", "--street", STREET, "--item", "1", "--title", "x", *own)
    report += ("--handover", "--evidence", "交接单=一街交〔2026〕1号", "--as", HANDLER)
    report += ("--action-id", "开案乙", "--no", "报-1")
    assert jiegai(*report, code=3).stderr.startswith("错误[OFFICERS_FEW]")
    # What was refused is judged anew, under the same action id too.
    assert "签收" in jiegai(*report, "--officers", "甲、乙").stdout
    nowhere = jiegai(*report[:8], "--as", HANDLER, "--rollout", "没有", code=2)
    assert nowhere.stderr.startswith("错误[UNKNOWN_ROLLOUT]")
