"""What an audit writes when it is asked twice, and what it refuses to open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import audit_flow_checks
from activities.audit import AuditActivities
from activities.audit_flow import AuditFlowActivities
from contracts.audit_flow import (
    AuditEnded,
    AuditKey,
    AuditRecorded,
    ProblemsClosed,
    ProblemsOrder,
    ProblemsSent,
    VisitOrder,
)
from domain.audit import AuditKind
from domain.audit_flow import ProblemState, Visit
from domain.procedure import Verb
from tests.audits import BY, STEERING, SUPERVISION, THREE, Round, problem, round_of
from tests.office import Office
from tests.workflows.test_audit import one_person_reviewed_twice

ONE, TWO, THIRD = THREE


def flow_of(audit: Round) -> AuditFlowActivities:
    """The activities of its workflow."""
    audits = AuditActivities(audit.office.database)
    return AuditFlowActivities(audit.office.database, audit.opener, audits, audit.draws)


async def key_of(audit: Round) -> AuditKey:
    """It, now."""
    return AuditKey(key=audit.key, workflow_id=audit.wid, at=await audit.office.now())


async def test_a_sheet_of_visits_is_entered_whole_or_not_at_all(office: Office) -> None:
    """A row refused leaves nothing and is named; what was there keeps its number; no row, nothing."""
    audit = await round_of(office, "到访一张表", approval="甲委〔2026〕9号")
    await audit.open()
    wrong = await audit.visit_together(ONE, TWO, "甲区司法局")
    assert (wrong.code, wrong.place, wrong.numbers) == ("AUDIT_NOT_COVERED", 3, ())
    assert (await audit.record()).visits == ()
    first = await audit.visit_together(ONE, TWO)
    assert (first.numbers, first.before, first.again) == ((1, 2), 0, False)
    more = await audit.visit_together(TWO, THIRD, ONE)
    assert (more.numbers, more.before, more.again) == ((2, 3, 1), 2, False)
    assert more.sentence == "共3个单位，都已到访。"
    same = await audit.visit_together(*THREE)
    assert (same.numbers, same.before, same.again) == ((1, 2, 3), 3, True)
    assert await audit.visit_together() == AuditRecorded()
    assert (
        await audit.visit_together(*(f"街道{n}" for n in range(2_001)))
    ).code == "AUDIT_TOO_MANY"


async def test_everything_recorded_is_recorded_once(office: Office) -> None:
    """Visits, problems, conclusions and the opening itself: the same order twice is one."""
    audit = await round_of(office, "督查两遍", approval="甲委〔2026〕9号")
    assert await audit.open() == await audit.open()
    signed: dict[str, Any] = {
        "now": await office.now(),
        "key": audit.key,
        "person": BY,
        "action_id": "同一件",
    }
    visit = Visit(unit=ONE, on=await office.today())
    orders = [VisitOrder(**signed, visit=visit)] * 2
    visits = [await audit.desk.visit(order) for order in orders]
    assert [(v.numbers, v.again) for v in visits] == [((1,), False), ((1,), True)]
    found = ProblemsOrder(**signed, problems=(problem(ONE), problem(ONE)))
    problems = [await audit.desk.find(found) for _ in range(2)]
    assert [(p.numbers, p.again) for p in problems] == [((1, 2), False), ((1, 2), True)]
    machine = problem(TWO, found_by="超期未办", sentence="时限2026-11-02，已超期5天未办。")
    later = replace(machine, sentence="时限2026-11-02，已超期9天未办。")
    first, again = await audit.find(machine), await audit.find(later)
    assert (first.numbers, again.numbers, again.again) == ((3,), (3,), True)


async def test_orders_of_the_workflow_come_twice(office: Office) -> None:
    """A worker that died after its commit: the second time says the same, and moves nothing more."""
    audit = await round_of(office, "督查重投", approval="甲委〔2026〕9号")
    await audit.open()
    await audit.found(ONE, TWO, ONE)
    flow, key = flow_of(audit), await key_of(audit)
    await flow.send(ProblemsSent(key=key, due=await office.today(), units=(ONE, TWO)))
    rectified = ProblemsClosed(
        key=key, state=ProblemState.RECTIFIED, person="甲", note="已改", units=(ONE,)
    )
    said = [(await flow.close(rectified)).sentence for _ in range(2)]
    assert said == [f"{ONE}的2个问题已整改。"] * 2
    later = replace(key, at=await office.now())
    closed = ProblemsClosed(key=later, state=ProblemState.CLOSED, person="乙")
    said = [(await flow.close(closed)).sentence for _ in range(2)]
    assert said == ["2个问题已销号。"] * 2
    ended = AuditEnded(key=key, ending="终止")
    assert [(await flow.end(ended)).sentence for _ in range(2)] == [
        "结束时还有1个问题没有销号。"
    ] * 2
    moves = await office.rows("SELECT * FROM audit_problem_move WHERE rollout = '督查重投'")
    assert len(moves) == 7


async def test_automatic_findings_are_entered_once_and_bounded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the same; beyond the bound the log says how many were left; none after the end."""
    audit = await round_of(office, "督查自动", AuditKind.DISCIPLINE, approval="甲委〔2026〕9号")
    await one_person_reviewed_twice(office, audit.plan.rollout, *THREE)
    monkeypatch.setattr(audit_flow_checks, "MOST_FOUND", 2)
    await audit.open()
    await audit.lines("记账", 2)
    flow, key = flow_of(audit), await key_of(audit)
    again = await ActivityEnvironment().run(flow.check, key)
    assert "1处超过一次登记的上限2个，没有登记" in again.sentence
    assert len(await audit.states()) == 2
    await flow.end(AuditEnded(key=key, ending="终止"))
    monkeypatch.setattr(audit_flow_checks, "MOST_FOUND", 9)
    assert (await ActivityEnvironment().run(flow.check, key)).sentence == ""
    assert len(await audit.states()) == 2


