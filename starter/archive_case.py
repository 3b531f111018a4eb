"""A 案卷 as values: one procedure's facts, steps, records and files, put together from the sources.

Nothing is asked here: rows, histories and the procedure's own account of its steps are given. What
a step's rule was is taken from the log and from the answers in its history, never computed anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from starter.archive_history import values_of
from starter.archive_record import (
    ACTED,
    OPENED,
    REFUSED,
    happened_on,
    is_late_record,
    who,
)
from starter.archive_text import instant, stamp

if TYPE_CHECKING:
    from starter.archive_source import Run

GRANTED: Final = "批准延期"
ANSWERS: Final = frozenset(
    {"提交", "通过", "原则通过", "缓议", "不通过", "退回", "反馈意见", "会签", "代记无意见"}
)
STORED: Final = "入库"
_OPENING: Final = re.compile(r"交(?P<units>.+?)办理，时限(?P<due>\d{4}-\d{2}-\d{2})")

STEP_HEADERS: Final = (
    "环节",
    "次",
    "承办单位",
    "交办时间",
    "原时限",
    "原时限的规则",
    "原日历版本",
    "时限",
    "时限的规则",
    "日历版本",
    "时限变动",
    "办结时间",
    "发生日期",
    "结果",
    "是否按期",
    "补录",
    "办理人",
)
FILE_HEADERS: Final = (
    "记录序号",
    "证据",
    "文号",
    "保存",
    "文件名",
    "字节",
    "sha256",
    "案卷内文件",
)


@dataclass(frozen=True, kw_only=True)
class StepAccount:
    """One occurrence of a step as the 案卷 tells it; ``changes`` are its due date's moves."""

    step: str
    visit: int
    units: str
    opened_at: datetime | None
    original_due: str
    original_rule: str
    original_calendar: str
    due: str
    rule: str
    calendar: str
    changes: tuple[str, ...]
    closed_at: datetime | None
    happened_on: str
    outcome: str
    on_time: str
    is_late_record: bool
    people: str

    @property
    def cells(self) -> tuple[Any, ...]:
        """In the order of ``STEP_HEADERS``."""
        return (
            self.step,
            self.visit,
            self.units,
            stamp(self.opened_at),
            self.original_due,
            self.original_rule,
            self.original_calendar,
            self.due,
            self.rule,
            self.calendar,
            "；".join(self.changes),
            stamp(self.closed_at),
            self.happened_on,
            self.outcome,
            self.on_time,
            self.is_late_record,
            self.people,
        )


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything of one procedure; ``row`` is its line of the registers, ``places`` its files."""

    workflow_id: str
    row: dict[str, Any]
    records: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    runs: list[Run]
    progress: Any = None
    places: dict[str, str] = field(default_factory=dict)

    @property
    def request(self) -> dict[str, Any]:
        """What the newest run was started with: the plan's row and the rules' edition."""
        return self._requests[-1] if self._requests else {}

    @property
    def first_request(self) -> dict[str, Any]:
        """What the first run was started with."""
        return self._requests[0] if self._requests else {}

    @property
    def _requests(self) -> list[dict[str, Any]]:
        given = [values_of(run.started.get("input")) for run in self.runs]
        return [values[0] for values in given if values and isinstance(values[0], dict)]

    @property
    def result(self) -> dict[str, Any]:
        """How it ended, as the workflow said; empty if it was ended from outside."""
        for event in reversed(self.runs[-1].events if self.runs else []):
            done = event.get("workflowExecutionCompletedEventAttributes")
            values = values_of(done.get("result")) if done else []
            if values and isinstance(values[0], dict):
                return values[0]
        return {}

    @property
    def valid(self) -> list[dict[str, Any]]:
        """The records that no later run has superseded."""
        return [each for each in self.records if not each.get("superseded_by")]

    @property
    def evidence(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every piece of evidence that an action named, with the record's number."""
        for record in self.records:
            for piece in record.get("detail", {}).get("evidence", ()):
                yield int(record["seq"]), piece

    @property
    def stored_files(self) -> dict[str, str]:
        """The files to be found in the register of evidence: sha256 and file name."""
        return {
            piece["sha256"]: str(piece.get("filename", ""))
            for _, piece in self.evidence
            if piece.get("sha256") and piece.get("kept") == STORED
        }

    def steps(self) -> list[StepAccount]:
        """This will tell each occurrence of a step, in the order they were opened."""
        said = _said(self.progress) if self.progress is not None else _seen(self.valid)
        rules = list(_deadlines(self.runs))
        return [self._account(step, rules) for step in said]

    def _account(
        self, step: dict[str, Any], rules: list[tuple[str, dict[str, Any]]]
    ) -> StepAccount:
        opened, closed = step["opened_at"], step["closed_at"]
        records = [r for r in self.valid if _is_of(r, step)]
        opening = next((r for r in records if r["kind"] == OPENED), None)
        first: dict[str, Any] = opening["detail"] if opening else {}
        fits = [d for name, d in rules if name == step["step"] and d.get("due_date") == step["due"]]
        last = fits[-1] if fits else first
        answers = [r for r in records if r["kind"] == ACTED and r["verb"] in ANSWERS]
        return StepAccount(
            step=step["step"],
            visit=step["visit"],
            units=step["units"],
            opened_at=opened,
            original_due=step["original_due"],
            original_rule=str(first.get("rule", "")),
            original_calendar=str(first.get("calendar", "")),
            due=step["due"],
            rule=str(last.get("rule", "")),
            calendar=str(last.get("calendar", "")),
            changes=tuple(_changes(records)),
            closed_at=closed,
            happened_on="、".join(dict.fromkeys(happened_on(r) for r in answers)),
            outcome=step["outcome"],
            on_time=step["on_time"] or _on_time(step, answers),
            is_late_record=any(is_late_record(r) for r in answers),
            people="、".join(dict.fromkeys(who(r) for r in answers)),
        )


