"""A district with streets, departments and a list of duties, for cases: built in code."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from contracts.case import OPEN_UPDATE, case_workflow_id
from contracts.names import PROCEDURES_QUEUE
from contracts.procedure import EDITION, ActionReply, ProcedureRequest
from contracts.registers import PlanKey
from domain.action import Evidence
from domain.case import CaseKind, Channel, Opening
from domain.case_limits import NO_LIMIT_DAY
from domain.duty import DutyItem, DutyList, ListKind, Side
from domain.plan import Plan, Row, RowKind
from domain.unit import Unit, UnitKind
from storage.duty_store import NewDraft, put_in_force, store_draft
from storage.engine import Database
from tests.small_plan import DISTRICT, small_plan

STREET = "一街道"
CULTURE = "甲区文旅局"
LIST = "文化旅游属地管理清单"
SLIP = Evidence(name="交接单", doc_no="一街交〔2026〕1号")
ELEMENTS = {
    "办理经过": "现场检查",
    "办理结果": "已整改",
    "办结日期": "2026-03-02",
    "承办人": "一街道经办甲",
}
_ids = itertools.count(1)


def case_plan(rollout: str, today: date) -> Plan:
    """The small plan with departments that handle cases, and the police."""
    plan = small_plan(rollout, today)
    return replace(
        plan, units=(*plan.units, *(_department(d) for d in ("区文旅局", "区城管局", "区公安分局")))
    )


def _department(duty: str) -> Unit:
    name = f"{DISTRICT}{duty[1:]}"
    return Unit(
        name=name,
        kind=UnitKind.DEPARTMENT,
        district=DISTRICT,
        duty=duty,
        head=f"{name}主要负责人",
        handlers=(f"{name}经办甲", f"{name}经办乙"),
        substitutes=(f"{name}代办",),
    )


def duty_list(name: str = LIST, version: int = 1) -> DutyList:
    """Two items of 文旅局: one whose 主体责任 is the department's, one the street's."""
    items = (
        _item("1", "无证经营旅行社业务", Side.DEPARTMENT),
        _item("2", "占道经营", Side.STREET),
    )
    return DutyList(
        name=name,
        version=version,
        kind=ListKind.LOCAL,
        district=DISTRICT,
        declared=len(items),
        items=items,
    )


def _item(number: str, name: str, side: Side) -> DutyItem:
    department = side is Side.DEPARTMENT
    return DutyItem(
        number=number,
        category="行政执法",
        name=name,
        district_duty="查处",
        street_duty="巡查、上报、配合",
        basis="《旅游法》第九十五条",
        primary=CULTURE if department else "街道",
        support="街道" if department else CULTURE,
        primary_side=side,
        departments=(CULTURE,),
    )


async def issue_list(
    database: Database, rollout: str, at: datetime, listed: DutyList | None = None
) -> None:
    """Put a list in force, and let the streets claim it with a named 专人."""
    listed = listed or duty_list()
    async with database.transaction() as connection:
        await store_draft(
            connection,
            rollout,
            NewDraft(content=listed, content_hash=f"{rollout}{listed.version}"),
            at=at,
            person="区协调员",
        )
        await put_in_force(
            connection, rollout, listed.name, listed.version, paper="甲编办〔2026〕1号", at=at
        )
        for street in ("一街道", "二街道"):
            for item in listed.items:
                await connection.execute(
                    text(
                        "INSERT INTO duty_claim (rollout, list, number, street, liaisons, team,"
                        " claimed_at, claimed_by, ended_at) VALUES (:rollout, :list, :number,"
                        " :street, :liaisons, '专班', :at, '区协调员', NULL) ON CONFLICT DO NOTHING"
                    ),
                    {
                        "rollout": rollout,
                        "list": listed.name,
                        "number": item.number,
                        "street": street,
                        "liaisons": [f"{street}经办甲"],
                        "at": at,
                    },
                )


def report(at: datetime, **more: Any) -> Opening:
    """A street's report of item 1, found at ``at``."""
    number = next(_ids)
    given: Mapping[str, Any] = {
        "action_id": f"开案{number}",
        "number": f"一街道-{number}",
        "kind": CaseKind.REPORT,
        "title": "无证经营旅行社",
        "person": "一街道经办甲",
        "sender": STREET,
        "street": STREET,
        "trigger_at": at,
        "item": "1",
        "note": "巡查发现门店无证招揽。",
        **more,
    }
    return Opening(**given)


def dispatch(at: datetime, **more: Any) -> Opening:
    """文旅局's letter to the street on item 2."""
    given = {
        "kind": CaseKind.DISPATCH,
        "title": "占道经营投诉",
        "person": f"{CULTURE}经办甲",
        "sender": CULTURE,
        "item": "2",
        "channel": Channel.ONLINE,
        "letter": "甲文旅函〔2026〕3号",
        **more,
    }
    return report(at, **given)


def case_request(rollout: str, opening: Opening, **more: Any) -> ProcedureRequest:
    """What the CLI starts a case with."""
    row = Row(
        id="",
        item=opening.number,
        task=opening.title,
        kind=RowKind.TASK,
        targets=(opening.street,),
        targets_text=opening.street,
        due=NO_LIMIT_DAY,
        due_text="",
    )
    return ProcedureRequest(
        plan=PlanKey(rollout=rollout, plan_id=0, version=0),
        district="",
        unit=opening.street,
        coordinators=(),
        row=row,
        steps=(),
        edition=EDITION,
        opening=opening,
        **more,
    )


async def open_case(
    client: Client,
    rollout: str,
    opening: Opening,
    *,
    task_timeout: timedelta | None = None,
    **more: Any,
) -> tuple[str, ActionReply]:
    """Open a case as the CLI does; its workflow id and the answer."""
    wid = case_workflow_id(rollout, opening.number)
    start = WithStartWorkflowOperation(
        "CaseHandover",
        case_request(rollout, opening, **more),
        id=wid,
        task_queue=PROCEDURES_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        task_timeout=task_timeout,
    )
    reply = await client.execute_update_with_start_workflow(
        OPEN_UPDATE,
        opening.action_id,
        start_workflow_operation=start,
        result_type=ActionReply,
    )
    return wid, reply


HOUR = timedelta(hours=1)
