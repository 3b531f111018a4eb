"""The registers in an archive: plans, directory, calendars, meetings, each as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from starter.archive_audit import AUDIT_WORDS, ISSUE_WORDS
from starter.archive_text import Folder, as_json, instant, stamp, table

if TYPE_CHECKING:
    from starter.archive_source import Source

_WORDS: Final = {
    "rollout": "改革",
    "version": "版本",
    "content_hash": "内容的sha256",
    "content_key": "内容的标识",
    "title": "标题",
    "coordinator": "牵头单位",
    "kickoff": "启动日",
    "units": "单位数",
    "procedures": "事项数",
    "registered_at": "登记时间",
    "registered_by": "登记人",
    "claimed_at": "名称登记时间",
    "claimed_by": "名称登记人",
    "at": "时间",
    "person": "姓名",
    "reason": "事由",
    "paper": "文号",
    "issuer": "机关",
    "name": "名称",
    "kind": "类型",
    "district": "区",
    "duty": "职责",
    "parent": "上级",
    "code": "代码",
    "is_member": "成员单位",
    "position": "次序",
    "recorder": "代录单位",
    "unit": "单位",
    "role": "角色",
    "valid_from": "起",
    "valid_to": "止",
    "by_person": "代办人",
    "from_day": "自",
    "to_day": "至",
    "recorded_at": "登记时间",
    "recorded_by": "登记人",
    "ended_at": "提前结束时间",
    "ended_by": "提前结束人",
    "calendar_id": "日历",
    "year": "年份",
    "staged_at": "导入时间",
    "staged_by": "导入人",
    "published_at": "发布时间",
    "published_by": "发布人",
    "basis": "依据的版本",
    "doc_no": "文号",
    "held_on": "日期",
    "organ": "会议",
    "chair": "主持",
    "agenda": "议题",
    "filename": "文件名",
    "sha256": "sha256",
    "size": "字节",
    "item": "事项",
    "decision": "决定",
    "note": "说明",
    "action_id": "操作编号",
    "category": "类别",
    "presence": "出席",
    "workflow_id": "事项全称",
    "amended_at": "修改时间",
    "amended_by": "修改人",
    "counts": "事项数（按处理）",
    "totals": "合计",
    "number": "编号",
    "day": "生效日",
    "procedure": "依据的事项",
    "rule": "规则",
    "special_paper": "专项批准文号",
    "line": "行",
    "type": "类型",
    "state": "状态",
    "amount": "数目",
    "toward": "去向",
    "staff": "人员编号",
    "sentence": "原因",
    "people": "人数",
    "from_unit": "转出单位",
    "to_unit": "转入单位",
    "team": "队伍",
    "live": "在办",
    "sink_mode": "下沉方式",
    "since": "借调起",
    "street": "街道",
    "due_back": "应还",
    "returned_on": "归还",
    "return_paper": "归还文号",
    "returned_at": "归还登记时间",
    "returned_by": "归还登记人",
    "list": "清单",
    "field_name": "领域",
    "declared": "声明总数",
    "declared_by": "各类别声明数",
    "status": "状态",
    "effective_from": "施行",
    "effective_to": "终止",
    "filing_no": "备案号",
    "drafted_at": "起草时间",
    "drafted_by": "起草人",
    "district_duty": "区级部门职责",
    "street_duty": "街道职责",
    "primary_text": "主体责任",
    "support_text": "配合责任",
    "primary_side": "主体责任方",
    "departments": "涉及部门",
    "extra": "其他",
    "liaisons": "专人",
    "evaluated_on": "评估日期",
    "methods": "方式",
    "result": "结果",
}
"""Words for the columns of the registers; another column keeps its name."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """One register: its part, where it goes (without ending), and words of its own for columns."""

    part: str
    place: str
    words: Mapping[str, str] = field(default_factory=dict)


_APPLIED: Final = {
    "number": "申请号",
    "applicant": "申请单位",
    "state": "进展",
    "version": "形成的版本",
    "opened_at": "申请时间",
    "opened_by": "申请人",
    "revision": "第几稿",
    "kind": "增减",
    "item": "清单序号",
    "subject": "事项",
    "content": "内容",
    "basis": "依据",
    "reason": "理由",
    "base_version": "所据版本",
    "base_hash": "所据条文的sha256",
    "fields": "拟定条文",
    "written_at": "提出时间",
    "written_by": "提出人",
    "judged_at": "结论时间",
}
_CASE: Final = {
    "number": "案件编号",
    "title": "案由",
    "sender": "发出单位",
    "receiver": "承办单位",
    "trigger_at": "发现或收到",
    "source": "来源",
    "urgency": "缓急",
    "opened_by": "经办人",
    "status": "结果",
    "list_name": "清单",
    "list_version": "清单版本",
    "item": "清单序号",
    "item_name": "清单事项",
    "breach": "违规尝试",
    "returns": "退回次数",
    "refusals": "拒收次数",
    "clocks": "时限",
    "opened_at": "受理时间",
    "ended_at": "结束时间",
    "sentence": "原因",
}

_COMPLAINT: Final = {
    "number": "第几号",
    "department": "反映的部门",
    "happened_on": "发生日期",
    "content": "内容",
    "list_name": "清单",
    "list_version": "清单版本",
    "item": "清单序号",
    "item_name": "清单事项",
    "place": "第几次答复",
    "finding": "结论",
    "note": "意见",
}

REGISTERS: Final = (
    Register(part="PLANS", place="方案/版本"),
    Register(part="AMENDMENTS", place="方案/修改"),
    Register(part="DIRECTORIES", place="通讯录/版本"),
    Register(part="UNITS", place="通讯录/单位"),
    Register(part="POSTS", place="通讯录/任职"),
    Register(part="ABSENCES", place="通讯录/请假代办"),
    Register(part="CALENDARS", place="日历/版本"),
    Register(part="MEETINGS", place="会议/会议"),
    Register(part="DECISIONS", place="会议/决定"),
    Register(part="ATTENDANCE", place="会议/出席"),
    Register(part="MEETING_ISSUES", place="会议/议题", words=ISSUE_WORDS),
    Register(part="MEETING_ISSUE_MOVES", place="会议/议题办理", words=ISSUE_WORDS),
    Register(part="LOCK", place="编制/摸底锁定"),
    Register(part="LEDGER", place="编制/台账分录"),
    Register(part="LEDGER_REFUSALS", place="编制/台账拒绝"),
    Register(part="ROSTERS", place="编制/名册"),
    Register(part="ROSTER_PEOPLE", place="编制/名册人员"),
    Register(part="SECONDMENTS", place="编制/借调"),
    Register(part="DUTY_LISTS", place="职责清单/版本"),
    Register(part="DUTY_ITEMS", place="职责清单/事项", words={"basis": "法律法规及文件依据"}),
    Register(
        part="DUTY_CLAIMS",
        place="职责清单/认领",
        words={"claimed_at": "认领时间", "claimed_by": "认领登记人", "ended_at": "终止时间"},
    ),
    Register(part="DUTY_TRIALS", place="职责清单/试运行"),
    Register(
        part="DUTY_VERDICTS",
        place="职责清单/合法性结论",
        words={"number": "序号", "item_hash": "条文的sha256", "is_lawful": "合法"},
    ),
    Register(part="DUTY_APPLICATIONS", place="职责清单/调整申请", words=_APPLIED),
    Register(part="DUTY_APPLICATION_TEXTS", place="职责清单/调整申请书", words=_APPLIED),
    Register(part="CASES", place="案件/办结案件", words=_CASE),
    Register(part="CASE_ATTEMPTS", place="案件/未受理", words=_CASE),
    Register(
        part="CASE_SETTINGS", place="案件/办案设置", words={"settings": "设置", "document": "原文"}
    ),
    Register(part="CASE_COMPLAINTS", place="案件/街道反映", words=_COMPLAINT),
    Register(part="CASE_COMPLAINT_REPLIES", place="案件/街道反映的答复", words=_COMPLAINT),
    Register(part="AUDIT_PLANS", place="督查/安排", words=AUDIT_WORDS),
    Register(part="AUDIT_RUNS", place="督查/各期", words=AUDIT_WORDS),
    Register(part="AUDIT_DRAWS", place="督查/抽样记录", words=AUDIT_WORDS),
    Register(part="AUDITS", place="督查/督查", words=AUDIT_WORDS),
    Register(part="AUDIT_VISITS", place="督查/到访", words=AUDIT_WORDS),
    Register(part="AUDIT_PROBLEMS", place="督查/问题", words=AUDIT_WORDS),
    Register(part="AUDIT_MOVES", place="督查/问题处理", words=AUDIT_WORDS),
    Register(part="AUDIT_REFERRALS", place="督查/移送", words=AUDIT_WORDS),
    Register(part="AUDIT_CONCLUSIONS", place="督查/结论", words=AUDIT_WORDS),
    Register(
        part="DISCIPLINE",
        place="督查/四个严禁",
        words={"items": "条文", "loaded_at": "载入时间", "loaded_by": "载入人"},
    ),
)


async def write_registers(source: Source, folder: Folder) -> dict[str, list[dict[str, Any]]]:
    """This will write every register that has rows, and return the rows by place."""
    from contracts.archive import Part

    written = {}
    for register in REGISTERS:
        rows = await source.rows(Part[register.part])
        if rows:
            written[register.place] = rows
            write_rows(folder, register.place, rows, register.words)
    await _write_plans(source, folder)
    await _write_calendars(source, folder)
    return written


def write_rows(
    folder: Folder,
    place: str,
    rows: Sequence[Mapping[str, Any]],
    words: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """This will write rows as a table for people and as JSON for machines."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    shown = ([_shown(row.get(name)) for name in columns] for row in rows)
    heads = [words.get(name) or _WORDS.get(name, name) for name in columns]
    folder.write(f"{place}.csv", table(heads, shown))
    folder.write(f"{place}.json", as_json(list(rows)))


