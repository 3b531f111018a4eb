"""Checking a plan: everything that is wrong at once, or the plan (F01, F03, F04).

A plan is accepted whole or not at all: one error and there is no plan. Warnings do not stop it.
The rules: 0-05…0-11, 2-01…2-12, 2-19, 2-29, 4-05, 4-07 in ``plan_units``, ``plan_rows`` and
``plan_times``; here are those that need the finished plan: who acts at each step, whether the
time suffices (2-12), who has nothing to do (0-07), where reviews pile up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from domain.calendar import WorkCalendar
from domain.day_words import spell_day
from domain.directory import Directory, names_in
from domain.plan import Plan, Row, StepRule
from domain.plan_draft import PlanDraft
from domain.plan_rows import RowDraft, read_rows, read_steps
from domain.plan_times import Clock, DatedRow, check_order, date_rows
from domain.plan_units import (
    KICKOFF,
    PILE,
    Settings,
    check_coordinator,
    read_settings,
    read_units,
)
from domain.procedure import ABOVE, LEAD, OWN, PARTNERS, Verb
from domain.refusal import Finding
from domain.schedule import PINS, pins, route_of, shortage, step_dates, step_rule
from domain.unit import Unit

REVIEWERS = 2
"""0-35: 初审 and 复审 by different people, so a reviewing unit needs two and a substitute."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How one cell was read: ``各街道 → 13个：…``."""

    row: str
    column: str
    meaning: str


