"""认领 and 试运行: who of a street looks after an item, whether every street was evaluated.

Every street claims every item that holds for it, each with named 专人 (4-43), who hold an acting post
in that street; one whose people have all left counts as not claimed. Every street has a trial
evaluation (4-40, 4-41). Acceptance needs both in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.directory import Directory, names_in
from domain.duty import plain_number
from domain.duty_check import text_fault
from domain.duty_sheet import (
    EVALUATED_ON,
    LIAISONS,
    LIST,
    METHODS,
    NUMBER,
    PAPER,
    RESULT,
    STREET,
    TEAM,
    RawClaim,
    RawTrial,
)
from domain.duty_sides import STREET_KINDS, near_words
from domain.refusal import Finding, Refused
from domain.unit import Unit

MOST_LIAISONS: Final = 10
MOST_ROWS: Final = 2_000
"""Claims of one order: a district's 25 items at 50 streets are 1,250."""

_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class IssuedList:
    """The version of a list that holds or will: where, and its items' names by number."""

    name: str
    version: int
    district: str
    street: str
    items: Mapping[str, str]

    def holds_for(self, unit: Unit) -> bool:
        """Whether a street must claim its items."""
        if unit.kind not in STREET_KINDS or unit.district != self.district:
            return False
        return self.street in {"", unit.name}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A street's claim of one item: its 专人, and its 专班 if there is one."""

    list_name: str
    number: str
    street: str
    liaisons: tuple[str, ...]
    team: str = ""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The trial evaluation of a list at a street: when, how, with which result (4-40, 4-41)."""

    list_name: str
    street: str
    evaluated_on: date
    methods: tuple[str, ...]
    result: str
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimGround:
    """What claims and evaluations are measured by.

    ``acting`` are by street the persons who may work its steps; ``barred`` says why somebody may
    not write for a street.
    """

    lists: Mapping[str, IssuedList]
    directory: Directory
    acting: Mapping[str, frozenset[str]]
    barred: Callable[[Unit], Refused | None]
    today: date


@dataclass(frozen=True, kw_only=True)
class ClaimsRead:
    """The claims of a sheet, or what is wrong with it."""

    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class TrialsRead:
    """The evaluations of a sheet, or what is wrong with it."""

    trials: tuple[Trial, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class MissingItem:
    """An item that a street has not claimed; ``gone`` are its 专人 who have left, if it had."""

    number: str
    name: str
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StreetCoverage:
    """How far one street is with one list."""

    list_name: str
    version: int
    street: str
    total: int
    missing: tuple[MissingItem, ...]
    evaluated_on: date | None = None

    @property
    def claimed(self) -> int:
        """Items claimed with somebody who is there."""
        return self.total - len(self.missing)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How far all streets of a list are; acceptance needs both to be complete (4-40, 4-43)."""

    streets: tuple[StreetCoverage, ...]

    @property
    def claims_complete(self) -> bool:
        """Every street has claimed every item."""
        return bool(self.streets) and not any(one.missing for one in self.streets)

    @property
    def trials_complete(self) -> bool:
        """Every street was evaluated."""
        return bool(self.streets) and all(one.evaluated_on for one in self.streets)

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing, a sentence's part for each street: ``甲街道还有 2 项未认领``."""
        claims = [f"{s.street}还有{len(s.missing)}项未认领" for s in self.streets if s.missing]
        trials = [f"{s.street}没有试运行评估" for s in self.streets if s.evaluated_on is None]
        return (*claims, *trials)


def cover(
    issued: IssuedList,
    directory: Directory,
    claims: Mapping[tuple[str, str], Sequence[str]],
    trials: Mapping[str, date],
    acting: Mapping[str, frozenset[str]],
) -> Coverage:
    """This will say how far each street is; ``claims`` are 专人 by (street, number)."""
    found = []
    for unit in directory.units:
        if not issued.holds_for(unit):
            continue
        there = acting.get(unit.name, frozenset())
        missing = []
        for number, name in issued.items.items():
            named = claims.get((unit.name, number), ())
            if not any(person in there for person in named):
                missing.append(MissingItem(number=number, name=name, gone=tuple(named)))
        found.append(
            StreetCoverage(
                list_name=issued.name,
                version=issued.version,
                street=unit.name,
                total=len(issued.items),
                missing=tuple(missing),
                evaluated_on=trials.get(unit.name),
            )
        )
    return Coverage(streets=tuple(found))


def read_claims(rows: Sequence[RawClaim], ground: ClaimGround) -> ClaimsRead:
    """This will find what is wrong with a sheet of claims, else read them."""
    findings: list[Finding] = []
    claims: dict[tuple[str, str, str], tuple[RawClaim, Claim]] = {}
    for raw in rows:
        found = list(_claim(raw, ground))
        findings.extend(one for one in found if isinstance(one, Finding))
        for claim in found:
            if isinstance(claim, Finding):
                continue
            key = (claim.list_name, claim.street, claim.number)
            first, same = claims.setdefault(key, (raw, claim))
            if first is not raw and same != claim:
                said = f"与第{first.row}行是同一街道的同一事项，但专人或专班不同。"
                findings.append(raw.finding("DUTY_TWICE", said, NUMBER))
    if findings:
        return ClaimsRead(claims=(), findings=tuple(findings))
    return ClaimsRead(claims=tuple(claim for _, claim in claims.values()), findings=())


