"""Persons of streets who work at a district's organs, and have to go back (清退, 3-08).

Which secondment is long (长期) the texts do not say: the command asks for the months, and counts none
as long without them. A finding names sheet, row and column, and never a person.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.directory import Directory
from domain.refusal import Finding
from domain.staff import KEY_FORM, number_fault, plain_name
from domain.unit import Unit, UnitKind

KEY, PERSON, NUMBER = "人员编号", "姓名", "身份证号"
STREET, ORGAN = "所属街道", "借调单位"
SINCE, REASON, DUE_BACK, PAPER = "借调日期", "事由", "应归还日期", "文号"
SECONDMENT_SHEET: Final = "借调"
SECONDMENT_COLUMNS: Final = (
    KEY, PERSON, NUMBER, STREET, ORGAN, SINCE, REASON, DUE_BACK, PAPER,
)  # fmt: skip

_STREETS = (UnitKind.STREET, UnitKind.TOWN)
_MOST = 200


@dataclass(frozen=True, kw_only=True)
class RawSecondment:
    """One row as filled in; days as 2019-12-20."""

    row: int
    key: str
    name: str
    number: str
    street: str
    organ: str
    since: str
    reason: str
    due_back: str
    paper: str


@dataclass(frozen=True, kw_only=True)
class Seconded:
    """One secondment, by key; ``returned_on`` None: the person is still away."""

    staff: str
    street: str
    organ: str
    since: date
    reason: str
    due_back: date | None = None
    paper: str = ""
    returned_on: date | None = None
    return_paper: str = ""

    def is_long(self, months: int, today: date) -> bool:
        """Whether it lasted, or has lasted until today, so many months."""
        return later(self.since, months) <= (self.returned_on or today)

    def is_late(self, today: date) -> bool:
        """Whether the person should be back and is not."""
        return self.returned_on is None and self.due_back is not None and self.due_back < today


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A person of the staff register: name, and the unit as registered."""

    name: str
    unit: str


@dataclass(frozen=True, kw_only=True)
class SecondmentGround:
    """What a sheet is judged by: ``known`` are the secondments on file of the persons in it.

    ``mine`` are the units for which the importer may write.
    """

    directory: Directory
    today: date
    by_key: Mapping[str, Registered]
    by_number: Mapping[str, str]
    known: Mapping[str, tuple[Seconded, ...]]
    mine: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class SecondmentsRead:
    """What a sheet adds, how many rows were on file before, and what is wrong."""

    new: tuple[Seconded, ...]
    same: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """How many there are, away, late, and long; ``long`` None where no months were given."""

    all: int
    away: int
    late: int
    long: int | None = None
    long_back: int | None = None


