"""An unannounced audit from its arrangement to its proof, by the command line on the real stack (4-37)."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from contracts.audit_run import audit_schedule_id
from domain.calendar import load_builtin_calendar
from tests.acceptance.late_draw import prepared_before
from tests.acceptance.site import KICKOFF, PLAN, Said, Site, until

ROLLOUT, DISTRICT = "抽查验收", "督区"
STREETS = ("督一街道", "督二街道")
OFFICE = f"{DISTRICT}委编办"
TEAM, SECOND = f"{OFFICE}经办甲", f"{OFFICE}经办乙"
LEADER = f"{DISTRICT}协调员"
NAME = "季度抽查"
TODAY = (datetime.now(UTC) + timedelta(hours=8)).date()
FIRST = TODAY - timedelta(days=14)
"""So long ago that the hour of a draw of that day has passed, whatever the salt says."""


@pytest.fixture
def site(stack) -> Site:
    """The command line, with the organiser's passphrase as scripts give it."""
    site = Site(stack.settings.data_dir)
    site.environ |= {"JIEGAI_AUDIT_PASSPHRASE": "口令只有主办单位的人知道它"}
    return site


def plan_file(tmp_path: Path) -> Path:
    """The small plan in a district that no other test has."""
    text = PLAN.read_text("utf-8").replace("名称: 两街道", f"名称: {ROLLOUT}", 1)
    text = text.replace("区协调员", LEADER).replace("甲区", DISTRICT)
    for old, new in zip(("一街道", "二街道"), STREETS, strict=True):
        text = text.replace(old, new)
    path = tmp_path / "方案.yaml"
    path.write_text(text, "utf-8")
    return path


async def good(site: Site, *argv: str) -> Said:
    """A command that has to be done."""
    said = await site.jiegai(*argv)
    assert said.code == 0, said.err + said.out
    return said


async def tick(site: Site) -> None:
    """The rollout's own Schedule fires; on the hour it does so by itself."""
    client = await site.connect()
    await client.get_schedule_handle(audit_schedule_id(ROLLOUT)).trigger()


async def work_today(site: Site) -> None:
    """Nothing is done on a rest day, so that a rest day is made a working day here."""
    if load_builtin_calendar().is_workday(TODAY):
        return
    words = (
        "--district",
        DISTRICT,
        "--work",
        str(TODAY),
        "--name",
        "值班",
        "--paper",
        "督政〔2026〕1号",
    )
    await good(site, "calendar", "import", *words, "--as", LEADER)
    await good(site, "calendar", "publish", "--confirm", "--as", LEADER)


