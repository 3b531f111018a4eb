"""The tables of docs/lifecycle.md, made from the routes.

Run ``python -m tests.docs.lifecycle`` from the root to rewrite them after a change of a route.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from domain.plan import RowKind, StepRule
from domain.procedure import (
    COORDINATING,
    NAMEPLATE,
    PLAN_WUCHANG,
    PLAN_WUHAI,
    RELATIONS,
    SANDING,
    SECONDING,
    SIDE,
    TASK,
    TRANSFER_BATCH,
    StepShape,
    Verb,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "lifecycle.md"
ROUTES = {
    "三定、五定": SANDING,
    "方案·武昌": PLAN_WUCHANG,
    "方案·乌海": PLAN_WUHAI,
    "挂牌": NAMEPLATE,
    "任务、转隶": TASK,
    "转隶·名册": TRANSFER_BATCH,
    "转隶·关系": RELATIONS,
}
NOTHING = "–"
_JOINT = (Verb.COSIGN, Verb.OPINION)
_BLOCK = re.compile(r"(<!-- table: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def tables() -> dict[str, str]:
    """This will return every table of the document by its name."""
    found = {name: _route_table(shapes) for name, shapes in ROUTES.items()}
    found["defaults"] = _defaults()
    found["verbs"] = _verbs()
    return found


def _route_table(shapes: Sequence[StepShape]) -> str:
    head = (
        "环节", "who", "working days", "verbs", "closed by", "opens next", "退回 to",
        "documents", "verdicts", "may not act",
    )  # fmt: skip
    return _table(head, (_step(shape, shapes) for shape in shapes))


def _step(shape: StepShape, shapes: Sequence[StepShape]) -> tuple[str, ...]:
    name = shape.name
    if shape.beside:
        name += "（beside）"
    if shape.conditional:
        name += "（after 原则通过）"
    who = shape.unit + (f"的{shape.role}" if shape.role else "")
    joint = all(verb in _JOINT for verb in shape.verbs)
    return (
        name,
        who,
        str(shape.workdays),
        "、".join(shape.verbs),
        "every unit's answer" if joint else "the first answer",
        "、".join(_next(shape, shapes)) or "end",
        "、".join(shape.back_to) or NOTHING,
        "、".join(shape.documents) or NOTHING,
        "、".join(shape.verdicts) or NOTHING,
        f"who did {shape.not_by}" if shape.not_by else NOTHING,
    )


def _next(shape: StepShape, shapes: Sequence[StepShape]) -> tuple[str, ...]:
    beside = [s.name for s in shapes if s.beside and s.opens_after == shape.name]
    if shape.beside:
        return tuple(dict.fromkeys((*beside, shape.before)))
    later = shapes[shapes.index(shape) + 1 :]
    ahead = next((s.name for s in later if not s.beside and not s.conditional), "")
    return (*((ahead,) if ahead else ()), *beside)


def _defaults() -> str:
    rule = StepRule(kind=RowKind.TASK, step="")
    days = "、".join(str(d) for d in rule.remind)
    told = "、".join(f"+{count} {to}" for count, to in rule.escalate)
    lines = (
        ("reminders, working days before (0: the day itself)", days),
        ("escalation, working days after", told),
        ("extensions allowed per occurrence", str(rule.max_extensions)),
        ("who approves them", rule.extension_by),
    )
    return _table(("setting of the 环节 sheet", "without a line there"), lines)


def _verbs() -> str:
    routes = [shape for shapes in ROUTES.values() for shape in shapes]
    rows = []
    for verb in Verb:
        steps = dict.fromkeys(shape.name for shape in routes if verb in shape.verbs)
        kind = "answer" if steps else "side" if verb in SIDE else "other"
        if verb in COORDINATING:
            kind = "coordinator"
        if verb in SECONDING:
            kind = "second person"
        rows.append((str(verb), kind, "、".join(steps) or NOTHING))
    return _table(("verb", "kind", "answers these steps"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = tuple(head)
    lines = [titles, ("---",) * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def written(text: str) -> dict[str, str]:
    """This will return the tables that a document holds between its marks, by name."""
    blocks = _BLOCK.finditer(text)
    return {b[2]: b[0].removeprefix(b[1]).removesuffix(b[3]) for b in blocks}


def renewed(text: str) -> str:
    """This will return the document with every table made anew."""
    made = tables()
    return _BLOCK.sub(lambda block: block[1] + made[block[2]] + block[3], text)


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
