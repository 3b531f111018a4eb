"""Rosters (名册): who goes from where to where, checked against the lock.

Sources: 0-50 (each person stands in the lock with unit and type), 0-51 (①制名册), 0-43 and 1-37
(from departments to streets), 3-12 (sums by department and by team). A finding names sheet, row and
column, and never a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from domain.directory import Directory
from domain.refusal import Finding
from domain.sink import MODES
from domain.staff import KEY_FORM, number_fault, plain_name
from domain.unit import UnitKind


class RosterStatus(StrEnum):
    """How far a roster is. 已替换 is an earlier version of the same number."""

    DRAWN_UP = "编制中"
    REQUESTED = "已请示"
    APPROVED = "已批复"
    DONE = "办结"
    CANCELLED = "撤销"
    REPLACED = "已替换"


OPEN_STATUSES = (RosterStatus.DRAWN_UP, RosterStatus.REQUESTED, RosterStatus.APPROVED)
"""While a roster is one of these its persons are wanted by no other."""

LISTED = "在册"
"""The state of a person when a roster comes in; what follows is domain.transfer_person's."""

KEY, PERSON, NUMBER = "人员编号", "姓名", "身份证号"
FROM, TO, TEAM, TYPE = "转出单位", "转入单位", "队伍", "类型"
SINK = "下沉方式"
ROSTER_SHEET: Final = "名册"
ROSTER_COLUMNS: Final = (KEY, PERSON, NUMBER, FROM, TO, TEAM, TYPE, SINK)

MOST_TEAM: Final = 60
NO_TEAM: Final = "（未编队）"


@dataclass(frozen=True, kw_only=True)
class RawPlace:
    """One row of a roster: a key, or name and number (as domain.staff writes them)."""

    row: int
    key: str
    name: str
    number: str
    from_unit: str
    to_unit: str
    team: str
    type: str
    sink_mode: str = ""


@dataclass(frozen=True, kw_only=True)
class Locked:
    """A person of the lock: name, and where the post is now."""

    key: str
    name: str
    unit: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """One person's way, by key."""

    staff: str
    from_unit: str
    to_unit: str
    team: str
    type: str
    sink_mode: str = ""


