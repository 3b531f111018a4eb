"""Our ``CaseHandover`` under the bench of cases: a district of 50 streets, everything as it ships.

Cases are opened and answered by the functions that the commands call, over one connection; worker,
server and database are those of ``jiegai up``. A 上报 comes with its 交接单 (clocks T1 and T2 by the
source texts), a 派单 runs under two limits that the district settled (签收, 办理), so that each kind
has two clocks.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

import psutil
from pydantic import TypeAdapter

from bench.case_rush import CaseRush, carry
from bench.history import Cost, cost_of
from bench.live import Stack, stack
from bench.plan import ONE_TASK, load, write_plan
from contracts.case import case_workflow_id
from contracts.procedure import ActionReply
from domain.action import Action, Evidence
from domain.case import CaseKind, Channel, Opening
from domain.case_limits import DEFAULT_LIMITS, HANDLE, SIGN, CaseLimit, CaseSettings, LimitUnit
from domain.duty import DutyItem, DutyList, ListKind, Side
from domain.duty_claims import Claim
from domain.procedure import Verb
from domain.unit import Unit, UnitKind
from runtime.connect import connect
from runtime.settings import Settings
from starter.actions import send
from starter.case_opening import open_case
from starter.desk_client import Door
from starter.errors import UserError
from storage.case_store import NewSettings, store_settings
from storage.duty_claim_store import write_claims
from storage.duty_store import NewDraft, put_in_force, store_draft
from storage.engine import Database

ROLLOUT, DISTRICT = "五十街办案", "甲区"
STREETS, ITEMS = 50, 25
DEPARTMENT = "甲区文旅局"
LIST = "文化旅游属地管理清单"
SLIP = Evidence(name="交接单", doc_no="甲街交〔2026〕1号")
FACTS = {
    "办理经过": "现场检查，责令改正",
    "办理结果": "已整改",
    "办结日期": "2026-11-20",
    "承办人": "经办甲",
}
_NUMBERS = count(1)
_SETTINGS: TypeAdapter[CaseSettings] = TypeAdapter(CaseSettings)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What is done after the opening, by whom: the street's side, or the department's."""

    step: str
    verb: Verb
    by_street: bool
    facts: Mapping[str, str] | None = None


TURNS = {
    CaseKind.REPORT: (
        Turn(step="签收", verb=Verb.ACCEPT, by_street=False),
        Turn(step="办理", verb=Verb.SUBMIT, by_street=False),
    ),
    CaseKind.DISPATCH: (
        Turn(step="签收", verb=Verb.ACCEPT, by_street=True),
        Turn(step="办理", verb=Verb.REPLY, by_street=True, facts=FACTS),
        Turn(step="确认", verb=Verb.APPROVE, by_street=False),
    ),
}


class Ours:
    """Cases of one kind through ``CaseHandover``."""

    def __init__(self, at: Stack, door: Door, kind: CaseKind) -> None:
        self.name = f"CaseHandover, {kind}"
        self.actions = 1 + len(TURNS[kind])
        self._at = at
        self._door = door
        self._kind = kind
        self._watched = {
            "server": [psutil.Process(at.pids["temporal"])],
            "worker": [at.worker],
            "PostgreSQL": [psutil.Process(at.pids["postgres"])],
        }

    async def rush(self, cases: int, at_once: int) -> CaseRush:
        """This will carry so many new cases to their end."""
        return await carry(self._one, cases, at_once, self._watched)

    async def cost(self) -> Cost:
        """This will carry one more case and count its history."""
        return await cost_of(self._at.client.get_workflow_handle(await self._one([])))

    async def open(self, took: list[float]) -> tuple[str, str]:
        """This will open one case; its workflow id and its street."""
        opening = opening_of(self._kind, next(_NUMBERS))
        begun = time.perf_counter()
        reply = await _patiently(lambda: open_case(self._door, ROLLOUT, opening))
        took.append(time.perf_counter() - begun)
        if not reply.accepted:
            raise SystemExit(f"{opening.number}: {reply.code} {reply.sentence}")
        return case_workflow_id(ROLLOUT, opening.number), opening.street

    async def _one(self, took: list[float]) -> str:
        workflow_id, street = await self.open(took)
        for turn in TURNS[self._kind]:
            action = Action(
                action_id=str(uuid4()),
                verb=turn.verb,
                person=f"{street if turn.by_street else DEPARTMENT}经办甲",
                step=turn.step,
                note="已办" if turn.facts is None else "",
                facts=dict(turn.facts or {}),
            )
            begun = time.perf_counter()
            reply = await _patiently(lambda sent=action: send(self._door, workflow_id, sent))  # type: ignore[misc]
            took.append(time.perf_counter() - begun)
            if not reply.accepted:
                raise SystemExit(f"{workflow_id} {turn.step}: {reply.code} {reply.sentence}")
        await self._at.client.get_workflow_handle(workflow_id).result()
        return workflow_id


