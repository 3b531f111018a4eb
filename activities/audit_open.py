"""Opens the audit of a window: its row in the register, then its workflow (C8, 3-30).

Who is inspected is settled here, once: the units named, or every 街道 and 镇; nobody of a sample, whose
units become known visit by visit (4-37).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from activities.course_start import (
    Ground,
    PlaceKey,
    Shown,
    Wanted,
    compose,
    ground_of,
    start_course,
)
from activities.database import translated_errors
from activities.plan_shelf import Shelf
from contracts.audit_flow import AuditOpening
from contracts.audit_run import audit_id
from contracts.procedure import ProcedureRequest
from domain.audit import SOURCE_ROWS, AuditKind, AuditPlan, CheckItem, RunKey
from domain.audit_flow import RECTIFY, REGISTER
from domain.audit_route import (
    APPROVAL_OPTION,
    AUDIT_OPTION,
    INSPECTED,
    KIND_OPTION,
    LATE_OPTION,
    MOST_COVERED,
    ROW_ID,
    SUPERVISORS,
    WINDOW_OPTION,
    days_fault,
    is_inspection,
    route_of,
)
from domain.directory import Directory
from domain.duty_sides import STREET_KINDS
from domain.procedure import LEAD
from domain.refusal import Refused
from storage import audit_flow_store as store
from storage.engine import Database
from storage.people_store import read_units

ARRANGEMENT: Final[TypeAdapter[AuditPlan]] = TypeAdapter(AuditPlan)
_SETTLED: Final = "督查安排设定"
_SHOWN: Final = 30


@dataclass(frozen=True, kw_only=True)
class Composed:
    """An audit as it would be opened now."""

    plan: AuditPlan
    request: ProcedureRequest
    covers: tuple[str, ...]


class AuditOpener:
    """Opens audits on one server, in one database."""

    def __init__(
        self, client: Client, database: Database, shelf: Shelf, history_limit: int = 0
    ) -> None:
        self._client = client
        self._database = database
        self._shelf = shelf
        self._history_limit = history_limit

    async def open(self, opening: AuditOpening) -> str:
        """This will open an audit and return its workflow id; opened before, it stays as it was.

        Raises an ApplicationError that no other try can mend where nobody could act.
        """
        async with translated_errors():
            found = await self.try_open(opening)
        if isinstance(found, Refused):
            raise ApplicationError(found.sentence, type=found.code, non_retryable=True)
        return found

    async def try_open(self, opening: AuditOpening) -> str | Refused:
        """The same; what forbids it comes back as a value."""
        async with self._database.transaction() as connection:
            found = await self.enter(connection, opening)
        if isinstance(found, Refused) or found is None:
            return found or audit_id(opening.key)
        return await self.start(opening.key, found)

    async def enter(
        self, connection: AsyncConnection, opening: AuditOpening
    ) -> Composed | Refused | None:
        """This will enter the row of an audit; None if it has ended. Its workflow is started next."""
        on_file = await store.read_audit(connection, opening.key)
        if on_file is not None:
            opening = replace(
                opening,
                plan=plan_of(on_file),
                late=on_file.late,
            )
            if on_file.ended_at is not None:
                return None
        found = await self.composed(connection, opening)
        if isinstance(found, Refused):
            return found
        new = store.NewAudit(
            key=opening.key,
            kind=opening.plan.kind.value,
            workflow_id=audit_id(opening.key),
            arrangement=ARRANGEMENT.dump_json(found.plan).decode(),
            organiser=found.request.unit,
            covers=found.covers,
            at=opening.at,
            late=opening.late,
            approval=found.plan.approval,
            is_approved=all(step.name != REGISTER for step in found.request.steps),
        )
        await store.open_audit(connection, new)
        return found

    async def start(self, key: RunKey, found: Composed) -> str:
        """This will start the workflow of an audit that was entered; one that runs goes on."""
        shown = Shown(
            procedure=AUDIT_OPTION,
            plan_row=SOURCE_ROWS[found.plan.kind][0],
            details=_details(found, key),
        )
        await start_course(self._client, "Audit", found.request, audit_id(key), shown)
        return audit_id(key)

    async def composed(
        self, connection: AsyncConnection, opening: AuditOpening
    ) -> Composed | Refused:
        """This will look up who acts and who is inspected; refused where somebody is missing.

        Arranging asks it too, so that a window does not fail that could have been refused.
        """
        plan, key = opening.plan, opening.key
        if no := days_fault(plan.kind, plan.workdays):
            return no
        ground = await self._ground(connection, plan, opening.at)
        organiser = ground.directory.find(plan.organiser, ground.district)
        if organiser is None:
            return Refused(
                code="UNKNOWN_UNIT",
                sentence=(
                    f"“{plan.name}”的主办单位“{plan.organiser}”不在{plan.rollout}的通讯录里，"
                    "请用 --unit 写明主办单位。"
                ),
            )
        covers = _covers(plan, ground)
        if isinstance(covers, Refused):
            return covers
        if plan.kind is AuditKind.ANNUAL and not plan.items:
            rows = (CheckItem(number=row.id, text=row.task) for row in ground.plan.rows)
            plan = replace(plan, items=tuple(rows))
        wanted = _wanted(plan, key, organiser.name, opening.at)
        if opening.late:
            wanted = replace(wanted, options={**wanted.options, LATE_OPTION: "是"})
        if ground.directory.find(SUPERVISORS, ground.district) is None and plan.unit:
            wanted = replace(wanted, units={**wanted.units, SUPERVISORS: (organiser.name,)})
        request = compose(ground, wanted, self._history_limit)
        if isinstance(request, Refused):
            return request
        return Composed(plan=plan, request=request, covers=covers)

    async def rectification(
        self,
        connection: AsyncConnection,
        on_file: store.AuditOnFile,
        units: tuple[str, ...],
        at: datetime,
    ) -> ProcedureRequest | Refused:
        """This will compose 整改 for these units: who is told of it, by when.

        A unit that the directory has no more still has to answer for its problems; nobody is told.
        """
        plan = plan_of(on_file)
        ground = await self._ground(connection, plan, at)
        known = tuple(unit for unit in units if unit in ground.directory.by_name)
        wanted = _wanted(plan, on_file.key, on_file.organiser, at)
        route = tuple(shape for shape in wanted.route if shape.name == RECTIFY)
        days = {name: n for name, n in plan.workdays.items() if name == RECTIFY}
        only = replace(wanted, route=route, workdays=days, units={INSPECTED: known})
        return compose(ground, only, self._history_limit)

    async def _ground(self, connection: AsyncConnection, plan: AuditPlan, at: datetime) -> Ground:
        directory = Directory.of(await read_units(connection, plan.rollout))
        district = plan.district
        if not district and len(only := [name for name in directory.by_district if name]) == 1:
            district = only[0]
        place = PlaceKey(rollout=plan.rollout, district=district, at=at)
        return await ground_of(connection, self._shelf, directory, place)


def plan_of(on_file: store.AuditOnFile) -> AuditPlan:
    """The arrangement by which an audit was opened."""
    return ARRANGEMENT.validate_python(on_file.arrangement)


def _covers(plan: AuditPlan, ground: Ground) -> tuple[str, ...] | Refused:
    """The units inspected; none of a sample, nor where nobody is inspected."""
    if not is_inspection(plan.kind) or plan.kind is AuditKind.SAMPLING:
        return ()
    directory = ground.directory
    if plan.covers:
        found = {name: directory.find(name, ground.district) for name in plan.covers}
        if missing := [name for name, unit in found.items() if unit is None]:
            sentence = f"通讯录里没有“{missing[0]}”，不能列入“{plan.name}”的范围。"
            return Refused(code="UNKNOWN_UNIT", sentence=sentence)
        covered = tuple(dict.fromkeys(unit.name for unit in found.values() if unit is not None))
    else:
        covered = tuple(
            unit.name
            for unit in directory.units
            if unit.kind in STREET_KINDS and plan.district in ("", unit.district)
        )
    if not covered:
        sentence = f"“{plan.name}”的范围里没有街道和镇，请用 --cover 写明检查哪些单位。"
        return Refused(code="AUDIT_COVERS_NOBODY", sentence=sentence)
    if len(covered) > MOST_COVERED:
        sentence = (
            f"“{plan.name}”要检查{len(covered)}个单位，一次最多{MOST_COVERED}个，请按区安排"
            "（--district）。"
        )
        return Refused(code="AUDIT_TOO_WIDE", sentence=sentence)
    return covered


def _wanted(plan: AuditPlan, key: RunKey, organiser: str, at: datetime) -> Wanted:
    approval = {APPROVAL_OPTION: plan.approval} if plan.approval else {}
    route = route_of(plan.kind, plan.approval)
    names = [shape.name for shape in route]
    return Wanted(
        route=route,
        row_id=ROW_ID,
        options={
            AUDIT_OPTION: key.plan,
            WINDOW_OPTION: key.window,
            KIND_OPTION: plan.kind.value,
            **approval,
        },
        item=f"{key.plan}（{key.window}）",
        task=f"{plan.kind}：{key.plan}（{key.window}）",
        lead=organiser,
        source=SOURCE_ROWS[plan.kind],
        now=at,
        settled=_SETTLED,
        units={INSPECTED: (), LEAD: (organiser,)},
        workdays={name: days for name, days in plan.workdays.items() if name in names},
    )


def _details(found: Composed, key: RunKey) -> tuple[str, ...]:
    """What the Web UI says of it beside its steps; of a sample not whom."""
    plan = found.plan
    lines = [f"带队：{plan.leader}"] if plan.leader else []
    if plan.approval:
        lines.append(f"批准文号：{plan.approval}（一事一报）")
    if plan.kind is AuditKind.SAMPLING:
        lines.append("单位：随机抽取，到访后才公开")
    elif found.covers:
        lines.append(f"单位：{_named(found.covers)}")
    if is_inspection(plan.kind):
        words = (key.rollout, key.plan, key.window)
        named = " ".join(f"'{word}'" if " " in word else word for word in words)
        lines.append(f"问题：jiegai audit show {named}")
    return tuple(lines)


def _named(units: Sequence[str]) -> str:
    more = f"等{len(units)}个" if len(units) > _SHOWN else ""
    return "、".join(units[:_SHOWN]) + more