def read_trials(rows: Sequence[RawTrial], ground: ClaimGround) -> TrialsRead:
    """This will find what is wrong with a sheet of evaluations, else read them."""
    findings: list[Finding] = []
    trials: dict[tuple[str, str, date], Trial] = {}
    for raw in rows:
        for found in _trial(raw, ground):
            if isinstance(found, Finding):
                findings.append(found)
            elif (key := (found.list_name, found.street, found.evaluated_on)) in trials:
                said = "同一街道同一天已写过一行。"
                findings.append(raw.finding("DUTY_TWICE", said, STREET))
            else:
                trials[key] = found
    return TrialsRead(trials=() if findings else tuple(trials.values()), findings=tuple(findings))


def _claim(raw: RawClaim, ground: ClaimGround) -> Iterator[Claim | Finding]:
    found = list(_street(raw, ground))
    number = plain_number(raw.number)
    liaisons = tuple(dict.fromkeys(names_in(raw.liaisons)))
    if fault := text_fault(TEAM, raw.team):
        found.append(raw.finding(fault.code, fault.sentence, TEAM))
    if not found:
        found.extend(_liaison_faults(raw, liaisons, ground))
    if not number:
        found.append(raw.finding("DUTY_EMPTY_FIELD", f"{NUMBER}为空。", NUMBER))
    if found:
        yield from found
        return
    issued = _which(raw, ground, number)
    if isinstance(issued, Finding):
        yield issued
        return
    yield Claim(
        list_name=issued.name,
        number=number,
        street=raw.street,
        liaisons=liaisons,
        team=raw.team,
    )


def _trial(raw: RawTrial, ground: ClaimGround) -> Iterator[Trial | Finding]:
    found = list(_street(raw, ground))
    for column, text in ((RESULT, raw.result), (METHODS, raw.methods), (PAPER, raw.paper)):
        if fault := text_fault(column, text):
            found.append(raw.finding(fault.code, fault.sentence, column))
        elif not text and column is not PAPER:
            found.append(raw.finding("DUTY_EMPTY_FIELD", f"{column}为空。", column))
    day = _day(raw.evaluated_on)
    if day is None:
        said = f"“{raw.evaluated_on[:20]}”不是日期，请写成 2026-12-20。"
        found.append(raw.finding("BAD_DATE", said, EVALUATED_ON))
    elif day > ground.today:
        said = f"评估日期{day}还没有到。"
        found.append(raw.finding("DUTY_TRIAL_AHEAD", said, EVALUATED_ON))
    if found or day is None:
        yield from found
        return
    issued = _which(raw, ground, "")
    if isinstance(issued, Finding):
        yield issued
        return
    yield Trial(
        list_name=issued.name,
        street=raw.street,
        evaluated_on=day,
        methods=names_in(raw.methods),
        result=raw.result,
        paper=raw.paper,
    )


def _street(raw: RawClaim | RawTrial, ground: ClaimGround) -> Iterator[Finding]:
    """What is wrong with the street of a row, or with who writes for it."""
    unit = ground.directory.by_name.get(raw.street)
    if unit is None or unit.kind not in STREET_KINDS:
        streets = [one.name for one in ground.directory.units if one.kind in STREET_KINDS]
        near = near_words(raw.street, streets)
        said = f"没有街道“{raw.street[:40]}”{near}。" if raw.street else "街道为空。"
        yield raw.finding("UNKNOWN_UNIT", said, STREET)
    elif refused := ground.barred(unit):
        yield raw.finding(refused.code, refused.sentence, STREET)


def _liaison_faults(
    raw: RawClaim, liaisons: Sequence[str], ground: ClaimGround
) -> Iterator[Finding]:
    if not liaisons:
        said = "认领须写明专人（4-43），几人用、分开。"
        yield raw.finding("DUTY_EMPTY_FIELD", said, LIAISONS)
    if len(liaisons) > MOST_LIAISONS:
        said = f"一项最多写{MOST_LIAISONS}名专人，更多的请写专班。"
        yield raw.finding("DUTY_TOO_MANY", said, LIAISONS)
    there = ground.acting.get(raw.street, frozenset())
    strangers = [name for name in liaisons if name not in there]
    if strangers:
        own = "、".join(sorted(there)[:_NAMED]) or "无人"
        said = (
            f"{'、'.join(strangers[:_NAMED])}不是{raw.street}的在任办理人（现有{own}），"
            "请核对，或先在通讯录任职。"
        )
        yield raw.finding("DUTY_LIAISON", said, LIAISONS)


def _which(raw: RawClaim | RawTrial, ground: ClaimGround, number: str) -> IssuedList | Finding:
    """The list that a row means; ``number`` empty asks for the list alone."""
    unit = ground.directory.by_name[raw.street]
    if raw.list_name and raw.list_name not in ground.lists:
        near = near_words(raw.list_name, list(ground.lists))
        said = f"没有已印发的清单“{raw.list_name[:40]}”{near}。"
        return raw.finding("DUTY_LIST_UNKNOWN", said, LIST)
    meant = [ground.lists[raw.list_name]] if raw.list_name else list(ground.lists.values())
    here = [one for one in meant if one.holds_for(unit)]
    if raw.list_name and not here:
        said = f"“{raw.list_name}”不适用于{raw.street}。"
        return raw.finding("DUTY_LIST_ELSEWHERE", said, LIST)
    holding = [one for one in here if not number or number in one.items]
    if not holding:
        what = f"没有第{number[:20]}项" if number else "没有已印发的清单"
        where = f"“{raw.list_name}”" if raw.list_name else raw.street
        column = NUMBER if number else LIST
        return raw.finding("DUTY_ITEM_UNKNOWN", f"{where}{what}，见 jiegai duty show。", column)
    if len(holding) > 1:
        names = "、".join(one.name for one in holding[:_NAMED])
        said = f"有几个清单可指（{names}），请写明清单名称。"
        return raw.finding("DUTY_WHICH_LIST", said, LIST)
    return holding[0]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
