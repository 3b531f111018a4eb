"""Transfer batches as large as they come, and carried on across runs."""

from __future__ import annotations

from domain.procedure import Verb
from tests.office import Office, proof
from tests.small_plan import DISTRICT, STREETS
from tests.transfers import (
    OFFICE,
    STREET,
    Person,
    approve,
    balances,
    begin,
    department,
    follow_up,
    key,
    move,
    places,
    recorded,
    request,
    sound,
    status,
)

MOST_EVENTS = 200
"""More than a batch of a thousand may leave in its history."""


async def test_264_people_of_6_departments_into_3_teams(office: Office) -> None:
    """3-12: the sums by department and team add up, and all of them arrive."""
    name = "转隶二百六十四"
    offices = [f"甲区第{n}局" for n in range(1, 7)]
    teams = [f"{n}队" for n in "一二三"]
    people = [
        Person(
            n,
            from_unit=offices[n % 6],
            to_unit=STREETS[n % 2],
            team=teams[n % 3],
            type="事业" if n % 4 else "行政",
        )
        for n in range(264)
    ]
    wid = await begin(office, name, people, target=DISTRICT, more=[department(o) for o in offices])
    await request(office, wid)
    await approve(office, wid)
    await move(office, wid, DISTRICT)
    await follow_up(office, wid)
    await office.client.get_workflow_handle(wid).result()

    found = await balances(office, name)
    assert {found[unit] for unit in offices} == {(0, 0, 0)}
    assert [found[street] for street in STREETS] == [(132, 0, 132)] * 2
    sums = await office.rows(
        "SELECT team, count(*) AS n FROM roster_person WHERE rollout = :r GROUP BY 1", r=name
    )
    assert {s["team"]: s["n"] for s in sums} == dict.fromkeys(teams, 88)
    await sound(office, name)


async def test_a_thousand_people_leave_a_short_history(office: Office) -> None:
    """The workflow carries a number and counts: its history is as long as that of a dozen."""
    name = "转隶一千"
    people = [Person(n) for n in range(1_000)]
    wid = await begin(office, name, people)
    await request(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")
    await recorded(
        office, wid, "移出", *(key(n) for n in range(50)), evidence=proof("更正"), note="记录有误"
    )
    await move(office, wid)
    await follow_up(office, wid)
    await office.client.get_workflow_handle(wid).result()

    events = await office.events(wid)
    assert await balances(office, name) == {OFFICE: (50, 0, 50), STREET: (950, 0, 950)}
    await sound(office, name)
    print(f"{len(events)} events")
    assert len(events) < MOST_EVENTS


async def test_the_second_run_knows_what_was_posted(office: Office) -> None:
    """After continue-as-new nothing is frozen, sent or registered again."""
    name = "转隶续办"
    wid = await begin(office, name, [Person(n) for n in range(5)], history_limit=30)
    await request(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")
    await recorded(office, wid, "移出", key(1), evidence=proof("更正"), action_id="移出一次")
    await recorded(office, wid, "移出", key(1), evidence=proof("更正"), action_id="移出一次")
    await move(office, wid)
    await follow_up(office, wid)
    await office.client.get_workflow_handle(wid).result()

    log = await office.log(wid)
    assert [*range(1, len(log) + 1)] == [r["seq"] for r in log]
    assert len({r["run_id"] for r in log}) > 1
    said = [r["sentence"] for r in log if r["kind"] == "记账"]
    assert len(said) == len(set(said)) == 4
    assert await balances(office, name) == {OFFICE: (1, 0, 1), STREET: (4, 0, 4)}
    assert await status(office, name) == "办结"


async def test_who_leads_leaves_that_post_behind(office: Office) -> None:
    """领导职数 stay with their unit: who goes over no longer leads there (2-43)."""
    name = "转隶领导"
    people = [Person(1, leader_type="领导·科级"), Person(2)]
    wid = await begin(office, name, people)
    await request(office, wid)
    await approve(office, wid)
    await move(office, wid)
    await follow_up(office, wid)
    await office.client.get_workflow_handle(wid).result()

    [led] = await office.rows(
        "SELECT approved, actual FROM ledger_position WHERE rollout = :r AND type = '领导·科级'",
        r=name,
    )
    assert (led["approved"], led["actual"]) == (1, 0)
    assert await balances(office, name) == {OFFICE: (0, 0, 0), STREET: (2, 0, 2)}


async def test_the_ledger_is_asked_before_an_approval(office: Office) -> None:
    """3-07: posts of a street go to the district with a special approval only."""
    name = "转隶逆向"
    people = [Person(n, from_unit=STREET, to_unit=OFFICE) for n in range(3)]
    wid = await begin(office, name, people, target=DISTRICT)
    await request(office, wid)
    await office.until_open(wid, "审批")
    who = "甲区委编委经办甲"

    upward = await office.act(wid, Verb.APPROVE, who, "审批", evidence=proof("批复"))
    assert upward.code == "LEDGER_UPWARD"
    assert await places(office, name) == dict.fromkeys((key(n) for n in range(3)), "在册")

    await office.done(wid, Verb.APPROVE, who, "审批", evidence=proof("批复", "专项批准"))
    await office.until_open(wid, "转人员")
    assert await balances(office, name) == {STREET: (0, 3, 3)}


async def test_somebody_who_left_meanwhile_is_registered_no_more(office: Office) -> None:
    """Who retired by the ledger keeps 编制实名登记 open until taken out; the others have arrived."""
    name = "转隶已退"
    wid = await begin(office, name, [Person(n) for n in range(3)])
    await request(office, wid)
    await approve(office, wid)
    await move(office, wid)
    await office.until_open(wid, "编制实名登记")
    await office.change(
        "UPDATE roster_person SET to_unit = :other WHERE rollout = :r AND staff = :k",
        r=name,
        k=key(0),
        other=STREETS[1],
    )
    await follow_up(office, wid)
    await office.until_open(wid, "编制实名登记")

    assert (await places(office, name))[key(0)] == "在途"
    await office.change(
        "UPDATE roster_person SET to_unit = :other WHERE rollout = :r AND staff = :k",
        r=name,
        k=key(0),
        other=STREET,
    )
    await recorded(office, wid, "移出", key(0), evidence=proof("更正"), note="信息有误")
    await office.done(
        wid, Verb.SUBMIT, "甲区委编办经办甲", "编制实名登记", evidence=proof("登记凭证")
    )
    await office.client.get_workflow_handle(wid).result()
    assert await balances(office, name) == {OFFICE: (1, 0, 1), STREET: (2, 0, 2)}
    await sound(office, name)
