"""Plain tables for terminals, where a Chinese character is two columns wide.

No colours and no box drawing: the output is read on consoles of every age, pasted into
chat windows, and piped into files.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

_GAP = "  "
_CUT = ".."
_NARROWEST = 8
"""No column is squeezed below this many terminal columns."""


def display_width(text: str) -> int:
    """This will count terminal columns: wide and full-width characters take two."""
    width = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Cc"}:
            continue
        width += 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
    return width


def truncate(text: str, width: int) -> str:
    """This will cut ``text`` to ``width`` columns, ending in ``..`` where something was lost.

    Not in ``…``: terminals with Chinese fonts draw it one or two columns wide as they please.

    >>> truncate("滨河街道办事处", 8)
    '滨河街..'
    """
    if display_width(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        step = display_width(character)
        if used + step > width - len(_CUT):
            break
        kept, used = kept + character, used + step
    return (kept + _CUT)[:width] if width > 0 else ""


def pad(text: str, width: int) -> str:
    """This will fill ``text`` with spaces on the right up to ``width`` columns."""
    return text + " " * max(0, width - display_width(text))


def wrap(text: str, width: int) -> list[str]:
    """This will break ``text`` into lines of at most ``width`` columns.

    Between any two characters, but not inside a date, a code or an option that fits on a line
    of its own, not after an opening mark and not before a closing one.
    """
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and display_width(line + piece) > width:
            lines.append(line)
            line = ""
        for character in piece:
            if line and display_width(line + character) > width:
                lines.append(line)
                line = ""
            line += character
    return [*lines, line] if line or not lines else lines


_PIECE = re.compile(r"[（《〈“‘【〔]*(?:[!-~]+|.)[，。、；：？！）》〉”’】〕]*", re.DOTALL)
"""What is kept on one line: a run of ASCII, or one character, with the marks around it."""


def pasted(path: object) -> str:
    """This will write a path so that it can be pasted into a shell; Chinese needs no quotes.

    >>> pasted("计划.xlsx"), pasted("我的 计划.xlsx")
    ('计划.xlsx', "'我的 计划.xlsx'")
    """
    text = str(path)
    if text and not _TO_QUOTE.search(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


_TO_QUOTE = re.compile(r"""[\s"'`$&|;<>()*?\[\]{}!#~\\]""")


def terminal_width() -> int:
    """This will say how wide the terminal is: 80 to 160; 120 when stdout is no terminal."""
    return min(160, max(80, shutil.get_terminal_size((120, 24)).columns))


def render(
    rows: Iterable[Sequence[object]], headers: Sequence[str], width: int | None = None
) -> str:
    """This will lay out ``rows`` under ``headers`` within ``width`` columns.

    Columns that do not fit are narrowed, the widest first, and their cells end in ``..``;
    ``None`` prints as ``—``. ``width`` None takes the terminal's.

    >>> print(render([["滨河街道", 3]], ["单位", "待办"], 80))
    单位      待办
    --------  ----
    滨河街道  3
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max([display_width(header), *(display_width(row[index]) for row in cells)])
        for index, header in enumerate(headers)
    ]
    _squeeze(widths, (width or terminal_width()) - len(_GAP) * (len(widths) - 1))
    lines = [list(headers), ["-" * column for column in widths], *cells]
    return "\n".join(
        _GAP.join(
            pad(truncate(text, column), column) for text, column in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def echo_json(value: object, *, indent: int | None = 2) -> None:
    """This will print ``value`` as one JSON document, Chinese left readable.

    ``indent`` None prints one line, for documents that follow one another.

    Dataclasses become objects, dates and instants ISO 8601, enums their values, sets sorted
    lists.
    """
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=_plain))


def _cell(value: object) -> str:
    return "—" if value is None or value == "" else " ".join(str(value).split())


def _squeeze(widths: list[int], available: int) -> None:
    while sum(widths) > available and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1


def _plain(value: Any) -> object:
    import dataclasses
    import enum

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)
