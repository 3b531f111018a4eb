"""Recording and reading an audit on the running stack: each thing once, the rest refused in a sentence."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from subprocess import CompletedProcess

import pytest
from openpyxl import load_workbook
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from activities.audit_open import AuditOpener
from activities.plan_shelf import Shelf, plan_to_json
from contracts.audit_flow import AuditOpening
from contracts.audit_run import audit_id
from domain.audit import AuditKind, AuditPlan, Cadence, CheckItem, Every, RunKey
from domain.audit_sheet import RawVisit
from runtime.connect import connect
from runtime.stack import EmbeddedStack
from starter import audit_finding, audit_visit
from starter.audit_draw import Sample
from starter.audit_visit import _refuse_undrawn
from starter.errors import UserError
from storage.engine import open_database
from storage.registers_store import NewPlan, store_plan
from tests.activities.audit_faults import Planted
from tests.small_plan import DISTRICT, STREETS, small_plan

OFFICE = "甲区委编办"
BY = ("--as", f"{OFFICE}经办甲")
WINDOW = "2026年第4季度"
BANNED = "严禁甲\n严禁乙\n严禁丙\n严禁丁\n"
Jiegai = Callable[..., CompletedProcess[str]]


async def opened(stack: EmbeddedStack, name: str, kind: AuditKind, *items: str) -> tuple[str, ...]:
    """A rollout with two overdue steps, one at a street, and its audit, as a Schedule opens it."""
    plan = small_plan(name, date(2026, 1, 2))
    now = datetime.now(UTC)
    database = open_database(stack.database_url, pool_size=1)
    new = NewPlan(
        plan=plan,
        content_hash=name,
        document=plan_to_json(plan),
        procedures=1,
        at=now,
        person="测",
    )
    async with database.transaction() as connection:
        await store_plan(connection, new)
    planted = Planted(database, name, None)
    task = await planted.procedure("总结", "TaskMilestone")
    late = now.date() - timedelta(days=40)
    await planted.item(task, "办理", STREETS[0], late)
    other = await planted.procedure("意见", "TaskMilestone", unit=OFFICE)
    await planted.item(other, "办理", OFFICE, late)
    arrangement = AuditPlan(
        rollout=name,
        name="年末检查",
        kind=kind,
        cadence=Cadence(every=Every.QUARTER, first=date(2026, 1, 1)),
        district=DISTRICT,
        approval="甲党函〔2026〕2号",
        unit="区委编办",
        items=tuple(CheckItem(number=str(n), text=text) for n, text in enumerate(items, start=1)),
    )
    key = RunKey(rollout=name, plan=arrangement.name, window=WINDOW)
    opener = AuditOpener(await connect(stack.settings, environ={}), database, Shelf())
    await opener.open(AuditOpening(plan=arrangement, key=key, at=now))
    await database.close()
    return (name, arrangement.name, WINDOW)


def fill(path, sheet: str, *rows: tuple[object, ...]) -> str:
    """Write rows into a template."""
    book = load_workbook(io.BytesIO(path.read_bytes()))
    for at, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            book[sheet].cell(at, column).value = value
    book.save(path)
    return str(path)


async def test_visits_and_problems_come_from_the_field_once(
    stack, jiegai: Jiegai, tmp_path
) -> None:
    """A sheet laid out for the units to be visited; handed in twice; a row wrong stops all of it."""
    audit = await opened(stack, "外业登记", AuditKind.ASSESSMENT)
    record = ("audit", "show", *audit, "--json")
    path = tmp_path / "到访.xlsx"
    jiegai("audit", "template", str(path), "--kind", "到访")
    first = (STREETS[0], date(2026, 11, 20), "查阅资料、集中座谈", "编办检查组", "良好", "人手紧")
    sheet = fill(path, "到访", first, ("三街道", "2026-11-20"), (STREETS[1], None, "喝茶"))

    wrong = jiegai("audit", "visit", *audit, "--file", sheet, *BY, code=2)
    assert [line.split(" ")[0] for line in wrong.stdout.splitlines()] == [
        "到访!第3行·单位",
        "到访!第4行·到访日期",
        "到访!第4行·方式",
    ]
    assert json.loads(jiegai(*record).stdout)["visits"] == []
    fill(path, "到访", first, (STREETS[1], "2026-11-21", "实地查看"), (None, None, None))
    for said in ("已登记到访2个单位", "没有新的到访，2个此前已登记"):
        assert jiegai("audit", "visit", *audit, "--file", sheet, *BY).stdout.startswith(said)
    other = fill(path, "到访", (STREETS[0], "2026-11-22"), ("甲区司法局", "2026-11-22"))
    whole = jiegai("audit", "visit", *audit, "--file", other, *BY, code=3).stderr
    assert "[AUDIT_NOT_COVERED] 第3行：“甲区司法局”不是本次督查的单位" in whole
    assert "整张表都没有登记" in whole
    assert len(json.loads(jiegai(*record).stdout)["visits"]) == 2

    problems = tmp_path / "问题.xlsx"
    jiegai("audit", "template", str(problems))
    rows = (
        (STREETS[0], "4-11", "当天没有报告"),
        (STREETS[1], "0-07", "没有公示", None, None, "已贴"),
    )
    sheet = fill(problems, "问题", *rows)
    for said in ("已登记问题2个（第1至2号）", "没有新的问题，2个此前已登记"):
        assert jiegai("audit", "finding", *audit, "--file", sheet, *BY).stdout.startswith(said)
    fill(problems, "问题", *rows, (STREETS[1], "4-12", "三日没有交接"))
    more = jiegai("audit", "finding", *audit, "--file", sheet, *BY).stdout
    assert more.startswith("已登记问题1个（第3号），2个此前已登记，没有重复")
    found = json.loads(jiegai(*record).stdout)
    assert [one["state"] for one in found["problems"]] == ["待整改", "现场解决", "待整改"]
    assert (found["unvisited"], found["workflow_id"]) == (
        [],
        audit_id(RunKey(rollout=audit[0], plan=audit[1], window=audit[2])),
    )


async def test_a_unit_that_the_plan_has_no_more_is_still_inspected(
    stack, jiegai: Jiegai, monkeypatch
) -> None:
    """An amendment that took it away since the audit was opened does not block 检查."""
    audit = await opened(stack, "外业撤并", AuditKind.ASSESSMENT)

    async def left(*_: object) -> frozenset[str]:
        return frozenset({STREETS[0]})

    monkeypatch.setattr(audit_visit, "known_units", left)
    monkeypatch.setattr(audit_finding, "known_units", left)
    gone = (*audit, "--unit", STREETS[1])
    assert jiegai("audit", "visit", *gone, *BY).stdout.startswith("已登记到访1个单位")
    jiegai("audit", "finding", *gone, "--rule", "4-11", "--text", "没有报告", *BY)
    strange = jiegai("audit", "visit", *audit, "--unit", "九街道", *BY, code=2)
    assert "九街道" in strange.stderr


def test_nothing_is_sent_of_a_unit_that_was_not_visited_yet() -> None:
    """Not drawn, or of a day before the draw: refused here, before the server could keep its name."""
    sample = Sample(proofs={STREETS[0]: "1"}, drawn_on=date(2026, 11, 20))

    def code(unit: str, day: int) -> str:
        try:
            _refuse_undrawn([RawVisit(row=0, unit=unit, day=date(2026, 11, day))], sample)
        except UserError as no:
            return no.code
        return ""

    assert code(STREETS[1], 20) == "AUDIT_NOT_COVERED"
    assert [code(STREETS[0], day) for day in (19, 20)] == ["AUDIT_BEFORE_DRAW", ""]


async def test_automatic_findings_are_taken_over_by_choice(stack, jiegai: Jiegai) -> None:
    """Without --only nothing is entered; then what was chosen, once; other units' are only counted."""
    audit = await opened(stack, "检查转登", AuditKind.ASSESSMENT)
    check = ("audit", "finding", *audit, "--from-check")

    seen = jiegai(*check).stdout
    assert "另有1个不属于这次督查的单位" in seen
    assert "尚未登记" in seen and "超期未办" in seen and f"{STREETS[0]} 1" in seen
    assert json.loads(jiegai("audit", "show", *audit, "--json").stdout)["problems"] == []
    assert jiegai(*check, "--only", "4-11", *BY).stdout.startswith("没有新的问题")
    assert jiegai(*check, "--only", "0-13", *BY).stdout.startswith("已登记问题1个（第1号）")
    again = jiegai(*check, "--only", "超期未办", *BY).stdout
    assert again.startswith("没有新的问题，1个此前已登记")
    (one,) = json.loads(jiegai("audit", "show", *audit, "--json").stdout)["problems"]
    assert (one["rule"], one["found_by"]) == ("0-13", "超期未办")
    assert one["workflow_id"].endswith("/总结")


