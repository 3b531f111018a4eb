"""A plan as it was written: cells of text with their places, before any of it is believed.

Both file formats give this draft (``starter/plan_xlsx.py``, ``starter/plan_yaml.py``), so that
:func:`domain.plan_check.check` cannot tell them apart. Every value is text: dates as ISO,
lists joined with 、, options as ``键=值；键=值``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from domain.directory import names_in
from domain.plan_columns import SHEETS, Sheet, suggestion
from domain.refusal import Finding

_OPTION_MARKS = re.compile(r"[；;\n]+")
_RUNG = re.compile(r"\+?\s*(\d{1,3})\s*(?:个?工作日)?\s*[:：]?\s*(\S.*)")


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """One line of a sheet: its place as the author sees it, and text by column name."""

    sheet: str
    row: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """The cell's text, '' where it is empty or the column is missing."""
        return self.cells.get(column, "")

    def names(self, column: str) -> tuple[str, ...]:
        """The cell as a list of names."""
        return names_in(self.text(column))

    def finding(
        self, code: str, sentence: str, column: str = "", *, warning: bool = False
    ) -> Finding:
        """A finding at this row."""
        return Finding(
            code=code,
            sentence=sentence,
            sheet=self.sheet,
            row=self.row,
            column=column,
            is_error=not warning,
        )


@dataclass(frozen=True, kw_only=True)
class PlanDraft:
    """The four sheets of a plan file; ``findings`` are what reading them already showed."""

    settings: tuple[RawRow, ...] = ()
    units: tuple[RawRow, ...] = ()
    tasks: tuple[RawRow, ...] = ()
    steps: tuple[RawRow, ...] = ()
    findings: tuple[Finding, ...] = ()

    def sheet(self, name: str) -> tuple[RawRow, ...]:
        """The rows of a sheet by its Chinese name."""
        return {
            "改革": self.settings,
            "单位": self.units,
            "任务": self.tasks,
            "环节": self.steps,
        }[name]


def draft_of(rows: Mapping[str, Iterable[RawRow]], findings: Iterable[Finding] = ()) -> PlanDraft:
    """This will assemble a draft from rows by sheet name; a required sheet may not be missing."""
    missing = [
        Finding(
            code="MISSING_SHEET",
            sentence=f"没有“{sheet.name}”表，请按模板补上{suggestion(sheet.name, list(rows))}。",
            sheet=sheet.name,
        )
        for sheet in SHEETS
        if sheet.required and sheet.name not in rows
    ]
    return PlanDraft(
        settings=tuple(rows.get("改革", ())),
        units=tuple(rows.get("单位", ())),
        tasks=tuple(rows.get("任务", ())),
        steps=tuple(rows.get("环节", ())),
        findings=(*findings, *missing),
    )


def check_headers(sheet: Sheet, headers: Iterable[str], row: int) -> tuple[Finding, ...]:
    """This will name every required column that is missing and every column that is unknown."""
    given = [header for header in headers if header and header not in sheet.written]
    known = {column.name for h in given if (column := sheet.column(h)) is not None}
    strange = [header for header in given if sheet.column(header) is None]
    missing = [
        Finding(
            code="MISSING_COLUMN",
            sentence=f"缺少“{column.name}”列{suggestion(column.name, strange)}。",
            sheet=sheet.name,
            row=row,
            column=column.name,
        )
        for column in sheet.columns
        if column.empty_code and column.name not in known
    ]
    unknown = [
        Finding(
            code="UNKNOWN_COLUMN",
            sentence=f"不认识的列“{header}”{suggestion(header, sheet.headers)}。",
            sheet=sheet.name,
            row=row,
            column=header,
        )
        for header in strange
    ]
    twice = sorted({header for header in given if given.count(header) > 1})
    doubled = [
        Finding(
            code="DUPLICATE_COLUMN",
            sentence=f"“{header}”列出现了不止一次。",
            sheet=sheet.name,
            row=row,
            column=header,
        )
        for header in twice
    ]
    return (*missing, *unknown, *doubled)


def as_text(value: object) -> str:
    """This will write a cell's value as text: ISO dates, whole numbers without ``.0``, 是/否.

    A mapping becomes options, a list is joined with 、; None is ''.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return (
            value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Mapping):
        return "；".join(f"{as_text(k)}={_option_text(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return "、".join(as_text(each) for each in value)
    # Half of a surrogate pair and NUL can be stored nowhere.
    text = str(value).encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    text = text.replace("\u3000", " ").replace("\xa0", " ")
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _option_text(value: object) -> str:
    """A mapping knows where its values end; the text form must not split one at ；."""
    if isinstance(value, Mapping):
        return "、".join(f"{as_text(k)}={as_text(v)}" for k, v in value.items())
    return _OPTION_MARKS.sub("，", as_text(value))


def options_in(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """This will read ``键=值；键=值`` and return the options and the parts that are none."""
    options: dict[str, str] = {}
    wrong = []
    for part in _OPTION_MARKS.split(text):
        key, mark, value = part.replace("＝", "=").partition("=")
        if not part.strip():
            continue
        if mark and key.strip() and value.strip() and key.strip() not in options:
            options[key.strip()] = value.strip()
        else:
            wrong.append(part.strip())
    return options, tuple(wrong)


def rungs_in(text: str) -> tuple[tuple[tuple[int, str], ...], tuple[str, ...]]:
    """This will read ``1:第一责任人、3:分管领导`` and return the rungs and the parts that are none."""
    rungs, wrong = [], []
    for part in names_in(text):
        match = _RUNG.fullmatch(part)
        if match:
            rungs.append((int(match[1]), match[2].strip()))
        else:
            wrong.append(part)
    return tuple(rungs), tuple(wrong)