async def _patiently(ask: Callable[[], Awaitable[ActionReply]]) -> ActionReply:
    """This will ask again under the same id where no answer came in time, as people are told to."""
    while True:
        try:
            return await ask()
        except UserError as error:
            if error.code != "SERVICE_UNREACHABLE":
                raise


def opening_of(kind: CaseKind, number: int) -> Opening:
    """The opening of a case with everything that its kind needs."""
    street = f"{DISTRICT[0]}{number % STREETS + 1}街道"
    upward = kind is CaseKind.REPORT
    sender = street if upward else DEPARTMENT
    return Opening(
        action_id=str(uuid4()),
        number=f"{street}-{number}",
        kind=kind,
        title="无证经营旅行社业务",
        person=f"{sender}经办甲",
        sender=sender,
        street=street,
        trigger_at=datetime.now(UTC),
        item="1",
        note="巡查发现门店无证招揽旅游者。",
        evidence=(SLIP,) if upward else (),
        handed_over=upward,
        channel=None if upward else Channel.ONLINE,
        letter="" if upward else "甲文旅函〔2026〕3号",
    )


@asynccontextmanager
async def district(folder: Path, data_dir: Path) -> AsyncIterator[tuple[Stack, list[Ours]]]:
    """A stack with a district whose streets have claimed their list."""
    async with stack(data_dir) as at:
        kickoff = await at.office.today()
        file = write_plan(folder, ROLLOUT, ONE_TASK, kickoff, streets=STREETS, areas=1)
        plan = load(file)
        await at.office.register(replace(plan, units=(*plan.units, _department())))
        await _issue(at.database)
        settings = Settings(data_dir=data_dir)
        desk = await connect(settings, settings.desk_namespace, environ={})
        door = Door(desk=desk, workflows=at.client)
        yield at, [Ours(at, door, kind) for kind in TURNS]


def _department() -> Unit:
    return Unit(
        name=DEPARTMENT,
        kind=UnitKind.DEPARTMENT,
        district=DISTRICT,
        duty="区文旅局",
        head=f"{DEPARTMENT}主要负责人",
        handlers=(f"{DEPARTMENT}经办甲", f"{DEPARTMENT}经办乙"),
        substitutes=(f"{DEPARTMENT}代办",),
    )


async def _issue(database: Database) -> None:
    """A list of 25 items in force, claimed by every street; limits for 签收 and 办理 of a 派单."""
    at = datetime.now(UTC)
    items = tuple(_item(number) for number in range(1, ITEMS + 1))
    listed = DutyList(
        name=LIST,
        version=1,
        kind=ListKind.LOCAL,
        district=DISTRICT,
        declared=ITEMS,
        items=items,
    )
    streets = [f"{DISTRICT[0]}{number}街道" for number in range(1, STREETS + 1)]
    claims = [
        Claim(
            list_name=LIST,
            number=item.number,
            street=street,
            liaisons=(f"{street}经办甲",),
            team="文旅专班",
        )
        for street in streets
        for item in items
    ]
    limits = {
        **DEFAULT_LIMITS,
        SIGN: CaseLimit(unit=LimitUnit.WORKDAYS, count=1, basis="4-13"),
        HANDLE: CaseLimit(unit=LimitUnit.WORKDAYS, count=7, basis="4-14"),
    }
    settings = _SETTINGS.dump_python(CaseSettings(limits=limits), mode="json")
    async with database.transaction() as connection:
        draft = NewDraft(content=listed, content_hash=LIST)
        await store_draft(connection, ROLLOUT, draft, at=at, person="市协调员")
        await put_in_force(connection, ROLLOUT, LIST, 1, paper="甲编办〔2026〕1号", at=at)
        await write_claims(connection, ROLLOUT, claims, at, "市协调员")
        new = NewSettings(
            rollout=ROLLOUT,
            settings=settings,
            document="",
            content_hash=LIST,
            paper="甲政〔2026〕1号",
            person="市协调员",
            at=at,
        )
        await store_settings(connection, new)


def _item(number: int) -> DutyItem:
    return DutyItem(
        number=str(number),
        category="行政执法",
        name=f"第{number}类经营行为监管",
        district_duty="查处",
        street_duty="巡查、上报、配合",
        basis="《旅游法》第九十五条",
        primary=DEPARTMENT,
        support="街道",
        primary_side=Side.DEPARTMENT,
        departments=(DEPARTMENT,),
    )
