"""Visits and problems as people write them, typed or in a workbook: what each field may hold.

Every fault is found at once, at its column, so that a team can mend its sheet in one go. Sources: 2-21 (a
breach says which of the six disciplines), 2-23 (the ways of working), 2-24 (closed on the spot, with a
record), 4-37 (opinions heard), 4-39 (依单问责: a problem names the row or the item that it rests on).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.audit_flow import Discipline, Method, Problem, ProblemState, Visit
from domain.personal import personal_fault
from domain.refusal import Finding

UNIT: Final = "单位"
ON: Final = "到访日期"
METHODS: Final = "方式"
TEAM: Final = "检查人员"
RESULT: Final = "结果"
OPINIONS: Final = "听取的意见"
RULE: Final = "依据"
TEXT: Final = "问题"
DISCIPLINE: Final = "违反的纪律"
ADVICE: Final = "建议"
SPOT: Final = "现场解决记录"

VISIT_SHEET: Final = "到访"
VISIT_COLUMNS: Final = (UNIT, ON, METHODS, TEAM, RESULT, OPINIONS)
VISIT_NEEDED: Final = (UNIT, ON)
PROBLEM_SHEET: Final = "问题"
PROBLEM_COLUMNS: Final = (UNIT, RULE, TEXT, DISCIPLINE, ADVICE, SPOT)
PROBLEM_NEEDED: Final = (UNIT, RULE, TEXT)

MOST_PROBLEMS: Final = 300
"""Problems in one sheet; together with their words they fit into one order."""

_LONGEST: Final = {
    UNIT: 60,
    TEAM: 200,
    RESULT: 120,
    OPINIONS: 1_000,
    RULE: 60,
    TEXT: 500,
    ADVICE: 500,
    SPOT: 500,
}
CODE: Final = "AUDIT_FIELD"
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What no document can hold; a problem is never changed once it is entered."""


@dataclass(frozen=True, kw_only=True)
class RawVisit:
    """A visit as written; ``day`` is read, or ``day_fault`` says why it is none."""

    row: int
    unit: str
    day: date | None
    day_fault: str = ""
    methods: str = ""
    team: str = ""
    result: str = ""
    opinions: str = ""

    @property
    def visit(self) -> Visit:
        """The visit; only where ``visit_faults`` finds nothing."""
        return Visit(
            unit=self.unit,
            on=self.day or date.min,
            methods=listed(self.methods),
            team=self.team,
            result=self.result,
            opinions=self.opinions,
        )


@dataclass(frozen=True, kw_only=True)
class RawProblem:
    """A problem as written; ``rule_fault`` says why what stands as its basis is none."""

    row: int
    unit: str
    text: str
    rule: str = ""
    rule_fault: str = ""
    discipline: str = ""
    advice: str = ""
    spot: str = ""

    @property
    def problem(self) -> Problem:
        """The problem; one closed on the spot is born closed (2-24)."""
        return Problem(
            unit=self.unit,
            sentence=self.text,
            rule=self.rule,
            discipline=self.discipline,
            advice=self.advice,
            state=ProblemState.ON_THE_SPOT if self.spot else ProblemState.OPEN,
            done=self.spot,
        )


def listed(text: str) -> tuple[str, ...]:
    """This will read words that stand in one field.

    >>> listed("查阅资料、集中座谈")
    ('查阅资料', '集中座谈')
    """
    for mark in "，,；;/ \n":
        text = text.replace(mark, "、")
    return tuple(dict.fromkeys(word for word in text.split("、") if word))


def visit_faults(raw: RawVisit, today: date, known: frozenset[str]) -> Iterator[Finding]:
    """What is wrong with a visit; ``known`` are the units there are, empty where nobody knows."""
    yield from _unit(raw.row, raw.unit, known, VISIT_SHEET)
    if raw.day_fault or raw.day is None:
        yield _at(VISIT_SHEET, raw.row, ON, raw.day_fault or "没有写到访日期。")
    elif raw.day > today:
        yield _at(VISIT_SHEET, raw.row, ON, f"{raw.day}还没有到；到访以后再登记。")
    wrong = [word for word in listed(raw.methods) if word not in tuple(Method)]
    if wrong:
        sentence = f"没有方式“{wrong[0]}”，可写：{'、'.join(Method)}。"
        yield _at(VISIT_SHEET, raw.row, METHODS, sentence)
    texts = {TEAM: raw.team, RESULT: raw.result, OPINIONS: raw.opinions}
    yield from _lengths(VISIT_SHEET, raw.row, texts)


def problem_faults(raw: RawProblem, known: frozenset[str]) -> Iterator[Finding]:
    """What is wrong with a problem."""
    yield from _unit(raw.row, raw.unit, known, PROBLEM_SHEET)
    if raw.rule_fault:
        yield _at(PROBLEM_SHEET, raw.row, RULE, raw.rule_fault)
    elif not raw.rule:
        sentence = "没有写依据：来源条号（4-11）、清单事项或检查单的条目（4-39）。"
        yield _at(PROBLEM_SHEET, raw.row, RULE, sentence)
    if not raw.text:
        yield _at(PROBLEM_SHEET, raw.row, TEXT, "没有写是什么问题。")
    if raw.discipline and raw.discipline not in tuple(Discipline):
        sentence = f"没有纪律“{raw.discipline}”，可写：{'、'.join(Discipline)}（2-21）。"
        yield _at(PROBLEM_SHEET, raw.row, DISCIPLINE, sentence)
    texts = {RULE: raw.rule, TEXT: raw.text, ADVICE: raw.advice, SPOT: raw.spot}
    yield from _lengths(PROBLEM_SHEET, raw.row, texts)


def problem_at(row: int, column: str, sentence: str) -> Finding:
    """A fault of a problem's row that only the audit's record can tell."""
    return _at(PROBLEM_SHEET, row, column, sentence)


def _unit(row: int, unit: str, known: frozenset[str], sheet: str) -> Iterator[Finding]:
    if not unit:
        yield _at(sheet, row, UNIT, "没有写单位。")
    elif known and unit not in known:
        yield _at(sheet, row, UNIT, f"方案里没有单位“{unit[: _LONGEST[UNIT]]}”，请写全称。")


def _lengths(sheet: str, row: int, texts: dict[str, str]) -> Iterator[Finding]:
    for column, text in texts.items():
        longest = _LONGEST[column]
        if len(text) > longest:
            sentence = f"“{column}”最多{longest}字，现有{len(text)}字。"
            yield _at(sheet, row, column, sentence)
        if _UNPRINTABLE.search(text):
            yield _at(sheet, row, column, f"“{column}”含有不能打印的字符，请重新输入。")
        fault = personal_fault(text)
        if fault is not None:
            yield Finding(
                code=fault.code, sentence=fault.sentence, sheet=sheet, row=row, column=column
            )


def _at(sheet: str, row: int, column: str, sentence: str) -> Finding:
    return Finding(code=CODE, sentence=sentence, sheet=sheet, row=row, column=column)
