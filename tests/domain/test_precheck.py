"""Rows of a sheet before any is sent: what is foreseen, and what is let through."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from domain.action import Grant
from domain.precheck import Asked, Foreseen, Waiting, foresee
from domain.procedure import Verb
from domain.unit import Role

TODAY = date(2019, 12, 20)
OPENED = datetime(2019, 12, 9, 17, tzinfo=UTC)
"""Already 10 December in Shanghai."""

DESK = Waiting(step="审议", unit="区委编委", purpose="办理", opened_at=OPENED)
HERE = Foreseen(ended="", waiting=(DESK,), grants=(Grant(unit="区委编委", role=Role.RECORDER),))


def _code(known: Foreseen, verb: Verb = Verb.APPROVE, **asked) -> str:
    given = {"step": "审议", "unit": "区委编委", **asked}
    found = foresee(known, Asked(workflow_id="w", verb=verb, person="甲", **given), TODAY)
    return found.code if found else ""


def test_what_is_open_at_the_persons_own_unit_is_let_through():
    """With or without unit and step named; a recorder acts for the organ."""
    assert _code(HERE) == ""
    assert _code(HERE, unit="", step="") == ""
    assert _code(HERE, happened_on=date(2019, 12, 10)) == ""


@pytest.mark.parametrize(
    "known, asked, code",
    [
        (Foreseen(ended=None), {}, "NOT_FOUND"),
        (Foreseen(ended="办结"), {}, "CLOSED"),
        (Foreseen(ended="", waiting=(DESK,), grants=()), {}, "UNKNOWN_PERSON"),
        (Foreseen(ended=""), {}, "STEP_NOT_OPEN"),
        (HERE, {"step": "初审"}, "STEP_NOT_OPEN"),
        (HERE, {"unit": "区委常委会"}, "NOT_AT_UNIT"),
        (
            Foreseen(ended="", waiting=(DESK,), grants=(Grant(unit="司法局", role=Role.HEAD),)),
            {},
            "NOT_YOUR_UNIT",
        ),
        (HERE, {"happened_on": date(2019, 12, 21)}, "DAY_IN_FUTURE"),
        (HERE, {"happened_on": date(2019, 12, 9)}, "DAY_BEFORE_OPENING"),
        (HERE, {"verb": Verb.GRANT_EXTENSION}, "STEP_NOT_OPEN"),
    ],
)
def test_what_would_be_refused_is_foreseen(known, asked, code):
    """Each with the code that the procedure itself would give, where it has one."""
    assert code == _code(known, **asked)


@pytest.mark.parametrize("verb", [Verb.WITHDRAW, Verb.ADD_NOTE, Verb.URGE, Verb.TERMINATE])
def test_what_only_the_procedure_can_judge_is_let_through(verb):
    """These are not about a step at a desk."""
    assert _code(HERE, verb, step="", unit="") == ""
