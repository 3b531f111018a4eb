"""Red, yellow and green as words, in colour only where a person looks at a terminal."""

from __future__ import annotations

import os
from datetime import date

import click

_COLOURS = {"红": "red", "黄": "yellow", "绿": "green"}


def paint(light: str, text: str) -> str:
    """This will colour ``text`` by its light; Click strips the colour when stdout is no terminal."""
    colour = _COLOURS.get(light)
    if colour is None or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg=colour)


def days_in_words(due: date, today: date) -> str:
    """This will say how far a due date is: 还剩3天, 今天到期, 超期2天.

    >>> days_in_words(date(2019, 12, 20), date(2019, 12, 18))
    '还剩2天'
    """
    left = (due - today).days
    if left < 0:
        return f"超期{-left}天"
    return f"还剩{left}天" if left else "今天到期"