async def test_the_four_prohibitions_are_the_customers(stack, jiegai: Jiegai, tmp_path) -> None:
    """No conclusion before their text; each then, by its number; the report has them word for word."""
    audit = await opened(stack, "纪律登记", AuditKind.DISCIPLINE)
    good = ("audit", "conclude", *audit, "--item", "1", "--item", "严禁2", "--good", *BY)
    refused = jiegai(*good, code=3).stderr
    text = tmp_path / "四个严禁.txt"
    text.write_bytes(BANNED.encode("gb18030"))
    load = ("audit", "discipline", audit[0], str(text), "--paper", "鄂编办发〔2019〕3号", *BY)

    assert refused.startswith("错误[AUDIT_ITEM_UNKNOWN]")
    assert "4条已载入" in jiegai(*load).stdout and "没有改动" in jiegai(*load).stdout
    assert "还有2项没有结论" in jiegai(*good).stdout
    bad = ("--item", "3", "--bad", "--note", "一块牌子没有依据", *BY)
    jiegai("audit", "conclude", *audit, *bad)
    shown = jiegai("audit", "show", *audit).stdout
    assert "严禁3  [不符合] 严禁丙：一块牌子没有依据" in shown and "[未下结论] 严禁丁" in shown
    report = tmp_path / "报告.docx"
    jiegai("audit", "report", *audit, "--docx", str(report), "--paper", "甲编办发〔2026〕8号")
    with zipfile.ZipFile(report) as package:
        words = package.read("word/document.xml").decode()
    assert "编制纪律检查报告" in words and "严禁丙" in words and "甲党函〔2026〕2号" in words