def later(day: date, months: int) -> date:
    """The same day so many months later, the month's last where it has no such day.

    >>> later(date(2020, 1, 31), 1)
    datetime.date(2020, 2, 29)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def totals(found: Iterable[Seconded], today: date, months: int | None = None) -> Totals:
    """This will count; of the long ones also how many are back (3-08 cleared 21)."""
    lines = tuple(found)
    long = [one for one in lines if months is not None and one.is_long(months, today)]
    return Totals(
        all=len(lines),
        away=sum(one.returned_on is None for one in lines),
        late=sum(one.is_late(today) for one in lines),
        long=None if months is None else len(long),
        long_back=None if months is None else sum(one.returned_on is not None for one in long),
    )


def read_secondments(rows: Sequence[RawSecondment], ground: SecondmentGround) -> SecondmentsRead:
    """This will find each person in the register, or find everything that is wrong."""
    findings: list[Finding] = []
    new: dict[str, Seconded] = {}
    first: dict[str, int] = {}
    same = 0
    for raw in rows:
        before = len(findings)
        key = _who(raw, ground, findings)
        street, organ = _units(raw, key, ground, findings)
        since = _day(raw, SINCE, raw.since, findings)
        due_back = _day(raw, DUE_BACK, raw.due_back, findings) if raw.due_back else None
        _check(raw, (since, due_back), ground, findings)
        if key and (seen := first.setdefault(key, raw.row)) != raw.row:
            findings.append(_at(raw, KEY, "PERSON_TWICE", f"与第{seen}行是同一人。"))
        if len(findings) > before or street is None or organ is None or since is None:
            continue
        one = Seconded(
            staff=key,
            street=street.name,
            organ=organ.name,
            since=since,
            reason=raw.reason,
            due_back=due_back,
            paper=raw.paper,
        )
        if _is_on_file(raw, one, ground, findings):
            same += 1
        elif len(findings) == before:
            new[key] = one
    return SecondmentsRead(new=tuple(new.values()), same=same, findings=tuple(findings))


def _who(raw: RawSecondment, ground: SecondmentGround, findings: list[Finding]) -> str:
    key = raw.key
    if (key and not KEY_FORM.fullmatch(key)) or not (key or raw.number):
        text = "请填人员编号（p- 加16位，见 jiegai staff show），或姓名和身份证号。"
        findings.append(_at(raw, KEY, "STAFF_KEY", text))
        return ""
    if raw.number:
        if problem := number_fault(raw.number, ground.today):
            findings.append(_at(raw, NUMBER, "ID_NUMBER", f"身份证号不对：{problem}。"))
            return ""
        found = ground.by_number.get(raw.number, "")
        if key and found != key:
            text = "身份证号与人员编号不是同一人。"
            findings.append(_at(raw, NUMBER, "STAFF_DIFFERS", text))
            return ""
        key = found
    person = ground.by_key.get(key)
    if person is None:
        text = "登记的人员里没有此人，请先在清查中登记：jiegai census import。"
        findings.append(_at(raw, KEY if raw.key else NUMBER, "UNKNOWN_STAFF", text))
        return ""
    if raw.name and raw.name != plain_name(person.name):
        text = "姓名与登记的不一致，请核对是否同一人。"
        findings.append(_at(raw, PERSON, "STAFF_DIFFERS", text))
    elif not raw.name and not raw.key:
        findings.append(_at(raw, PERSON, "NAME_FORM", "姓名没有填写。"))
    return key


def _units(
    raw: RawSecondment, key: str, ground: SecondmentGround, findings: list[Finding]
) -> tuple[Unit | None, Unit | None]:
    """The street, by default the person's own unit, and the district's organ."""
    directory = ground.directory
    person = ground.by_key.get(key)
    name = raw.street or (person.unit if person else "")
    street = directory.by_name.get(name)
    if name and (street is None or not _is_below(directory, street)):
        text = f"所属街道应是街道、镇或其所属单位，“{name}”不是。"
        findings.append(_at(raw, STREET, "SECONDMENT_UNIT", text))
    elif street is not None and street.name not in ground.mine:
        text = f"“{street.name}”的借调只由该单位的办理人或协调员登记。"
        findings.append(_at(raw, STREET, "NOT_YOUR_UNIT", text))
    organ = directory.find(raw.organ, street.district if street else "")
    if organ is None and street is None and raw.organ:
        # A duty means nothing without a district; that the person is unknown was said.
        return street, organ
    if organ is None or _is_below(directory, organ):
        text = f"借调单位应是单位表中的区级或市级单位，“{raw.organ}”不是。"
        findings.append(_at(raw, ORGAN, "SECONDMENT_UNIT", text))
    return street, organ


def _is_below(directory: Directory, unit: Unit) -> bool:
    above = (directory.by_name[name] for name in directory.ancestors(unit.name))
    return any(each.kind in _STREETS for each in (unit, *above))


def _day(raw: RawSecondment, column: str, text: str, findings: list[Finding]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        what = "不是日期，请写成 2019-12-20" if text else "没有填写"
        findings.append(_at(raw, column, "SECONDMENT_DAY", f"{column}{what}。"))
        return None


def _check(
    raw: RawSecondment,
    days: tuple[date | None, date | None],
    ground: SecondmentGround,
    findings: list[Finding],
) -> None:
    since, due_back = days
    if since is not None and since > ground.today:
        findings.append(_at(raw, SINCE, "SECONDMENT_DAY", "借调日期还没有到。"))
    if since is not None and due_back is not None and due_back < since:
        findings.append(_at(raw, DUE_BACK, "SECONDMENT_DAY", "应归还日期早于借调日期。"))
    if not raw.reason:
        findings.append(_at(raw, REASON, "EMPTY_CELL", "“事由”没有填写。"))
    for text, column in ((raw.reason, REASON), (raw.paper, PAPER)):
        if len(text) > _MOST or not text.isprintable():
            text_ = f"不能超过{_MOST}个字，也不能有看不见的字符。"
            findings.append(_at(raw, column, "BAD_TEXT", text_))


def _is_on_file(
    raw: RawSecondment, one: Seconded, ground: SecondmentGround, findings: list[Finding]
) -> bool:
    """Whether this very secondment was entered before; another one still open is an error."""
    for known in ground.known.get(one.staff, ()):
        if known.since == one.since:
            words = (known.street, known.organ, known.reason, known.due_back, known.paper)
            if words == (one.street, one.organ, one.reason, one.due_back, one.paper):
                return True
            text = "此人同一天的借调已经登记，内容不同；登记的不能改，请核对。"
            findings.append(_at(raw, SINCE, "SECONDMENT_DIFFERS", text))
            return False
        if known.returned_on is None or known.since <= one.since < known.returned_on:
            text = f"此人{known.since}起借调到“{known.organ}”，尚未归还或日期重叠。"
            findings.append(_at(raw, SINCE, "SECONDMENT_OPEN", text))
            return False
    return False


def _at(raw: RawSecondment, column: str, code: str, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, sheet=SECONDMENT_SHEET, row=raw.row, column=column)
