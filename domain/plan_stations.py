"""派驻机构 in a plan: a district lets its 司法所 and 市场监管所 go to the streets, or keeps them.

0-48 and 0-49 move their relations to the street; 2-36 keeps them as they are. Which holds is the
district's own line in the 单位 sheet, so that one plan can have both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from domain.directory import Directory, names_in
from domain.plan import RowKind
from domain.plan_columns import STATIONS_STAY, suggestion
from domain.plan_draft import RawRow
from domain.procedure import BY_RELATION, WAY
from domain.refusal import Finding
from domain.requirement import STATION_NAMES, STATIONS
from domain.unit import Unit, UnitKind

if TYPE_CHECKING:
    from domain.plan_rows import RowDraft

STATIONS_COLUMN = "派驻机构"

_TAKING = (UnitKind.STREET, UnitKind.TOWN)


def check_decided(unit: Unit, row: RawRow) -> Iterable[Finding]:
    """Only a 区 decides about the 派驻机构 in it."""
    if unit.stations and unit.kind is not UnitKind.DISTRICT:
        sentence = f"“{unit.name}”是{unit.kind}；{STATIONS_COLUMN}保留还是下放，只写在区的一行。"
        yield row.finding("BAD_STATION", sentence, STATIONS_COLUMN)


def check_relations(row: RowDraft, directory: Directory) -> Iterable[Finding]:
    """A 转隶 by relation: known stations, to streets and towns of districts that let them go."""
    by_relation = row.kind is RowKind.TRANSFER and row.options.get(WAY) == BY_RELATION
    named = names_in(row.options.get(STATIONS, ""))
    if STATIONS in row.options and not by_relation:
        sentence = f"只有方式={BY_RELATION}的“转隶”可写选项“{STATIONS}”。"
        yield row.raw.finding("BAD_STATION", sentence, "选项")
    if not by_relation:
        return
    for name in named:
        if name not in STATION_NAMES:
            near = suggestion(name, STATION_NAMES)
            sentence = f"“{name}”的关系不能转到街道{near}，可写：{'、'.join(STATION_NAMES)}。"
            yield row.raw.finding("BAD_STATION", sentence, "选项")
    units = [directory.by_name[target] for target in row.targets]
    if others := [unit.name for unit in units if unit.kind not in _TAKING]:
        sentence = f"派驻机构的关系只转到街道、镇，{'、'.join(others[:5])}不是。"
        yield row.raw.finding("BAD_STATION", sentence, "责任单位")
    for district in dict.fromkeys(unit.district for unit in units):
        decided = directory.by_name.get(district)
        if decided is not None and decided.stations == STATIONS_STAY:
            what = "、".join(named or STATION_NAMES)
            sentence = (
                f"{district}的{STATIONS_COLUMN}定为“{STATIONS_STAY}”（2-36），"
                f"{what}的关系不能转到街道；请改任务的责任单位，或改{district}的{STATIONS_COLUMN}。"
            )
            yield row.raw.finding("STATIONS_STAY", sentence, "责任单位")
