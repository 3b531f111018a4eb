"""The steps asked for ahead are those that the course opens."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain.action import Action
from domain.deadline import Deadline
from domain.desk import Answered, Item, Step
from domain.procedure import PLAN_WUHAI, SANDING, StepShape, Verb
from domain.route_order import line_to, may_open

NOW = datetime(2019, 4, 1, 1, tzinfo=UTC)
DUE = Deadline(
    due=NOW, due_date=date(2019, 4, 4), provisional=False, rule="按计划", skipped=(), calendar="1"
)


def item(route: tuple[StepShape, ...], name: str, *units: str, answered: int = 0) -> Item:
    """An open step of a route; the first ``answered`` units have answered."""
    shape = next(s for s in route if s.name == name)
    return Item(
        step=Step(name=name, verbs=shape.verbs, back_to=shape.back_to),
        visit=1,
        units=units or ("滨河街道",),
        opened_at=NOW,
        due=DUE,
        original_due_date=DUE.due_date,
        answers=tuple(
            Answered(unit=u, person="甲", verb=shape.verbs[0], at=NOW) for u in units[:answered]
        ),
    )


def act(verb: Verb, to: str = "") -> Action:
    """An action of that verb."""
    return Action(action_id="a", person="甲", verb=verb, to=to)


@pytest.mark.parametrize(
    "name, verb, to, expected",
    [
        ("起草", Verb.SUBMIT, "", ("初审", "三方沟通")),
        ("初审", Verb.APPROVE, "", ("复审",)),
        ("初审", Verb.RETURN, "", ("起草",)),
        ("复审", Verb.RETURN, "初审", ("初审",)),
        ("复审", Verb.RETURN, "没有", ()),
        ("三方沟通", Verb.OPINION, "", ("意见反馈",)),
        ("意见反馈", Verb.SUBMIT, "", ("报送",)),
        ("审议", Verb.APPROVE, "", ("印发",)),
        ("审议", Verb.APPROVE_IN_PRINCIPLE, "", ("修改",)),
        ("审议", Verb.DEFER, "", ("审议",)),
        ("审议", Verb.REJECT, "", ("起草",)),
        ("印发", Verb.COSIGN, "", ()),
    ],
)
def test_an_answer_opens_what_the_route_has_next(
    name: str, verb: Verb, to: str, expected: tuple[str, ...]
) -> None:
    """Of the 三定: onward, beside, back, and past 修改 unless it was asked for."""
    assert may_open(SANDING, item(SANDING, name), act(verb, to), {name}) == expected


def test_what_is_open_is_not_opened_again() -> None:
    """A redraft finds 三方沟通 still open beside it."""
    found = may_open(SANDING, item(SANDING, "起草"), act(Verb.SUBMIT), {"起草", "三方沟通"})

    assert found == ("初审",)


@pytest.mark.parametrize("answered, expected", [(0, ()), (1, ("意见反馈",))])
def test_only_the_last_opinion_opens_the_next(answered: int, expected: tuple[str, ...]) -> None:
    """While others are still to answer, nothing follows."""
    asked = item(SANDING, "三方沟通", "区委", "区政府", answered=answered)

    assert may_open(SANDING, asked, act(Verb.OPINION), {"三方沟通"}) == expected


def test_the_line_leaves_out_what_runs_beside_it() -> None:
    """三方沟通 and 意见反馈 are not on the main line, and have none."""
    assert line_to(SANDING, "报送") == ("起草", "初审", "复审", "报送")
    assert line_to(SANDING, "三方沟通") == ()


def test_a_rejected_plan_starts_again() -> None:
    """不通过 by the 常委会 asks for the first step of the 乌海 route."""
    heard = item(PLAN_WUHAI, "常委会审议")

    assert may_open(PLAN_WUHAI, heard, act(Verb.REJECT), {"常委会审议"}) == ("调研论证",)
