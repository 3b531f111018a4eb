"""Archives written from the time-skipping server, its histories and a real database."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.procedure import Verb
from starter.archive_text import read_table
from starter.archive_verify import verify
from starter.archive_writer import write_archive
from tests.archive_source import source_of
from tests.office import Office, draft_sanding, pass_sanding, proof
from tests.small_plan import only, small_plan
from tests.transfers import Person, approve, begin, follow_up, move, request

STREET = "一街道"
AT = datetime(2031, 1, 1, tzinfo=UTC)


async def closed_sanding(office: Office, rollout: str, **more: object) -> str:
    """One 三定, refused once, returned once, extended once, to its end."""
    plan = only(small_plan(rollout, await office.today()), "2")
    handle = await office.start_procedure(plan, "2", STREET, **more)
    wid = handle.id
    await draft_sanding(office, wid, STREET)
    await office.act(wid, Verb.APPROVE, "路人甲", "初审")
    await office.done(wid, Verb.RETURN, "甲区委编办经办甲", "初审", note="第三条与模板不符")
    await draft_sanding(office, wid, STREET)
    await pass_sanding(office, wid, STREET)
    await handle.result()
    return wid


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


async def test_an_archive_holds_every_run_and_record(office: Office, tmp_path: Path) -> None:
    """Runs ended by continue-as-new are in it, oldest first, and so is every line of the log."""
    wid = await closed_sanding(office, "归档一", history_limit=30)
    source = source_of(office, "归档一", await office.now())

    archived = await write_archive(source, tmp_path / "档案", person="甲协调员", at=AT)

    assert (1, ()) == (archived.cases, archived.missing)
    folder = tmp_path / "档案" / "案卷" / "甲区" / STREET / "三定"
    records = json.loads((folder / "办理记录.json").read_text())
    assert [r["seq"] for r in await office.log(wid)] == [r["seq"] for r in records]
    runs = [json.loads(p.read_text()) for p in sorted((folder / "历史").iterdir())]
    assert len(runs) > 1
    for earlier, later in itertools.pairwise(runs):
        ended = earlier["events"][-1]["workflowExecutionContinuedAsNewEventAttributes"]
        assert later["run_id"] == ended["newExecutionRunId"]
    assert runs[-1]["events"][-1]["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
    steps = read_table((folder / "环节.csv").read_text())
    assert ["1", "2"] == [s["次"] for s in steps if s["环节"] == "起草"]
    assert all(s["时限的规则"] and s["原时限的规则"] for s in steps)
    assert () == verify(tmp_path / "档案").faults


async def test_the_same_rollout_twice_is_the_same_bytes(office: Office, tmp_path: Path) -> None:
    """Only the manifest, and its line in the list of hashes, tells two archives apart."""
    await closed_sanding(office, "归档二")
    source = source_of(office, "归档二", await office.now())
    await write_archive(source, tmp_path / "一", person="甲协调员", at=AT)
    await write_archive(source, tmp_path / "二", person="乙协调员", at=AT.replace(year=2032))

    first, second = content(tmp_path / "一"), content(tmp_path / "二")

    assert first.keys() == second.keys()
    assert {"清单.json", "SHA256SUMS"} == {n for n in first if first[n] != second[n]}


async def test_a_moved_date_and_an_end_from_outside_are_told(
    office: Office, tmp_path: Path
) -> None:
    """An extension's approver, 文号 and both dates; who was ended from outside is 被强行结束."""
    plan = only(small_plan("归档三", await office.today()), "2")
    handle = await office.start_procedure(plan, "2", STREET)
    await office.until_open(handle.id, "起草")
    before = (await office.progress(handle.id)).steps[0].due_date
    new = before + timedelta(days=7)
    await office.done(
        handle.id, Verb.ASK_EXTENSION, f"{STREET}经办甲", "起草", note="未齐", new_due=new
    )
    number = proof("批准文件", number="甲编办〔2026〕3号")
    await office.done(handle.id, Verb.GRANT_EXTENSION, "甲区委编办经办甲", "起草", evidence=number)
    await draft_sanding(office, handle.id, STREET)
    await handle.terminate("演练")
    source = source_of(office, "归档三", await office.now())

    archived = await write_archive(source, tmp_path / "档案", person="甲", at=AT)

    assert (1, ()) == (archived.cases, archived.missing)
    folder = tmp_path / "档案" / "案卷" / "甲区" / STREET / "三定"
    step = read_table((folder / "环节.csv").read_text())[0]
    assert (f"{before}", f"{new}") == (step["原时限"], step["时限"])
    assert step["时限的规则"] != step["原时限的规则"]
    assert "甲区委编办经办甲" in step["时限变动"] and "甲编办〔2026〕3号" in step["时限变动"]
    assert "被强行结束" in (tmp_path / "档案" / "目录.csv").read_text()
    assert () == verify(tmp_path / "档案").faults


async def test_a_batch_is_archived_by_keys(office: Office, tmp_path: Path) -> None:
    """Ledger and roster are in it, whole, and no person's name or number."""
    people = [Person(n) for n in range(3)]
    wid = await begin(office, "归档转隶", people)
    await request(office, wid)
    await approve(office, wid)
    await move(office, wid)
    await follow_up(office, wid)
    await office.client.get_workflow_handle(wid).result()
    source = source_of(office, "归档转隶", await office.now())

    await write_archive(source, tmp_path / "档案", person="甲协调员", at=AT)

    entries = read_table((tmp_path / "档案" / "编制" / "台账分录.csv").read_text())
    roster = read_table((tmp_path / "档案" / "编制" / "名册人员.csv").read_text())
    assert {p.key for p in people} == {line["人员编号"] for line in roster}
    assert {p.key for p in people} <= {line["人员编号"] for line in entries}
    written = content(tmp_path / "档案")
    named = [name for name, one in written.items() if "某某".encode() in one]
    assert named == ["说明.txt"], "where 代办某某 is explained"
