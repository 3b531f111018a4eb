"""A district where cases are opened, answered and looked at, on the time-skipping server."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter
from temporalio.client import WorkflowExecutionStatus

from activities.people import PeopleActivities
from activities.plan_shelf import Shelf
from contracts.case import ClockLine
from contracts.people import AbsenceEnd, AbsenceOrder
from contracts.procedure import ActionReply, ProcedureResult, StepProgress
from domain.action import Evidence
from domain.case import Opening
from domain.case_limits import CaseSettings
from domain.procedure import Verb
from storage.case_store import NewSettings, store_settings
from tests.cases import CULTURE, SLIP, STREET, case_plan, issue_list, open_case
from tests.office import Office

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLERK = f"{STREET}经办甲"
OTHER_CLERK = f"{STREET}经办乙"
OFFICER = f"{CULTURE}经办甲"
URBAN, POLICE, JUSTICE, REFORM = "甲区城管局", "甲区公安分局", "甲区司法局", "甲区委编办"
DECISION = (Evidence(name="指定决定", doc_no="甲司函〔2026〕2号"),)
SLIPS = {"handed_over": True, "evidence": (SLIP,)}
REPORTED, HANDED_OVER = "当天报告", "正式交接"

_CLOCKS: TypeAdapter[tuple[ClockLine, ...]] = TypeAdapter(tuple[ClockLine, ...])
_SETTINGS: TypeAdapter[CaseSettings] = TypeAdapter(CaseSettings)


def shanghai(day: date, clock: str = "10:00") -> datetime:
    """An instant of a day in Shanghai; 24:00 ends it."""
    if clock == "24:00":
        return shanghai(day + timedelta(days=1), "00:00")
    hour, minute = clock.split(":")
    return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=SHANGHAI)


class Hall:
    """One rollout with the list of duties of ``tests.cases``, in force since long ago."""

    def __init__(self, office: Office, rollout: str) -> None:
        self.office = office
        self.rollout = rollout

    @classmethod
    async def of(cls, office: Office, rollout: str, **settings: Any) -> Self:
        """A registered plan with its list, and settings of its own where some are given."""
        hall = cls(office, rollout)
        await office.register(case_plan(rollout, await office.today()))
        await issue_list(office.database, rollout, await office.now() - timedelta(days=4000))
        if settings:
            await hall.settle(**settings)
        return hall

    async def settle(self, **settings: Any) -> None:
        """New settings for the cases that are opened from now on."""
        given = _SETTINGS.dump_python(CaseSettings(**settings), mode="json")
        async with self.office.database.transaction() as connection:
            await store_settings(
                connection,
                NewSettings(
                    rollout=self.rollout,
                    settings=given,
                    document="办案设置",
                    content_hash=str(settings),
                    paper="甲政办〔2026〕5号",
                    person="市协调员",
                    at=await self.office.now(),
                ),
            )

    async def answer(self, opening: Opening, **more: Any) -> tuple[str, ActionReply]:
        """Open a case; its workflow id and the answer, whatever it is."""
        return await open_case(self.office.client, self.rollout, opening, **more)

    async def open(self, opening: Opening, **more: Any) -> str:
        """Open a case that must be admitted; its workflow id."""
        wid, reply = await self.answer(opening, **more)
        assert reply.accepted, f"{reply.code} {reply.sentence}"
        return wid

    async def refused(self, opening: Opening) -> ActionReply:
        """Open a case that must be refused."""
        _, reply = await self.answer(opening)
        assert not reply.accepted and reply.code and reply.sentence.endswith("。"), reply
        return reply

    async def done(
        self, wid: str, step: str, verb: Verb, person: str, **more: Any
    ) -> tuple[str, ...]:
        """Do one thing that must be accepted; the steps that it opened."""
        return (await self.office.done(wid, verb, person, step, **more)).opened

    async def no(self, wid: str, step: str, verb: Verb, person: str, **more: Any) -> str:
        """Do one thing that must be refused; the code of the refusal."""
        reply = await self.office.act(wid, verb, person, step, **more)
        assert not reply.accepted, f"{step}{verb}: {reply.sentence}"
        assert reply.sentence.endswith("。"), reply
        return reply.code

    async def result(self, wid: str) -> ProcedureResult:
        """How a case that is over ended; no time goes by."""
        handle = self.office.client.get_workflow_handle(wid, result_type=ProcedureResult)
        with self.office.env.auto_time_skipping_disabled():
            return await handle.result()

    async def ended(self, wid: str) -> str:
        """The ending of a case that is over, and that nothing of it is left at a desk."""
        ending = (await self.result(wid)).ending
        row = await self.row(wid)
        assert row["status"] == ending and row["ended_at"] is not None
        assert [] == await self.office.rows("SELECT 1 FROM desk_item WHERE workflow_id = :w", w=wid)
        return ending

    async def is_running(self, wid: str) -> bool:
        """Whether the case still runs."""
        told = await self.office.client.get_workflow_handle(wid).describe()
        return told.status is WorkflowExecutionStatus.RUNNING

    async def steps(self, wid: str) -> list[StepProgress]:
        """Every step so far, as the workflow says."""
        return list((await self.office.progress(wid)).steps)

    async def open_step(self, wid: str) -> StepProgress:
        """The one open step."""
        [found] = [s for s in await self.steps(wid) if s.closed_at is None]
        return found

    async def row(self, wid: str) -> dict[str, Any]:
        """The case as the register has it."""
        [found] = await self.office.rows("SELECT * FROM case_row WHERE workflow_id = :w", w=wid)
        return found

    async def clocks(self, wid: str) -> dict[str, ClockLine]:
        """The clocks of the register by name."""
        return clocks_in(await self.row(wid))

    async def clock(self, wid: str, name: str) -> ClockLine:
        """One clock of the register."""
        return (await self.clocks(wid))[name]

    async def lines(self, wid: str, kind: str) -> list[dict[str, Any]]:
        """The log's lines of one kind."""
        return [line for line in await self.office.log(wid) if line["kind"] == kind]

    async def notices(self, wid: str, *levels: str) -> list[dict[str, Any]]:
        """What was told to whom, in order."""
        found = await self.office.rows(
            "SELECT * FROM notice WHERE workflow_id = :w ORDER BY at, seq", w=wid
        )
        return [n for n in found if not levels or n["level"] in levels]

    async def until(self, at: datetime) -> None:
        """Let time go by until an instant."""
        left = at - await self.office.now()
        assert left > timedelta(0), f"{at} has passed"
        await self.office.env.sleep(left)

    async def stand_in(self, absent: str, by: str) -> None:
        """From today for three days one person acts for another."""
        today = await self.office.today()
        kept = await PeopleActivities(self.office.database, Shelf()).add_absence(
            AbsenceOrder(
                now=await self.office.now(),
                rollout=self.rollout,
                absent=absent,
                by=by,
                from_day=today,
                to_day=today + timedelta(days=3),
                reason="学习",
                person="区协调员",
            )
        )
        assert kept.applied, kept.sentence

    async def is_back(self, absent: str) -> None:
        """The absence ends."""
        kept = await PeopleActivities(self.office.database, Shelf()).end_absence(
            AbsenceEnd(
                now=await self.office.now(),
                rollout=self.rollout,
                absent=absent,
                person="区协调员",
            )
        )
        assert kept.applied, kept.sentence

    async def wait_for(self, wid: str, kind: str) -> list[dict[str, Any]]:
        """The log's lines of a kind, once there are some: time has passed, nobody awaits them."""
        for _ in range(100):
            if found := await self.lines(wid, kind):
                return found
            await self.office.env.sleep(timedelta(seconds=1))
        raise AssertionError(f"{wid}: no line {kind}")

    async def actions(self, wid: str) -> list[str]:
        """The ids of the accepted actions in the log, in order; the log is whole."""
        lines = await self.office.log(wid)
        assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
        return [line["action_id"] for line in lines if line["kind"] == "办理"]


def clocks_in(row: dict[str, Any]) -> dict[str, ClockLine]:
    """The clocks of a row of the register by name."""
    lines = _CLOCKS.validate_python(row["clocks"])
    assert len({line.name for line in lines}) == len(lines)
    return {line.name: line for line in lines}


def next_day(after: date, weekday: int) -> date:
    """The first such day of the week (Monday 0) after a day."""
    return after + timedelta(days=(weekday - after.weekday() - 1) % 7 + 1)


def told_to(notices: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Unit and role of each notice."""
    return [(n["unit"], n["recipient"]) for n in notices]