async def test_the_yearly_report_asks_how_lists_were_carried_out(
    stack, jiegai: Jiegai, tmp_path
) -> None:
    """4-38: the figures of `jiegai duty execution` are part of it, also where there are none."""
    audit = await opened(stack, "年度报告", AuditKind.ANNUAL, "三定到位")
    report = tmp_path / "年度.docx"
    jiegai("audit", "report", *audit, "--docx", str(report))
    with zipfile.ZipFile(report) as package:
        words = package.read("word/document.xml").decode()
    assert "责任清单落实情况" in words and "本年度没有责任清单的办理数字" in words


async def test_a_breach_is_referred_once_with_its_outcome(stack, jiegai: Jiegai) -> None:
    """0-14, 2-21: only with a discipline; sent twice it is one; the outcome is added, nothing changed."""
    audit = await opened(stack, "移送纪委", AuditKind.ASSESSMENT)
    problem = ("audit", "finding", *audit, "--unit", STREETS[0], "--rule", "2-21")
    jiegai(*problem, "--text", "超职数配备", "--discipline", "干部人事纪律", *BY)
    jiegai(*problem, "--text", "没有公示", *BY)
    refer = ("audit", "refer", *audit, *BY, "--problem")
    sent = ("--paper", "甲编办移〔2026〕1号", "--on", "2026-11-20")
    back = ("--outcome", "责令检查", "--outcome-paper", "甲纪发〔2026〕9号", "--on", "2026-11-21")

    for words, code in (
        (("2", *sent), "REFERRAL_DISCIPLINE"),
        (("1", *back), "REFERRAL_MISSING"),
        (("9", *sent), "AUDIT_PROBLEM_UNKNOWN"),
    ):
        assert jiegai(*refer, *words, code=3).stderr.startswith(f"错误[{code}]"), words
    assert jiegai(*refer, "1", code=2).stderr.startswith("错误[USAGE]")
    said = "已登记：第1号问题，2026-11-20移送区纪委监委（甲编办移〔2026〕1号）"
    assert jiegai(*refer, "1", *sent).stdout == f"{said}。\n"
    assert jiegai(*refer, "1", *sent).stdout == f"{said}（此前已登记，没有重复）。\n"
    other = ("1", "--paper", "另一份", "--on", "2026-11-20")
    assert "[REFERRAL_TWICE]" in jiegai(*refer, *other, code=3).stderr
    assert "移送结果：责令检查（甲纪发〔2026〕9号）" in jiegai(*refer, "1", *back).stdout
    record = json.loads(jiegai("audit", "show", *audit, "--json").stdout)
    assert [(one["kind"], one["place"]) for one in record["referrals"]] == [
        ("移送", 1),
        ("结果", 2),
    ]
    street = ("audit", "refer", *audit, "--as", f"{STREETS[0]}经办甲", "--problem", "2", *sent)
    assert "[NOT_YOUR_UNIT]" in jiegai(*street, code=3).stderr
    database = open_database(stack.database_url)
    for change in ("UPDATE audit_referral SET outcome = '无'", "DELETE FROM audit_referral"):
        with pytest.raises(DBAPIError, match="written once"):
            async with database.transaction() as connection:
                await connection.execute(text(change))
    await database.close()


