"""Units (机构) and the posts in them, as the directory of a rollout knows them.

Sources: rows 0-05, 0-07, 0-09…0-11, 2-09, 4-05, 4-07 (feature F04).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnitKind(StrEnum):
    """What a unit is; 议事机构 are organs without a desk (区委编委, 区委常委会 …)."""

    CITY = "市"
    DISTRICT = "区"
    TOWN = "镇"
    STREET = "街道"
    DEPARTMENT = "部门"
    INSTITUTION = "事业单位"
    COMMITTEE = "议事机构"


class Role(StrEnum):
    """What a person may do for a unit; one person may hold several, in several units."""

    HEAD = "第一责任人"
    FIRST_SECRETARY = "第一书记"
    LEADER_IN_CHARGE = "分管区领导"
    HANDLER = "经办人"
    SUBSTITUTE = "代办人"
    COORDINATOR = "协调员"
    RECORDER = "代录人"


ACTING_ROLES = frozenset({Role.HEAD, Role.HANDLER, Role.SUBSTITUTE, Role.RECORDER})
"""Roles that may work a unit's ordinary steps.

代录人 is held by nobody: whoever acts for the recording unit of an organ without a desk has it for
that organ.
"""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One unit of the rollout's directory.

    ``name`` is unique in a plan and is the unit's key everywhere (滨河街道, 海勃湾区委编办).
    ``district`` is the name of the 区 it belongs to (the 区 itself names itself), empty at
    city level. ``duty`` is the short name by which rows and steps refer to it inside its
    district (区委编办; several with 、: 区委办、党委办); empty means ``name``. ``parent`` is the unit above (上级单位); empty
    means its district, or the city for a district. ``is_member`` marks 成员单位 (0-07), which
    must own a task. ``recorder`` (代录单位) is the unit, by name or duty, that records for an organ
    without a desk what the organ decided on paper. ``stations`` (派驻机构) is what a 区 decided for its
    司法所 and 市场监管所: 保留, 下放, or empty where it says nothing (0-48, 2-36). Persons are written names; the same name is the
    same person.
    """

    name: str
    kind: UnitKind
    district: str = ""
    duty: str = ""
    parent: str = ""
    code: str = ""
    head: str = ""
    first_secretary: str = ""
    leader_in_charge: str = ""
    handlers: tuple[str, ...] = ()
    substitutes: tuple[str, ...] = ()
    coordinators: tuple[str, ...] = ()
    is_member: bool = False
    recorder: str = ""
    stations: str = ""

    @property
    def duties(self) -> tuple[str, ...]:
        """The short names of this unit; its name where it has none."""
        return tuple(d.strip() for d in self.duty.split("、") if d.strip()) or (self.name,)

    @property
    def appointments(self) -> tuple[tuple[str, Role], ...]:
        """Every (person, role) of this unit, in the order of the roles."""
        single = (
            (self.head, Role.HEAD),
            (self.first_secretary, Role.FIRST_SECRETARY),
            (self.leader_in_charge, Role.LEADER_IN_CHARGE),
        )
        many = (
            (self.handlers, Role.HANDLER),
            (self.substitutes, Role.SUBSTITUTE),
            (self.coordinators, Role.COORDINATOR),
        )
        return tuple((p, r) for p, r in single if p) + tuple((p, r) for ps, r in many for p in ps)
