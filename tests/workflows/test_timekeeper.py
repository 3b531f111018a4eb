"""Who is told when a joint step is late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from domain.deadline import Deadline, Rung, RungKind
from domain.desk import Answered, Item, Step
from domain.procedure import Verb
from workflows.timekeeper import Timekeeper

ONE, TWO = "一街道", "二街道"
AT = datetime(2026, 3, 9, 1, tzinfo=UTC)


@dataclass
class Told:
    """A view that only listens."""

    lines: list[str] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)

    def log(self, kind: object, sentence: str, **_: Any) -> None:
        """A line of the log."""
        self.lines.append(sentence)

    def tell(self, unit: str, role: str, sentence: str, **_: Any) -> None:
        """A notice."""
        self.notices.append((unit, role))


def joint_step(*answered: str) -> Item:
    """整改 at two units, of which these have answered."""
    due = Deadline(
        due=AT, due_date=date(2026, 3, 6), provisional=False, rule="", skipped=(), calendar="CN@1"
    )
    step = Step(name="整改", verbs=(Verb.SUBMIT,), joint=True)
    return Item(
        step=step,
        visit=1,
        units=(ONE, TWO),
        opened_at=AT,
        due=due,
        original_due_date=due.due_date,
        answers=tuple(Answered(unit=u, person="甲", verb=Verb.SUBMIT, at=AT) for u in answered),
    )


def escalated(*to: str) -> tuple[Rung, ...]:
    """Escalations of one instant."""
    return tuple(Rung(kind=RungKind.ESCALATE, at=AT, to=one, label="") for one in to)


def told_of(item: Item, rungs: tuple[Rung, ...]) -> list[tuple[str, str]]:
    """Who gets a notice."""
    told = Told()
    view: Any = told
    nothing: Any = None
    Timekeeper(nothing, view, nothing)._speak(item, rungs)
    return told.notices


def test_a_coordinator_hears_of_the_others_where_his_own_unit_has_answered() -> None:
    """一街道 has answered: its own head is not told of 二街道, its coordinator is."""
    rungs = escalated(f"{ONE}:第一责任人", f"{TWO}:第一责任人", f"{ONE}:协调员")
    assert told_of(joint_step(ONE), rungs) == [(TWO, "第一责任人"), (ONE, "协调员")]
    assert told_of(joint_step(ONE), rungs[2:]) == [(ONE, "协调员")]
