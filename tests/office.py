"""People at work against a real server: registers a plan, starts workflows, acts, and looks."""

from __future__ import annotations

import asyncio
import itertools
from datetime import date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import text
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.plan_shelf import plan_to_json
from activities.registers import RegistersActivities
from contracts import names
from contracts.procedure import ActionReply, ProcedureRequest, Progress
from contracts.reform import LevelResult, RolloutRequest
from contracts.registers import PlanKey, SliceQuestion
from domain.action import Action, Evidence
from domain.plan import Plan
from domain.procedure import REVIEW_VERDICTS, Verb
from runtime.seal import Seal
from runtime.workers import worker_for
from storage.engine import Database
from storage.registers_store import NewPlan, store_plan
from worker import roster
from workflows.reform_rollout import ReformRollout
from workflows.roster import WORKFLOWS
from workflows.unit_reform import workflow_of

SOUND = dict.fromkeys(REVIEW_VERDICTS, "无误")
_ids = itertools.count(1)
_TYPES = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}


class Office:
    """One worker on one environment and one database; a context manager."""

    def __init__(
        self, env: WorkflowEnvironment, database: Database, seal: Seal | None = None
    ) -> None:
        self.env = env
        self.client = env.client
        self.database = database
        self.seal = seal

    async def __aenter__(self) -> Self:
        if not self.env.supports_time_skipping:
            raise AssertionError("the office of the tests works on skipped time")
        await self.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=self.client.namespace,
                search_attributes={n: _TYPES[t] for n, t in names.SEARCH_ATTRIBUTES.items()},
            )
        )
        able = roster(self.client, self.database, seal=self.seal)
        self._worker = worker_for(
            self.client, names.PROCEDURES_QUEUE, able.procedures, able.workflows
        )
        registers = RegistersActivities(self.database)
        self.registers = registers
        await self._worker.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._worker.__aexit__(*exc)  # type: ignore[arg-type]

    async def now(self) -> datetime:
        """The server's clock."""
        return await self.env.get_current_time()

    async def today(self) -> date:
        """The server's date in Shanghai."""
        return (await self.now()).astimezone(ZoneInfo("Asia/Shanghai")).date()

    async def pass_days(self, days: float) -> None:
        """Let time go by."""
        await self.env.sleep(timedelta(days=days))

    async def register(self, plan: Plan) -> PlanKey:
        """Store a plan as the import would."""
        async with self.database.transaction() as connection:
            plan_id = await store_plan(
                connection,
                NewPlan(
                    plan=plan,
                    document=plan_to_json(plan),
                    content_hash=plan.rollout,
                    procedures=sum(len(r.targets) for r in plan.rows),
                    at=await self.now(),
                    person="测试",
                ),
            )
        assert plan_id is not None
        return PlanKey(rollout=plan.rollout, plan_id=plan_id, version=1)

    async def start_procedure(
        self, plan: Plan, row_id: str, unit: str, **more: Any
    ) -> WorkflowHandle[Any, Any]:
        """Start one procedure alone, as its unit would."""
        key = await self.register(plan)
        mine = await self.registers.load_unit(SliceQuestion(plan=key, name=unit))
        row = next(r for r in mine.rows if r.row.id == row_id)
        return await self.client.start_workflow(
            workflow_of(row.row).run,
            ProcedureRequest(
                plan=key,
                district=mine.district,
                unit=unit,
                coordinators=mine.coordinators,
                row=row.row,
                steps=row.steps,
                **more,
            ),
            id=f"{plan.rollout}/{mine.district}/{unit}/{row.row.item}",
            task_queue=names.PROCEDURES_QUEUE,
        )

    async def act(
        self, workflow_id: str, verb: Verb, person: str, step: str = "", **more: Any
    ) -> ActionReply:
        """Do one thing; every call is an action of its own unless it brings an action_id."""
        action = Action(
            **{
                "action_id": f"操作{next(_ids)}",
                "verb": verb,
                "person": person,
                "step": step,
                **more,
            }
        )
        handle = self.client.get_workflow_handle(workflow_id)
        return await handle.execute_update(
            names.ACT_UPDATE, action, id=None, result_type=ActionReply
        )

    async def done(
        self, workflow_id: str, verb: Verb, person: str, step: str = "", **more: Any
    ) -> ActionReply:
        """Do one thing that must be accepted."""
        reply = await self.act(workflow_id, verb, person, step, **more)
        assert reply.accepted, f"{step}{verb}: {reply.code} {reply.sentence}"
        return reply

    async def progress(self, workflow_id: str) -> Progress:
        """The procedure's own view of itself."""
        handle = self.client.get_workflow_handle(workflow_id)
        return await handle.query(names.PROGRESS_QUERY, result_type=Progress)

    async def until_open(self, workflow_id: str, step: str) -> None:
        """Wait until a step is open; what leads to it has already been done.

        A query asked at the very moment at which a run continues as new is never answered by the
        time-skipping server, so that it is asked again.
        """
        for _ in range(400):
            try:
                async with asyncio.timeout(3):
                    if step in await self.open_steps(workflow_id):
                        return
            except TimeoutError:
                continue
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            await asyncio.sleep(0.02)
        raise AssertionError(f"{workflow_id}#{step} did not open")

    async def start_rollout(self, plan: Plan) -> WorkflowHandle[Any, LevelResult]:
        """Register a plan and start it from the top."""
        key = await self.register(plan)
        return await self.client.start_workflow(
            ReformRollout.run,
            RolloutRequest(plan=key),
            id=names.rollout_id(plan.rollout),
            task_queue=names.PROCEDURES_QUEUE,
        )

    async def open_steps(self, workflow_id: str) -> list[str]:
        """Names of the open steps."""
        return [s.step for s in (await self.progress(workflow_id)).steps if s.closed_at is None]

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Look into the database."""
        async with self.database.single() as connection:
            found = await connection.execute(text(sql), values)
            return [dict(r._mapping) for r in found]

    async def change(self, sql: str, **values: Any) -> None:
        """Change the database, where no command of its own is what a test is about."""
        async with self.database.transaction() as connection:
            await connection.execute(text(sql), values)

    async def log(self, workflow_id: str) -> list[dict[str, Any]]:
        """The action log of one procedure, in order."""
        return await self.rows(
            "SELECT * FROM log_entry WHERE workflow_id = :w AND superseded_by IS NULL ORDER BY seq",
            w=workflow_id,
        )

    async def replay_all_runs(self, workflow_id: str) -> int:
        """Replay every run of a procedure that continued as new; how many there are."""
        replayer = Replayer(workflows=WORKFLOWS, data_converter=self.client.data_converter)
        run: str | None = None
        count = 0
        while run != "":
            handle = self.client.get_workflow_handle(workflow_id, run_id=run)
            history = await handle.fetch_history()
            await replayer.replay_workflow(history)
            begun = history.events[0].workflow_execution_started_event_attributes
            run = begun.continued_execution_run_id
            count += 1
        return count

    async def events(self, workflow_id: str) -> list[str]:
        """The event types of the newest run, in order."""
        history = await self.client.get_workflow_handle(workflow_id).fetch_history()
        return [_event_name(e.event_type) for e in history.events]


def _event_name(number: int) -> str:
    from temporalio.api.enums.v1 import EventType

    return EventType.Name(number).removeprefix("EVENT_TYPE_")


def proof(*names_: str, number: str = "示例〔2026〕1号") -> tuple[Evidence, ...]:
    """Evidence by 文号 under each of these names."""
    return tuple(Evidence(name=name, doc_no=number) for name in names_)


async def draft_sanding(office: Office, wid: str, street: str) -> None:
    """起草 and 提交 by the street."""
    await office.done(wid, Verb.SUBMIT, f"{street}经办甲", "起草", evidence=proof("草案"))


async def pass_sanding(office: Office, wid: str, street: str) -> None:
    """A drafted 三定 through both reviews, 三方沟通, 报送, 审议 and 印发 without a return."""
    await office.done(wid, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND)
    await office.done(wid, Verb.APPROVE, "甲区委编办经办乙", "复审", verdicts=SOUND)
    for party in ("甲区领导", "甲区司法局"):
        await office.done(wid, Verb.OPINION, f"{party}经办甲", "三方沟通", note="无意见")
    replies = {"甲区领导": "已知悉", "甲区司法局": "已知悉"}
    await office.done(wid, Verb.SUBMIT, "甲区委编办经办甲", "意见反馈", replies=replies)
    await office.done(wid, Verb.SUBMIT, f"{street}主要负责人", "报送")
    await office.done(wid, Verb.APPROVE, "甲区委编委经办甲", "审议", evidence=proof("纪要"))
    number = proof("发文字号", number="甲党办〔2026〕8号")
    await office.done(wid, Verb.COSIGN, "甲区委办经办甲", "印发", evidence=number)
    await office.done(wid, Verb.COSIGN, "甲区政府办经办甲", "印发", evidence=number)
