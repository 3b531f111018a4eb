"""An audit on its way, for tests: a district of three streets, and the hands that carry it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from activities.audit_draw import DrawBook, Drawn
from activities.audit_flow_desk import AuditFlowDeskActivities
from activities.audit_open import AuditOpener
from activities.plan_shelf import Shelf
from contracts.audit_draw import sample_purpose
from contracts.audit_flow import (
    AuditOpening,
    AuditRecord,
    AuditRecorded,
    AuditRecordQuestion,
    ConclusionsOrder,
    DisciplineText,
    ProblemsOrder,
    VisitLine,
    VisitOrder,
    VisitsOrder,
)
from domain.audit import AuditKind, AuditPlan, Cadence, Every, RunKey, SampleRule
from domain.audit_cadence import Version, Window
from domain.audit_flow import Conclusion, Problem, Visit
from domain.plan import RowKind
from domain.procedure import Verb
from domain.unit import Unit
from runtime.seal import Seal
from storage.audit_plan_store import add_version
from storage.draw_store import read_draw
from storage.people_store import read_units
from tests.office import Office, proof
from tests.small_plan import DISTRICT, STREETS, row, small_plan
from tests.small_plan import units as small_units
from tests.transfers import department

LEAD, SUPERVISION, STEERING = "甲区委编办", "甲区委督查室", "甲区改革协调小组"
THREE = (*STREETS, "三街道")
LABEL = "2026年第4季度"
BY = f"{LEAD}经办甲"
SEAL = Seal(b"w" * 32)
ORGANISER = Seal(b"o" * 32)
BANNED = ("严禁超编进人", "严禁超职数配备", "严禁擅设机构", "严禁条条干预")
_ids = itertools.count(1)


@dataclass
class Round:
    """One audit and everybody who works on it."""

    office: Office
    plan: AuditPlan
    desk: AuditFlowDeskActivities
    opener: AuditOpener
    draws: DrawBook
    label: str = LABEL

    @property
    def key(self) -> RunKey:
        """Its window."""
        return RunKey(rollout=self.plan.rollout, plan=self.plan.name, window=self.label)

    @property
    def wid(self) -> str:
        """Its workflow."""
        return f"{self.plan.rollout}/督查/{self.plan.name}/{self.label}"

    async def open(self, **more: Any) -> str:
        """Open it, as its Schedule would."""
        opening = AuditOpening(plan=self.plan, key=self.key, at=await self.office.now(), **more)
        return await self.opener.open(opening)

    async def visit(self, *units: str, person: str = BY, **more: Any) -> AuditRecorded:
        """Record visits of today, one after the other; the last answer."""
        answer = AuditRecorded()
        for unit in units:
            visit = await self._visit(unit, **more)
            shown = await self._proof(unit)
            order = VisitOrder(**await self._signed(person), visit=visit, proof=shown)
            answer = await self.desk.visit(order)
        return answer

    async def visit_together(
        self, *units: str, proofs: dict[str, str] | None = None
    ) -> AuditRecorded:
        """Record visits of today in one order, all or none; units of the same name are the same."""
        given = proofs or {}
        lines = tuple(
            [
                VisitLine(
                    action_id=f"一起{unit}",
                    visit=await self._visit(unit),
                    proof=given.get(unit, await self._proof(unit)),
                )
                for unit in units
            ]
        )
        order = VisitsOrder(now=await self.office.now(), key=self.key, person=BY, lines=lines)
        return await self.desk.visits(order)

    async def _visit(self, unit: str, **more: Any) -> Visit:
        fields = {"on": await self.office.today(), "methods": ("查阅资料",), "result": "良好"}
        return Visit(**{"unit": unit, **fields, **more})

    async def _proof(self, unit: str) -> str:
        """What the organiser's letter has for a unit that was drawn; empty for another."""
        async with self.office.database.single() as connection:
            row = await read_draw(connection, self.key)
        content = ORGANISER.open(row.letter, sample_purpose(self.key)) if row else None
        said = json.loads(content or '{"sample": [], "proofs": []}')
        return dict(zip(said["sample"], said["proofs"], strict=True)).get(unit, "")

    async def find(self, *problems: Problem, person: str = BY, **more: Any) -> AuditRecorded:
        """Enter problems."""
        signed = await self._signed(person)
        return await self.desk.find(ProblemsOrder(**{**signed, **more}, problems=problems))

    async def found(self, *units: str) -> None:
        """A problem at each of these units."""
        answer = await self.find(*(problem(unit) for unit in units))
        assert answer.code == "", answer

    async def conclude(self, *numbers: str, person: str = BY, **more: Any) -> AuditRecorded:
        """Record conclusions, good unless said otherwise."""
        conclusions = tuple(Conclusion(**{"number": n, "is_good": True, **more}) for n in numbers)
        order = ConclusionsOrder(**await self._signed(person), conclusions=conclusions)
        return await self.desk.conclude(order)

    async def load(self, *items: str, person: str = BY) -> AuditRecorded:
        """Load the four prohibitions."""
        text = DisciplineText(
            now=await self.office.now(),
            rollout=self.plan.rollout,
            person=person,
            action_id=f"载入{next(_ids)}",
            paper="鄂编办发〔2019〕3号",
            items=items or BANNED,
        )
        return await self.desk.discipline(text)

    async def record(self) -> AuditRecord:
        """The whole record, all pages."""
        question = AuditRecordQuestion(now=await self.office.now(), key=self.key)
        whole = page = await self.desk.record(question)
        while page.next_page:
            page = await self.desk.record(replace(question, page=page.next_page))
            whole = replace(
                whole,
                visits=whole.visits + page.visits,
                problems=whole.problems + page.problems,
                conclusions=whole.conclusions + page.conclusions,
            )
        return whole

    async def states(self) -> dict[int, tuple[str, str]]:
        """Unit and state of each problem by number."""
        record = await self.record()
        return {one.number: (one.unit, str(one.state)) for one in record.problems}

    # --- the course -------------------------------------------------------------------------

    async def act(self, verb: Verb, step: str, person: str = BY, **more: Any) -> str:
        """Do one thing and return the code of what was refused."""
        await self.office.until_open(self.wid, step)
        return (await self.office.act(self.wid, verb, person, step, **more)).code

    async def done(
        self, step: str, person: str = BY, verb: Verb = Verb.SUBMIT, **more: Any
    ) -> None:
        """Do one thing that is accepted."""
        await self.office.until_open(self.wid, step)
        await self.office.done(self.wid, verb, person, step, **more)

    async def inspected(self, *units: str) -> None:
        """立项 where it is asked, visits, 检查 and 问题汇总 with a problem at each of these units."""
        if not self.plan.approval and self.plan.kind is AuditKind.ASSESSMENT:
            await self.done("立项", evidence=proof("批准文号"))
        await self.office.until_open(self.wid, "检查")
        await self.visit(*THREE)
        await self.found(*units)
        await self.done("检查")
        await self.done("问题汇总")

    async def rectify(self, *units: str, note: str = "已改正") -> None:
        """These units say what they did."""
        for unit in units:
            more = {"note": note, "evidence": proof("整改报告")}
            await self.done("整改", f"{unit}经办甲", **more)

    async def result(self) -> Any:
        """Wait for its end."""
        return await self.office.client.get_workflow_handle(self.wid).result()

    async def said(self) -> list[str]:
        """What the register's clerk wrote into the log."""
        return [e["sentence"] for e in await self.office.log(self.wid) if e["kind"] == "记账"]

    async def lines(self, kind: str, count: int) -> list[str]:
        """So many lines of a kind, once they are there: time has passed, nobody awaits them."""
        for _ in range(100):
            log = await self.office.log(self.wid)
            found = [entry["sentence"] for entry in log if entry["kind"] == kind]
            if len(found) >= count:
                return found
            await self.office.env.sleep(timedelta(seconds=1))
        raise AssertionError(f"{self.wid}: {kind} {found}")

    # --- a sample ---------------------------------------------------------------------------

    async def drawn(self) -> tuple[str, ...]:
        """Prepare and draw two days from now."""
        days = [await self.office.today() + timedelta(days=n) for n in (0, 1)]
        window = Window(
            label=self.label,
            planned=days[0],
            opens_on=days[0],
            opens_at=await self.office.now(),
            days=tuple(days),
        )
        database = self.office.database
        async with database.transaction() as connection:
            units = await read_units(connection, self.plan.rollout)
            population = [unit for unit in units if unit.name in THREE]
            at = await self.office.now()
            await self.draws.prepare(connection, self.plan, window, population, at)
        await self.office.pass_days(3)
        async with database.transaction() as connection:
            made = await self.draws.draw(connection, self.key, await self.office.now())
            assert isinstance(made, Drawn), made
            found = await self.draws.drawn_units(connection, self.key)
        assert isinstance(found, tuple)
        return found

    async def _signed(self, person: str) -> dict[str, Any]:
        now: datetime = await self.office.now()
        return {"now": now, "key": self.key, "person": person, "action_id": f"登记{next(_ids)}"}


