"""Records histories of every workflow type: ``python -m tests.record_histories``.

Histories stay once they are here: what ran under an earlier release must replay for ever. A change
of a workflow's command order needs ``workflow.patched`` and a new recording under a new name.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.bulk import BulkActivities
from contracts import names
from contracts.amendment import amendment_id
from contracts.calendar import PublicationRequest, publication_id
from contracts.desk import CalendarImport, PublishQuestion
from contracts.procedure import EDITION, REDO, ActionReply, StopOrder
from domain.duty_change import ChangeKind
from domain.plan import RowKind
from domain.procedure import RELATION_STEPS, Verb
from runtime.converter import data_converter
from storage.engine import open_database
from storage.migrate import upgrade
from tests.audit_histories import AUDIT_STORIES, SEALED_STORIES
from tests.audits import SEAL
from tests.case_histories import CASE_STORIES
from tests.duty_flows import CULTURE, LEAD, culture_item, culture_sheet, lists_of
from tests.office import SOUND, Office, draft_sanding, pass_sanding, proof
from tests.postgres import server_url
from tests.small_plan import CITY, DISTRICT, STREETS, only, row, small_plan
from tests.transfers import Person, approve, ask, follow_up, key, recorded, request
from tests.transfers import begin as begin_transfer
from tests.transfers import move as move_people
from tests.workflows.conftest import server_program
from tests.workflows.test_amendment import amended, begin, finish, of, task, until_told
from tests.workflows.test_real_office import (
    APPROVED,
    CALL,
    plan_of,
    sanding,
)
from tests.workflows.test_real_office import amended as amended_procedure
from tests.workflows.test_real_office import task as own_task
from tests.workflows.test_relation_transfer import begin as begin_relations
from tests.workflows.test_relation_transfer import confirm, hand_over, move
from tests.workflows.test_rollout import approve_plan, hang
from workflows.calendar_publication import CalendarPublication

FOLDER = Path(__file__).parent / "histories"


async def main(release: str) -> None:
    """This will run each story and write its histories; files that exist are left alone."""
    url = server_url()
    await upgrade(url)
    database = open_database(url)
    for story in (
        whole_rollout,
        stopped_rollout,
        turns_and_time,
        second_run,
        publication,
        amended_rollout,
        real_office,
        relations,
        transfers,
        transfer_ended,
        duty_lists,
        duty_lists_ended,
        *CASE_STORIES,
        *AUDIT_STORIES,
        *SEALED_STORIES,
    ):
        environment = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=server_program(), data_converter=data_converter
        )
        seal = SEAL if story in SEALED_STORIES else None
        async with environment as env, Office(env, database, seal) as office:
            for name, handle in (await story(office)).items():
                await _write(f"{release}-{name}", handle)
    await database.close()


async def _write(name: str, handle: WorkflowHandle[Any, Any]) -> None:
    path = FOLDER / f"{name}.json"
    if path.exists():
        print(f"{path.name}: kept")
        return
    history = json.loads((await handle.fetch_history()).to_json())
    path.parent.mkdir(exist_ok=True)
    named = {"workflowId": handle.id, **_anonymous(history)}
    path.write_text(json.dumps(named, ensure_ascii=False), "utf-8")
    print(f"{path.name}: {len(history['events'])} events")


def _anonymous(value: Any) -> Any:
    """Without the name of the machine that recorded it, and without its folders."""
    said = {"identity": "worker", "stackTrace": ""}
    if isinstance(value, dict):
        return {k: said.get(k, _anonymous(v)) for k, v in value.items()}
    return [_anonymous(v) for v in value] if isinstance(value, list) else value


async def whole_rollout(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """方案, 三定, 挂牌 and 总结 to the end, with time between."""
    plan = small_plan("记录全程", await office.today())
    top = await office.start_rollout(plan)
    area = f"{plan.rollout}/{DISTRICT}"
    await approve_plan(office, f"{area}/{DISTRICT}/方案")
    await office.pass_days(20)
    for street in STREETS:
        await office.until_open(f"{area}/{street}/三定", "起草")
        await draft_sanding(office, f"{area}/{street}/三定", street)
        await pass_sanding(office, f"{area}/{street}/三定", street)
        await hang(office, f"{area}/{street}/挂牌", street)
    last = f"{plan.rollout}/市级/{CITY}/总结"
    await office.until_open(last, "办理")
    await office.pass_days(200)
    await office.done(last, Verb.SUBMIT, f"{CITY}经办甲", "办理")
    await office.done(last, Verb.APPROVE, "示例市委编办经办甲", "确认")
    await top.result()
    handle = office.client.get_workflow_handle
    return {
        "ReformRollout": top,
        "AreaReform": handle(area),
        "UnitReform": handle(f"{area}/{STREETS[0]}"),
        "UnitReform-city": handle(f"{plan.rollout}/市级/{CITY}"),
        "PlanApproval": handle(f"{area}/{DISTRICT}/方案"),
        "SandingDrafting": handle(f"{area}/{STREETS[0]}/三定"),
        "NameplateHanging": handle(f"{area}/{STREETS[0]}/挂牌"),
        "TaskMilestone-overdue": handle(last),
    }


async def stopped_rollout(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """A rollout stopped by its coordinator."""
    plan = only(small_plan("记录停止", await office.today()), "2", "4")
    top = await office.start_rollout(plan)
    unit = f"{plan.rollout}/{DISTRICT}/{STREETS[0]}"
    await office.until_open(f"{unit}/三定", "起草")
    order = StopOrder(person="市协调员", reason="试点调整", action_id="1")
    await top.execute_update(names.STOP_UPDATE, order, result_type=ActionReply)
    await top.result()
    handle = office.client.get_workflow_handle
    return {
        "ReformRollout-stopped": top,
        "AreaReform-stopped": handle(f"{plan.rollout}/{DISTRICT}"),
        "UnitReform-stopped": handle(unit),
        "SandingDrafting-stopped": handle(f"{unit}/三定"),
    }


async def turns_and_time(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """Returns, a refusal, an extension, a withdrawal, urging, reassigning, a year of silence."""
    plan = only(small_plan("记录曲折", await office.today()), "2")
    street = STREETS[0]
    handle = await office.start_procedure(plan, "2", street)
    wid = handle.id
    await office.until_open(wid, "起草")
    due = (await office.progress(wid)).steps[0].due_date + timedelta(days=7)
    drafter, reviewer = f"{street}经办甲", "甲区委编办经办甲"
    await office.done(wid, Verb.ASK_EXTENSION, drafter, "起草", note="汛期", new_due=due)
    await office.done(wid, Verb.GRANT_EXTENSION, reviewer, "起草")
    await draft_sanding(office, wid, street)
    await office.done(wid, Verb.WITHDRAW, drafter)
    await draft_sanding(office, wid, street)
    await office.done(wid, Verb.OPINION, "甲区司法局经办甲", "三方沟通", note="无意见")
    again = {"note": "不符", "reopen": ("甲区司法局",)}
    await office.done(wid, Verb.RETURN, reviewer, "初审", **again)
    await draft_sanding(office, wid, street)
    await office.done(wid, Verb.APPROVE, reviewer, "初审", verdicts=SOUND)
    await office.act(wid, Verb.APPROVE, reviewer, "复审", verdicts=SOUND)
    await office.done(wid, Verb.URGE, "区协调员", "复审")
    await office.pass_days(365)
    await office.done(wid, Verb.TERMINATE, "市协调员", note="不再办理")
    await handle.result()
    return {"SandingDrafting-turns": handle}


async def second_run(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """The run after continue-as-new."""
    plan = only(small_plan("记录续办", await office.today()), "2")
    street = STREETS[0]
    handle = await office.start_procedure(plan, "2", street, history_limit=40)
    await office.until_open(handle.id, "起草")
    await draft_sanding(office, handle.id, street)
    await pass_sanding(office, handle.id, street)
    await handle.result()
    client = office.client
    return {"SandingDrafting-second-run": client.get_workflow_handle(handle.id)}


async def publication(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """Next year's notice is published: a procedure beyond it is told and counts anew."""
    later = date(2027, 2, 10)
    plan = small_plan(
        "记录历法", await office.today(), row("9", "总结", RowKind.TASK, later, lead="区委编办")
    )
    task = await office.start_procedure(plan, "9", STREETS[0])
    await office.until_open(task.id, "办理")
    bulk, now = BulkActivities(office.database), await office.now()
    off = (date(2027, 1, 1), date(2027, 2, 8), date(2027, 2, 9))
    await bulk.import_calendar(
        CalendarImport(year=2027, paper="测试〔2026〕1号", off_days=off, work_days=(), now=now)
    )
    published = await bulk.publish_calendar(PublishQuestion(now=now, confirm=True, person="测试"))
    handle = await office.client.start_workflow(
        CalendarPublication.run,
        PublicationRequest(version=published.version),
        id=publication_id(published.version),
        task_queue=names.PROCEDURES_QUEUE,
    )
    await handle.result()
    return {"CalendarPublication": handle, "TaskMilestone-calendar": task}


