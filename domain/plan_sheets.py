"""A plan written out again as the four sheets it was read from.

What :func:`domain.plan_check.check` makes of the sheets is the same plan. A 完成时限 keeps the words
of its author while they still mean the plan's date; where the plan was re-based to another first
day, or a holiday notice has since moved the count, the date itself is written. Comments, blank rows
and settings that only advise (同日审核上限) are not in a plan and come back as the template has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from domain.calendar import WorkCalendar
from domain.deadline_text import parse_due, resolve_due
from domain.plan import Plan, Row, StepRule
from domain.plan_columns import CONTENT, ITEM, YES
from domain.plan_draft import PlanDraft, RawRow
from domain.refusal import Refused
from domain.unit import Unit

_NONE = "、"
"""A list that is empty on purpose: an empty cell would mean the default."""


def sheets_of(plan: Plan, calendar: WorkCalendar) -> PlanDraft:
    """This will write a plan as a draft; ``calendar`` is that by which it will be read again."""
    return PlanDraft(
        settings=_numbered("改革", ({ITEM: k, CONTENT: v} for k, v in _settings(plan).items())),
        units=_numbered("单位", (_unit(unit) for unit in plan.units)),
        tasks=_numbered("任务", (_task(plan, row, calendar) for row in plan.rows)),
        steps=_numbered("环节", (_step(rule) for rule in plan.steps)),
    )


def _numbered(sheet: str, lines: Iterable[Mapping[str, str]]) -> tuple[RawRow, ...]:
    """Rows as they will stand under the header."""
    return tuple(
        RawRow(sheet=sheet, row=number, cells={k: v for k, v in line.items() if v})
        for number, line in enumerate(lines, start=2)
    )


def _settings(plan: Plan) -> dict[str, str]:
    return {
        "名称": plan.rollout,
        "标题": plan.title,
        "启动日期": plan.kickoff.isoformat(),
        "协调单位": plan.coordinator,
        "牵头领导": plan.lead_person,
        "工作日历": plan.policy.calendar,
        "每日截止": plan.policy.day_end,
        "上班时间": plan.policy.office_from,
        "下班时间": plan.policy.office_to,
        "进驻考核街道占比": "" if plan.posted_share is None else str(plan.posted_share),
    }


def _unit(unit: Unit) -> dict[str, str]:
    return {
        "名称": unit.name,
        "类别": unit.kind,
        "所属区": unit.district,
        "简称": unit.duty,
        "上级单位": unit.parent,
        "代码": unit.code,
        "第一责任人": unit.head,
        "第一书记": unit.first_secretary,
        "分管区领导": unit.leader_in_charge,
        "经办人": "、".join(unit.handlers),
        "代办人": "、".join(unit.substitutes),
        "代录单位": unit.recorder,
        "协调员": "、".join(unit.coordinators),
        "成员单位": YES if unit.is_member else "",
        "派驻机构": unit.stations,
    }


def _task(plan: Plan, row: Row, calendar: WorkCalendar) -> dict[str, str]:
    return {
        "编号": row.id,
        "事项": row.item,
        "任务": row.task,
        "类型": row.kind,
        "责任单位": row.targets_text,
        "牵头单位": row.lead,
        "配合单位": "、".join(row.partners),
        "责任人": row.responsible,
        "完成时限": _due(plan, row, calendar),
        "时限设定机关": row.set_by,
        "前置任务": "、".join(row.after),
        "必交材料": "、".join(row.evidence),
        "选项": "；".join(f"{key}={value}" for key, value in row.options.items()),
        "依据条目": "、".join(row.source),
    }


def _due(plan: Plan, row: Row, calendar: WorkCalendar) -> str:
    """The author's words if they mean the plan's date, else the date."""
    dues = {each.id: each.due for each in plan.rows}
    day_end = plan.policy.day_end
    read = parse_due(row.due_text, kickoff=plan.kickoff, rows=dues.keys(), day_end=day_end)
    if isinstance(read, Refused):
        return row.due.isoformat()
    base = dues.get(read.base, plan.kickoff)
    found = resolve_due(read, base=base, calendar=calendar, day_end=day_end)
    return row.due_text if found.due_date == row.due else row.due.isoformat()


def _step(rule: StepRule) -> dict[str, str]:
    return {
        "类型": rule.kind,
        "环节": rule.step,
        "承办单位": rule.unit,
        "工作日": str(rule.workdays),
        "延期批准": rule.extension_by,
        "延期次数": str(rule.max_extensions),
        "提醒": "、".join(map(str, rule.remind)) or _NONE,
        "升级": "、".join(f"{days}:{told}" for days, told in rule.escalate) or _NONE,
    }
