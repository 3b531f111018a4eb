"""Names in free text: found however they are written, and what only looks like one is not."""

from __future__ import annotations

import pytest

from domain.personal import Spotter, name_fault

SPOTTER = Spotter(
    ["王平", "李四光", "阿依古丽·买买提", "Li Ming", "王小", "丁"], ["王小明", "高新区王平街道"]
)


@pytest.mark.parametrize(
    "text, at",
    [
        ("王平不愿前往", 1),
        ("已与王 平谈话", 3),
        ("已与王　平谈话", 3),
        ("李\u200b四光", 1),
        ("阿依古丽•买买提、", 1),
        ("阿依古丽 买买提", 1),
        ("找ＬＩ ＭＩＮＧ谈", 2),
        ("li ming", 1),
        ("王小明同意，王小不同意", 7),
    ],
)
def test_a_name_is_found_however_it_is_spaced(text, at):
    """Blanks, invisible characters, dots, widths and cases between its characters hide nothing."""
    assert [one.at for one in SPOTTER.spot(text)] == [at]


@pytest.mark.parametrize("text", ["", "平王", "climbing", "王小明", "高新区王平街道", "丁", "李四"])
def test_what_only_looks_like_a_name_is_none(text):
    """Within an official's name, a unit's, or a Latin word; and one character is no name."""
    assert SPOTTER.spot(text) == []


def test_every_place_is_found_and_no_name_repeated():
    """The sentence says where; the first five places are named."""
    found = SPOTTER.spot("王平、李四光、王平")
    assert [(one.at, one.name) for one in found] == [(1, "王平"), (4, "李四光"), (8, "王平")]

    fault = name_fault([("意见", one.at) for one in found] * 2)

    assert fault is not None and fault.code == "PERSONAL_NAME"
    assert "等6处" in fault.sentence and "王平" not in fault.sentence
    assert name_fault([]) is None
