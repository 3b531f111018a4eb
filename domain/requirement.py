"""Which documents close which step: the route's own, and those the plan's row asks for.

Sources: 0-07 (完成 needs evidence), 0-40, 2-33, 3-04 (plates and their basis), 0-38 (发文字号), 0-48
(each station's relations).
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.directory import names_in
from domain.plan import Row, RowKind
from domain.procedure import (
    BY_RELATION,
    BY_ROSTER,
    HANDOVER_STEP,
    REGISTER_STEP,
    WAY,
    StepShape,
)

PLATES = "牌子"
"""Row option of 挂牌: what is hung, ``党建办公室、更名:旧名→新名、摘牌:名称``; 挂牌 goes without saying."""

BASIS = "依据"
"""Row option of 挂牌: whether an issued 三定 (default) or an approved 方案 is its basis."""

TEXT_TEMPLATE_KINDS = (RowKind.SANDING, RowKind.REVISION, RowKind.WUDING)
"""Kinds drafted from a text template: the row option 模板 names the one in force (0-33, 2-37)."""

STATIONS = "机构"
"""Row option of 转隶 by relation: which 派驻机构 go over; both where it is not written."""

STATION_NAMES = ("司法所", "市场监管所")
"""The 派驻机构 whose relations a street may take over (0-48); 派出所 stay everywhere (2-36)."""

TEMPLATE_DOCUMENT = "模板"
"""Under this name a draft states the template that it was made from."""

REVISED_DOCUMENT = "原三定文号"
"""Under this name a 修订's draft states the issued 三定 that it changes."""

REVISION_BASIS = "修订依据"
"""Under this name a 修订's draft states on what the change rests."""

_EVIDENCE_STEP = {
    RowKind.TASK: "办理",
    RowKind.TRANSFER: "办理",
    RowKind.NAMEPLATE: "挂牌",
    RowKind.SANDING: "印发",
    RowKind.WUDING: "印发",
    RowKind.REVISION: "印发",
    RowKind.PLAN: "印发",
}
_BY_WAY = {BY_ROSTER: REGISTER_STEP, BY_RELATION: HANDOVER_STEP}


@dataclass(frozen=True, kw_only=True)
class Plate:
    """One operation on a plate: 挂牌 (hang), 更名 (rename ``old``), 摘牌 (take down)."""

    operation: str
    name: str
    old: str = ""

    @property
    def document(self) -> str:
        """The name under which its evidence is filed: ``挂牌·党建办公室``."""
        return f"{self.operation}·{self.name}"


def plates_of(row: Row, unit: str) -> tuple[Plate, ...]:
    """This will read a row's plates; ``本单位`` stands for the unit's name. Empty: its own plate."""
    text = row.options.get(PLATES, "")
    plates = []
    for part in text.replace("；", "、").split("、"):
        operation, mark, rest = part.strip().replace("：", ":").partition(":")
        old, arrow, new = (rest if mark else operation).replace("本单位", unit).partition("→")
        if not old:
            continue
        plates.append(
            Plate(
                operation=operation if mark else "挂牌",
                name=new if arrow else old,
                old=old if arrow else "",
            )
        )
    return tuple(plates) or (Plate(operation="挂牌", name=unit),)


def stations_of(row: Row) -> tuple[str, ...]:
    """The 派驻机构 that a row of 转隶 by relation is about."""
    return names_in(row.options.get(STATIONS, "")) or STATION_NAMES


def text_template(row: Row, shape: StepShape) -> str:
    """The template that a draft must be made from at this step; empty if the plan names none."""
    if row.kind in TEXT_TEMPLATE_KINDS and shape.name == "起草":
        return row.options.get("模板", "")
    return ""


def required_documents(row: Row, shape: StepShape, unit: str) -> tuple[str, ...]:
    """This will name what must be attached to close this step of this row for this unit."""
    way = row.options.get(WAY, "") if row.kind is RowKind.TRANSFER else ""
    needed = list(shape.documents)
    if way == BY_RELATION:
        needed = [f"{name}·{station}" for name in needed for station in stations_of(row)]
    if text_template(row, shape):
        needed.append(TEMPLATE_DOCUMENT)
    if row.kind is RowKind.REVISION and shape.name == "起草":
        needed += [REVISED_DOCUMENT, REVISION_BASIS]
    if (_BY_WAY.get(way) or _EVIDENCE_STEP[row.kind]) == shape.name:
        needed += [name for name in row.evidence if name not in needed]
        if row.kind is RowKind.NAMEPLATE:
            needed += [plate.document for plate in plates_of(row, unit)]
    return tuple(dict.fromkeys(needed))
