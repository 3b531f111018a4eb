"""A small plan built in code: one city, one district, two streets, every kind of row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from domain.plan import CalendarPolicy, Plan, Row, RowKind, StepRule
from domain.unit import Unit, UnitKind

CITY, DISTRICT = "示例市", "甲区"
STREETS = ("一街道", "二街道")


def _unit(name: str, kind: UnitKind, district: str = "", duty: str = "", **more: object) -> Unit:
    return Unit(
        **{
            "name": name,
            "kind": kind,
            "district": district,
            "duty": duty,
            "head": f"{name}主要负责人",
            "handlers": (f"{name}经办甲", f"{name}经办乙"),
            "substitutes": (f"{name}代办",),
            **more,
        }
    )


def _organ(duty: str, **more: object) -> Unit:
    kind = (
        UnitKind.COMMITTEE if duty in ("区委编委", "区领导", "区委常委会") else UnitKind.DEPARTMENT
    )
    return _unit(f"{DISTRICT}{duty[1:]}", kind, DISTRICT, duty, **more)


def units() -> tuple[Unit, ...]:
    """The directory: persons are named after their unit (``甲区委编办经办甲``)."""
    return (
        _unit(CITY, UnitKind.CITY),
        _unit(
            "示例市委编办",
            UnitKind.DEPARTMENT,
            duty="市委编办",
            leader_in_charge="市领导",
            coordinators=("市协调员",),
        ),
        _unit(DISTRICT, UnitKind.DISTRICT, DISTRICT),
        _organ("区委编办", leader_in_charge="区领导甲", coordinators=("区协调员",)),
        _organ("区委编委"),
        _organ("区领导"),
        _organ("区委常委会"),
        _organ("区委办"),
        _organ("区政府办"),
        _organ("区司法局"),
        *(
            _unit(name, UnitKind.STREET, DISTRICT, first_secretary=f"{name}第一书记")
            for name in STREETS
        ),
    )


def row(row_id: str, item: str, kind: RowKind, due: date, **more: object) -> Row:
    """One row for both streets unless ``targets`` says otherwise."""
    return Row(
        **{
            "id": row_id,
            "item": item,
            "task": f"完成{item}",
            "kind": kind,
            "targets": STREETS,
            "targets_text": "各街道",
            "due": due,
            "due_text": str(due),
            "lead": "区委编办",
            "partners": ("区司法局",),
            **more,
        }
    )


def small_plan(rollout: str, kickoff: date, *rows: Row, **more: object) -> Plan:
    """A plan with the given rows; none gives 方案 → 三定 → 挂牌 and a task at city level."""
    later = [kickoff + timedelta(days=n) for n in (40, 90, 120, 150)]
    default = (
        row("1", "方案", RowKind.PLAN, later[0], targets=(DISTRICT,), options={"模板": "武昌"}),
        row("2", "三定", RowKind.SANDING, later[1], after=("1",)),
        row("3", "挂牌", RowKind.NAMEPLATE, later[2], after=("2",)),
        row("4", "总结", RowKind.TASK, later[3], targets=(CITY,), after=("3",), lead="市委编办"),
    )
    return Plan(
        **{
            "rollout": rollout,
            "title": f"{rollout}改革",
            "kickoff": kickoff,
            "coordinator": "示例市委编办",
            "units": units(),
            "rows": rows or default,
            "steps": tuple(
                StepRule(kind=kind, step=step, workdays=days, extension_by="区委编办")
                for kind, step, days in (
                    (RowKind.SANDING, "起草", 4),
                    (RowKind.TASK, "办理", 3),
                    (RowKind.NAMEPLATE, "挂牌", 3),
                )
            ),
            "policy": CalendarPolicy(),
            **more,
        }
    )


def only(plan: Plan, *row_ids: str) -> Plan:
    """The plan with only these rows, waiting for nothing."""
    return replace(plan, rows=tuple(replace(plan.row(r), after=()) for r in row_ids))
