"""A transfer batch for tests: a locked baseline, a roster of it, and the hands that carry it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from contracts.procedure import ActionReply
from contracts.transfer import PERSON_UPDATE, PersonAction
from domain.ledger import OPENING, Entry, opening
from domain.plan import Plan, RowKind
from domain.procedure import Verb
from domain.roster import Place, RosterStatus
from domain.transfer_person import PersonKind
from domain.unit import Unit, UnitKind
from storage.ledger_store import Posted, post
from storage.roster_store import RosterOnFile, roster_for, store_roster
from tests.office import Office, proof
from tests.small_plan import DISTRICT, STREETS, row, small_plan, units

STREET = STREETS[0]
OFFICE = "甲区司法局"
REFORM_OFFICE = "甲区委编办"
FOLLOW_UPS = {
    "编制实名登记": (REFORM_OFFICE, ("登记凭证",)),
    "档案关系转移": ("甲区委组织部", ("转递单", "回执")),
    "财政经费划拨": ("甲区财政局", ("拨付文件",)),
    "用车划转": ("甲区机关事务中心", ("交接单",)),
    "用房划转": ("甲区机关事务中心", ("交接单",)),
}
_ids = itertools.count(1)


def department(name: str, duty: str = "") -> Unit:
    """A department of the district with its people."""
    return Unit(
        name=name,
        kind=UnitKind.DEPARTMENT,
        district=DISTRICT,
        duty=duty,
        head=f"{name}主要负责人",
        leader_in_charge=f"{name}分管领导",
        handlers=(f"{name}经办甲", f"{name}经办乙"),
        substitutes=(f"{name}代办",),
    )


def transfer_plan(
    rollout: str,
    kickoff: Any,
    *,
    target: str = STREET,
    more: Sequence[Unit] = (),
    **options: str,
) -> Plan:
    """One row 转隶 by roster, and the units that its steps need."""
    plan = small_plan(
        rollout,
        kickoff,
        row(
            "T",
            "人员转隶",
            RowKind.TRANSFER,
            kickoff + timedelta(days=120),
            targets=(target,),
            options={"方式": "名册", **options},
        ),
    )
    extra = (
        department("甲区委组织部", "区委组织部"),
        department("甲区财政局", "区财政局"),
        department("甲区机关事务中心", "区机关事务中心"),
    )
    return replace(plan, units=(*units(), *extra, *more))


def key(number: int) -> str:
    """A person's key; the same number is the same person."""
    return f"p-{number:016x}"


@dataclass(frozen=True)
class Person:
    """One line of a baseline and of a roster."""

    number: int
    from_unit: str = OFFICE
    to_unit: str = STREET
    type: str = "行政"
    team: str = ""
    leader_type: str = ""

    @property
    def key(self) -> str:
        """The person's key."""
        return key(self.number)


async def lock(office: Office, rollout: str, people: Sequence[Person], spare: int = 0) -> None:
    """The baseline of these people, locked, and the ledger opened with it."""
    now, day = await office.now(), await office.today()
    told = {"rollout": rollout, "now": now}
    async with office.database.transaction() as connection:
        for statement in (
            "INSERT INTO census_import VALUES (:rollout, 1, 0, :rollout, :now, '测试', 1, 1)",
            "INSERT INTO census_lock VALUES (:rollout, 1, '甲编委〔2026〕1号', '测试', '', :now, '[]')",
        ):
            await connection.execute(text(statement), told)
        await connection.execute(
            text(
                "INSERT INTO staff VALUES (:rollout, :key, '某某', 'sealed', :key, :unit, :type,"
                " :leader, '', true)"
            ),
            [
                {
                    "rollout": rollout,
                    "key": p.key,
                    "unit": p.from_unit,
                    "type": p.type,
                    "leader": p.leader_type,
                }
                for p in people
            ],
        )
        accounts: dict[tuple[str, str], list[str]] = {}
        for p in people:
            accounts.setdefault((p.from_unit, p.type), []).append(p.key)
            if p.leader_type:
                accounts.setdefault((p.from_unit, p.leader_type), []).append(p.key)
        for (unit, kind), keys in accounts.items():
            entry = Entry(
                rollout=rollout,
                key=f"期初:{unit}:{kind}",
                kind=OPENING,
                day=day,
                person="测试",
                rule="0-25",
                paper="甲编委〔2026〕1号",
                lines=opening(unit, kind, len(keys) + spare, keys),
            )
            assert isinstance(await post(connection, entry, now), Posted)


async def draw_up(office: Office, rollout: str, number: str, people: Sequence[Person]) -> None:
    """A roster of these people; a later version of one that is there."""
    async with office.database.transaction() as connection:
        before = await roster_for(connection, rollout, number, to_change=True)
        version = before.version + 1 if before else 1
        new = RosterOnFile(
            rollout=rollout,
            number=number,
            version=version,
            units=tuple(dict.fromkeys(p.to_unit for p in people)),
            content_hash=f"{number}/{version}",
            status=RosterStatus.DRAWN_UP,
            people=len(people),
            at=await office.now(),
            person="测试",
        )
        places = [
            Place(staff=p.key, from_unit=p.from_unit, to_unit=p.to_unit, team=p.team, type=p.type)
            for p in people
        ]
        await store_roster(connection, new, places, before)


