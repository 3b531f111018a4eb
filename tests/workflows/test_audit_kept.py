"""What else must know of audits: reconcile, archive, board and the automatic checks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from activities.reconcile_row import RowReconcile
from domain.audit import AuditKind
from domain.procedure import Verb
from starter.archive_text import read_table
from starter.archive_verify import verify
from starter.archive_writer import write_archive
from storage.audit_store import shown_running
from storage.desk_store import OF_A_PLAN
from tests.archive_source import source_of
from tests.audits import STEERING, THREE, round_of
from tests.office import Office, proof
from tests.workflows.test_reconcile import TABLES, delete, dump

ONE = THREE[0]


async def test_a_lost_row_of_an_audit_comes_back(office: Office) -> None:
    """The read models are made anew from the workflow, also in the middle of 整改."""
    audit = await round_of(office, "督查重建", approval="甲委〔2026〕9号")
    await audit.open()
    await audit.inspected(ONE)
    await office.until_open(audit.wid, "整改")
    assert TABLES[:2] == ("board_row", "desk_item")
    before = await dump(office, audit.plan.rollout)
    async with office.database.single() as connection:
        assert await shown_running(connection, audit.plan.rollout) == {"Audit": 1}
    await delete(office, audit.plan.rollout)
    await RowReconcile(office.client, office.database, only_check=False).look(audit.wid)
    after = await dump(office, audit.plan.rollout)
    assert [(r["workflow_id"], r["open_steps"]) for r in after["board"]] == [(audit.wid, ["整改"])]
    assert [r["unit"] for r in after["desk"]] == [r["unit"] for r in before["desk"]] == [ONE]
    assert "Audit" in OF_A_PLAN


async def test_an_audit_is_archived_with_its_registers(office: Office, tmp_path: Path) -> None:
    """Its own 案卷 with its history, and what was arranged, visited, found and closed as tables."""
    audit = await round_of(office, "督查归档", AuditKind.SPECIAL, approval="甲委〔2026〕9号")
    await audit.open()
    await audit.visit(*THREE)
    await audit.found(ONE)
    for step in ("检查", "问题汇总", "分析", "优化意见"):
        await audit.done(step)
    await audit.rectify(ONE)
    await audit.done("复核", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    await audit.done("专题汇报", f"{STEERING}经办甲", evidence=proof("纪要"))
    await audit.result()
    source = source_of(office, audit.plan.rollout, await office.now())
    at = datetime(2031, 1, 1, tzinfo=UTC)

    archived = await write_archive(source, tmp_path / "档案", person="甲协调员", at=at)

    assert (archived.cases, archived.missing) == (1, ())
    moves = read_table((tmp_path / "档案" / "督查" / "问题处理.csv").read_text())
    assert [row["状态"] for row in moves] == ["待整改", "已整改", "已销号"]
    assert (tmp_path / "档案" / "督查" / "到访.csv").exists()
    assert verify(tmp_path / "档案").faults == ()
