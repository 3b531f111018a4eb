"""The glossary speaks of what the code says, and of all that people meet."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from contracts.journal import EntryKind
from domain.action import Ending, Light
from domain.deadline import RungKind
from domain.ledger import State
from domain.plan import RowKind
from domain.procedure import Verb
from domain.transfer_person import PersonKind
from domain.unit import Role, UnitKind

ROOT = Path(__file__).parents[2]
ROOMS = ("activities", "contracts", "domain", "runtime", "starter", "storage", "workflows")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
LINES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GLOSSARY.splitlines()
    if line.startswith("| ") and not line.startswith("| term |")
]
SOURCE = "\n".join(
    file.read_text(encoding="utf-8")
    for room in ROOMS
    for file in sorted((ROOT / room).rglob("*.py"))
)
NAMES = sorted({name for line in LINES for name in re.findall(r"`([^`]+)`", line[1])})


@pytest.mark.parametrize(
    "words", [Verb, Role, UnitKind, RowKind, EntryKind, Ending, Light, RungKind, State, PersonKind]
)
def test_every_word_that_people_meet_has_its_line(words: type[StrEnum]):
    """Each member of an enumeration stands in one line with its Chinese value."""
    lines = {line[1]: line[0] for line in LINES}

    missing = [
        f"{words.__name__}.{member.name} {member.value}"
        for member in words
        if lines.get(f"`{words.__name__}.{member.name}`") != member.value
    ]

    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_glossary_is_in_the_code(name: str):
    """A name of the second column occurs as a word in the source, each part of a dotted one."""
    parts = name.removeprefix("domain.").removeprefix("contracts.").split(".")

    assert all(re.search(rf"\b{re.escape(part)}\b", SOURCE) for part in parts)


def test_every_chinese_term_is_the_word_of_the_code_or_the_plans():
    """The Chinese of the first column is what the source, or a shipped plan, says."""
    plans = "".join(f.read_text(encoding="utf-8") for f in (ROOT / "plans").glob("*.yaml"))
    terms = {run for line in LINES for run in re.findall(r"[\u4e00-\u9fff、]+", line[0])}

    assert sorted(term for term in terms if term not in SOURCE + plans) == []


def test_no_term_is_explained_twice_under_one_name():
    """One name of the code has one line."""
    columns = [line[1] for line in LINES]

    assert sorted({c for c in columns if columns.count(c) > 1}) == []


def test_every_line_says_all_its_table_asks():
    """No cell of the glossary is empty."""
    assert [line for line in LINES if not all(line) or len(line) not in (3, 4)] == []