async def test_an_unannounced_audit_from_its_arrangement_to_its_proof(
    site: Site, stack, tmp_path
) -> None:
    """Arranged, drawn by 日程, visited, problems entered once, rectified, reported, and recomputed."""
    deposit, proof, report = (tmp_path / name for name in ("存证.json", "记录.json", "报告.docx"))
    await good(site, "rollout", "start", str(plan_file(tmp_path)), *KICKOFF)
    await work_today(site)

    arranged = await good(
        site, "audit", "plan", ROLLOUT, NAME, "--kind", "随机抽查", "--every", "一次",
        "--from", str(FIRST), "--span", "3", "--count", "1", "--approval", "督党函〔2026〕1号",
        "--deposit", str(deposit), "--as", TEAM,
    )  # fmt: skip
    assert "请交督查室保管" in arranged.out
    assert "待抽取" in (await good(site, "audit", "list", ROLLOUT)).out
    await prepared_before(stack, (ROLLOUT, NAME), FIRST, deposit)
    await tick(site)

    async def is_drawn() -> bool:
        return "已抽取" in (await good(site, "audit", "list", ROLLOUT, NAME)).out

    await until(is_drawn)
    (street,) = (await good(site, "audit", "draw", ROLLOUT, NAME, "--json", "--as", TEAM)).json[
        "units"
    ]
    other = next(one for one in STREETS if one != street)

    visit = ("audit", "visit", ROLLOUT, NAME, "--as", TEAM, "--method", "实地查看", "--unit")
    assert (await site.jiegai(*visit, other)).error == "AUDIT_NOT_COVERED"
    audit = (await good(site, *visit, street, "--opinions", "人手紧", "--json")).json["workflow_id"]
    await broken_off_and_restarted(site, audit)
    sheet = await problems(site, tmp_path, street, other)
    given = ("audit", "finding", ROLLOUT, NAME, "--file", str(sheet), "--as", TEAM)
    wrong = await site.jiegai(*given)
    assert (wrong.code, wrong.error) == (2, "AUDIT_INVALID")
    assert f"问题!第3行·单位 [AUDIT_FIELD] 没有“{other}”的到访记录" in wrong.out
    fill(sheet, {(3, 1): street, (3, 6): "当场改正"})
    assert (await good(site, *given, "--json")).json["numbers"] == [1, 2]
    assert (await good(site, *given, "--json")).json["numbers"] == []

    await act(site, f"{audit}#检查", "提交", TEAM)
    await act(site, f"{audit}#问题汇总", "提交", TEAM)
    paper = "--evidence=整改报告=督一〔2026〕1号"
    await act(site, f"{audit}#整改", "提交", f"{street}经办甲", "--note=已补报", paper)
    await act(site, f"{audit}#复核", "通过", SECOND)
    await act(site, f"{audit}#报告", "提交", TEAM, "--evidence=报告=督编办〔2026〕9号")

    shown: dict[str, Any] = {}

    async def is_over() -> bool:
        shown.update((await good(site, "audit", "show", ROLLOUT, NAME, "--json")).json)
        return bool(shown["status"] == "办结")

    await until(is_over)
    assert [one["state"] for one in shown["problems"]] == ["已销号", "现场解决"]
    assert shown["problems"][0]["done"] == "已补报"
    said = await good(site, "audit", "report", ROLLOUT, NAME, "--docx", str(report), "--as", SECOND)
    assert "已写出随机抽查情况报告" in said.out and report.stat().st_size > 5_000

    anyone = ("--as", f"{other}经办甲")
    await good(site, "audit", "verify", ROLLOUT, NAME, "--save", str(proof), *anyone)
    away = Site(tmp_path / "没有服务")
    proved = await good(away, "audit", "verify", "--file", str(proof), "--deposit", str(deposit))
    assert "核验通过" in proved.out and "不符" not in proved.out
    forge(proof, sample=[other])
    forged = await away.jiegai("audit", "verify", "--file", str(proof), "--deposit", str(deposit))
    assert (forged.code, forged.error) == (3, "DRAW_NOT_PROVEN")


async def broken_off_and_restarted(site: Site, audit: str) -> None:
    """Somebody's Terminate in the Web UI: found, and taken back by a coordinator's decision."""
    await site.progress(audit)
    await (await site.connect()).get_workflow_handle(audit).terminate("误操作")
    found = await site.jiegai("rebuild", ROLLOUT, "--json")
    assert [line["kind"] for line in found.json["findings"]] == ["终止"]
    paper = ("--paper", "督党函〔2026〕2号")
    await good(site, "rebuild", "--restart", audit, "--as", LEADER, *paper)


def forge(proof: Path, **changes: object) -> None:
    """Change a published record."""
    record = json.loads(proof.read_text("utf-8")) | changes
    proof.write_text(json.dumps(record, ensure_ascii=False), "utf-8")


async def problems(site: Site, tmp_path: Path, street: str, other: str) -> Path:
    """The field's sheet with two problems, the second of a unit where nobody was."""
    path = tmp_path / "问题.xlsx"
    await good(site, "audit", "template", str(path))
    rows = ((street, "4-11", "当天没有报告"), (other, "清单第7项", "没有公示"))
    cells = {
        (row, column): text
        for row, texts in enumerate(rows, start=2)
        for column, text in enumerate(texts, start=1)
    }
    fill(path, cells)
    return path


def fill(path: Path, cells: dict[tuple[int, int], str]) -> None:
    """Write into the sheet as a person would."""
    book = load_workbook(io.BytesIO(path.read_bytes()))
    for (row, column), text in cells.items():
        book["问题"].cell(row, column).value = text
    book.save(path)


async def act(site: Site, item: str, verb: str, person: str, *more: str) -> None:
    """A step is done, once it is there; the one before may still be on its way."""

    async def is_done() -> bool:
        said = await site.act(item, verb, person, *more)
        if said.code == 0:
            return True
        assert said.error in ("STEP_NOT_OPEN", "ITEM_NOT_FOUND", "NOT_FOUND"), said.err
        return False

    await until(is_done)
