"""docs/lifecycle.md says what the routes say."""

from __future__ import annotations

import re

import pytest

from domain.procedure import StepShape, Verb
from tests.docs.lifecycle import DOCUMENT, ROUTES, tables, written

TEXT = DOCUMENT.read_text(encoding="utf-8")
DIAGRAMS = re.findall(r"```mermaid\n(.*?)```", TEXT, re.DOTALL)
BY_ROUTE = dict(zip(ROUTES, DIAGRAMS, strict=True))
EDGE = re.compile(r"(?=(?:^|[\s>|])(\w+) -+\.?-*(\w*)-*\.?-*>(?:\|[^|]*\|)? (\w+))", re.MULTILINE)


@pytest.mark.parametrize("name", tables())
def test_a_table_is_the_one_made_from_the_code(name: str):
    """Each table of the document equals the generated one; python -m tests.docs.lifecycle."""
    assert written(TEXT).get(name) == tables()[name]


def test_the_document_has_no_table_that_nothing_makes():
    """Every marked table is generated."""
    assert set(written(TEXT)) == set(tables())


@pytest.mark.parametrize("name, shapes", ROUTES.items())
def test_every_step_is_in_its_diagram(name: str, shapes: tuple[StepShape, ...]):
    """The picture of a route shows each of its steps and no other."""
    drawn = set(
        re.findall(r"[\u4e00-\u9fff]+", re.sub(r"--\w+-->|\(\[.*?\]\)", " ", BY_ROUTE[name]))
    )

    assert drawn == {shape.name for shape in shapes}


@pytest.mark.parametrize("name, shapes", ROUTES.items())
def test_every_return_is_drawn(name: str, shapes: tuple[StepShape, ...]):
    """The 退回 arrows of a picture are exactly those of the route."""
    drawn = {(a, b) for a, verb, b in EDGE.findall(BY_ROUTE[name]) if verb == Verb.RETURN}

    assert drawn == {(s.name, target) for s in shapes for target in s.back_to}
