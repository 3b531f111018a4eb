"""A small correct plan as tables of cells, for tests to spoil one cell at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

from domain.calendar import load_builtin_calendar
from domain.plan_check import CheckedPlan, check
from domain.plan_columns import CONTENT, ITEM, SHEETS
from domain.plan_draft import PlanDraft, RawRow, as_text, check_headers, draft_of

Tables = dict[str, list[dict[str, Any]]]


def _unit(name: str, kind: str, district: str = "甲区", **more: Any) -> dict[str, Any]:
    posts = {
        "经办人": f"{name}甲、{name}乙",
        "代办人": f"{name}代办",
        "第一责任人": f"{name}负责人",
    }
    if kind in ("街道", "镇"):
        posts["第一书记"] = f"{name}第一书记"
    if kind == "部门":
        posts["分管区领导"] = f"{name}分管领导"
    return {"名称": name, "类别": kind, "所属区": district, **posts, **more}


def _task(row_id: str, item: str, kind: str, units: str, due: str, **more: Any) -> dict[str, Any]:
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


_TABLES: Tables = {
    "改革": [
        {ITEM: "名称", CONTENT: "示例2019"},
        {ITEM: "标题", CONTENT: "示例责任表"},
        {ITEM: "启动日期", CONTENT: "2019-11-12"},
        {ITEM: "协调单位", CONTENT: "市委编办"},
        {ITEM: "牵头领导", CONTENT: "示例牵头领导"},
        {ITEM: "同日审核上限", CONTENT: "10"},
    ],
    "单位": [
        _unit("示例市", "市", ""),
        _unit("市委编办", "部门", "", 协调员="协调员甲"),
        _unit("甲区", "区"),
        _unit("甲区编办", "部门", 简称="区委编办", 成员单位="是"),
        _unit("甲区编委", "议事机构", 简称="区委编委"),
        _unit("甲区领导", "议事机构", 简称="区领导"),
        _unit("甲区协调小组", "议事机构", 简称="改革协调小组"),
        _unit("甲区常委会", "议事机构", 简称="常委会"),
        _unit("甲区委办", "部门", 简称="区委办、党委办"),
        _unit("甲区府办", "部门", 简称="区政府办、政府办"),
        _unit("一街道", "街道"),
        _unit("二街道", "街道"),
        _unit("三镇", "镇"),
    ],
    "任务": [
        _task("P1", "区方案", "方案", "各区", "12月2日前", 选项={"模板": "乌海"}),
        _task("S1", "三定", "三定", "各镇街", "12月底前", 前置任务="P1", 配合单位="区委办"),
        _task("N1", "挂牌", "挂牌", "各镇街", "S1后10个工作日", 前置任务="S1"),
        _task("T1", "总结", "任务", "各区", "T+60个工作日", 前置任务="N1"),
    ],
    "环节": [
        {"类型": "任务", "环节": "办理", "工作日": 3, "升级": "1:第一责任人、3:协调员"},
    ],
}


def tables() -> Tables:
    """A fresh copy of the correct plan."""
    return copy.deepcopy(_TABLES)


def set_to(sheet: str, number: int, **cells: Any) -> Callable[[Tables], None]:
    """A spoiler: change cells of the n-th row (from 1) of a sheet."""
    return lambda found: found[sheet][number - 1].update(cells)


def setting(name: str, content: Any) -> Callable[[Tables], None]:
    """A spoiler: change or add a line of the 改革 sheet."""

    def spoil(found: Tables) -> None:
        for line in found["改革"]:
            if line[ITEM] == name:
                line[CONTENT] = content
                return
        found["改革"].append({ITEM: name, CONTENT: content})

    return spoil


def draft(found: Tables) -> PlanDraft:
    """The tables as a draft, with the column checks that the readers make."""
    findings = []
    rows: dict[str, list[RawRow]] = {}
    for sheet in SHEETS:
        if sheet.name not in found:
            continue
        headers = list(dict.fromkeys(name for row in found[sheet.name] for name in row))
        findings.extend(check_headers(sheet, headers, 1))
        rows[sheet.name] = [
            RawRow(
                sheet=sheet.name,
                row=number,
                cells={name: as_text(value) for name, value in row.items()},
            )
            for number, row in enumerate(found[sheet.name], start=1)
        ]
    return draft_of(rows, findings)


def checked(*spoilers: Callable[[Tables], None], kickoff: date | None = None) -> CheckedPlan:
    """The small plan, spoiled and checked."""
    found = tables()
    for spoil in spoilers:
        spoil(found)
    return check(draft(found), load_builtin_calendar(), kickoff=kickoff)
