"""The steps of one case with its units: the words of the route become organs of the directory."""

from __future__ import annotations

from dataclasses import replace

from domain.case import UPWARD, CaseFile, CaseKind
from domain.case_limits import (
    ANSWER,
    ARRIVE,
    CARRY_ON,
    HANDLE,
    HANDOVER,
    NO_LIMIT_DAY,
    REPLY,
    REPORT,
    SIGN,
)
from domain.case_routes import (
    ARBITER,
    CALLED,
    CASE_ROUTES,
    POLICE,
    RAISED_TO,
    RECEIVER,
    SENDER,
    STREET,
    SUPERIOR,
)
from domain.directory import Directory, names_in
from domain.plan import Plan, Row, StepRule
from domain.procedure import StepShape
from domain.schedule import PlannedStep, ladder

ARRIVAL_ELEMENTS = ("到场人员", "到场时间")
ANSWER_ELEMENTS = ("回复日期", "回复方式")


def case_steps(
    file: CaseFile, row: Row, plan: Plan, directory: Directory
) -> tuple[PlannedStep, ...]:
    """This will plan every step that a case of this kind may come to."""
    return tuple(_planned(file, row, plan, directory, shape) for shape in CASE_ROUTES[file.kind])


def _planned(
    file: CaseFile, row: Row, plan: Plan, directory: Directory, shape: StepShape
) -> PlannedStep:
    units = _units(file, plan, directory, shape.unit)
    rule = StepRule(kind=row.kind, step=shape.name, escalate=file.settings.escalate)
    return PlannedStep(
        name=shape.name,
        shape=_with_settings(file, shape),
        units=units,
        workdays=0,
        planned_start=NO_LIMIT_DAY,
        planned_due=NO_LIMIT_DAY,
        extension_by=_extended_by(file, plan, directory),
        # T1 and T2 are the district's own promise: nobody puts them off (4-11, 4-12).
        max_extensions=0 if _is_promised(file, shape.name) else 1,
        remind=(1, 0),
        escalate=ladder(plan, row, file.street, units, rule=rule, directory=directory),
    )


def _is_promised(file: CaseFile, step: str) -> bool:
    """The signature of an upward case stands under T2 itself."""
    return step in (REPORT, HANDOVER) or (step == SIGN and file.kind in UPWARD)


def _units(file: CaseFile, plan: Plan, directory: Directory, words: str) -> tuple[str, ...]:
    settings = file.settings
    organs = {
        SUPERIOR: settings.designator,
        ARBITER: settings.arbiter,
        RAISED_TO: settings.raise_to,
    }
    found: dict[str, None] = {}
    for word in names_in(words):
        if word in organs:
            unit = directory.find(organs[word], file.district)
            found[unit.name if unit else plan.coordinator] = None
        elif word == STREET:
            found[file.street] = None
        elif word == SENDER:
            found[file.sender] = None
        elif word in (RECEIVER, POLICE):
            found.update(dict.fromkeys([file.receiver] if file.receiver else []))
        elif word == CALLED:
            found.update(dict.fromkeys(file.receivers))
    return tuple(found)


def _extended_by(file: CaseFile, plan: Plan, directory: Directory) -> str:
    unit = directory.find(file.settings.raise_to, file.district)
    return unit.name if unit else plan.coordinator


def _with_settings(file: CaseFile, shape: StepShape) -> StepShape:
    """The checklist goes with the handover, the elements with what is replied."""
    if shape.name == HANDOVER:
        return replace(shape, documents=(*shape.documents, *file.settings.documents))
    if shape.name in (HANDLE, REPLY, CARRY_ON) and file.kind in (
        CaseKind.DISPATCH,
        CaseKind.CITIZEN,
    ):
        return replace(shape, elements=file.settings.elements)
    if shape.name == ARRIVE:
        return replace(shape, elements=ARRIVAL_ELEMENTS)
    if shape.name == ANSWER:
        return replace(shape, elements=ANSWER_ELEMENTS)
    return shape
