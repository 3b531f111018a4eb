"""A row that asks for a share of a department is not confirmed below it (0-44)."""

from __future__ import annotations

from datetime import timedelta

from activities.devolution import DevolutionActivities
from contracts.devolution import DevolutionAnswer, DevolutionQuestion
from domain.deadline import local_day
from domain.devolution import Goal
from domain.ledger import OPENING, Entry, Line, arrived, moved, opening, sent, taken_back
from domain.plan import RowKind
from domain.procedure import Verb
from storage.ledger_store import Posted, post
from tests.office import Office
from tests.small_plan import STREETS, row, small_plan

OFFICE, STREET = "甲区司法局", STREETS[0]
KEYS = tuple(f"p-{n:016x}" for n in range(10))


async def put(office: Office, rollout: str, kind: str, *lines: Line) -> None:
    """Post an entry of today."""
    now = await office.now()
    entry = Entry(
        rollout=rollout,
        key=f"{kind}{lines}",
        kind=kind,
        day=local_day(now),
        person="区协调员",
        rule="0-44",
        paper="甲编〔2026〕1号",
        lines=lines,
    )
    async with office.database.transaction() as connection:
        assert isinstance(await post(connection, entry, now), Posted)


async def go(office: Office, rollout: str, *staff: str, to: str = STREET) -> None:
    """These persons leave the office for a street with their posts."""
    await put(office, rollout, "批复", *sent(OFFICE, to, "行政", len(staff), staff))
    await put(
        office,
        rollout,
        "登记",
        *(line for key in staff for line in arrived(OFFICE, to, "行政", key)),
    )


async def locked(office: Office, rollout: str, kind: RowKind = RowKind.TASK, **options: str) -> str:
    """A row of one street; the office has ten people and eleven posts, and one leader."""
    today = await office.today()
    due = today + timedelta(days=40)
    plan = small_plan(rollout, today, row("9", "资源下沉", kind, due, options=options))
    wid = (await office.start_procedure(plan, "9", STREET)).id
    await put(office, rollout, OPENING, *opening(OFFICE, "行政", 11, KEYS))
    await put(office, rollout, OPENING, *opening(OFFICE, "领导·科级", 1, KEYS[:1]))
    for street in STREETS:
        await put(office, rollout, OPENING, *opening(street, "行政", 1))
    return wid


async def measured(office: Office, rollout: str, **more: object) -> DevolutionAnswer:
    """What the desk says of 70 per cent of the office."""
    goals = (Goal(unit=OFFICE, percent=70),)
    question = DevolutionQuestion(**{"rollout": rollout, "goals": goals, **more})
    return await DevolutionActivities(office.database).measure(question)


def said(answer: DevolutionAnswer) -> tuple[int, ...]:
    """Locked and gone by people, by posts, and what is in transit."""
    (line,) = answer.lines
    counts = (line.people.locked, line.people.gone, line.posts.locked, line.posts.gone)
    return (*counts, line.in_transit)


