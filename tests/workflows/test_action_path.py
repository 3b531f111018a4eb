"""docs/architecture.md shows the events of one action as they are."""

from __future__ import annotations

import re
from pathlib import Path

from domain.procedure import Verb
from tests.office import SOUND, Office, draft_sanding
from tests.small_plan import only, small_plan

TEXT = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
STREET = "一街道"


def printed(name: str) -> list[str]:
    """The list under a mark of the document."""
    block = re.search(rf"<!-- events: {name} -->\n```\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    return block[1].split()


async def newest(office: Office, workflow_id: str) -> list[str]:
    """The events of the newest Update, from its workflow task to its answer."""
    events = await office.events(workflow_id)
    answered = len(events) - events[::-1].index("WORKFLOW_EXECUTION_UPDATE_COMPLETED")
    accepted = answered - 1
    while events[accepted] != "WORKFLOW_EXECUTION_UPDATE_ACCEPTED":
        accepted -= 1
    return events[accepted - 3 : answered]


async def test_the_events_of_an_action_are_those_of_the_document(office: Office) -> None:
    """A 通过 that opens a step, and a refusal, leave exactly the events that are printed."""
    plan = only(small_plan("事件路径", await office.today()), "2")
    wid = (await office.start_procedure(plan, "2", STREET)).id
    await draft_sanding(office, wid, STREET)

    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND)
    accepted = await newest(office, wid)
    await office.act(wid, Verb.APPROVE, "甲区委编办经办甲", "复审", verdicts=SOUND)
    refused = await newest(office, wid)

    assert printed("accepted") == accepted
    assert printed("refused") == refused
