"""派驻机构 go over to a street: three relations beside each other, then the handover (0-48, 0-49)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.plan import RowKind
from domain.procedure import RELATION_STEPS, Verb
from domain.unit import UnitKind
from tests.office import Office, proof
from tests.small_plan import DISTRICT, STREETS, row, small_plan

STREET = STREETS[0]
ORGANS = dict(zip(RELATION_STEPS, ("组织部", "人社局", "财政局"), strict=True))
STATIONS = ("司法所", "市场监管所")


async def begin(office: Office, rollout: str, **more: object) -> str:
    """One RelationTransfer of a street, whose district has the three organs."""
    today = await office.today()
    options = {"方式": "关系"}
    due = today + timedelta(days=60)
    plan = small_plan(
        rollout, today, row("9", "派驻机构下放", RowKind.TRANSFER, due, options=options)
    )
    model = next(unit for unit in plan.units if unit.duty == "区司法局")
    organs = [
        replace(
            model,
            name=f"{DISTRICT}{name}",
            duty=f"区委{name}" if name == "组织部" else f"区{name}",
            kind=UnitKind.DEPARTMENT,
            handlers=(f"{DISTRICT}{name}经办甲",),
        )
        for name in ORGANS.values()
    ]
    plan = replace(plan, units=(*plan.units, *organs))
    return (await office.start_procedure(plan, "9", STREET, **more)).id


def papers(word: str, *stations: str) -> dict[str, object]:
    """A document of this kind for each station."""
    return {"evidence": proof(*(f"{word}·{each}" for each in stations or STATIONS))}


async def move(office: Office, wid: str, *steps: str) -> None:
    """The organs of these relations hand in their 转接单."""
    for step in steps:
        organ = f"{DISTRICT}{ORGANS[step]}经办甲"
        await office.done(wid, Verb.SUBMIT, organ, step, **papers("转接单"))


async def hand_over(office: Office, wid: str) -> None:
    """The street takes charge."""
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "责任移交", **papers("移交书"))


async def confirm(office: Office, wid: str) -> None:
    """The lead confirms."""
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")


async def test_three_relations_move_beside_each_other_then_the_street_takes_charge(
    office: Office,
) -> None:
    """All three open at once; each needs a document of each station; 责任移交 waits for the last."""
    wid = await begin(office, "关系")
    await office.until_open(wid, RELATION_STEPS[2])
    assert tuple(await office.open_steps(wid)) == RELATION_STEPS

    half = papers("转接单", "司法所")
    no = await office.act(wid, Verb.SUBMIT, "甲区财政局经办甲", "经费管理关系", **half)
    assert (no.accepted, no.code) == (False, "DOCUMENT_MISSING")
    assert "转接单·市场监管所" in no.sentence
    await office.pass_days(2)
    yesterday = await office.today() - timedelta(days=1)
    given = papers("转接单") | {"happened_on": yesterday}
    await office.done(wid, Verb.SUBMIT, "甲区财政局经办甲", "经费管理关系", **given)
    await move(office, wid, "党组织关系")
    assert await office.open_steps(wid) == ["薪酬待遇关系"]
    await move(office, wid, "薪酬待遇关系")
    assert await office.open_steps(wid) == ["责任移交"]
    await hand_over(office, wid)
    await confirm(office, wid)

    log = await office.log(wid)
    assert log[-1]["kind"] == "结束"
    handed = [e for e in log if e["step"] == "经费管理关系" and e["verb"] == Verb.SUBMIT]
    assert [no.code, yesterday.isoformat()] == [
        handed[0]["code"],
        handed[1]["detail"]["happened_on"],
    ]


async def test_one_relation_returned_leaves_the_others_done(office: Office) -> None:
    """退回 to 薪酬待遇关系 opens it alone, then 责任移交 and 确认 again; also in a second run."""
    wid = await begin(office, "退一项", history_limit=30)
    await office.until_open(wid, RELATION_STEPS[2])
    await move(office, wid, *RELATION_STEPS)
    await hand_over(office, wid)
    wrong = {"to": "薪酬待遇关系", "note": "少一人"}
    await office.done(wid, Verb.RETURN, "甲区委编办经办甲", "确认", **wrong)
    await office.until_open(wid, "薪酬待遇关系")
    assert await office.open_steps(wid) == ["薪酬待遇关系"]

    await move(office, wid, "薪酬待遇关系")
    await office.until_open(wid, "责任移交")
    await hand_over(office, wid)
    await confirm(office, wid)

    assert (await office.log(wid))[-1]["kind"] == "结束"


async def test_a_termination_closes_all_that_is_open(office: Office) -> None:
    """The three desks are cleared at once."""
    wid = await begin(office, "终止关系")
    await office.until_open(wid, RELATION_STEPS[2])
    await office.done(wid, Verb.TERMINATE, "市协调员", note="改为保留")

    assert await office.open_steps(wid) == []
