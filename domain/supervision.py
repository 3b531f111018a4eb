"""督办单: which colour an overdue step has come to, to whom it goes, what it says.

Sources: 0-07 (overdue: 督办单 to the unit's head and the lead), 0-12, 0-13, 2-23; issue 6: the
software drafts, a named person signs, and only then it goes up the ladder. Blue, yellow and red
follow the rungs of the plan's 升级; none is left out, and none comes by itself: the next is drafted
after the one before was signed, on a later working day, while the step is still open and overdue.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from domain.directory import Directory
from domain.unit import Role

SUPERVISING_DUTIES: Final = ("区委督查室", "区政府督查室", "督查室")
"""Duties whose people sign beside the coordinators (0-13)."""


class Colour(StrEnum):
    """The colour of a 督办单, the gravest last."""

    BLUE = "蓝"
    YELLOW = "黄"
    RED = "红"


@dataclass(frozen=True, kw_only=True)
class OverdueStep:
    """An open step past its due time at one unit; ``days`` are working days since."""

    workflow_id: str
    step: str
    unit: str
    task: str
    due_date: date
    days: int


def next_colour(
    days: int, rungs: Collection[int], signed: Collection[str], days_since_signed: int
) -> Colour | None:
    """This will say which colour may be drafted now; None if there is none yet, or no more.

    ``rungs`` are the plan's working days after the due date at which it escalates; ``signed`` the
    colours signed for this step, the newest ``days_since_signed`` working days ago.

    >>> next_colour(0, (1, 3), (), 0), next_colour(3, (1, 3), ("蓝",), 1)
    (<Colour.BLUE: '蓝'>, <Colour.YELLOW: '黄'>)
    >>> next_colour(2, (1, 3), ("蓝",), 1), next_colour(9, (1, 3), ("蓝", "黄"), 0)
    (None, None)
    """
    place = len(signed)
    if place == 0:
        return Colour.BLUE
    if place >= len(Colour) or days_since_signed < 1:
        return None
    steps = sorted(rungs) or [0]
    return list(Colour)[place] if days >= steps[min(place, len(steps) - 1)] else None


def targets(colour: Colour, unit: str, directory: Directory, coordinator: str) -> tuple[str, ...]:
    """This will name who gets a slip, as ``单位:职务``: the unit, then who is above, then the lead.

    Blue goes to the unit's head, yellow also to the 分管区领导 and the head of the unit above, red
    also to the coordinators of the whole.
    """
    found = [f"{unit}:{Role.HEAD}"]
    if colour is not Colour.BLUE:
        found.append(f"{unit}:{Role.LEADER_IN_CHARGE}")
        above = directory.above(unit) if unit in directory.by_name else ""
        if above:
            found.append(f"{above}:{Role.HEAD}")
    if colour is Colour.RED and coordinator:
        found.append(f"{coordinator}:{Role.COORDINATOR}")
    return tuple(dict.fromkeys(found))


def draft_text(colour: Colour, step: OverdueStep, answer_by: date | None) -> str:
    """This will write what a slip asks for; ``answer_by`` None names no day."""
    item = "/".join(step.workflow_id.split("/")[-2:])
    late = f"已超期{step.days}个工作日" if step.days else "已超期"
    graver = {
        Colour.BLUE: "",
        Colour.YELLOW: "此前已发蓝色督办单，至今未办结。",
        Colour.RED: "此前已发蓝色、黄色督办单，至今未办结。",
    }[colour]
    by = f"，并于{_spelt(answer_by)}前办结" if answer_by else ""
    return (
        f"由你单位办理的“{item}”（{step.task}）“{step.step}”环节，时限{_spelt(step.due_date)}，"
        f"{late}。{graver}"
        f"请立即办理{by}；确不能办结的，书面说明原因和办结日期。"
        "督办不改变办理职责和时限。"
    )


def slip_name(colour: str, number: int) -> str:
    """A slip as people call it: 黄色督办单第3号."""
    return f"{colour}色督办单第{number}号"


def _spelt(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