async def begin(
    office: Office, name: str, people: Sequence[Person], number: str = "名册1号", **more: Any
) -> str:
    """A started batch with its roster in the registers; returns the workflow id."""
    history = {k: more.pop(k) for k in ("history_limit", "edition") if k in more}
    plan = transfer_plan(name, await office.today(), **more)
    handle = await office.start_procedure(plan, "T", plan.row("T").targets[0], **history)
    await lock(office, name, people)
    await draw_up(office, name, number, people)
    await office.until_open(handle.id, "名册")
    return handle.id


def roster_proof(number: str = "名册1号") -> Any:
    """The 名册号."""
    return proof("名册", number=number)


async def request(office: Office, wid: str, number: str = "名册1号") -> None:
    """名册, 通知 and 请示 by the reform office."""
    who = f"{REFORM_OFFICE}经办甲"
    await office.done(wid, Verb.SUBMIT, who, "名册", evidence=roster_proof(number))
    await office.done(wid, Verb.SUBMIT, who, "通知", evidence=proof("通知"))
    await ask(office, wid)


async def ask(office: Office, wid: str) -> None:
    """请示, until the roster is frozen."""
    who = f"{REFORM_OFFICE}经办甲"
    await office.done(wid, Verb.SUBMIT, who, "请示", evidence=proof("请示"))
    for _ in range(400):
        if await status(office, wid.split("/", maxsplit=1)[0]) == "已请示":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the roster was not frozen")


async def approve(
    office: Office, wid: str, step: str = "审批", paper: str = "甲编委〔2026〕3号"
) -> None:
    """批复 by the 编委, until 转人员 is at its desk."""
    await office.until_open(wid, step)
    await office.done(
        wid, Verb.APPROVE, "甲区委编委经办甲", step, evidence=proof("批复", number=paper)
    )


async def move(office: Office, wid: str, unit: str = STREET) -> None:
    """转人员 by the receiving unit."""
    await office.until_open(wid, "转人员")
    await office.done(wid, Verb.SUBMIT, f"{unit}经办甲", "转人员", evidence=proof("报到单"))


async def follow_up(office: Office, wid: str, *skip: str) -> None:
    """The five that end a batch."""
    for step, (unit, documents) in FOLLOW_UPS.items():
        if step not in skip:
            await office.until_open(wid, step)
            await office.done(wid, Verb.SUBMIT, f"{unit}经办甲", step, evidence=proof(*documents))


async def person(
    office: Office,
    wid: str,
    kind: str,
    *keys: str,
    by: str = f"{REFORM_OFFICE}经办甲",
    note: str = "已记录",
    **more: Any,
) -> ActionReply:
    """Record something of persons; every call is an action of its own unless it brings its id."""
    action = PersonAction(
        **{
            "action_id": f"人员{next(_ids)}",
            "kind": PersonKind(kind),
            "staff": keys,
            "person": by,
            "note": note,
            **more,
        }
    )
    handle = office.client.get_workflow_handle(wid)
    return await handle.execute_update(PERSON_UPDATE, action, id=None, result_type=ActionReply)


async def recorded(office: Office, wid: str, kind: str, *keys: str, **more: Any) -> None:
    """Record something that must be accepted."""
    reply = await person(office, wid, kind, *keys, **more)
    assert reply.accepted, f"{kind}: {reply.code} {reply.sentence}"


async def balances(office: Office, rollout: str) -> dict[str, tuple[int, int, int]]:
    """核定, 在途, 实有 of 行政 and 事业 by unit."""
    rows = await office.rows(
        "SELECT unit, sum(approved)::int AS a, sum(in_transit)::int AS t, sum(actual)::int AS p"
        " FROM ledger_position WHERE rollout = :r AND type NOT LIKE '领导%' GROUP BY 1",
        r=rollout,
    )
    return {r["unit"]: (r["a"], r["t"], r["p"]) for r in rows}


async def places(office: Office, rollout: str) -> dict[str, str]:
    """By key where the roster says that a person is."""
    rows = await office.rows(
        "SELECT p.staff, p.state FROM roster_person p JOIN roster r"
        " ON (r.rollout, r.number, r.version) = (p.rollout, p.number, p.version)"
        " WHERE p.rollout = :r AND r.status <> '已替换'",
        r=rollout,
    )
    return {r["staff"]: r["state"] for r in rows}


async def sound(office: Office, rollout: str) -> None:
    """Nobody is in two places or none, no post is lost or made, nothing sums to anything."""
    [total] = await office.rows(
        "SELECT count(*) FILTER (WHERE n <> 1) AS wrong FROM (SELECT s.key, count(l.unit) AS n"
        " FROM staff s LEFT JOIN ledger_place l ON (l.rollout, l.staff, l.type)"
        " = (s.rollout, s.key, s.type) WHERE s.rollout = :r GROUP BY 1) x",
        r=rollout,
    )
    assert total["wrong"] == 0
    sums = await office.rows(
        "SELECT t.id FROM ledger_transaction t JOIN ledger_posting p ON p.transaction = t.id"
        " WHERE t.rollout = :r GROUP BY t.id, p.type"
        " HAVING sum(p.amount) FILTER (WHERE p.state IN ('核定', '在途', '批准')) <> 0"
        " OR sum(p.amount) FILTER (WHERE p.state IN ('实有', '来源')) <> 0",
        r=rollout,
    )
    assert sums == []


async def status(office: Office, rollout: str, number: str = "名册1号") -> str:
    """The roster's status."""
    [found] = await office.rows(
        "SELECT status FROM roster WHERE rollout = :r AND number = :n AND status <> '已替换'",
        r=rollout,
        n=number,
    )
    return str(found["status"])
