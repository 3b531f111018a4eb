"""Logs against histories: each part of a line that differs is told, what may be on its way is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.reconcile import Line, Told, Witness, log_faults

ACTED = Line(
    seq=2,
    run_id="一",
    kind="办理",
    step="起草",
    person="甲",
    verb="提交",
    code="",
    action_id="a",
    sentence="甲提交。",
)
OPENED = replace(ACTED, seq=1, kind="开启", person="", verb="", action_id="", sentence="交办。")
HEARD = Witness(
    told=(
        Told(
            seq=2,
            kind="办理",
            action_id="a",
            step="起草",
            person="甲",
            verb="提交",
            sentence="甲提交。",
        ),
    ),
    action_ids=frozenset({"a"}),
    runs=frozenset({"一"}),
)


def faults(*lines: Line, written: int = 2) -> list[str]:
    """What is wrong, in words."""
    return [fault.sentence for fault in log_faults(lines, HEARD, written)]


def test_the_same_is_no_fault() -> None:
    """A log that says what the history says has no fault."""
    assert faults(OPENED, ACTED) == []


@pytest.mark.parametrize(
    "part, name",
    [
        ("kind", "类别"),
        ("step", "环节"),
        ("person", "办理人"),
        ("verb", "动作"),
        ("sentence", "内容"),
    ],
)
def test_every_part_is_compared(part: str, name: str) -> None:
    """Each part that was changed is named with both values."""
    changed = replace(ACTED, **{part: "改过"})
    should = getattr(ACTED, part)
    assert faults(OPENED, changed) == [f"日志第2条的{name}为“改过”，历史中是“{should}”。"]


def test_lines_are_missing_doubled_or_invented() -> None:
    """A gap, two lines of one number, and an action of a known run that no history knows."""
    invented = replace(ACTED, seq=3, action_id="b")
    assert faults(ACTED) == ["日志缺第1条。"]
    assert faults(OPENED, ACTED, replace(ACTED, run_id="零"))[0].startswith("日志第2条有2条")
    assert faults(OPENED, ACTED, invented) == ["日志第3条（甲提交）在历史中没有这次操作。"]


def test_what_may_be_on_its_way_is_no_fault() -> None:
    """A line beyond what is written, a provisional one, and one of an unknown run are left alone."""
    late = replace(ACTED, seq=3, action_id="b", confirmed=False)
    foreign = replace(ACTED, seq=3, action_id="c", run_id="零")
    assert faults(OPENED, written=1) == []
    assert faults(OPENED, ACTED, late) == []
    assert faults(OPENED, ACTED, foreign) == []