def problem(unit: str, **more: Any) -> Problem:
    """A problem of a unit."""
    return Problem(**{"unit": unit, "sentence": "挂牌没有依据", "rule": "3-04", **more})


async def round_of(
    office: Office,
    rollout: str,
    kind: AuditKind = AuditKind.ASSESSMENT,
    *,
    without: Sequence[str] = (),
    history_limit: int = 0,
    **more: Any,
) -> Round:
    """A rollout whose district has three streets, a 督查室 and a 协调小组, and its arrangement."""
    today = await office.today()
    far = row("1", "总结", RowKind.TASK, today + timedelta(days=300), lead="区委编办")
    organs = (
        department(SUPERVISION, "区委督查室"),
        replace(department(STEERING), duty="改革协调小组"),
        replace(small_street("三街道")),
    )
    plan = small_plan(rollout, today, far)
    units = tuple(unit for unit in (*plan.units, *organs) if unit.name not in without)
    await office.register(replace(plan, units=units))
    arrangement = AuditPlan(
        **{
            "rollout": rollout,
            "name": "年末检查",
            "kind": kind,
            "cadence": Cadence(every=Every.QUARTER, first=date(2026, 1, 1)),
            "district": DISTRICT,
            **({"sample": SampleRule(count=2)} if kind is AuditKind.SAMPLING else {}),
            "reader": ORGANISER.address() if kind is AuditKind.SAMPLING else "",
            **more,
        }
    )
    async with office.database.transaction() as connection:
        since = arrangement.cadence.first
        version = Version(number=1, plan=arrangement, since=since, at=await office.now(), by=BY)
        await add_version(connection, version, f"安排{rollout}")
    shelf = Shelf()
    opener = AuditOpener(office.client, office.database, shelf, history_limit)
    draws = DrawBook(office.seal, lambda count: b"\x07" * count)
    desk = AuditFlowDeskActivities(office.database, shelf, opener, draws)
    return Round(office, arrangement, desk, opener, draws)


def small_street(name: str) -> Unit:
    """A street like the others."""
    other = next(unit for unit in small_units() if unit.name == STREETS[0])
    return replace(
        other,
        name=name,
        head=f"{name}主要负责人",
        handlers=(f"{name}经办甲", f"{name}经办乙"),
        substitutes=(f"{name}代办",),
        first_secretary=f"{name}第一书记",
    )
