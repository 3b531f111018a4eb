"""随机抽查 as its workflow goes: it opens with the first visit, and tells a unit only by its own (4-37)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.audit import AuditKind
from domain.procedure import Verb
from storage.draw_store import read_draw
from storage.engine import Database
from tests.audits import BY, LEAD, SEAL, SUPERVISION, THREE, Round, problem, round_of
from tests.office import Office, proof


@pytest.fixture
async def sealed(env: WorkflowEnvironment, database: Database) -> AsyncIterator[Office]:
    """An office whose worker has the key of draws."""
    async with Office(env, database, SEAL) as opened:
        yield opened


async def is_published(audit: Round) -> bool:
    """Whether the proof of the draw is there for everybody."""
    async with audit.office.database.single() as connection:
        row = await read_draw(connection, audit.key)
    assert row is not None
    return row.published_at is not None


async def test_a_sample_opens_with_its_first_visit(sealed: Office) -> None:
    """No workflow before; then one, with only who was visited; the last visit publishes the draw."""
    audit = await round_of(sealed, "抽查全程", AuditKind.SAMPLING, approval="甲委〔2026〕9号")
    one, two = await audit.drawn()
    (other,) = set(THREE) - {one, two}
    assert (await audit.visit(other)).code == "AUDIT_NOT_COVERED"
    assert (await audit.record()).code == "AUDIT_NOT_OPEN"
    assert (await audit.visit(one, person="市协调员")).code == "NOT_YOUR_UNIT"
    early = await sealed.today() - timedelta(days=2)
    assert (await audit.visit(one, on=early)).code == "AUDIT_BEFORE_DRAW"
    assert (await audit.record()).code == "AUDIT_NOT_OPEN"
    first = await audit.visit(one)
    assert (first.workflow_id, first.sentence) == (audit.wid, "共2个单位，还有1个没有到访。")
    assert (await audit.visit(other)).code == "AUDIT_NOT_COVERED"
    assert (await audit.find(problem(two))).sentence == (
        await audit.find(problem(other))
    ).sentence.replace(other, two)
    no = await audit.act(Verb.SUBMIT, "检查"), await audit.record()
    assert (no[0], no[1].covers) == ("AUDIT_UNVISITED", (one,))
    log = await sealed.log(audit.wid)
    assert "共2个，还有1个没有到访记录（jiegai audit visit）。" in [e["sentence"] for e in log]
    told = await _told(sealed, audit.wid)
    assert [unit for unit in (LEAD, *THREE) if unit.encode() in told] == [LEAD]
    assert not await is_published(audit)

    assert (await audit.visit(two)).sentence.startswith("共2个单位，都已到访。抽样记录已经公布")
    assert await is_published(audit)
    await audit.found(two)
    await audit.done("检查")
    await audit.done("问题汇总")
    await audit.rectify(two)
    await audit.done("复核", f"{LEAD}经办乙", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    await audit.result()
    assert (await audit.record()).covers == tuple(sorted((one, two)))


async def test_a_sheet_of_a_sample_needs_the_proof_of_each_unit(sealed: Office) -> None:
    """4-37: with one proof missing nothing is entered and no audit opens; whole it opens and publishes."""
    audit = await round_of(sealed, "抽查一张表", AuditKind.SAMPLING, approval="甲委〔2026〕9号")
    one, two = await audit.drawn()
    no = await audit.visit_together(one, two, proofs={two: ""})
    assert (no.code, no.place) == ("AUDIT_NOT_COVERED", 2)
    assert (await audit.record()).code == "AUDIT_NOT_OPEN"
    assert (await audit.visit_together(*THREE)).code == "AUDIT_NOT_COVERED"
    assert (await audit.record()).code == "AUDIT_NOT_OPEN"
    said = await audit.visit_together(one, two)
    assert said.sentence.startswith("共2个单位，都已到访。抽样记录已经公布")
    assert (said.workflow_id, await is_published(audit)) == (audit.wid, True)
    assert (await audit.visit_together(one, two)).again


async def test_a_sample_ended_early_is_published(sealed: Office) -> None:
    """终止 before the last visit: the draw is published all the same, so that it can be verified."""
    audit = await round_of(sealed, "抽查终止", AuditKind.SAMPLING, workdays={"到访": 9})
    one, _ = await audit.drawn()
    await audit.visit(one)
    await sealed.until_open(audit.wid, "检查")
    await sealed.done(audit.wid, Verb.TERMINATE, "市协调员", note="改革暂停")
    await audit.result()

    assert await is_published(audit)
    assert (await audit.said())[-1].startswith("抽样记录已经公布")
    told = await sealed.rows(
        "SELECT * FROM notice WHERE unit = :u AND rollout = :r", u=SUPERVISION, r=audit.plan.rollout
    )
    assert [one["text"] for one in told] == [
        f"随机抽查“{audit.plan.name}”{audit.label}终止：抽中2个单位，1个没有到访，抽样记录随即公布。"
    ]


async def test_a_later_visit_starts_what_the_first_could_not(sealed: Office) -> None:
    """The server was away when the audit had been entered: the next visit starts its workflow."""
    audit = await round_of(sealed, "抽查未启", AuditKind.SAMPLING, approval="甲委〔2026〕9号")
    one, two = await audit.drawn()
    start = audit.opener.start

    async def away(*_: object) -> str:
        raise OSError("away")

    audit.opener.start = away  # type: ignore[method-assign]
    with pytest.raises(OSError, match="away"):
        await audit.visit(one)
    audit.opener.start = start  # type: ignore[method-assign]
    assert (await audit.visit(two)).code == ""
    await sealed.until_open(audit.wid, "检查")


async def test_a_window_that_was_moved_away_is_not_inspected(sealed: Office) -> None:
    """A sample drawn for a day on which the arrangement no longer falls opens no audit."""
    audit = replace(await round_of(sealed, "抽查改期", AuditKind.SAMPLING), label="2026-10-09")
    one, _ = await audit.drawn()
    assert (await audit.visit(one)).code == "DRAW_WITHDRAWN"
    assert (await audit.record()).code == "AUDIT_NOT_OPEN"


async def test_without_the_key_nothing_is_told(sealed: Office, database: Database) -> None:
    """A worker without the key can record nothing of a sample, and says which key is missing."""
    audit = await round_of(sealed, "抽查无钥", AuditKind.SAMPLING)
    assert (await audit.visit(THREE[0])).code == "AUDIT_NOT_DRAWN"
    one, _ = await audit.drawn()
    audit.draws._seal = None
    assert (await audit.visit(one, person=BY)).code == "SECRET_KEY_MISSING"


async def _told(office: Office, workflow_id: str) -> bytes:
    """All that the workflow's history, its log and its row of the board say."""
    history = await office.client.get_workflow_handle(workflow_id).fetch_history()
    board = await office.rows("SELECT * FROM board_row WHERE workflow_id = :w", w=workflow_id)
    said = b"".join(event.SerializeToString() for event in history.events)
    return said + str([board, await office.log(workflow_id)]).encode()
