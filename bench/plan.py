"""A generated plan of any size, in the form that a coordinator's file has.

Persons are named after their unit (``甲区委编办经办甲``), so that a driver knows who may act.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from domain.plan import Plan
from starter.plan_file import read_plan

CITY = "示例市"
DISTRICTS = ("甲区", "乙区", "丙区", "丁区")
_ORGANS = {
    "委编办": ("部门", "区委编办"),
    "委编委": ("议事机构", "区委编委"),
    "领导": ("议事机构", "区领导"),
    "机构改革协调小组": ("议事机构", "改革协调小组"),
    "委常委会": ("议事机构", "区委常委会、常委会"),
    "委办": ("部门", "区委办、党委办"),
    "政府办": ("部门", "区政府办、政府办"),
    "司法局": ("部门", "区司法局"),
}

Task = dict[str, Any]


def task(row_id: str, item: str, kind: str, units: str, due: str, **more: Any) -> Task:
    """One row of the 任务 sheet."""
    return {
        "编号": row_id,
        "事项": item,
        "任务": f"完成{item}",
        "类型": kind,
        "责任单位": units,
        "牵头单位": "区委编办",
        "责任人": "第一责任人",
        "完成时限": due,
        **more,
    }


EVERY_KIND = (
    task("P1", "武昌方案", "方案", "各区", "T+200个工作日", 选项={"模板": "武昌"}),
    task("P2", "乌海方案", "方案", "各区", "T+200个工作日", 选项={"模板": "乌海"}),
    task("S", "三定", "三定", "各街道", "T+200个工作日", 配合单位="区司法局"),
    task("N", "挂牌", "挂牌", "各街道", "T+210个工作日", 前置任务="S"),
    task("K", "任务", "任务", "各街道", "T+200个工作日"),
)
"""One row for every procedure, all due too late to be reminded of; started one by one."""

ONE_TASK = (task("K", "任务", "任务", "各街道", "T+200个工作日"),)
"""The smallest share a unit can have: one row that nobody waits for."""

CHAIN = (
    task("S", "三定", "任务", "各街道", "T+200个工作日"),
    task("N", "挂牌", "任务", "各街道", "T+210个工作日", 前置任务="S"),
    task("Z", "总结", "任务", "各区", "T+220个工作日", 前置任务="S"),
)
"""Two rows a street, the first of which the district waits for: each street reports twice."""

ROLLOUT = (
    task("R1", "方案", "方案", "各区", "T+60个工作日", 选项={"模板": "乌海"}),
    task("R2", "三定", "三定", "各街道", "T+90个工作日", 配合单位="区司法局"),
    task("R3", "执法队", "任务", "各街道", "T+60个工作日"),
    task("R4", "挂牌", "挂牌", "各街道", "T+110个工作日", 前置任务="R2"),
    task("R5", "总结", "任务", "各区", "T+130个工作日", 前置任务="R4"),
)
"""Five rows as a district's plan has them; R2 and R3 of every street open at once, with R1."""


def write_plan(
    folder: Path, rollout: str, rows: tuple[Task, ...], kickoff: date, *, streets: int, areas: int
) -> Path:
    """This will write a plan of ``areas`` districts with ``streets`` streets each."""
    units = [
        _unit(CITY, "市"),
        _unit(f"{CITY}委编办", "部门", 简称="市委编办", 协调员="市协调员"),
        _unit(f"{CITY}改革领导小组", "议事机构"),
    ]
    for district in DISTRICTS[:areas]:
        units.append(_unit(district, "区", 所属区=district))
        for organ, (kind, duty) in _ORGANS.items():
            name = f"{district}{organ}"
            units.append(_unit(name, kind, 所属区=district, 简称=duty))
        units += [
            _unit(f"{district[0]}{number}街道", "街道", 所属区=district)
            for number in range(1, streets + 1)
        ]
    document = {
        "改革": {
            "名称": rollout,
            "标题": f"{rollout}责任表",
            "启动日期": kickoff.isoformat(),
            "协调单位": f"{CITY}委编办",
            "牵头领导": "牵头领导",
        },
        "单位": units,
        "任务": list(rows),
    }
    file = folder / f"{rollout}.yaml"
    # JSON is YAML; written so because writing YAML of this size takes seconds.
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1), "utf-8")
    return file


def load(file: Path) -> Plan:
    """This will read a plan as ``jiegai rollout start`` does; a wrong one ends the bench."""
    checked = read_plan(file)
    if checked.plan is None:
        raise SystemExit("\n".join(f"{e.place} {e.code} {e.sentence}" for e in checked.errors[:5]))
    return checked.plan


def _unit(name: str, kind: str, **more: str) -> dict[str, str]:
    return {
        "名称": name,
        "类别": kind,
        "第一责任人": f"{name}主要负责人",
        "第一书记": f"{name}第一书记",
        "分管区领导": f"{name}分管领导",
        "经办人": f"{name}经办甲、{name}经办乙",
        "代办人": f"{name}代办",
        **more,
    }