async def test_a_row_is_confirmed_once_enough_have_gone(office: Office) -> None:
    """六 of ten is refused with both bases, the seventh lets it through."""
    wid = await locked(office, "下沉", 下放="区司法局:70%")
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    await go(office, "下沉", *KEYS[:3])
    await go(office, "下沉", *KEYS[3:6], to=STREETS[1])

    no = await office.act(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")
    assert (no.accepted, no.code) == (False, "NOT_DEVOLVED")
    assert "人员锁定10、应下放7、已下放6、还差1；编制锁定11、应下放8、已下放6、还差2" in no.sentence
    stranger = await office.act(wid, Verb.APPROVE, f"{STREET}经办甲", "确认")
    assert stranger.code == "NOT_YOUR_UNIT"
    await office.done(wid, Verb.RETURN, "甲区委编办经办甲", "确认", note="再下放一人")
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    await go(office, "下沉", KEYS[6])
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")

    assert (await office.log(wid))[-1]["kind"] == "结束"


async def test_a_transfer_row_by_posts_counts_posts(office: Office) -> None:
    """编制70%: seven people are not enough for eleven posts; a vacant post more is."""
    wid = await locked(office, "下沉编制", RowKind.TRANSFER, 下放="区司法局:编制70%")
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    await go(office, "下沉编制", *KEYS[:7])
    no = await office.act(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")
    assert no.code == "NOT_DEVOLVED"

    await put(office, "下沉编制", "划转", *moved(OFFICE, STREET, "行政", 1))
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")


async def test_a_row_without_the_option_asks_nothing(office: Office) -> None:
    """Nobody has gone, and nothing hinders."""
    wid = await locked(office, "无比例")
    await office.done(wid, Verb.SUBMIT, f"{STREET}经办甲", "办理")
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "确认")


async def test_only_what_is_there_has_gone(office: Office) -> None:
    """In transit is shown apart; what was taken back, and what came back, does not count."""
    await locked(office, "在途")
    await put(office, "在途", "批复", *sent(OFFICE, STREET, "行政", 3, KEYS[:2]))
    assert said(await measured(office, "在途")) == (10, 0, 11, 0, 3)

    await put(office, "在途", "退回", *taken_back(OFFICE, STREET, "行政", 1, KEYS[:1]))
    await put(office, "在途", "登记", *arrived(OFFICE, STREET, "行政", KEYS[1]))
    await put(office, "在途", "空编", *arrived(OFFICE, STREET, "行政"))
    assert said(await measured(office, "在途")) == (10, 1, 11, 2, 0)
    assert said(await measured(office, "在途", to=("各街道",))) == (10, 1, 11, 2, 0)
    assert said(await measured(office, "在途", to=(STREETS[1],))) == (10, 0, 11, 0, 0)


async def test_a_day_gone_by_counts_what_had_gone_by_then(office: Office) -> None:
    """Two go today, three the day after; as of today there are two, the day before no lock."""
    await locked(office, "截至")
    today = await office.today()
    await go(office, "截至", *KEYS[:2])
    await put(office, "截至", "批复", *sent(OFFICE, STREET, "行政", 1, KEYS[5:6]))
    await office.pass_days(1)
    await go(office, "截至", *KEYS[2:5])
    await put(office, "截至", "登记", *arrived(OFFICE, STREET, "行政", KEYS[5]))

    assert said(await measured(office, "截至")) == (10, 6, 11, 6, 0)
    assert said(await measured(office, "截至", as_of=today)) == (10, 2, 11, 2, 1)
    before = await measured(office, "截至", as_of=today - timedelta(days=1))
    assert (before.code, before.lines) == ("NOT_IN_LOCK", ())
    assert f"截至{today - timedelta(days=1)}，台账里没有" in before.sentence


async def test_people_of_a_team_count_wherever_their_roster_sent_them(office: Office) -> None:
    """--to 队伍 counts who is on a roster with that team and has arrived, each with a post."""
    await locked(office, "队伍")
    await office.change(
        "INSERT INTO census_import (rollout, version, basis, content_hash, at, person, units,"
        " people) VALUES ('队伍', 1, 0, 'x', now(), '甲', 1, 10)"
    )
    await office.change(
        "INSERT INTO census_lock (rollout, version, paper, person, unit, at, totals)"
        " VALUES ('队伍', 1, '文', '甲', '甲', now(), '[]')"
    )
    await office.change(
        "INSERT INTO staff (rollout, key, name, identity, blind_index, unit, type, leader_type,"
        " title, baseline) SELECT '队伍', k, '某', 'x', k, :u, '行政', '', '', false"
        " FROM unnest(CAST(:keys AS text[])) AS k",
        u=OFFICE,
        keys=list(KEYS),
    )
    await office.change(
        "INSERT INTO roster (rollout, number, version, units, content_hash, status, people, at,"
        " person) VALUES ('队伍', '一', 1, ARRAY['一街道'], 'x', '编制中', 3, now(), '甲')"
    )
    await office.change(
        "INSERT INTO roster_person (rollout, number, version, staff, from_unit, to_unit, team,"
        " type, state, live, sink_mode) SELECT '队伍', '一', 1, k, :u, '一街道', '一中队', '行政', '在册', true, ''"
        " FROM unnest(CAST(:keys AS text[])) AS k",
        u=OFFICE,
        keys=list(KEYS[:3]),
    )
    await go(office, "队伍", *KEYS[:2])
    await go(office, "队伍", KEYS[5])

    assert said(await measured(office, "队伍", to=("一中队",))) == (10, 2, 11, 2, 0)
    assert said(await measured(office, "队伍", to=("一中队", STREET))) == (10, 3, 11, 3, 0)
    assert (await measured(office, "队伍", to=("二中队",))).code == "UNKNOWN_UNIT"


async def test_nothing_is_measured_without_a_lock(office: Office) -> None:
    """An office without a baseline is refused, as is an unknown rollout."""
    today = await office.today()
    await office.register(small_plan("未锁", today))

    assert (await measured(office, "未锁")).code == "NOT_IN_LOCK"
    assert (await measured(office, "没有")).code == "UNKNOWN_ROLLOUT"