def _shown(value: Any) -> Any:
    """A value for people: instants in Beijing time."""
    if isinstance(value, str) and len(value) > 18 and value[10:11] == "T":
        try:
            return stamp(instant(value))
        except ValueError:
            return value
    return value


async def _write_plans(source: Source, folder: Folder) -> None:
    """Each version as JSON, whole, and as a workbook in the layout people know."""
    from contracts.archive import Part

    for version, text in (await source.documents(Part.PLAN_TEXT)).items():
        document = json.loads(text)
        folder.write(f"方案/第{version}版.json", as_json(document))
        folder.write(f"方案/第{version}版-任务.csv", _tasks(document))
        _write_workbook(folder, f"方案/第{version}版.xlsx", text)


_TASK_COLUMNS: Final = {
    "id": "编号",
    "item": "事项",
    "task": "任务",
    "kind": "类型",
    "targets_text": "责任单位",
    "responsible": "责任人",
    "due": "完成时限",
    "due_text": "完成时限（原文）",
    "set_by": "时限设定机关",
    "lead": "牵头单位",
    "partners": "配合单位",
    "after": "前置",
    "evidence": "证据",
    "options": "选项",
    "source": "出处",
    "targets": "落到单位",
}


def _tasks(document: Mapping[str, Any]) -> str:
    rows = document.get("rows", ())
    return table(
        list(_TASK_COLUMNS.values()),
        ([_listed(row.get(name)) for name in _TASK_COLUMNS] for row in rows),
    )


