"""Tables for terminals where a Chinese character takes two columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.table import display_width, echo_json, pasted, render, truncate, wrap

TEXT = st.text(alphabet="街道ab 1。，—é", max_size=60)


def test_columns_line_up_under_wide_characters():
    """A Chinese cell and an ASCII cell of the same width end at the same place."""
    table = render([["滨河街道", 1], ["abcdefgh", None]], ["单位", "数"], 80)

    assert table.splitlines() == [
        "单位      数",
        "--------  --",
        "滨河街道  1",
        "abcdefgh  —",
    ]


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5), st.sampled_from([80, 120]))
def test_no_line_is_wider_than_the_terminal(rows, width):
    """The widest columns give way first."""
    table = render([(a * 3, b, c) for a, b, c in rows], ["甲", "乙", "丙"], width)

    assert all(display_width(line) <= width for line in table.splitlines())


@given(TEXT, st.integers(2, 40))
def test_wrapping_loses_nothing(text, width):
    """Joined again, the lines are the text, and none is too wide."""
    lines = wrap(text, width)

    assert "".join(lines) == text
    assert all(display_width(line) <= width for line in lines)


def test_a_date_an_option_and_a_closing_mark_stay_whole():
    """A deadline split over two lines is misread; a line that begins with ） looks broken."""
    assert wrap("时限2026-11-24。（--note）", 14) == ["时限", "2026-11-24。", "（--note）"]


@pytest.mark.parametrize(
    "path,expected",
    [
        ("计划.xlsx", "计划.xlsx"),
        ("我的 计划.xlsx", "'我的 计划.xlsx'"),
        ("it's.xlsx", "'it'\\''s.xlsx'"),
        ("", "''"),
    ],
)
def test_a_path_can_be_pasted_into_a_shell(path, expected):
    """Quotes only where a shell needs them."""
    assert pasted(path) == expected


@pytest.mark.parametrize(
    "text,width,expected",
    [
        ("滨河街道", 8, "滨河街道"),
        ("滨河街道", 7, "滨河.."),
        ("滨河街道", 6, "滨河.."),
        ("滨河街道", 1, "."),
        ("a", 0, ""),
    ],
)
def test_a_cut_says_that_something_is_missing(text, width, expected):
    """Half a wide character is never printed."""
    assert truncate(text, width) == expected


def test_json_keeps_chinese_and_takes_values_of_the_domain(capsys):
    """Dataclasses, enums and dates need no conversion by the command."""

    class Light(Enum):
        RED = "红"

    @dataclass
    class Row:
        light: Light
        due: date

    echo_json([Row(Light.RED, date(2019, 12, 20))], indent=None)

    printed = capsys.readouterr().out
    assert "红" in printed
    assert json.loads(printed) == [{"light": "红", "due": "2019-12-20"}]
