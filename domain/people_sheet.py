"""A sheet of people (单位、姓名、职务, 起始日、终止日) compared with the posts that are held.

A row begins a post, or sets the day on which one ends; a post that the sheet does not name stays as
it is, so that a sheet of one street touches nobody else. A new 第一责任人, 第一书记 or 分管区领导 ends
the term of the one before. Everything that is wrong is found at once; with one error nothing is
changed. Sources: 0-05, 0-10, 0-11, 4-07.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from domain.deadline import local_day, office_instant
from domain.directory import Directory
from domain.people import (
    APPOINTED,
    SINGLE,
    Absence,
    Authority,
    Post,
    name_fault,
    orphaned,
    vacancies,
)
from domain.refusal import Finding
from domain.unit import Role

SHEET: Final = "人员"
UNIT, PERSON, ROLE, SINCE, UNTIL = "单位", "姓名", "职务", "起始日", "终止日"
COLUMNS: Final = (UNIT, PERSON, ROLE, SINCE, UNTIL)
NEEDED: Final = (UNIT, PERSON, ROLE)

MOST_ROWS: Final = 3_000
"""Rows of one sheet: what one message to the service may carry, and two districts' people."""

_YEARS = range(1949, 2201)
_ONE_DAY = timedelta(days=1)
_LONGEST = 40


@dataclass(frozen=True, kw_only=True)
class RawPost:
    """One row as written; ``row`` is its number in the sheet."""

    row: int
    unit: str
    person: str
    role: str
    since: str = ""
    until: str = ""

    def finding(self, code: str, sentence: str, column: str) -> Finding:
        """An error at this row."""
        return Finding(code=code, sentence=sentence, sheet=SHEET, row=self.row, column=column)


