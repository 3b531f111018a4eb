"""Where the problems of an audit are read: said wherever a step of it waits that is about them.

At the desk of 整改, an item alone does not tell what has to be put right (2-24, 2-25).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domain.audit_flow import GATHER, INSPECT, RECTIFY, VERIFY
from starter.table import pasted

ABOUT_PROBLEMS: Final = frozenset({INSPECT, GATHER, RECTIFY, VERIFY})
"""Steps at which problems are recorded, gathered, put right or judged."""

_MOST: Final = 3


def problems_of(items: Iterable[str]) -> list[str]:
    """The command that shows each audit among these items, the first few; others have none."""
    commands = list(dict.fromkeys(filter(None, map(_command, items))))
    lines = [f"督查的问题：{command}" for command in commands[:_MOST]]
    if len(commands) > _MOST:
        lines.append(f"……另有 {len(commands) - _MOST} 项督查，照此查看。")
    return lines


def _command(item: str) -> str:
    """``乌海2019/督查/季度督查/2026年第4季度#整改`` → ``jiegai audit show 乌海2019 季度督查 2026年第4季度``."""
    from contracts.audit_run import AUDIT_PART
    from contracts.names import ITEM_MARK, SEPARATOR, split_item

    workflow_id, key = split_item(item)
    step, parts = key.partition(ITEM_MARK)[0], workflow_id.split(SEPARATOR)
    if len(parts) != 4 or parts[1] != AUDIT_PART or step not in ABOUT_PROBLEMS:
        return ""
    rollout, _, plan, window = parts
    return f"jiegai audit show {pasted(rollout)} {pasted(plan)} {pasted(window)}"