async def test_who_may_not_and_what_is_not_there(stack, jiegai: Jiegai, tmp_path) -> None:
    """A street records nothing of others; an audit that never was has no record and no report."""
    audit = await opened(stack, "无权登记", AuditKind.ASSESSMENT, "看台账")
    street = ("--as", f"{STREETS[0]}经办甲")
    problem = ("--unit", STREETS[1], "--rule", "4-11", "--text", "没有报告")
    none = (audit[0], audit[1], "2020年第1季度")
    docx = str(tmp_path / "无.docx")

    for words, code in (
        (("visit", *audit, "--unit", STREETS[1], *street), "NOT_YOUR_UNIT"),
        (("finding", *audit, *problem, *street), "NOT_YOUR_UNIT"),
        (("conclude", *audit, "--item", "1", "--good", *street), "NOT_YOUR_UNIT"),
        (("finding", *audit, "--unit", OFFICE, "--rule", "1", "--text", "x", *BY), "AUDIT_FIELD"),
        (("show", *none), "AUDIT_NOT_OPEN"),
        (("report", *none, "--docx", docx), "AUDIT_NOT_OPEN"),
        (("show", audit[0], "没有这项"), "AUDIT_PLAN_UNKNOWN"),
    ):
        code_2 = 2 if code == "AUDIT_FIELD" else 3
        assert jiegai("audit", *words, code=code_2).stderr.startswith(f"错误[{code}]"), words


async def test_a_meetings_round_has_no_report(stack, jiegai: Jiegai, tmp_path) -> None:
    """Its record says when and by whom; a document is the 纪要's."""
    audit = await opened(stack, "会议一期", AuditKind.JOINT_MEETING)

    shown = jiegai("audit", "show", *audit).stdout
    assert "联席会议（3-21、3-22）" in shown and "到访" not in shown
    said = jiegai("audit", "report", *audit, "--docx", str(tmp_path / "x.docx"), code=3).stderr
    assert said.startswith("错误[NO_AUDIT_REPORT]")


@pytest.mark.parametrize(
    "command", ["visit", "finding", "refer", "conclude", "discipline", "show", "report"]
)
def test_every_command_has_its_help(jiegai: Jiegai, command: str) -> None:
    """In Chinese, with --json."""
    said = jiegai("audit", command, "--help").stdout
    assert "--json" in said and "改革" in said