def _listed(value: Any) -> Any:
    if isinstance(value, list):
        return "、".join(str(each) for each in value)
    if isinstance(value, dict):
        return "；".join(f"{name}={each}" for name, each in value.items())
    return value


def _write_workbook(folder: Folder, name: str, text: str) -> None:
    """The version as a workbook, by the same writer as everywhere, at a fixed time."""
    from pydantic import TypeAdapter

    from domain.calendar import load_builtin_calendar
    from domain.plan import Plan
    from domain.plan_sheets import sheets_of
    from starter.archive_text import hash_of
    from starter.plan_xlsx import write_draft

    plan = TypeAdapter(Plan).validate_json(text)
    path = folder.place(name)
    write_draft(path, sheets_of(plan, load_builtin_calendar()))
    folder.keep(name, hash_of(path))


async def _write_calendars(source: Source, folder: Folder) -> None:
    """Every version in force at some time: its days, and the papers they rest on."""
    from contracts.archive import Part

    for version, text in (await source.documents(Part.CALENDAR_TEXT)).items():
        document = json.loads(text)
        folder.write(f"日历/第{version}版.json", as_json(document))
        rows = (
            (notice["year"], first, last, name, kind, "；".join(notice["papers"]))
            for notice in document.get("notices", ())
            for kind, runs in (("放假", notice["off"]), ("上班", notice["work"]))
            for first, last, name in runs
        )
        folder.write(
            f"日历/第{version}版.csv", table(("年份", "自", "至", "节日", "安排", "文件"), rows)
        )