@dataclass(frozen=True, kw_only=True)
class CheckedPlan:
    """What checking a plan gave. ``plan`` is None as soon as there is one error."""

    plan: Plan | None
    findings: tuple[Finding, ...]
    readings: tuple[Reading, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What must be put right."""
        return tuple(finding for finding in self.findings if finding.is_error)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What should be looked at."""
        return tuple(finding for finding in self.findings if not finding.is_error)


def check(draft: PlanDraft, calendar: WorkCalendar, *, kickoff: date | None = None) -> CheckedPlan:
    """This will read and check a draft; ``kickoff`` re-bases it to another first day.

    How dates move with ``kickoff`` is told in :mod:`domain.plan_times`.
    """
    findings = list(draft.findings)
    settings = read_settings(draft, findings)
    units = read_units(draft, findings)
    directory = Directory.of(units)
    findings.extend(check_coordinator(settings, directory))
    rules = read_steps(draft, directory, findings)
    rows = read_rows(draft, directory, findings)
    dated: dict[str, DatedRow] = {}
    if settings.kickoff is not None and not any(f.code == "BAD_CLOCK" for f in findings):
        clock = Clock(
            written=settings.kickoff,
            started=kickoff or settings.kickoff,
            calendar=calendar,
            policy=settings.policy,
        )
        dated = date_rows(rows, clock, findings)
        findings.extend(
            check_order(
                dated, clock, lambda code, text: settings.finding(KICKOFF, code, text, warning=True)
            )
        )
    plan = _plan(settings, units, rules, dated, kickoff)
    findings.extend(_members_without_task(draft, plan, directory))
    if settings.coordinator in directory.by_name:
        findings.extend(_steps_nobody_does(plan, rows, directory))
    findings.extend(_no_time(plan, dated, calendar))
    findings.extend(_few_reviewers(draft, plan, directory))
    if not any(finding.is_error for finding in findings):
        findings.extend(_reviews_piling_up(plan, settings, calendar, directory))
    if not draft.tasks:
        findings.append(Finding(code="NO_ROWS", sentence="任务表中没有任务。", sheet="任务"))
    ordered = tuple(sorted(dict.fromkeys(findings), key=_place))
    accepted = None if any(finding.is_error for finding in ordered) else plan
    readings = (*_readings(rows, dated), *_recorders(directory))
    return CheckedPlan(plan=accepted, findings=ordered, readings=readings)


_SHEET_ORDER = {name: number for number, name in enumerate(("", "改革", "单位", "任务", "环节"))}


def _place(finding: Finding) -> tuple[bool, int, int]:
    return (not finding.is_error, _SHEET_ORDER.get(finding.sheet, 9), finding.row)


def _plan(
    settings: Settings,
    units: tuple[Unit, ...],
    rules: tuple[StepRule, ...],
    dated: Mapping[str, DatedRow],
    kickoff: date | None,
) -> Plan:
    return Plan(
        rollout=settings.name,
        title=settings.title,
        kickoff=kickoff or settings.kickoff or date.min,
        coordinator=settings.coordinator,
        lead_person=settings.lead_person,
        posted_share=settings.posted_share,
        units=units,
        rows=tuple(_finished(row) for row in dated.values()),
        steps=rules,
        policy=settings.policy,
    )


def _finished(dated: DatedRow) -> Row:
    draft = dated.draft
    options = dict(draft.options)
    if PINS in options:
        options[PINS] = "、".join(f"{step}={day.isoformat()}" for step, day in dated.pins.items())
    return Row(
        id=draft.id,
        item=draft.item,
        task=draft.raw.text("任务"),
        kind=draft.kind,
        targets=draft.targets,
        targets_text=draft.raw.text("责任单位"),
        due=dated.due,
        due_text=draft.raw.text("完成时限"),
        lead=draft.lead,
        partners=draft.partners,
        responsible=draft.responsible,
        after=draft.after,
        evidence=draft.raw.names("必交材料"),
        options=options,
        source=draft.raw.names("依据条目"),
        set_by=draft.set_by,
    )


def _readings(rows: Mapping[str, RowDraft], dated: Mapping[str, DatedRow]) -> tuple[Reading, ...]:
    units = [Reading(row=row.id, column="责任单位", meaning=row.said) for row in rows.values()]
    dates = [
        Reading(
            row=name,
            column="完成时限",
            meaning=row.said + (f"（{row.draft.set_by}设定）" if row.draft.set_by else ""),
        )
        for name, row in dated.items()
    ]
    return (*units, *dates)


def _recorders(directory: Directory) -> Iterable[Reading]:
    """Who records for which organ; here ``row`` is the organ."""
    for unit in directory.units:
        found = directory.find(unit.recorder, unit.district) if unit.recorder else None
        if found is not None:
            meaning = f"由{found.name}代录"
            yield Reading(row=unit.name, column="代录单位", meaning=meaning)


def _members_without_task(draft: PlanDraft, plan: Plan, directory: Directory) -> Iterable[Finding]:
    """0-07: each member unit is responsible for a task or leads one."""
    busy: set[str] = set()
    for raw in draft.tasks:
        busy.update(unit for row in plan.rows if row.id == raw.text("编号") for unit in row.targets)
    for row in plan.rows:
        if row.lead:
            districts = {directory.by_name[target].district for target in row.targets}
            found = (directory.find(row.lead, district) for district in districts)
            busy.update(unit.name for unit in found if unit is not None)
    undated = {raw.text("编号") for raw in draft.tasks} - {row.id for row in plan.rows}
    if undated:
        # A row that could not be read may be the missing task; saying so twice helps nobody.
        return
    for raw in draft.units:
        member = directory.by_name.get(raw.text("名称"))
        if member is not None and member.is_member and member.name not in busy:
            yield raw.finding(
                "MEMBER_WITHOUT_TASK",
                f"成员单位“{member.name}”没有承担任何任务（0-07）。",
                "成员单位",
            )


def _steps_nobody_does(
    plan: Plan, rows: Mapping[str, RowDraft], directory: Directory
) -> Iterable[Finding]:
    """0-35…0-38: each step of a row has a unit in every target's district."""
    for row in plan.rows:
        for shape in route_of(row):
            text = step_rule(plan, row, shape).unit or shape.unit
            for word in names_in(text):
                lacking = _districts_lacking(row, word, directory)
                if lacking:
                    yield rows[row.id].raw.finding(
                        "STEP_WITHOUT_UNIT",
                        f"环节“{shape.name}”须由“{word}”办理，{'、'.join(lacking)}没有这个单位。",
                        "责任单位",
                    )
            if names_in(text) == (PARTNERS,) and not row.partners:
                yield rows[row.id].raw.finding(
                    "STEP_WITHOUT_UNIT",
                    f"环节“{shape.name}”由配合单位办理，本行没有填写配合单位。",
                    "配合单位",
                )


def _districts_lacking(row: Row, word: str, directory: Directory) -> list[str]:
    if word in (OWN, ABOVE, LEAD, PARTNERS):
        return []
    districts = dict.fromkeys(directory.by_name[target].district for target in row.targets)
    return [d or "市级" for d in districts if directory.find(word, d) is None]


def _no_time(
    plan: Plan, dated: Mapping[str, DatedRow], calendar: WorkCalendar
) -> Iterable[Finding]:
    """2-12: what is left between the predecessors' dates and the row's must hold its steps."""
    for row in plan.rows:
        before = [dated[name].due for name in row.after if name in dated]
        earliest = max([plan.kickoff, *before])
        if row.due < earliest:
            continue
        lack = shortage(plan, row, calendar, earliest)
        if lack is None:
            continue
        since = f"{spell_day(lack.earliest)}之后"
        where = f"“{lack.step}”须在{lack.due.isoformat()}前完成"
        if lack.earliest == lack.due:
            where = f"“{lack.step}”定在{lack.due.isoformat()}，其后的环节"
        yield dated[row.id].draft.raw.finding(
            "NO_TIME",
            f"时间不够：{where}，各环节共需{lack.needed}个工作日，"
            f"{since}只有{lack.available}个工作日。",
            "选项" if lack.step in pins(row) else "完成时限",
        )


def _few_reviewers(draft: PlanDraft, plan: Plan, directory: Directory) -> Iterable[Finding]:
    """0-35: two reviewers and a substitute in each unit that does a 初审 and a 复审."""
    reviewing: set[str] = set()
    for row in plan.rows:
        second = [shape for shape in route_of(row) if shape.not_by]
        districts = {directory.by_name[target].district: target for target in row.targets}
        for shape in second:
            text = step_rule(plan, row, shape).unit or shape.unit
            for target in districts.values():
                reviewing.update(directory.who(plan, row, target, text))
    for raw in draft.units:
        name = raw.text("名称")
        unit = directory.by_name.get(name) if name in reviewing else None
        if unit is not None and (len(unit.handlers) < REVIEWERS or not unit.substitutes):
            yield raw.finding(
                "FEW_REVIEWERS",
                f"“{name}”承担初审、复审，应有2名以上经办人和1名代办人，"
                f"现有经办人{len(unit.handlers)}名、代办人{len(unit.substitutes)}名（0-35）。",
                "经办人",
                warning=True,
            )


def _reviews_piling_up(
    plan: Plan, settings: Settings, calendar: WorkCalendar, directory: Directory
) -> Iterable[Finding]:
    """Counts the reviews that fall due at one unit on one day, over all rows."""
    due: Counter[tuple[str, date]] = Counter()
    for row in plan.rows:
        for step in step_dates(plan, row, calendar):
            if Verb.RETURN not in step.shape.verbs and Verb.DEFER not in step.shape.verbs:
                continue
            for target in row.targets:
                for unit in directory.who(plan, row, target, step.rule.unit or step.shape.unit):
                    due[unit, step.due] += 1
    for (unit, day), count in sorted(due.items(), key=lambda each: (each[0][1], each[0][0])):
        if count > settings.pile:
            yield settings.finding(
                PILE,
                "REVIEWS_PILE_UP",
                f"“{unit}”在{spell_day(day)}有{count}件审核同日到期，超过{settings.pile}件。",
                warning=True,
            )
