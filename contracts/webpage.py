"""Markdown for the Temporal Web UI, whose frame is narrow and draws tables without any padding.

Areas and units are no children of what starts them, so that the Web UI draws no tree of them:
links from page to page stand in for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final
from urllib.parse import quote

_PAD: Final = "\N{NO-BREAK SPACE}"
_JOINER: Final = "\N{WORD JOINER}"
"""Keeps a cell on one line; invisible, and skipped when a page is searched."""

_BAR: Final = "\N{FULLWIDTH VERTICAL LINE}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """This will write a table, its cells kept apart and left-aligned."""
    marks = "|" + ":---|" * len(heads)
    return "\n".join([_line(heads), marks, *(_line(row) for row in rows)])


def day_cell(day: date) -> str:
    """This will write a date that a narrow column does not break: 2026-11-24."""
    return unbroken(day.isoformat())


def unbroken(text: str) -> str:
    """This will write a short text that a narrow column does not break."""
    return _JOINER.join(text)


def page_link(text: str, namespace: str, workflow_id: str) -> str:
    """This will link to a workflow's page, whose newest run it opens."""
    return f"[{text}]({page_path(namespace, workflow_id)})"


def query_link(text: str, namespace: str, query: str) -> str:
    """This will link to the workflow list filtered by a visibility query."""
    return f"[{text}]({query_path(namespace, query)})"


def page_path(namespace: str, workflow_id: str) -> str:
    """This will return the path of a workflow's page below the Web UI's address."""
    return f"{_workflows(namespace)}/{quote(workflow_id, safe='')}"


def query_path(namespace: str, query: str) -> str:
    """This will return the path of the filtered workflow list below the Web UI's address."""
    return f"{_workflows(namespace)}?query={quote(query, safe='')}"


def schedules_path(namespace: str) -> str:
    """This will return the path of the list of Schedules below the Web UI's address."""
    return f"/namespaces/{quote(namespace, safe='')}/schedules"


def _workflows(namespace: str) -> str:
    return f"/namespaces/{quote(namespace, safe='')}/workflows"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(f"{_plain(cell)}{_PAD}{_PAD}" for cell in cells) + " |"


def _plain(cell: str) -> str:
    """A bar or a line break from a name must not open another cell."""
    return " ".join(cell.replace("|", _BAR).split("\n"))
