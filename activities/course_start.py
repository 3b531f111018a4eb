"""Composes a course that is no row of a plan from directory and calendar, and starts it.

Its row is made here, with units looked up in the district and working days as the order settles them:
a list of duties (4-29, 4-30), an audit (C8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.plan_shelf import Shelf
from contracts import search
from contracts.names import PROCEDURES_QUEUE, rollout_id
from contracts.procedure import EDITION, ProcedureRequest
from contracts.registers import PlanKey
from contracts.webpage import page_link
from domain.calendar import WorkCalendar
from domain.case_limits import CaseLimit, LimitUnit
from domain.deadline import local_day, workdays_after, workdays_between
from domain.directory import Directory
from domain.duty_flow import DatedStep, dated, days_of
from domain.people import LEADING_DUTY, Post
from domain.plan import Plan, Row, RowKind, StepRule
from domain.procedure import LEAD, StepShape
from domain.refusal import Refused
from domain.schedule import PlannedStep, ladder
from domain.unit import Role, Unit
from domain.words import within_bytes
from storage.people_store import read_posts
from storage.registers_store import read_standing

_SUMMARY_BYTES: Final = 200


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a course is composed from: the plan, its units and calendar as they are now."""

    key: PlanKey
    plan: Plan
    directory: Directory
    calendar: WorkCalendar
    district: str


@dataclass(frozen=True, kw_only=True)
class PlaceKey:
    """Where and when: a district of a rollout (empty for all of it), at a moment."""

    rollout: str
    district: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A course as it was asked for.

    ``row_id`` and ``options`` are those of its row, ``units`` who is meant by a word of the route that no
    directory knows. ``settled`` says who set the working days, ``advice`` what helps where a unit is
    missing.
    """

    route: tuple[StepShape, ...]
    row_id: str
    options: Mapping[str, str]
    item: str
    task: str
    lead: str
    source: tuple[str, ...]
    now: datetime
    settled: str
    advice: str = ""
    partners: tuple[str, ...] = ()
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    due: date | None = None
    workdays: Mapping[str, int]


async def ground_of(
    connection: AsyncConnection, shelf: Shelf, directory: Directory, key: PlaceKey
) -> Ground:
    """This will read what holds at a moment for a district of a registered rollout."""
    rollout, district = key.rollout, key.district
    standing = await read_standing(connection, rollout)
    if standing is None:
        raise AssertionError("a rollout with a directory has a standing")
    posts = await read_posts(connection, rollout)
    held = tuple(post for post in posts if post.holds_at(key.at))
    shelved = await shelf.plan(connection, standing.plan_id, standing.plan_version)
    calendar = await shelf.calendar(connection, standing.calendar_version)
    return Ground(
        key=PlanKey(rollout=rollout, plan_id=standing.plan_id, version=standing.plan_version),
        plan=shelved.plan,
        directory=Directory.of(_staffed(directory.units, held)),
        calendar=calendar.for_district(district),
        district=district,
    )


def compose(ground: Ground, wanted: Wanted, history_limit: int) -> ProcedureRequest | Refused:
    """This will resolve units and days of a course; refused where somebody or some time is missing."""
    route = wanted.route
    fault = _days_fault(route, wanted)
    if fault is not None:
        return fault
    total = sum(days_of(shape, wanted.workdays) for shape in route)
    today = local_day(wanted.now)
    due = wanted.due or workdays_after(today, total, ground.calendar)
    left = workdays_between(today, due, ground.calendar)
    if left < total:
        sentence = f"各环节共需{total}个工作日，到{due}只有{left}个，请另定时限（--due、--days）。"
        return Refused(code="DUTY_DUE_SHORT", sentence=sentence)
    row = _row(wanted, due)
    steps = []
    for step in dated(route, wanted.workdays, due, ground.calendar):
        planned = _planned(ground, row, wanted, step)
        if isinstance(planned, Refused):
            return planned
        steps.append(planned)
    local = ground.directory.by_duty.get((ground.district, LEADING_DUTY))
    leading = (ground.plan.coordinator, local.name if local else "")
    return ProcedureRequest(
        plan=ground.key,
        district=ground.district,
        unit=wanted.lead,
        coordinators=tuple(dict.fromkeys(name for name in leading if name)),
        row=row,
        steps=tuple(steps),
        edition=EDITION,
        history_limit=history_limit,
    )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a course is found and read in the Web UI: its procedure, its row, more of its details."""

    procedure: str
    plan_row: str
    details: tuple[str, ...] = ()


