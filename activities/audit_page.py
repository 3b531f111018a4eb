"""Findings of the automatic checks in words, and pages of them that fit into one payload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from activities.pages import MOST_BYTES
from contracts.audit import AuditFinding, AuditPage, AuditQuestion
from domain.audit_check import (
    Check,
    extensions_allowed,
    late_clock,
    rule_row,
    sentence_of,
)
from domain.case_clocks import HANDED_OVER, REPORTED
from domain.duty_execution import ClockSeen, Timing, handed_in, reported_in
from domain.plan import Plan
from storage.audit_store import Fault, Window

Wording = Callable[[Fault], tuple[AuditFinding, ...]]
"""Makes findings of a fault: one for each unit whose it is, none where a setting allows it."""

_LINE: Final[TypeAdapter[AuditFinding]] = TypeAdapter(AuditFinding)
_CLOCKS: Final[TypeAdapter[tuple[ClockSeen, ...]]] = TypeAdapter(tuple[ClockSeen, ...])


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a step of a check looked at, and each finding with its key.

    ``began`` is where it began, ``cursor`` where the check goes on, empty at its end. ``left_out`` says
    why it could not be made.
    """

    found: tuple[tuple[str, AuditFinding], ...] = ()
    keys: tuple[str, ...] = ()
    looked: int = 0
    began: str = ""
    cursor: str = ""
    left_out: str = ""


def wording(check: Check, question: AuditQuestion, plan: Plan | None) -> Wording:
    """This will return what makes findings of a check's faults."""
    if check in (Check.REPORT_LATE, Check.HANDOVER_LATE):
        return lambda fault: _late(check, fault, question)
    if check is Check.DEADLINE:
        return lambda fault: _moved(fault, question, plan)
    return lambda fault: (_finding(check, fault, question),)


def worded(window: Window, word: Wording, began: str) -> Part:
    """This will say what a window's faults are."""
    return Part(
        found=tuple((fault.place, line) for fault in window.faults for line in word(fault)),
        keys=window.keys,
        looked=len(window.keys),
        began=began,
        cursor="" if window.is_last else window.keys[-1],
    )


def _finding(check: Check, fault: Fault, question: AuditQuestion, unit: str = "") -> AuditFinding:
    return AuditFinding(
        check=str(check),
        rule=rule_row(check, fault.facts),
        unit=unit or fault.unit,
        district=fault.district,
        sentence=sentence_of(check, fault.facts, question.now),
        since=fault.since,
        workflow_id=fault.workflow_id,
    )


def _moved(fault: Fault, question: AuditQuestion, plan: Plan | None) -> tuple[AuditFinding, ...]:
    """0-06: as often as the plan allows is no fault."""
    if fault.facts["how"] == "修订":
        return (_finding(Check.DEADLINE, fault, question),)
    most = extensions_allowed(plan, fault.facts)
    if fault.facts["times"] <= most:
        return ()
    fault = Fault(**{**vars(fault), "facts": {**fault.facts, "most": most}})
    return (_finding(Check.DEADLINE, fault, question),)


def _late(check: Check, fault: Fault, question: AuditQuestion) -> tuple[AuditFinding, ...]:
    """4-11 is the street's; 4-12 is whose delay it was (送达 in time makes it the receiver's)."""
    facts, now = fault.facts, question.now
    clocks = _CLOCKS.validate_python(facts["clocks"])
    name, timing = REPORTED, reported_in(clocks, now)
    whose: tuple[str, ...] = (facts["street"],)
    if check is Check.HANDOVER_LATE:
        name = HANDED_OVER
        timing, whose = handed_in(clocks, facts["street"], facts["receiver"], now)
    if timing is not Timing.LATE:
        return ()
    sentence, since = late_clock(clocks, name, facts["number"], now)
    return tuple(
        AuditFinding(
            check=str(check),
            rule=rule_row(check, {}),
            unit=unit,
            district=fault.district,
            sentence=sentence,
            since=since,
            workflow_id=fault.workflow_id,
        )
        for unit in whose
    )


class Filling:
    """A page as it fills."""

    def __init__(self) -> None:
        self._lines: list[AuditFinding] = []
        self._used = 0
        self._looked: dict[str, int] = {}
        self._left_out: dict[str, str] = {}

    def take(self, check: Check, part: Part) -> str | None:
        """This will take what fits; where the next page begins if not all did, else None.

        What belongs to one key stays together, and the first key of a page always fits.
        """
        kept, place, used = 0, "", self._used
        for key, line in part.found:
            size = len(_LINE.dump_json(line)) + 1
            if used + size > MOST_BYTES and (key != place if kept else self._lines):
                break
            kept, place, used = kept + 1, key, used + size
        self._lines += [line for _, line in part.found[:kept]]
        self._used = used
        if kept == len(part.found):
            self._count(check, part.looked)
            if part.left_out:
                self._left_out[str(check)] = part.left_out
            return None
        if not kept:
            return part.began
        self._count(check, part.keys.index(place) + 1 if part.looked == len(part.keys) else 0)
        return place

    def answer(self, check: Check | None = None, cursor: str = "") -> AuditPage:
        """The page, with where the next one begins."""
        return AuditPage(
            findings=tuple(self._lines),
            looked=self._looked,
            left_out=self._left_out,
            stage=str(check) if check else "",
            cursor=cursor,
        )

    def _count(self, check: Check, looked: int) -> None:
        self._looked[str(check)] = self._looked.get(str(check), 0) + looked
