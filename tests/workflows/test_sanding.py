"""三定 drafting on the time-skipping server, with real activities on a real database."""

from __future__ import annotations

from datetime import timedelta

from contracts.procedure import ProcedureResult
from domain.procedure import Verb
from tests.office import SOUND, Office, draft_sanding, pass_sanding, proof
from tests.small_plan import only, small_plan

STREET = "一街道"


async def start(office: Office, rollout: str, **more: object) -> str:
    """One 三定 of one street, waiting at 起草."""
    plan = only(small_plan(rollout, await office.today()), "2")
    handle = await office.start_procedure(plan, "2", STREET, **more)
    return handle.id


async def test_a_draft_without_returns_is_issued(office: Office) -> None:
    """起草 to 印发 in order ends as 办结 under the joint 发文字号, in at most 90 events."""
    wid = await start(office, "三定一")
    await draft_sanding(office, wid, STREET)
    assert {"初审", "三方沟通"} == set(await office.open_steps(wid))
    await pass_sanding(office, wid, STREET)

    result = await office.client.get_workflow_handle(
        wid, result_type=ProcedureResult
    ).result()

    assert ("办结", "甲党办〔2026〕8号") == (result.ending, result.doc_no)
    events = await office.events(wid)
    from collections import Counter
    print(len(events), Counter(events))
    log = await office.log(wid)
    assert [*range(1, len(log) + 1)] == [r["seq"] for r in log]
    assert all(r["confirmed"] for r in log)
