"""What no action may carry: identity numbers are kept by the register of staff alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.action import Action, Evidence
from domain.procedure import Verb
from domain.submission import malformed

PLAIN = Action(action_id="一", verb=Verb.URGE, person="甲", note="请办")


@pytest.mark.parametrize(
    "more",
    [
        {"note": "身份证11010119900307123X，请办"},
        {"replies": {"区司法局": "110101199003071239"}},
        {"evidence": (Evidence(name="更正", filename="110101199003071239退休.pdf"),)},
    ],
)
def test_no_action_carries_an_identity_number(more):
    """Notes, answers and names of files stand in histories, where everybody reads them."""
    fault = malformed(replace(PLAIN, **more))
    assert fault is not None and fault.code == "PERSONAL_DATA"


@pytest.mark.parametrize(
    "note", ["凭证202611229999999999", "12110101199003071239123", "91110000100000000X"]
)
def test_other_long_numbers_are_let_through(note):
    """Only what can be an identity number, with a day of birth in it, is refused."""
    assert malformed(replace(PLAIN, note=note)) is None
