"""docs/errors.md lists every code that the source can answer, and says what to do."""

from __future__ import annotations

import re

import pytest

from starter import errors
from tests.docs.codes import DOCUMENT, advice, collect, listed, shown

TEXT = DOCUMENT.read_text(encoding="utf-8")
CODES = collect()
AGAIN = "run: python -m tests.docs.codes, then fill what to do"


def test_every_code_is_listed_and_none_else():
    """The codes of the document are those of the source."""
    assert set(listed(TEXT)) == set(CODES), AGAIN


@pytest.mark.parametrize("name", sorted(CODES))
def test_a_code_shows_its_sentences_and_what_to_do(name: str):
    """The sentences are the source's; the last cell is not empty."""
    assert listed(TEXT).get(name) == shown(CODES[name]), AGAIN
    assert advice(TEXT).get(name), AGAIN


def test_exit_codes_are_those_of_the_commands():
    """The table of exit codes has the numbers of starter.errors."""
    numbers = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}

    assert {int(n) for n in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)} == numbers


def test_the_collector_sees_every_way_in_which_codes_are_given():
    """One code of each kind: raised, returned, in a column, by a name, in a pair, as a type."""
    assert {
        "NOT_YOUR_UNIT",
        "UNAVAILABLE",
        "EMPTY_TASK",
        "NO_LEAD",
        "NOTHING_STAGED",
        "DATABASE_AWAY",
        "CLOSED",
        "SERVICE_UNREACHABLE",
    } <= set(CODES)
