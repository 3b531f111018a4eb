"""Audits of every kind from their opening to their end, with everything that blocks them on the way."""

from __future__ import annotations

from domain.audit import AuditKind
from domain.procedure import Verb
from tests.audits import THREE, round_of
from tests.office import Office, proof

ONE, TWO, THIRD = THREE


async def test_an_assessment_goes_from_approval_to_report(office: Office) -> None:
    """0-12: 立项 with its number, every street visited, three rectify, one is sent back once."""
    audit = await round_of(office, "督查全程")
    assert await audit.open() == audit.wid
    await audit.inspected(*THREE)
    await audit.rectify(*THREE)
    await audit.done("复核", verb=Verb.RETURN, note="二街道的不彻底", reopen=(TWO,))
    assert await audit.states() == {
        1: (ONE, "已整改"),
        2: (TWO, "待整改"),
        3: (THIRD, "已整改"),
    }
    await audit.rectify(TWO, note="已重做")
    await audit.done("复核", verb=Verb.APPROVE)
    await audit.done("报告", evidence=proof("报告"))
    result = await audit.result()

    assert result["ending"] == "办结"
    record = await audit.record()
    assert (record.status, len(record.visits)) == ("办结", 3)
    assert [one.done for one in record.problems] == ["已改正", "已重做", "已改正"]
    assert {str(one.state) for one in record.problems} == {"已销号"}
    asked = [s for s in (await office.progress(audit.wid)).steps if s.step == "整改"]
    assert [step.units for step in asked] == [THREE, (TWO,)]


async def test_without_problems_rectification_is_passed(office: Office) -> None:
    """No problem: 整改 and 复核 are passed, the log says so; an approval number stands for 立项."""
    audit = await round_of(office, "督查无问题", approval="区委办〔2026〕9号", kind=AuditKind.DISCIPLINE)
    await audit.open()