async def test_what_cannot_be_acted_on_is_not_opened(office: Office) -> None:
    """An organiser, a unit or a 协调小组 that nobody knows; strange days; nobody to inspect: said at once."""

    async def refused(rollout: str, kind: AuditKind = AuditKind.ASSESSMENT, **more: Any) -> str:
        audit = await round_of(office, rollout, kind, **more)
        with pytest.raises(ApplicationError) as no:
            await audit.open()
        assert no.value.non_retryable
        assert (await audit.record()).code == "AUDIT_NOT_OPEN"
        return str(no.value.type)

    assert await refused("督查无主", unit="区审计局") == "UNKNOWN_UNIT"
    assert await refused("督查无室", AuditKind.ANNUAL, without=(SUPERVISION,)) == "UNKNOWN_UNIT"
    assert await refused("督查无组", AuditKind.SPECIAL, without=(STEERING,)) == "UNKNOWN_UNIT"
    assert await refused("督查无此", covers=("九街道",)) == "UNKNOWN_UNIT"
    assert await refused("督查无人", without=THREE) == "AUDIT_COVERS_NOBODY"
    assert await refused("督查环节", workdays={"初审": 3}) == "AUDIT_STEP_UNKNOWN"
    assert await refused("督查天数", workdays={"整改": 0}) == "AUDIT_STEP_DAYS"
    other = await round_of(
        office, "督查代室", AuditKind.ANNUAL, unit="区委编办", without=(SUPERVISION,)
    )
    assert await other.open() == other.wid


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_problem SET sentence = '没有问题'",
        "UPDATE audit_problem SET state = '已销号'",
        "DELETE FROM audit_problem",
        "UPDATE audit_problem_move SET person = '别人'",
        "DELETE FROM audit_visit",
        "UPDATE audit SET covers = '{}'",
        "UPDATE audit SET ended_at = NULL, ending = ''",
        "DELETE FROM audit",
    ],
)
async def test_the_register_keeps_what_was_written(office: Office, change: str) -> None:
    """Texts, visits and moves stay; a problem goes only the way that it may; an audit ends once."""
    audit = await round_of(office, f"督查不改{len(change)}", approval="甲委〔2026〕9号")
    await audit.open()
    await audit.visit(ONE)
    await audit.found(ONE)
    await office.done(audit.wid, Verb.TERMINATE, "市协调员", note="改革暂停")
    await audit.result()
    with pytest.raises(DBAPIError):
        await office.change(f"{change} WHERE rollout = :r", r=audit.plan.rollout)