def file_cells(case: Case) -> Iterator[tuple[Any, ...]]:
    """This will list every piece of evidence, in the order of ``FILE_HEADERS``."""
    for seq, piece in case.evidence:
        sha256 = str(piece.get("sha256", ""))
        yield (
            seq,
            piece.get("name", ""),
            piece.get("doc_no", ""),
            piece.get("kept", ""),
            piece.get("filename", ""),
            piece.get("size", ""),
            sha256,
            case.places.get(sha256, "") if piece.get("kept") == STORED else "",
        )


def _said(progress: Any) -> list[dict[str, Any]]:
    """The steps as the procedure itself tells them."""
    return [
        {
            "step": step.step,
            "visit": step.visit,
            "units": "、".join(step.units),
            "opened_at": step.opened_at,
            "closed_at": step.closed_at,
            "due": step.due_date.isoformat(),
            "due_at": step.due_at,
            "original_due": step.original_due_date.isoformat(),
            "outcome": step.outcome,
            "on_time": ("超期" if step.late else "按期") if step.answered_by else "",
        }
        for step in progress.steps
    ]


def _seen(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps as the log alone tells them, where the procedure cannot be asked any more."""
    steps: dict[tuple[str, int], dict[str, Any]] = {}
    visits: dict[str, int] = {}
    for record in records:
        name, detail = record["step"], record.get("detail", {})
        if record["kind"] == OPENED:
            visits[name] = visits.get(name, 0) + 1
            words = _OPENING.search(record["sentence"])
            due = detail.get("due_date") or (words["due"] if words else "")
            units = "、".join(detail.get("units", ())) or (words["units"] if words else "")
            steps[name, visits[name]] = {
                "step": name,
                "visit": visits[name],
                "units": units,
                "opened_at": instant(record["at"]),
                "closed_at": None,
                "due": due,
                "due_at": None,
                "original_due": due,
                "outcome": "",
                "on_time": "",
            }
            continue
        step = steps.get((name, int(detail.get("visit", visits.get(name, 0)))))
        if step is None or record["kind"] == REFUSED:
            continue
        if detail.get("move"):
            step["due"] = detail["move"]["after"]
        # Records of the first release say neither visit nor outcome.
        is_answer = record["kind"] == ACTED and record["verb"] in ANSWERS
        if detail.get("outcome") or (is_answer and "visit" not in detail):
            step["closed_at"] = instant(record["at"])
            step["outcome"] = detail.get("outcome") or record["verb"]
            step["on_time"] = detail.get("late", "")
    return list(steps.values())


def _is_of(record: Mapping[str, Any], step: Mapping[str, Any]) -> bool:
    """Whether a record is of one occurrence of a step: by its visit, else by its time."""
    if record["step"] != step["step"]:
        return False
    visit = record.get("detail", {}).get("visit")
    if visit is not None:
        return bool(visit == step["visit"])
    at = instant(record["at"])
    opened: datetime | None = step["opened_at"]
    closed: datetime | None = step["closed_at"]
    return at is not None and (opened is None or at >= opened) and (closed is None or at <= closed)


def _changes(records: list[dict[str, Any]]) -> Iterator[str]:
    """Each move of a step's due date: when, by whom, under which 文号."""
    for record in records:
        detail = record.get("detail", {})
        move = detail.get("move", {})
        is_move = bool(move) or record["verb"] == GRANTED or record["kind"] == "改期"
        if not is_move or record["kind"] == REFUSED:
            continue
        numbers = [str(p["doc_no"]) for p in detail.get("evidence", ()) if p.get("doc_no")]
        numbers += [str(move["paper"])] if move.get("paper") else []
        paper = f"，文号{'、'.join(dict.fromkeys(numbers))}" if numbers else ""
        by = f"{who(record)}：" if record["person"] else ""
        dates = f"（由{move['before']}改为{move['after']}）" if move else ""
        yield f"{stamp(record['at'])[:10]}，{by}{record['sentence']}{dates}{paper}"


def _on_time(step: Mapping[str, Any], answers: list[dict[str, Any]]) -> str:
    """按期 where every answer happened by the due date; judged by the day it happened."""
    if step["closed_at"] is None or not answers:
        return ""
    for record in answers:
        stated = record.get("detail", {}).get("happened_on")
        at = instant(record["at"])
        if stated or step["due_at"] is None or at is None:
            late = happened_on(record) > step["due"]
        else:
            late = at >= step["due_at"]
        if late:
            return "超期"
    return "按期"


def _deadlines(runs: Iterable[Run]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every due time that the registers answered, by step, in the order of the histories."""
    for run in runs:
        for event in run.events:
            yield from _dues(event)


def _dues(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        for each in value:
            yield from _dues(each)
    elif isinstance(value, dict):
        dues = value.get("dues")
        if isinstance(dues, dict):
            for step, due in dues.items():
                if isinstance(due, dict) and isinstance(due.get("deadline"), dict):
                    yield step, due["deadline"]
        for name, each in value.items():
            if name != "dues":
                yield from _dues(each)