async def start_course(
    client: Client, workflow: str, request: ProcedureRequest, workflow_id: str, shown: Shown
) -> bool | None:
    """This will start a course: True if it did, False if it runs already, None if it has ended."""
    row, rollout = request.row, request.plan.rollout
    route = " → ".join(step.name for step in request.steps)
    try:
        await client.start_workflow(
            workflow,
            request,
            id=workflow_id,
            task_queue=PROCEDURES_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary=within_bytes(f"{request.unit}：{row.task}", _SUMMARY_BYTES),
            static_details=(
                f"**{row.task}**\n\n"
                f"- 改革：{page_link(rollout, client.namespace, rollout_id(rollout))}\n"
                f"- 区：{request.district}，单位：{request.unit}\n"
                f"- 环节：{route}\n"
                f"- 依据：{'、'.join(row.source)}"
                + "".join(f"\n- {line}" for line in shown.details)
            ),
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(search.ROLLOUT, rollout),
                    SearchAttributePair(search.DISTRICT, request.district),
                    SearchAttributePair(search.UNIT, request.unit),
                    SearchAttributePair(search.PROCEDURE, shown.procedure),
                    SearchAttributePair(search.PLAN_ROW, shown.plan_row),
                ]
            ),
        )
    except WorkflowAlreadyStartedError:
        return False if await _runs(client, workflow_id) else None
    return True


async def _runs(client: Client, workflow_id: str) -> bool:
    # Asked raw: reading an unset search attribute fails on the time-skipping server.
    asked = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
    )
    found = await client.workflow_service.describe_workflow_execution(asked)
    status = found.workflow_execution_info.status
    return status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING


def _staffed(units: Sequence[Unit], held: Sequence[Post]) -> Iterator[Unit]:
    """The units with whoever holds their posts, so that the ladder finds whom it tells."""
    by_post: dict[tuple[str, Role], list[str]] = {}
    for post in held:
        by_post.setdefault((post.unit, post.role), []).append(post.person)
    for unit in units:
        held_by = {role: tuple(by_post.get((unit.name, role), ())) for role in Role}
        yield replace(
            unit,
            head="".join(held_by[Role.HEAD][:1]),
            first_secretary="".join(held_by[Role.FIRST_SECRETARY][:1]),
            leader_in_charge="".join(held_by[Role.LEADER_IN_CHARGE][:1]),
            coordinators=held_by[Role.COORDINATOR],
        )


def _row(wanted: Wanted, due: date) -> Row:
    return Row(
        id=wanted.row_id,
        item=wanted.item,
        task=wanted.task,
        kind=RowKind.TASK,
        targets=(wanted.lead,),
        targets_text=wanted.lead,
        due=due,
        due_text=str(due) if wanted.due else "各环节工作日之和",
        lead=wanted.lead,
        partners=wanted.partners,
        options=dict(wanted.options),
        source=wanted.source,
    )


def _planned(ground: Ground, row: Row, wanted: Wanted, step: DatedStep) -> PlannedStep | Refused:
    """One step with its units, its clock and its ladder."""
    shape, plan, directory = step.shape, ground.plan, ground.directory
    units = _units(ground, row, wanted, shape)
    if isinstance(units, Refused):
        return units
    rule = StepRule(
        kind=RowKind.TASK, step=shape.name, unit=shape.unit, workdays=max(1, step.workdays)
    )
    first = units[0] if units else wanted.lead
    approver = directory.who(plan, row, first, rule.extension_by)
    return PlannedStep(
        name=shape.name,
        shape=shape,
        units=units,
        workdays=step.workdays,
        planned_start=step.start,
        planned_due=step.due,
        extension_by=approver[0] if approver else plan.coordinator,
        max_extensions=rule.max_extensions,
        remind=rule.remind,
        escalate=ladder(plan, row, wanted.lead, units, rule=rule, directory=directory),
        clock=_clock(step.workdays, wanted),
    )


def _units(ground: Ground, row: Row, wanted: Wanted, shape: StepShape) -> tuple[str, ...] | Refused:
    if shape.unit in wanted.units:
        return wanted.units[shape.unit]
    if shape.unit == LEAD:
        return (wanted.lead,)
    words = shape.unit.split("、")
    missing = [word for word in words if ground.directory.find(word, ground.district) is None]
    if missing:
        sentence = (
            f"通讯录里没有{ground.district}的{'、'.join(missing)}，"
            f"“{shape.name}”无人办理；请先登记该单位{wanted.advice}。"
        )
        return Refused(code="UNKNOWN_UNIT", sentence=sentence)
    return ground.directory.who(ground.plan, row, wanted.lead, shape.unit)


def _clock(workdays: int, wanted: Wanted) -> CaseLimit | None:
    """Without a last day every step runs by its own working days; one without any has no limit."""
    if not workdays:
        return CaseLimit()
    if wanted.due is not None:
        return None
    return CaseLimit(unit=LimitUnit.WORKDAYS, count=workdays, basis=wanted.settled)


def _days_fault(route: Sequence[StepShape], wanted: Wanted) -> Refused | None:
    names = [shape.name for shape in route]
    strange = [name for name in wanted.workdays if name not in names]
    if strange:
        sentence = f"没有环节“{strange[0]}”；可设：{'、'.join(names)}。"
        return Refused(code="DUTY_STEP_UNKNOWN", sentence=sentence)
    if not all(0 < days <= _MOST_DAYS for days in wanted.workdays.values()):
        return Refused(code="DUTY_STEP_DAYS", sentence=f"环节的工作日数须在1至{_MOST_DAYS}之间。")
    return None


_MOST_DAYS: Final = 250
