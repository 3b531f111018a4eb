"""What an amendment says to the units: one notice each, for all their procedures together."""

from __future__ import annotations

from collections.abc import Iterable

from domain.amendment import Consequence, Fate

MOST_ITEMS = 20
"""How many procedures a notice names before it says how many there are."""

MOST_CHARS = 1_000
"""A notice is read in a list; the rest is on the board."""


def notices(
    consequences: Iterable[Consequence], paper: str, issuer: str, version: int
) -> dict[str, str]:
    """This will write one text per unit: its own procedures, and those on its desk that run."""
    told: dict[str, list[str]] = {}
    for one in consequences:
        own = one.change.unit
        told.setdefault(own, []).append(_words(one))
        for desk in one.begun.desks if one.begun is not None else ():
            if desk != own:
                told.setdefault(desk, []).append(f"{own}{_words(one)}")
    head = f"{issuer or ''}以{paper}修订方案（第{version}版）："
    return {unit: f"{head}{_few(lines)}。"[:MOST_CHARS] for unit, lines in told.items()}


def _few(lines: list[str]) -> str:
    shown = "；".join(lines[:MOST_ITEMS])
    return f"{shown}；等共{len(lines)}项" if len(lines) > MOST_ITEMS else shown


def _words(one: Consequence) -> str:
    """三定继续，时限由2019-12-25改为2019-12-31."""
    said = f"“{one.change.row.item}”{one.fate}"
    before, after = one.due_before, one.due_after
    if before and after and before != after:
        return f"{said}，时限由{before}改为{after}"
    if one.fate is Fate.ADD and after:
        return f"{said}，时限{after}"
    other = [word for word in one.change.what if word != "时限"]
    return f"{said}（{'、'.join(other)}有变）" if other else said
