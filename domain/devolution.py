"""How much of a department has gone down to the streets (0-44): both bases, rounded up (A3).

A share is asked of the people or of the posts that the lock found in the department; which of the
two decides is said, the other is shown beside it. What is 领导职数 is counted in neither.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from domain.directory import Directory, names_in
from domain.plan_targets import read_targets
from domain.refusal import Refused
from domain.unit import Unit, UnitKind

DEVOLVES = "下放"
"""Row option of 任务 and plain 转隶: ``区城管执法局:70%``, or by posts ``区城管执法局:编制70%``."""

_GOAL = re.compile(r"(?P<unit>[^:：]+)[:：](?P<by>人员|编制)?(?P<percent>[0-9]{1,3})[%％]")
_TAKING = (UnitKind.STREET, UnitKind.TOWN)


class By(StrEnum):
    """What is counted."""

    PEOPLE = "人员"
    POSTS = "编制"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """So many per cent of a unit, by this basis, have to go down. ``unit`` is a name or a duty."""

    unit: str
    percent: int
    by: By = By.PEOPLE


@dataclass(frozen=True, kw_only=True)
class Count:
    """One basis: how many the lock found, and how many of them have gone down."""

    by: By
    locked: int
    gone: int

    def needed(self, percent: int) -> int:
        """How many are so many per cent, rounded up (A3)."""
        return -(-self.locked * percent // 100)

    def missing(self, percent: int) -> int:
        """How many still have to go."""
        return max(0, self.needed(percent) - self.gone)


@dataclass(frozen=True, kw_only=True)
class Devolution:
    """How far a unit's going down is. ``in_transit`` posts are approved and not yet registered."""

    goal: Goal
    people: Count
    posts: Count
    in_transit: int = 0

    @property
    def counts(self) -> tuple[Count, Count]:
        """Both bases, the deciding one first."""
        both = (self.people, self.posts)
        return both if self.goal.by is By.PEOPLE else (both[1], both[0])

    @property
    def is_met(self) -> bool:
        """Whether the deciding basis has what it needs."""
        return not self.counts[0].missing(self.goal.percent)


def goals_in(text: str) -> tuple[tuple[Goal, ...], tuple[str, ...]]:
    """This will read option 下放 and return the goals and the parts that are none.

    >>> goals_in("区城管执法局:70%、区水务局：编制50％")[0][1]
    Goal(unit='区水务局', percent=50, by=<By.POSTS: '编制'>)
    """
    goals, wrong = [], []
    for part in names_in(text):
        match = _GOAL.fullmatch(part)
        if match is None or not 1 <= int(match["percent"]) <= 100:
            wrong.append(part)
        else:
            by = By(match["by"] or By.PEOPLE)
            goals.append(Goal(unit=match["unit"].strip(), percent=int(match["percent"]), by=by))
    return tuple(goals), tuple(wrong)


def unit_meant(directory: Directory, text: str, district: str = "") -> Unit | Refused:
    """The unit of a name, or of a duty in a district; without a district, of the only one."""
    if district:
        found = directory.find(text, district)
        units = [found] if found else []
    elif text in directory.by_name:
        units = [directory.by_name[text]]
    else:
        units = [unit for unit in directory.units if text in unit.duties]
    if len(units) == 1:
        return units[0]
    if units:
        sentence = f"几个区都有“{text}”，请写单位全称：{'、'.join(u.name for u in units[:5])}。"
        return Refused(code="AMBIGUOUS_UNIT", sentence=sentence)
    return Refused(code="UNKNOWN_UNIT", sentence=f"没有单位“{text}”。")


def receiving(directory: Directory, of: Unit, named: tuple[str, ...]) -> tuple[str, ...]:
    """The units that count as below: streets and towns named, else all of the district's.

    What stands under a street (综合执法中心) counts with it. A unit is never below itself.
    """
    near = [u for u in directory.units if not of.district or u.district == of.district]
    chosen = [u.name for u in near if u.name in named and u.name != of.name]
    streets = [name for name in chosen if directory.by_name[name].kind in _TAKING]
    if not streets:
        others = (UnitKind.CITY, UnitKind.DISTRICT, UnitKind.DEPARTMENT, UnitKind.COMMITTEE)
        streets = [name for name in chosen if directory.by_name[name].kind not in others]
    if not streets:
        streets = [u.name for u in near if u.kind in _TAKING]
    under = [below for name in streets for below in directory.descendants(name)]
    return tuple(dict.fromkeys(name for name in (*streets, *under) if name != of.name))


def read_receivers(
    directory: Directory, of: Unit, words: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """This will read ``--to``: units (各街道, names), and words that are none, teams perhaps."""
    units: list[str] = []
    teams: list[str] = []
    for word in words:
        found = read_targets(word, directory)
        near = [u for u in found.units if not of.district or of.district == _district(directory, u)]
        if found.unknown or not near:
            teams.append(word)
            continue
        for name in near:
            units += [name, *directory.descendants(name)]
    return tuple(dict.fromkeys(u for u in units if u != of.name)), tuple(dict.fromkeys(teams))


def shortfall(found: Devolution) -> Refused | None:
    """Why what asks for this cannot be finished; None if enough has gone down."""
    if found.is_met:
        return None
    first, second = (_said(count, found.goal.percent) for count in found.counts)
    transit = f"，另有{found.in_transit}名编制在途" if found.in_transit else ""
    return Refused(
        code="NOT_DEVOLVED",
        sentence=(
            f"“{found.goal.unit}”下放未达{found.goal.percent}%（按{found.goal.by}计）："
            f"{first}；{second}{transit}；未达到前不能确认办结（0-44）。"
        ),
    )


def _said(count: Count, percent: int) -> str:
    return (
        f"{count.by}锁定{count.locked}、应下放{count.needed(percent)}、"
        f"已下放{count.gone}、还差{count.missing(percent)}"
    )


def _district(directory: Directory, name: str) -> str:
    return directory.by_name[name].district
