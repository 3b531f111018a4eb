"""An issued 三定 changes only through a 修订 of its own.

A unit has one 三定 in a plan. What changes it later is a row of kind 修订 whose option 修订 names the
row that it revises (三定, or an earlier 修订); it goes the same way (0-32…0-38) and cannot open before
that row is done. Whether it was issued already is not seen here: the check knows the plan alone.
Sources: 0-32, 0-38; the rule itself is this software's reading of 印发.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from domain.directory import names_in
from domain.plan import RowKind
from domain.plan_columns import suggestion
from domain.refusal import Finding

if TYPE_CHECKING:
    from domain.plan_rows import RowDraft

REVISES = "修订"
"""Option of a 修订 row: the row whose 三定 it revises, several with 、."""

_REVISABLE = (RowKind.SANDING, RowKind.REVISION)


def follow_revised(row: RowDraft, rows: Mapping[str, RowDraft]) -> RowDraft:
    """This will let a 修订 wait for what it revises, whether 前置任务 says so or not."""
    if row.kind is not RowKind.REVISION:
        return row
    known = (name for name in _revised(row) if name in rows and name != row.id)
    return replace(row, after=tuple(dict.fromkeys([*row.after, *known])))


def check_revisions(rows: Mapping[str, RowDraft]) -> Iterable[Finding]:
    """One 三定 for a unit, and each 修订 of something that is there to be revised, once."""
    sanding: dict[str, RowDraft] = {}
    revised: dict[tuple[str, str], RowDraft] = {}
    for row in rows.values():
        if row.kind is RowKind.SANDING:
            yield from _sanding_twice(row, sanding)
        elif row.kind is RowKind.REVISION:
            yield from _revision(row, rows)
            yield from _revised_twice(row, revised)


def _revised(row: RowDraft) -> tuple[str, ...]:
    return names_in(row.options.get(REVISES, ""))


def _sanding_twice(row: RowDraft, first: dict[str, RowDraft]) -> Iterable[Finding]:
    clashes: dict[str, list[str]] = {}
    for target in row.targets:
        if (before := first.setdefault(target, row)) is not row:
            clashes.setdefault(before.id, []).append(target)
    for before_id, units in clashes.items():
        sentence = (
            f"{_some(units)}已有三定任务（{before_id}）；印发的三定只能经修订改动，"
            f"请把类型改为“修订”，选项写 {REVISES}={before_id}。"
        )
        yield row.raw.finding("SECOND_SANDING", sentence, "责任单位")


def _revision(row: RowDraft, rows: Mapping[str, RowDraft]) -> Iterable[Finding]:
    named = _revised(row)
    if not named:
        known = [r.id for r in rows.values() if r.kind is RowKind.SANDING]
        example = known[0] if known else "三定任务的编号"
        sentence = f"没有写明修订哪一项三定，请在选项中写 {REVISES}={example}。"
        yield row.raw.finding("BAD_REVISION", sentence, "选项")
        return
    bases = [rows[name] for name in named if name in rows]
    for name in named:
        if name not in rows:
            near = suggestion(name, [r.id for r in rows.values() if r.kind in _REVISABLE])
            sentence = f"要修订的“{name}”不在任务表中{near}。"
            yield row.raw.finding("UNKNOWN_ROW", sentence, "选项")
        elif name == row.id or rows[name].kind not in _REVISABLE:
            what = "它自己" if name == row.id else f"{rows[name].kind}任务"
            sentence = f"“{name}”是{what}，不是三定，不能修订。"
            yield row.raw.finding("BAD_REVISION", sentence, "选项")
    if len(bases) == len(named):
        covered = {target for base in bases for target in base.targets}
        bare = [target for target in row.targets if target not in covered]
        if bare:
            sentence = f"{_some(bare)}在{'、'.join(named)}中没有三定，无从修订。"
            yield row.raw.finding("BAD_REVISION", sentence, "责任单位")


def _revised_twice(row: RowDraft, first: dict[tuple[str, str], RowDraft]) -> Iterable[Finding]:
    """Two 修订 of one text side by side: the later would undo the earlier unseen."""
    clashes: dict[tuple[str, str], list[str]] = {}
    for base in _revised(row):
        for target in row.targets:
            if (before := first.setdefault((target, base), row)) is not row:
                clashes.setdefault((before.id, base), []).append(target)
    for (before_id, base), units in clashes.items():
        sentence = (
            f"{_some(units)}对{base}的修订已有任务（{before_id}）；"
            f"再次修订请接着写 {REVISES}={before_id}。"
        )
        yield row.raw.finding("SECOND_REVISION", sentence, "选项")


def _some(names: list[str]) -> str:
    return "、".join(names[:5]) + (f"等{len(names)}个单位" if len(names) > 5 else "")
