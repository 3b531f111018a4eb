"""The wall chart's words, signs and addresses: what a cell says and where it leads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from domain.deadline import local_day
from domain.wall_chart import Mark, Standing
from starter.board import UNLIT

if TYPE_CHECKING:
    from contracts.desk import BoardLine

SIGNS: Final = {
    Standing.RED: "▲",
    Standing.YELLOW: "◆",
    Standing.GREEN: "●",
    Standing.WAITING: "○",
    Standing.NEVER: "－",
    Standing.ENDED: "×",
    Standing.DONE: "√",
}
"""Shapes that every Chinese font has: a light is known without its colour."""

CLASSES: Final = {
    Standing.RED: "r",
    Standing.YELLOW: "y",
    Standing.GREEN: "g",
    Standing.WAITING: "w",
    Standing.NEVER: "n",
    Standing.ENDED: "x",
    Standing.DONE: "d",
}

CITY: Final = "市级"
_NO_WORD: Final = re.compile(r"\W+")
_STEPS: Final = 2
"""Open steps named in a cell; the title has all."""


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses in the Web UI; empty where nobody knows where it is."""

    ui: str
    namespace: str
    rollout: str

    def procedure(self, workflow_id: str) -> str:
        """The page of one procedure; Chinese stays as it is, which halves a large chart."""
        return self._pages and self._pages + _NO_WORD.sub(_quoted, workflow_id)

    @cached_property
    def _pages(self) -> str:
        from starter.web import page

        return page(self.ui, self.namespace, "") if self.ui else ""

    def row(self, row_id: str, district: str = "") -> str:
        """The list of every procedure behind a number; it shows them as they are today."""
        return self._query(PlanRow=row_id, District=district)

    def district(self, district: str) -> str:
        """The list of a district's procedures."""
        return self._query(District=district)

    def _query(self, **wanted: str) -> str:
        if not self.ui:
            return ""
        from starter.web import url

        own = {"Rollout": self.rollout, **wanted}
        parts = (f'`{name}`="{value}"' for name, value in own.items() if value)
        return url(self.ui, self.namespace, " AND ".join(parts))


def _quoted(found: re.Match[str]) -> str:
    return quote(found[0], safe="")


def mark_of(line: BoardLine) -> Mark:
    """This will say how a line of the board stands; what runs without a light is green."""
    word = line.status if line.status in UNLIT else line.light or Standing.GREEN
    return Mark(
        standing=Standing(word),
        steps=line.open_steps,
        due=line.due_date,
        started=local_day(line.started_at) if line.started_at else None,
        ended=local_day(line.ended_at) if line.ended_at else None,
    )


def short_day(day: date) -> str:
    """``12-31``: the year stands on the axis and in the titles."""
    return f"{day:%m-%d}"


def days_said(line: BoardLine, mark: Mark) -> str:
    """``剩3天``, ``今天到期``, ``超2天``; the day of its end for what is over."""
    if mark.ended is not None:
        return short_day(mark.ended)
    left = line.days_left
    if left is None or mark.standing is Standing.NEVER:
        return ""
    said = f"超{-left}天" if left < 0 else f"剩{left}天" if left else "今天到期"
    return f"{said}（暂定）" if line.provisional else said


def steps_said(line: BoardLine) -> str:
    """``复审、三方沟通`` or ``复审等3个环节``."""
    steps = line.open_steps
    if len(steps) > _STEPS:
        return f"{steps[0]}等{len(steps)}个环节"
    return "、".join(steps)


def title_of(line: BoardLine, mark: Mark) -> str:
    """What stands behind a cell: the procedure's id first, then who has it and by when."""
    parts = [f"流程 {line.workflow_id}"]
    if mark.standing is Standing.WAITING:
        parts[0] += "（尚未建立）"
    said = f"{mark.standing}，{line.status}" if line.status != mark.standing else line.status
    parts.append(f"{said}，完成环节 {line.steps_done}/{line.steps_total}")
    if line.open_steps:
        parts.append(f"环节：{'、'.join(line.open_steps)}；待{'、'.join(line.responsible)}")
    if line.due_date is not None:
        parts.append(f"完成时限 {line.due_date}")
    if mark.started is not None:
        parts.append(f"启动 {mark.started}" + (f"，结束 {mark.ended}" if mark.ended else ""))
    turns = ((line.returned, "退回"), (line.extended, "延期"), (line.overdue, "超期"))
    parts += [f"{what}{number}次" for number, what in turns if number]
    return "\n".join(parts)
