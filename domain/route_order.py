"""The order of a route: what lies before a step, and which steps an answer to it may open.

Asked ahead of a decision, so that one question to the registers brings every due time that the
decision may need. A guess too many costs a line of the question; the course in ``workflows/``
alone opens steps.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from domain.action import Action
from domain.desk import Item
from domain.procedure import JOINT, StepShape, Verb


def line_to(route: Sequence[StepShape], name: str) -> tuple[str, ...]:
    """This will return the main line up to and with a step; empty for a step beside it."""
    line = [shape.name for shape in route if not shape.beside]
    return tuple(line[: line.index(name) + 1]) if name in line else ()


def may_open(
    route: Sequence[StepShape], item: Item, action: Action, open_now: Collection[str]
) -> tuple[str, ...]:
    """This will return the steps that an answer to an open item may open, in their order.

    ``open_now`` are the names of the open steps; none of those is opened again. A 反馈意见 or 会签
    that others still have to follow opens nothing.
    """
    shape = next((s for s in route if s.name == item.step.name), None)
    if shape is not None and shape.opens:
        last = action.verb not in JOINT or len(item.waiting_units) <= 1
        names = {s.name for s in route}
        return tuple(n for n in shape.opens if last and n in names and n not in open_now)
    if action.verb in (Verb.RETURN, Verb.DEFER, Verb.REJECT):
        return _back(route, item, action)
    if action.verb in (Verb.COSIGN, Verb.OPINION) and len(item.waiting_units) > 1:
        return ()
    return tuple(n for n in _onward(route, item, action) if n not in open_now)


def _back(route: Sequence[StepShape], item: Item, action: Action) -> tuple[str, ...]:
    """缓议 asks the same step again; 不通过 goes to the start of the route."""
    back = action.to or (item.step.back_to[:1] or (item.step.name,))[0]
    if action.verb is Verb.REJECT:
        back = route[0].name
    return (back,) if any(shape.name == back for shape in route) else ()


def _onward(route: Sequence[StepShape], item: Item, action: Action) -> tuple[str, ...]:
    """The next step of the line, then those that open beside it."""
    names = [shape.name for shape in route]
    place = names.index(item.step.name)
    principle = action.verb is Verb.APPROVE_IN_PRINCIPLE
    shape, later = route[place], route[place + 1 :]
    ahead = [s.name for s in later if not s.beside and (principle or not s.conditional)][:1]
    beside = [s.name for s in later if s.beside and s.opens_after == shape.name]
    if shape.beside:
        ahead = [shape.before] if shape.before in names else []
    return tuple(dict.fromkeys((*ahead, *beside)))
