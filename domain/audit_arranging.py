"""Whether an audit may be arranged as somebody wants it: every fault at once, by its option.

Sources: 3-30 (一事一报 where streets are inspected), 0-12 (all streets), 3-21, 4-37 (nothing may be asked
openly once a sample is drawn). Sampling rules are ``domain/sampling.py``'s own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from domain.audit import AUDITS, AuditKind, AuditPlan
from domain.audit_cadence import MONTHS, windows
from domain.audit_route import days_fault
from domain.calendar import WorkCalendar
from domain.directory import Directory
from domain.refusal import Finding
from domain.sampling import sample_fault
from domain.unit import Unit, UnitKind

RESERVED: Final = "日程"
"""The name of the rollout's own Schedule."""

MOST_NAME: Final = 40
MOST_SPAN: Final = 60
_MONTH_SPAN: Final = 23
"""No month has more working days; a sample's days end before its next window opens in any case."""

_STREETS: Final = (UnitKind.STREET, UnitKind.TOWN)
_DAYS: Final = range(1, 32)


def covered(plan: AuditPlan, directory: Directory) -> tuple[Unit, ...]:
    """The units inspected: those named, else every 街道 and 镇 of the district, or of all (0-12)."""
    if plan.covers:
        named = (directory.find(word, plan.district) for word in plan.covers)
        return tuple(dict.fromkeys(unit for unit in named if unit is not None))
    return tuple(
        unit
        for unit in directory.units
        if unit.kind in _STREETS and plan.district in {"", unit.district}
    )


def inspects_streets(plan: AuditPlan, directory: Directory) -> bool:
    """Whether 一事一报 is asked for (3-30)."""
    return plan.kind in AUDITS and any(unit.kind in _STREETS for unit in covered(plan, directory))


def faults(
    plan: AuditPlan, directory: Directory, calendar: WorkCalendar, today: date
) -> tuple[Finding, ...]:
    """What is wrong with an arrangement; ``is_error`` False only says what will be asked for later."""
    return (
        *_name_faults(plan),
        *_unit_faults(plan, directory),
        *_cadence_faults(plan, calendar, today),
        *_step_faults(plan),
        *_approval_faults(plan, directory),
        *_sample_faults(plan, directory),
    )


def _name_faults(plan: AuditPlan) -> Iterator[Finding]:
    name = plan.name
    if not name.strip() or name != name.strip() or len(name) > MOST_NAME or not name.isprintable():
        yield _fault("AUDIT_NAME", f"安排的名称应为1至{MOST_NAME}个字，前后没有空格。", "名称")
    if name == RESERVED or any(mark in name for mark in "/#"):
        yield _fault("AUDIT_NAME", "安排的名称不能是“日程”，也不能含有 / 或 #。", "名称")


def _unit_faults(plan: AuditPlan, directory: Directory) -> Iterator[Finding]:
    if plan.district and plan.district not in directory.by_district:
        yield _fault("AUDIT_DISTRICT", f"通讯录里没有“{plan.district}”。", "--district")
    if directory.find(plan.organiser, plan.district) is None:
        where = f"{plan.district}的" if plan.district else ""
        sentence = f"通讯录里没有{where}“{plan.organiser}”，请用 --unit 写明主办单位，或用 --district 写明区。"
        yield _fault("AUDIT_ORGANISER", sentence, "--unit")
    for word in plan.covers:
        if directory.find(word, plan.district) is None:
            yield _fault("UNKNOWN_UNIT", f"通讯录里没有“{word}”。", "--cover")
    if plan.kind in AUDITS and not covered(plan, directory):
        yield _fault(
            "AUDIT_NOBODY", "没有一个受检单位：该区没有街道和镇，请用 --cover 写明。", "--cover"
        )


def _cadence_faults(plan: AuditPlan, calendar: WorkCalendar, today: date) -> Iterator[Finding]:
    cadence = plan.cadence
    length = MONTHS.get(cadence.every, 1)
    if not 1 <= cadence.month <= length:
        yield _fault("AUDIT_CADENCE", f"{cadence.every}的 --month 应为1至{length}。", "--month")
    if cadence.day not in _DAYS:
        yield _fault("AUDIT_CADENCE", "--day 应为1至31。", "--day")
    longest = min(MOST_SPAN, MONTHS.get(cadence.every, 12) * _MONTH_SPAN)
    if not 1 <= cadence.span <= longest:
        yield _fault(
            "AUDIT_CADENCE", f"{cadence.every}的 --span 应为1至{longest}个工作日。", "--span"
        )
    if cadence.span != 1 and plan.kind is not AuditKind.SAMPLING:
        yield _fault("AUDIT_CADENCE", "只有随机抽查有 --span。", "--span")
    if cadence.until is not None and cadence.until < max(cadence.first, today):
        yield _fault("AUDIT_PERIOD", f"截止日{cadence.until}已过，或早于起始日。", "--until")
        return
    if 1 <= cadence.month <= length and cadence.day in _DAYS and cadence.span <= MOST_SPAN:
        local = calendar.for_district(plan.district)
        last = cadence.until or date(max(today, cadence.first).year + 2, 12, 31)
        if not windows(cadence, local, cadence.first, last):
            yield _fault("AUDIT_PERIOD", "这样安排一期也没有：请核对起止日和周期。", "--until")


def _step_faults(plan: AuditPlan) -> Iterator[Finding]:
    if found := days_fault(plan.kind, plan.workdays):
        yield _fault(found.code, found.sentence, "--days")


def _approval_faults(plan: AuditPlan, directory: Directory) -> Iterator[Finding]:
    if plan.approval or not inspects_streets(plan, directory):
        return
    if plan.kind is AuditKind.SAMPLING:
        sentence = "随机抽查抽出后不能再公开报批，安排时就要写一事一报的批准文号（3-30）。"
        yield _fault("AUDIT_APPROVAL", sentence, "--approval")
        return
    sentence = "没有一事一报的批准文号：每一期都先在“立项”环节报批，批准前不检查街道（3-30）。"
    yield Finding(
        code="AUDIT_APPROVAL_LATER", sentence=sentence, column="--approval", is_error=False
    )


def _sample_faults(plan: AuditPlan, directory: Directory) -> Iterator[Finding]:
    if plan.kind is not AuditKind.SAMPLING:
        if plan.sample is not None:
            yield _fault("SAMPLE_RULE", "只有随机抽查有抽取数量和权重。", "--count")
        return
    if plan.sample is None:
        yield _fault("SAMPLE_RULE", "随机抽查请写 --count 或 --stratum。", "--count")
    elif trouble := sample_fault(plan.sample, covered(plan, directory)):
        yield _fault(trouble.code, trouble.sentence, "--count")
    if not plan.reader:
        yield _fault("DRAW_NO_READER", "没有主办单位的口令，抽出的样本无处密封。", "口令")


def _fault(code: str, sentence: str, column: str) -> Finding:
    return Finding(code=code, sentence=sentence, column=column)