class ChangeKind(StrEnum):
    """What a row does to a post."""

    BEGINS = "任职"
    ENDS = "免职"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference between the sheet and the posts; ``post`` is as it will be."""

    kind: ChangeKind
    post: Post


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a sheet changes; with an error among the findings, nothing."""

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that refuse the sheet."""
        return tuple(one for one in self.findings if one.is_error)


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Who is where before the sheet, and who brings it at which moment."""

    directory: Directory
    posts: tuple[Post, ...]
    absences: tuple[Absence, ...]
    coordinator: str
    authority: Authority
    at: datetime


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A row that could be read."""

    raw: RawPost
    role: Role
    since: date | None
    until: date | None

    @property
    def key(self) -> tuple[str, str, Role]:
        return (self.raw.unit, self.raw.person, self.role)


def compare(rows: Sequence[RawPost], staff: Staff) -> Comparison:
    """This will find what is wrong with a sheet, or what it changes."""
    findings: list[Finding] = []
    entries: dict[tuple[str, str, Role], _Entry] = {}
    for raw in rows:
        entry = _read(raw, staff, findings)
        if entry is None:
            continue
        first = entries.setdefault(entry.key, entry)
        if first is not entry:
            sentence = f"与第{first.raw.row}行是同一人的同一职务。"
            findings.append(raw.finding("ROW_TWICE", sentence, PERSON))
    changes = _changes(entries, staff, findings)
    after = apply(changes, staff.posts)
    findings.extend(_aftermath(changes, after, staff))
    return Comparison(changes=tuple(changes.values()), findings=tuple(findings))


def _read(raw: RawPost, staff: Staff, findings: list[Finding]) -> _Entry | None:
    """The row in values; None with findings where something is wrong."""
    before = len(findings)
    unit = staff.directory.by_name.get(raw.unit)
    if unit is None:
        near = _near(raw.unit, staff.directory.by_name)
        text = f"没有单位“{_short(raw.unit)}”{near}。" if raw.unit else "单位为空。"
        findings.append(raw.finding("UNKNOWN_UNIT", text, UNIT))
    elif refused := staff.authority.refusal_over((unit,)):
        findings.append(raw.finding(refused.code, refused.sentence, UNIT))
    if problem := name_fault(raw.person):
        findings.append(raw.finding("NAME_FORM", f"姓名不能用：{problem}。", PERSON))
    words = [role.value for role in APPOINTED]
    if raw.role not in words:
        what = f"职务不能写“{_short(raw.role)}”" if raw.role else "职务为空"
        findings.append(raw.finding("BAD_CHOICE", f"{what}，可写：{'、'.join(words)}。", ROLE))
    since = _day(raw, raw.since, SINCE, findings)
    until = _day(raw, raw.until, UNTIL, findings)
    if since and until and since > until:
        findings.append(raw.finding("DAYS_ORDER", f"起始日{since}晚于终止日{until}。", UNTIL))
    if len(findings) > before:
        return None
    return _Entry(raw=raw, role=Role(raw.role), since=since, until=until)


def _changes(
    entries: Mapping[tuple[str, str, Role], _Entry], staff: Staff, findings: list[Finding]
) -> dict[tuple[str, str, Role, datetime], Change]:
    """The differences by post, so that a term is changed once."""
    changes: dict[tuple[str, str, Role, datetime], Change] = {}
    running: dict[tuple[str, str, Role], Post] = {}
    terms: dict[tuple[str, Role], list[Post]] = {}
    for post in staff.posts:
        if not post.is_over(staff.at):
            running.setdefault((post.unit, post.person, post.role), post)
            terms.setdefault((post.unit, post.role), []).append(post)
    known = {(p.unit, p.person, p.role, p.since) for p in staff.posts}
    for entry in entries.values():
        until = office_instant(entry.until + _ONE_DAY, "00:00") if entry.until else None
        held = running.get(entry.key)
        if held is not None:
            if until is None or until == held.until:
                continue
            if until <= held.since:
                sentence = f"终止日早于任职之日{local_day(held.since)}。"
                findings.append(entry.raw.finding("DAYS_ORDER", sentence, UNTIL))
                continue
            _put(changes, Change(kind=ChangeKind.ENDS, post=replace(held, until=until)))
        elif until is not None and until <= staff.at:
            sentence = f"{entry.raw.person}现在没有这一职务，终止日又已过去，无可变动。"
            findings.append(entry.raw.finding("POST_OVER", sentence, UNTIL))
        else:
            since = _begin(entry, staff.at)
            if (*entry.key, since) in known:
                since = staff.at
            post = Post(
                unit=entry.raw.unit,
                person=entry.raw.person,
                role=entry.role,
                since=since,
                until=until,
            )
            _put(changes, Change(kind=ChangeKind.BEGINS, post=post))
    for change in tuple(changes.values()):
        post = change.post
        if change.kind is ChangeKind.BEGINS and post.role in SINGLE:
            others = terms.get((post.unit, post.role), ())
            row = entries[post.unit, post.person, post.role].raw
            findings.extend(_succeed(post, others, changes, row))
    return changes


def _succeed(
    new: Post,
    others: Iterable[Post],
    changes: dict[tuple[str, str, Role, datetime], Change],
    row: RawPost,
) -> Iterable[Finding]:
    """Ends the terms before a new holder of a post that only one person holds."""
    for other in others:
        key = (other.unit, other.person, other.role, other.since)
        term = changes[key].post if key in changes else other
        if term.until is not None and term.until <= new.since:
            continue
        if term.since < new.since:
            _put(changes, Change(kind=ChangeKind.ENDS, post=replace(term, until=new.since)))
        elif new.until is None or new.until > term.since:
            yield _two_holders(row, new, term.person)
    for change in changes.values():
        term = change.post
        same = (term.unit, term.role) == (new.unit, new.role) and term.person != new.person
        if not same or change.kind is not ChangeKind.BEGINS or term.since < new.since:
            continue
        if new.until is None or new.until > term.since:
            yield _two_holders(row, new, term.person)


def _two_holders(row: RawPost, post: Post, other: str) -> Finding:
    return row.finding(
        "MANY_HEADS",
        f"“{post.unit}”的{post.role}只能是一人，{other}同时任职，请写明终止日。",
        PERSON,
    )


def _aftermath(
    changes: Mapping[tuple[str, str, Role, datetime], Change],
    after: tuple[Post, ...],
    staff: Staff,
) -> Iterable[Finding]:
    """What holds of the whole directory once the sheet is in force."""
    ended = {c.post.person for c in changes.values() if c.kind is ChangeKind.ENDS}
    if refused := orphaned(ended, after, staff.absences, staff.at):
        yield Finding(code=refused.code, sentence=refused.sentence, sheet=SHEET)
    touched = dict.fromkeys(change.post.unit for change in changes.values())
    moments = {staff.at} | {c.post.until for c in changes.values() if c.post.until is not None}
    for name in touched:
        unit = staff.directory.by_name[name]
        missing = dict.fromkeys(vacancies(unit, staff.posts, staff.at))
        for moment in sorted(one for one in moments if one >= staff.at):
            for role in vacancies(unit, after, moment):
                if role not in missing:
                    missing[role] = None
                    sentence = f"“{name}”自{local_day(moment)}起没有{role}。"
                    yield Finding(code="VACANT", sentence=sentence, sheet=SHEET, is_error=False)
    if staff.coordinator in touched and not any(
        post.unit == staff.coordinator and post.role is Role.COORDINATOR and post.until is None
        for post in after
    ):
        yield Finding(
            code="NO_COORDINATOR",
            sentence=f"协调单位“{staff.coordinator}”须留有协调员，否则无人能再变动人员（0-05）。",
            sheet=SHEET,
        )


def apply(
    changes: Mapping[tuple[str, str, Role, datetime], Change], posts: Iterable[Post]
) -> tuple[Post, ...]:
    """The posts once the changes are in force."""
    left = {(p.unit, p.person, p.role, p.since): p for p in posts}
    left.update({key: change.post for key, change in changes.items()})
    return tuple(left.values())


def _put(changes: dict[tuple[str, str, Role, datetime], Change], change: Change) -> None:
    post = change.post
    changes[post.unit, post.person, post.role, post.since] = change


def _begin(entry: _Entry, at: datetime) -> datetime:
    """A stated day begins at midnight; today, and no day stated, is now."""
    if entry.since is None or entry.since == local_day(at):
        return at
    return office_instant(entry.since, "00:00")


def _day(raw: RawPost, text: str, column: str, findings: list[Finding]) -> date | None:
    if not text:
        return None
    plain = text.strip().removesuffix("日")
    for mark in "年月/.":
        plain = plain.replace(mark, "-")
    try:
        year, month, day = (int(part) for part in plain.split("-"))
        found = date(year, month, day)
    except ValueError:
        sentence = f"“{_short(text)}”不是一个存在的日期，请写成 2019-12-20。"
        findings.append(raw.finding("BAD_DATE", sentence, column))
        return None
    if found.year not in _YEARS:
        sentence = f"{found}不在{_YEARS[0]}至{_YEARS[-1]}年之间。"
        findings.append(raw.finding("BAD_DATE", sentence, column))
        return None
    return found


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"，是否“{near[0]}”" if near else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