@dataclass(frozen=True, kw_only=True)
class RosterGround:
    """What a roster is judged by.

    ``units`` are the receiving ones, in their order; ``wanted`` is by key another live roster.
    """

    directory: Directory
    today: date
    units: tuple[str, ...]
    by_key: Mapping[str, Locked]
    by_number: Mapping[str, str]
    wanted: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RosterRead:
    """The ways of a sheet, or what is wrong with it; warnings do not refuse."""

    places: tuple[Place, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings refuse the sheet."""
        return sum(one.is_error for one in self.findings)


@dataclass(frozen=True, kw_only=True)
class Sum:
    """So many people of one type in one department, receiving unit or team (3-12)."""

    by: str
    name: str
    type: str
    people: int


def read_roster(rows: Sequence[RawPlace], ground: RosterGround) -> RosterRead:
    """This will find each person in the lock, or find everything that is wrong."""
    findings: list[Finding] = []
    places: dict[str, Place] = {}
    first: dict[str, int] = {}
    for raw in rows:
        before = sum(one.is_error for one in findings)
        locked = _who(raw, ground, findings)
        to_unit = _to(raw, ground, findings)
        if locked is not None:
            _check(raw, locked, to_unit, ground, findings)
            seen = first.setdefault(locked.key, raw.row)
            if seen != raw.row:
                findings.append(_at(raw, KEY, "PERSON_TWICE", f"与第{seen}行是同一人。"))
        if len(raw.team) > MOST_TEAM or not raw.team.isprintable():
            findings.append(_at(raw, TEAM, "ROSTER_TEAM", f"队伍名称不能超过{MOST_TEAM}个字。"))
        if raw.sink_mode and raw.sink_mode not in MODES:
            text = f"下沉方式可写：{'、'.join(MODES)}（3-11）。"
            findings.append(_at(raw, SINK, "ROSTER_SINK", text))
        if locked is None or sum(one.is_error for one in findings) > before:
            continue
        places[locked.key] = Place(
            staff=locked.key,
            from_unit=locked.unit,
            to_unit=to_unit,
            team=raw.team,
            type=locked.type,
            sink_mode=raw.sink_mode,
        )
    return RosterRead(places=tuple(places.values()), findings=tuple(findings))


def sums_of(places: Iterable[Place]) -> tuple[Sum, ...]:
    """Σ by 转出单位, 转入单位 and 队伍, each by type; the three add up to the same."""
    counts: dict[str, Counter[tuple[str, str]]] = {FROM: Counter(), TO: Counter(), TEAM: Counter()}
    for one in places:
        counts[FROM][one.from_unit, one.type] += 1
        counts[TO][one.to_unit, one.type] += 1
        counts[TEAM][one.team or NO_TEAM, one.type] += 1
    return tuple(
        Sum(by=by, name=name, type=type_, people=people)
        for by, counted in counts.items()
        for (name, type_), people in sorted(counted.items())
    )


def _who(raw: RawPlace, ground: RosterGround, findings: list[Finding]) -> Locked | None:
    """The person of a row, in the lock (0-50)."""
    key = raw.key
    if key and not KEY_FORM.fullmatch(key):
        findings.append(
            _at(raw, KEY, "STAFF_KEY", "人员编号应为 p- 加16位，见 jiegai staff show。")
        )
        return None
    if not key and not raw.number:
        findings.append(_at(raw, KEY, "STAFF_KEY", "请填人员编号，或姓名和身份证号。"))
        return None
    if raw.number:
        if problem := number_fault(raw.number, ground.today):
            findings.append(_at(raw, NUMBER, "ID_NUMBER", f"身份证号不对：{problem}。"))
            return None
        found = ground.by_number.get(raw.number, "")
        if key and found != key:
            text = "身份证号与人员编号不是同一人。"
            findings.append(_at(raw, NUMBER, "STAFF_DIFFERS", text))
            return None
        key = found
    locked = ground.by_key.get(key)
    if locked is None:
        text = "锁定的人员里没有此人，不能列入名册（0-50）。"
        findings.append(_at(raw, KEY if raw.key else NUMBER, "NOT_IN_LOCK", text))
        return None
    if not raw.key and not raw.name:
        findings.append(_at(raw, PERSON, "NAME_FORM", "姓名没有填写。"))
    elif raw.name and raw.name != plain_name(locked.name):
        text = "姓名与锁定时登记的不一致，请核对是否同一人。"
        findings.append(_at(raw, PERSON, "STAFF_DIFFERS", text))
    return locked


def _to(raw: RawPlace, ground: RosterGround, findings: list[Finding]) -> str:
    """The receiving unit; not written, it is the roster's only one."""
    if not raw.to_unit and len(ground.units) == 1:
        return ground.units[0]
    if raw.to_unit not in ground.units:
        text = f"转入单位应是本名册的接收单位：{'、'.join(ground.units)}。"
        findings.append(_at(raw, TO, "ROSTER_UNIT", text))
    return raw.to_unit


def _check(
    raw: RawPlace,
    locked: Locked,
    to_unit: str,
    ground: RosterGround,
    findings: list[Finding],
) -> None:
    """That a row says what the lock says, and that nobody else wants the person."""
    if raw.from_unit and raw.from_unit != locked.unit:
        text = f"此人的编制在“{locked.unit}”，不在所写的转出单位（0-50）。"
        findings.append(_at(raw, FROM, "NOT_IN_LOCK", text))
    if raw.type and raw.type != locked.type:
        text = f"此人锁定的编制类型是{locked.type}（0-50）。"
        findings.append(_at(raw, TYPE, "NOT_IN_LOCK", text))
    if to_unit == locked.unit:
        findings.append(_at(raw, TO, "ROSTER_UNIT", "转出单位与转入单位相同。"))
    if (other := ground.wanted.get(locked.key)) is not None:
        text = f"此人已在名册“{other}”，一人只能在一份名册。"
        findings.append(_at(raw, KEY, "PERSON_WANTED", text))
    units = ground.directory.by_name
    old, new = units.get(locked.unit), units.get(to_unit)
    is_upward = old is not None and old.kind is UnitKind.STREET
    if is_upward and new is not None and new.kind is not UnitKind.STREET:
        text = "从街道转往区级单位，划转编制须有专项批准文号（3-07）。"
        findings.append(_at(raw, TO, "ROSTER_UPWARD", text, is_error=False))


def _at(raw: RawPlace, column: str, code: str, sentence: str, *, is_error: bool = True) -> Finding:
    return Finding(
        code=code,
        sentence=sentence,
        sheet=ROSTER_SHEET,
        row=raw.row,
        column=column,
        is_error=is_error,
    )
