"""docs/requirements.md names every feature once, honestly and with files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
LINES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| F\d", line)
]


def test_every_feature_stands_once_and_in_order():
    """F01 to F42, each in one line of six cells."""
    assert [line[0] for line in LINES] == [f"F{number:02}" for number in range(1, 43)]
    assert {len(line) for line in LINES} == {6}


def test_a_state_is_one_of_three():
    """A feature is done, partly done or not yet."""
    assert {line[3] for line in LINES} <= {"done", "partly", "not yet"}


@pytest.mark.parametrize("line", LINES, ids=[line[0] for line in LINES])
def test_what_is_there_is_named_and_what_is_missing_too(line: list[str]):
    """Done names where and misses nothing; partly names both; not yet names what is missing."""
    where, missing = line[4] != "–", line[5] != "–"

    assert (where, missing) == {
        "done": (True, False),
        "partly": (True, True),
        "not yet": (False, True),
    }[line[3]]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:\w+/)+[\w.]+\.\w+)`", TEXT))))
def test_every_file_named_exists(path: str):
    """A path of the table is a file of the project."""
    assert (ROOT / path).is_file()
