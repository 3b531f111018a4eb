"""A registered plan is handed back whole, in pages that a payload can hold."""

from __future__ import annotations

from dataclasses import replace

from pydantic import TypeAdapter

from activities.plan_copy import PlanCopyActivities
from contracts.desk import PlanRegistration
from contracts.plan_copy import PlanPage, PlanQuestion
from domain.plan import Plan
from tests.activities.conftest import REGISTERED_AT


async def read_back(run, copies, question: PlanQuestion) -> tuple[Plan, list[PlanPage]]:
    """The plan of all pages joined, and the pages."""
    pages = [await run(copies.read_plan, question)]
    while pages[-1].next_page:
        pages.append(await run(copies.read_plan, replace(question, page=pages[-1].next_page)))
    document = "".join(page.piece for page in pages)
    return TypeAdapter(Plan).validate_json(document), pages


async def test_a_registered_plan_comes_back_equal(rollout, run, database) -> None:
    """What was registered is what is read, with its version and who registered it."""
    copies = PlanCopyActivities(database)

    plan, (page,) = await read_back(run, copies, PlanQuestion(rollout=rollout.key.rollout))

    assert rollout.plan == plan
    assert (rollout.key.plan_id, 1, 1) == (page.plan_id, page.version, page.newest)
    assert (plan.rollout, REGISTERED_AT) == (page.content_hash, page.registered_at)


async def test_a_large_plan_comes_in_pages_of_half_a_megabyte(rollout, run, database) -> None:
    """Streets by the hundred whose short names are long and four bytes a character."""
    unit = rollout.plan.units[-1]
    more = tuple(replace(unit, name=f"{n}街道", duty="𠮷" * 900) for n in range(400))
    plan = replace(rollout.plan, rollout=f"{rollout.plan.rollout}大", units=more)
    order = PlanRegistration(plan=plan, content_hash=plan.rollout, now=REGISTERED_AT)
    await run(rollout.bulk.register_plan, order)

    back, pages = await read_back(
        run, PlanCopyActivities(database), PlanQuestion(rollout=plan.rollout)
    )

    assert plan == back
    assert len(pages) > 2
    assert max(len(TypeAdapter(PlanPage).dump_json(page)) for page in pages) < 500_000


async def test_what_is_not_there_is_refused_as_a_value(rollout, run, database) -> None:
    """An unknown rollout and a version that was never registered."""
    copies = PlanCopyActivities(database)
    name = rollout.key.rollout

    nobody = await run(copies.read_plan, PlanQuestion(rollout="没有"))
    later = await run(copies.read_plan, PlanQuestion(rollout=name, version=2))

    assert ("ROLLOUT_NOT_FOUND", "") == (nobody.code, nobody.piece)
    assert "NO_SUCH_VERSION" == later.code
    assert later.sentence.endswith("最新是第1版。")