async def real_office(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """代录, 补录, 代记无意见, a second person, a superior's extension, and amendments of what runs."""
    wid = await sanding(office, "实录")
    await draft_sanding(office, wid, STREETS[0])
    given = {"note": "两次去电无人答复", "evidence": CALL, "to": "甲区司法局"}
    await office.act(wid, Verb.RECORD_SILENCE, "区协调员", "三方沟通", **given)
    await office.pass_days(120)
    await office.done(wid, Verb.RECORD_SILENCE, "区协调员", "三方沟通", **given)
    await office.done(wid, Verb.OPINION, "甲区领导经办甲", "三方沟通", note="无意见")
    await office.until_open(wid, "意见反馈")
    ended = await own_task(office, "复核", target="甲区委编办")
    await office.done(ended, Verb.TERMINATE, "区协调员", note="并入另一事项")
    await office.done(ended, Verb.COUNTERSIGN, "甲区委编办主要负责人")
    moved = await own_task(office, "上级", set_by="示例市委编办")
    due = (await office.progress(moved)).steps[0].due_date
    later = due + timedelta(days=90)
    street = f"{STREETS[0]}经办甲"
    await office.done(moved, Verb.ASK_EXTENSION, street, "办理", note="核对", new_due=later)
    await office.done(moved, Verb.GRANT_EXTENSION, "示例市委编办经办甲", "办理", evidence=APPROVED)
    await office.done(moved, Verb.SUBMIT, street, "办理", happened_on=await office.today())
    redo = await plan_of(office, "重办", "2")
    handle = await office.start_procedure(redo, "2", STREETS[0], edition=EDITION, history_limit=40)
    await draft_sanding(office, handle.id, STREETS[0])
    row_ = replace(redo.rows[0], due=redo.rows[0].due + timedelta(days=60))
    await amended_procedure(office, handle.id, replace(redo, rows=(row_,)), how=REDO)
    await office.until_open(handle.id, "起草")
    await draft_sanding(office, handle.id, STREETS[0])
    await office.done(handle.id, Verb.APPROVE, "甲区委编办经办甲", "初审", verdicts=SOUND)
    await office.until_open(handle.id, "复审")
    found = office.client.get_workflow_handle
    return {
        "SandingDrafting-silence": found(wid),
        "TaskMilestone-seconded": found(ended),
        "TaskMilestone-superior": found(moved),
        "SandingDrafting-redone": found(handle.id, run_id=handle.first_execution_run_id),
        "SandingDrafting-redone-second-run": found(handle.id),
    }


async def amended_rollout(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """Rows come, go and move while one street works; the other, which had ended, begins anew."""
    far = await office.today() + timedelta(days=60)
    plan, top = await begin(office, "记录修订", task("1", "清单", far), task("2", "台账", far))
    one, two = STREETS
    for item in ("清单", "台账"):
        await finish(office, of(plan, one, item), one)
    await office.until_open(of(plan, two, "清单"), "办理")
    await office.until_open(of(plan, two, "台账"), "办理")
    later = replace(plan.row("1"), due=far + timedelta(days=30))
    new = replace(plan, rows=(later, task("3", "公示", far, after=("1",))))
    handle = office.client.get_workflow_handle
    first = await handle(f"{plan.rollout}/{DISTRICT}/{one}").describe()
    await amended(office, new)
    await until_told(office, of(plan, two, "清单"))
    await finish(office, of(plan, two, "清单"), two)
    for street in STREETS:
        await finish(office, of(plan, street, "公示"), street)
    await top.result()
    again = handle(f"{plan.rollout}/{DISTRICT}/{one}")
    if (await again.describe()).run_id == first.run_id:
        raise AssertionError("the unit that had ended did not begin anew")
    return {
        "PlanAmendment": handle(amendment_id(plan.rollout, 2)),
        "ReformRollout-amended": top,
        "AreaReform-amended": handle(f"{plan.rollout}/{DISTRICT}"),
        "UnitReform-amended": handle(f"{plan.rollout}/{DISTRICT}/{two}"),
        "UnitReform-anew": again,
        "TaskMilestone-amended": handle(of(plan, two, "清单")),
    }


async def relations(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """派驻机构 go over to a street; one relation is returned and done again in a later run."""
    wid = await begin_relations(office, "记录关系", history_limit=40)
    await office.until_open(wid, RELATION_STEPS[2])
    first = await office.client.get_workflow_handle(wid).describe()
    await move(office, wid, *RELATION_STEPS)
    await hand_over(office, wid)
    wrong = {"to": RELATION_STEPS[1], "note": "少一人"}
    await office.done(wid, Verb.RETURN, "甲区委编办经办甲", "确认", **wrong)
    await office.until_open(wid, RELATION_STEPS[1])
    await move(office, wid, RELATION_STEPS[1])
    await office.until_open(wid, "责任移交")
    await hand_over(office, wid)
    await confirm(office, wid)
    found = office.client.get_workflow_handle
    await found(wid).result()
    return {
        "RelationTransfer": found(wid, run_id=first.run_id),
        "RelationTransfer-last-run": found(wid),
    }


async def transfers(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """A batch approved apart: returned once, an objection, one person out, on to the end."""
    people = [Person(n, type="事业" if n == 5 else "行政") for n in range(1, 6)]
    wid = await begin_transfer(office, "记录转隶", people, history_limit=90, 审批="分口")
    first = await office.client.get_workflow_handle(wid).describe()
    await request(office, wid)
    await office.until_open(wid, "审批·事业")
    back = {"note": "再核", "to": "请示"}
    await office.done(wid, Verb.RETURN, "甲区委编委经办甲", "审批·事业", **back)
    await office.until_open(wid, "请示")
    await ask(office, wid)
    await approve(office, wid, "审批·行政")
    await approve(office, wid, "审批·事业")
    await office.until_open(wid, "转人员")
    for kind in ("异议", "谈话", "维持", "答复"):
        await recorded(office, wid, kind, key(1))
    await recorded(office, wid, "移出", key(2), evidence=proof("更正"), note="退休")
    await move_people(office, wid)
    await follow_up(office, wid)
    handle = office.client.get_workflow_handle
    await handle(wid).result()
    return {
        "PersonnelTransfer": handle(wid, run_id=first.run_id),
        "PersonnelTransfer-last-run": handle(wid),
    }


async def transfer_ended(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """A batch ended after its approval: everything on its way comes back."""
    wid = await begin_transfer(office, "记录转隶终止", [Person(n) for n in range(3)])
    await request(office, wid)
    await approve(office, wid)
    await office.until_open(wid, "转人员")
    await office.done(wid, Verb.TERMINATE, "市协调员", note="试点调整")
    handle = office.client.get_workflow_handle(wid)
    await handle.result()
    return {"PersonnelTransfer-ended": handle}


async def duty_lists(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """A list sent back once and issued in a later run, accepted; two changes, one sent back."""
    lists = await lists_of(office, "记录清单", history_limit=90)
    await lists.bring(culture_sheet(3))
    wid = (await lists.draft()).workflow_id
    first = await office.client.get_workflow_handle(wid).describe()
    await lists.submit_draft(wid)
    await lists.hear(wid, **{CULTURE: "第1项应写明时限"})
    await office.until_open(wid, "意见处置")
    await lists.bring(culture_sheet(3, 街道职责="巡查，当日上报。"))
    await lists.dispose(wid, **{CULTURE: "采纳"})
    await lists.find_lawful(wid)
    await office.until_open(wid, "四部门审核")
    await office.done(wid, Verb.APPROVE, f"{LEAD}经办甲", "四部门审核")
    await office.done(wid, Verb.REJECT, "甲区财政局经办甲", "四部门审核", note="经费未定")
    await lists.submit_draft(wid)
    await lists.find_lawful(wid)
    await lists.review(wid)
    await lists.issue(wid)
    await lists.file(wid)
    one = (await lists.adjust(ChangeKind.ADD, 4, culture_item(4))).workflow_id
    same = (await lists.adjust(ChangeKind.ADD, 4, culture_item(4))).workflow_id
    for each in (one, same):
        await lists.review(each)
        await lists.file(each)
    await lists.effect(one)
    found = office.client.get_workflow_handle
    await found(one).result()
    await office.until_open(same, "实施")
    await office.act(same, Verb.SUBMIT, f"{LEAD}经办甲", "实施")
    await office.done(same, Verb.RETURN, f"{LEAD}经办甲", "实施", note="编号重复")
    await office.until_open(same, "申请")
    await office.until_open(wid, "试运行")
    await lists.evaluate(*STREETS)
    await office.done(wid, Verb.SUBMIT, f"{LEAD}经办甲", "试运行")
    await office.until_open(wid, "认领")
    await lists.claim(*STREETS, items=4)
    for street in STREETS:
        await office.done(wid, Verb.SUBMIT, f"{street}经办甲", "认领")
    await office.until_open(wid, "评估验收")
    await office.done(wid, Verb.APPROVE, f"{LEAD}经办甲", "评估验收")
    await found(wid).result()
    return {
        "DutyListDrafting": found(wid, run_id=first.run_id),
        "DutyListDrafting-last-run": found(wid),
        "DutyListAdjustment": found(one),
        "DutyListAdjustment-returned": found(same),
    }


async def duty_lists_ended(office: Office) -> dict[str, WorkflowHandle[Any, Any]]:
    """A drafting and a change ended under review: what they held is let go."""
    lists = await lists_of(office, "记录清单终止")
    issued = await lists.issued(culture_sheet(2))
    change = (await lists.adjust(ChangeKind.REMOVE, 2)).workflow_id
    await office.until_open(change, "四部门审核")
    for wid in (issued, change):
        await office.done(wid, Verb.TERMINATE, "市协调员", note="试点调整")
        if wid == issued:
            await office.done(wid, Verb.COUNTERSIGN, "示例市委编办主要负责人")
        await office.client.get_workflow_handle(wid).result()
    found = office.client.get_workflow_handle
    return {
        "DutyListDrafting-ended": found(issued),
        "DutyListAdjustment-ended": found(change),
    }


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "0.1"))
