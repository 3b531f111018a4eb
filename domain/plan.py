"""《改革时间、任务、责任表》 as a value: rollout, units, rows, 环节, calendar policy.

Sources: rows 0-06, 0-07, 2-01…2-05, 2-12, 2-19, 4-05 (features F01, F03, F04). Reading files,
finding errors and scheduling backwards are other modules; this one only holds what a valid
plan says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.unit import Unit, UnitKind


class RowKind(StrEnum):
    """What kind of work a row asks for; each kind is carried out by one workflow type."""

    PLAN = "方案"
    SANDING = "三定"
    REVISION = "修订"
    WUDING = "五定"
    NAMEPLATE = "挂牌"
    TRANSFER = "转隶"
    TASK = "任务"


@dataclass(frozen=True, kw_only=True)
class StepRule:
    """One line of the 环节 sheet: how long a step of a kind may take and who is told.

    ``workdays`` is the step's share (working days, ≥ 1) in the backward schedule. ``unit`` is
    本单位, 上级, 牵头, 配合 or a duty/unit name. ``extension_by`` likewise names the unit that
    approves an extension; ``max_extensions`` 0 means none may be asked. ``remind`` are working
    days before the due date (0 is the due day itself). ``escalate`` are pairs (working days
    after the due date, role or unit told).
    """

    kind: RowKind
    step: str
    unit: str = ""
    workdays: int = 1
    extension_by: str = "上级"
    max_extensions: int = 1
    remind: tuple[int, ...] = (1, 0)
    escalate: tuple[tuple[int, str], ...] = ((1, "第一责任人"), (3, "分管领导"))


@dataclass(frozen=True, kw_only=True)
class CalendarPolicy:
    """How this rollout counts days (domain.md 8.3).

    ``day_end`` is ``24:00`` or a closing time ``HH:MM`` (民法典 art. 203). ``office_from`` and
    ``office_to`` bound the hours in which reminders are sent, Asia/Shanghai.
    """

    calendar: str = "CN"
    day_end: str = "24:00"
    office_from: str = "09:00"
    office_to: str = "17:30"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the plan, read and resolved.

    ``id`` is the row's number as printed (M3-1), ``item`` the short name (事项) that goes into
    workflow ids, unique among the rows of one unit. ``targets`` are unit names; one procedure
    runs for each. ``due`` is a date in Asia/Shanghai, inclusive (A2). ``evidence`` names what
    must be attached to finish. ``options`` are the kind's settings (template, plates, basis).
    ``set_by`` (时限设定机关) is the superior organ that set the date, by name; the date then moves
    by that organ alone. Empty: the plan's own.
    ``source`` are row ids of the source texts.
    """

    id: str
    item: str
    task: str
    kind: RowKind
    targets: tuple[str, ...]
    targets_text: str
    due: date
    due_text: str
    lead: str = ""
    partners: tuple[str, ...] = ()
    responsible: str = ""
    after: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    set_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole plan. ``rollout`` is its name and workflow id (乌海2019), without ``/`` or ``#``.

    ``kickoff`` is T0 (row 2-08): relative deadlines count from it and a re-based plan shifts by
    it. ``coordinator`` is the unit whose 协调员 lead the whole rollout, ``lead_person`` the one
    leader of the mechanism (0-05); ``posted_share`` how many per cent of the appraisal of persons in
    进驻执法 are the street's, None where the plan does not say (3-11).
    """

    rollout: str
    title: str
    kickoff: date
    coordinator: str
    units: tuple[Unit, ...]
    rows: tuple[Row, ...]
    steps: tuple[StepRule, ...] = ()
    policy: CalendarPolicy = field(default_factory=CalendarPolicy)
    lead_person: str = ""
    posted_share: int | None = None

    def unit(self, name: str) -> Unit:
        """This will return the unit of that name; KeyError if the plan has none."""
        for unit in self.units:
            if unit.name == name:
                return unit
        raise KeyError(name)

    def row(self, row_id: str) -> Row:
        """This will return the row of that id; KeyError if the plan has none."""
        for row in self.rows:
            if row.id == row_id:
                return row
        raise KeyError(row_id)

    def of_kind(self, *kinds: UnitKind) -> tuple[Unit, ...]:
        """Every unit of these kinds, in the plan's order."""
        return tuple(unit for unit in self.units if unit.kind in kinds)
