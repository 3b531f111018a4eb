"""Option 下放 in a plan: a row that is not finished below a share of a department (0-44)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.devolution import DEVOLVES, goals_in
from domain.directory import Directory
from domain.plan import RowKind
from domain.plan_columns import suggestion
from domain.procedure import WAY
from domain.refusal import Finding

if TYPE_CHECKING:
    from domain.plan_rows import RowDraft

_KINDS = (RowKind.TASK, RowKind.TRANSFER)


def check_devolution(row: RowDraft, directory: Directory) -> Iterable[Finding]:
    """Only a row that ends with 确认 has a share, of units that each target's district has.

    A batch by roster moves people and must end; what it was for is a row after it.
    """
    if DEVOLVES not in row.options:
        return
    if row.kind not in _KINDS or WAY in row.options:
        sentence = f"只有“任务”和不写{WAY}的“转隶”可写选项“{DEVOLVES}”。"
        yield row.raw.finding("BAD_DEVOLUTION", sentence, "选项")
        return
    goals, wrong = goals_in(row.options[DEVOLVES])
    for part in wrong:
        sentence = f"“{part}”读不懂，请写成 单位:百分比，如 区城管执法局:70%，或 …:编制70%。"
        yield row.raw.finding("BAD_DEVOLUTION", sentence, "选项")
    districts = dict.fromkeys(directory.by_name[target].district for target in row.targets)
    for goal in goals:
        lacking = [d or "市级" for d in districts if directory.find(goal.unit, d) is None]
        if lacking:
            known = [*directory.by_name, *sorted({duty for _, duty in directory.by_duty})]
            near = suggestion(goal.unit, known)
            sentence = f"{'、'.join(lacking)}没有下放的单位“{goal.unit}”{near}。"
            yield row.raw.finding("UNKNOWN_UNIT", sentence, "选项")
