"""One audit's record as tests show and print it: three of five streets visited, nine problems."""

from __future__ import annotations

from datetime import UTC, date, datetime

from contracts.audit_flow import AuditRecord
from domain.audit import (
    AuditKind,
    AuditPlan,
    Cadence,
    CheckItem,
    Every,
    RunKey,
    SampleRule,
)
from domain.audit_flow import Conclusion, Problem, ProblemState, Visit

STREETS = ("滨河街道", "凤凰岭街道", "海北街道", "新华街道", "林荫街道")
KEY = RunKey(rollout="乌海2019", plan="季度督查", window="2026年第4季度")
AUDIT_ID = "乌海2019/督查/季度督查/2026年第4季度"
STATES = (
    ProblemState.OPEN,
    ProblemState.CLOSED,
    ProblemState.ON_THE_SPOT,
    ProblemState.RECTIFIED,
)
WORDS = (
    (
        "0-13",
        "“办理”时限2026-11-16，已超期7天未办，已升级2次，末次告知海勃湾区委编办分管领导。",
    ),
    ("4-11", "两件群众举报当天没有报告区级部门。"),
    ("清单第7项", "没有专人认领，办事群众找不到人。"),
)


def plan_of(kind: AuditKind) -> AuditPlan:
    """An arrangement of a kind, with what its kind needs."""
    items = ("制定街道三定规定", "街道挂牌", "人员转隶到位", "下放经济社会管理权限")
    has_items = kind in (AuditKind.ANNUAL, AuditKind.DISCIPLINE)
    return AuditPlan(
        rollout=KEY.rollout,
        name=KEY.plan,
        kind=kind,
        cadence=Cadence(every=Every.QUARTER, first=date(2026, 10, 1)),
        district="海勃湾区",
        leader="区委主要领导" if kind is AuditKind.ASSESSMENT else "",
        approval="海党办函〔2026〕12号",
        items=tuple(
            CheckItem(number=str(number), text=text) for number, text in enumerate(items, start=1)
        )
        if has_items
        else (),
        sample=SampleRule(strata={"街道": 2, "镇": 1}) if kind is AuditKind.SAMPLING else None,
    )


def record_of(kind: AuditKind) -> AuditRecord:
    """Its record half way: three visits, nine problems in all states, three conclusions of four."""
    plan = plan_of(kind)
    visits = tuple(
        Visit(
            unit=unit,
            on=date(2026, 11, 17 + number),
            methods=("查阅资料", "实地查看"),
            team="编办检查组",
            result="良好",
            opinions="" if number == 1 else "窗口人手紧，下放事项没有培训。",
            recorded_by="王办",
        )
        for number, unit in enumerate(STREETS[:3])
    )
    problems = tuple(_problem(number) for number in range(9))
    conclusions = tuple(
        Conclusion(number=str(n), is_good=n != 3, note="12人没有办完关系" if n == 3 else "")
        for n in (1, 2, 3)
    )
    return AuditRecord(
        plan=plan,
        workflow_id=AUDIT_ID,
        status="整改",
        opened_at=datetime(2026, 11, 17, 1, tzinfo=UTC),
        covers=STREETS[:3] if kind is AuditKind.SAMPLING else STREETS,
        visits=visits,
        problems=problems,
        conclusions=conclusions if plan.items else (),
    )


def _problem(number: int) -> Problem:
    rule, sentence = WORDS[number % 3]
    is_found = number % 3 == 0
    return Problem(
        unit=STREETS[number % 3],
        number=number + 1,
        sentence=sentence,
        rule=rule,
        discipline="机构编制纪律" if number % 4 == 0 else "",
        advice="补办并书面说明。" if number % 2 else "",
        state=STATES[number % 4],
        found_by="超期未办" if is_found else "人工",
        workflow_id="乌海2019/海勃湾区/凤凰岭街道/三定" if is_found else "",
        due=date(2026, 12, 7),
        done="已补办，见海街发〔2026〕3号。" if number % 4 else "",
    )
