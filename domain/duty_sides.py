"""Whom a cell of 主体责任 or 配合责任 names: the street, or departments of the district.

主体责任 is one side (4-24), so that what is demanded of somebody stands in a column of theirs (4-20).
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from domain.directory import Directory, names_in
from domain.unit import Unit, UnitKind

STREET_KINDS: Final = (UnitKind.STREET, UnitKind.TOWN)
"""The units that claim items: 街道, and 镇 as everywhere in the reform."""

_STREET_WORDS: Final = frozenset(
    {"街道", "各街道", "本街道", "街道办事处", "各街道办事处", "街道办", "各街道办", "属地街道"}
)
_TOWN_WORDS: Final = frozenset({"各镇", "镇", "乡镇", "街镇", "各街镇", "乡镇街道", "各乡镇街道"})
_STREET_ENDS: Final = ("街道", "街道办事处", "街道办", "镇", "镇人民政府", "镇政府")
_NOBODY: Final = frozenset({"无", "/", "—", "-", "——"})


@dataclass(frozen=True)
class Sides:
    """Whom a cell of 主体责任 or 配合责任 names."""

    departments: tuple[str, ...]
    has_street: bool
    unknown: tuple[str, ...]

    @property
    def is_both(self) -> bool:
        """Whether it names streets and departments."""
        return self.has_street and bool(self.departments or self.unknown)


def sides_of(text: str, district: str, directory: Directory | None) -> Sides:
    """Whom a cell names: streets in one word, departments by their full names."""
    departments: dict[str, None] = {}
    unknown: dict[str, None] = {}
    has_street = False
    for name in names_in(text):
        if name in _NOBODY:
            continue
        if name in _STREET_WORDS | _TOWN_WORDS:
            has_street = True
            continue
        unit = find_unit(name, district, directory) if directory is not None else None
        if unit is not None and unit.kind in STREET_KINDS:
            has_street = True
        elif unit is not None and unit.district in {district, ""}:
            departments[unit.name] = None
        elif unit is None and name.endswith(_STREET_ENDS):
            has_street = True
        elif directory is None:
            departments[name] = None
        else:
            unknown[name] = None
    return Sides(tuple(departments), has_street, tuple(unknown))


def find_unit(name: str, district: str, directory: Directory) -> Unit | None:
    """The unit that a name means inside a district: 区文旅局, 甲区文旅局, or its short name."""
    full = f"{district}{name.removeprefix('区')}"
    return directory.find(name, district) or directory.find(full, district)


def departments_of(directory: Directory, district: str) -> list[str]:
    """The units of a district that are no streets."""
    units = directory.by_district.get(district, ())
    return [u.name for u in units if u.kind not in STREET_KINDS]


def near_words(name: str, known: list[str]) -> str:
    """A known name that may be meant, as the end of a sentence; else empty."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"，是否“{near[0]}”" if near else ""
