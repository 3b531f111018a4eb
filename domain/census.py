"""The census (清查): every unit's six sections, posts and people, before the lock.

Sources: 0-24 (机构、编制、人员 of streets and departments, signed by the unit), 0-25 (the lock), 2-16
(six sections, complete only with all), 2-26 (never above quota without basis). A sheet replaces the
units that it lists, as a whole; everything wrong is found at once, and no finding repeats what a
cell holds: it may be somebody's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Final

from domain.directory import Directory
from domain.refusal import Finding, Refused
from domain.staff import NUMBER_WITHIN, name_fault, number_fault
from domain.unit import Unit, UnitKind

SECTIONS: Final = (
    "机构设置",
    "职能配置",
    "人员编制",
    "领导职数",
    "职能运行",
    "权责划分",
)
"""2-16: a unit's survey is complete only with all six."""

TYPES: Final = ("行政", "事业")
"""Types of posts where a rollout sets no others."""

LEADER: Final = "领导·"
"""领导职数 are types of their own: ``领导·科级``."""

UNIT, TYPE, APPROVED, BASIS = "单位", "类型", "核定数", "依据"
PERSON, NUMBER, TITLE, LEADING = "姓名", "身份证号", "职务", "领导职数类别"
OVERVIEW_SHEET, POSTS_SHEET, PEOPLE_SHEET = "单位概况", "编制", "人员"
OVERVIEW_COLUMNS: Final = (UNIT, *SECTIONS)
POSTS_COLUMNS: Final = (UNIT, TYPE, APPROVED, BASIS)
PEOPLE_COLUMNS: Final = (UNIT, PERSON, NUMBER, TYPE, TITLE, LEADING)

MOST_TEXT: Final = 20_000
MOST_POSTS: Final = 100_000
REQUIRED_KINDS: Final = frozenset({UnitKind.STREET, UnitKind.TOWN})
"""Units that every census must have (0-24); the departments concerned come in by the sheet."""


@dataclass(frozen=True, kw_only=True)
class RawUnit:
    """One row of 单位概况."""

    row: int
    unit: str
    sections: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RawPosts:
    """One row of 编制."""

    row: int
    unit: str
    type: str
    approved: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class RawPerson:
    """One row of 人员; ``number`` as domain.staff.plain_number writes it."""

    row: int
    unit: str
    name: str
    number: str
    type: str
    title: str
    leading: str


@dataclass(frozen=True, kw_only=True)
class CensusSheet:
    """A census as written."""

    units: tuple[RawUnit, ...]
    posts: tuple[RawPosts, ...]
    people: tuple[RawPerson, ...]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a sheet is judged by.

    ``barred`` says why somebody may not write a unit; ``elsewhere`` is by identity number the unit
    in which somebody is registered already.
    """

    directory: Directory
    types: tuple[str, ...]
    today: date
    barred: Callable[[Unit], Refused | None]
    elsewhere: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Approved posts of one type, and on what basis."""

    type: str
    approved: int
    basis: str


@dataclass(frozen=True, kw_only=True)
class Member:
    """A person of a unit."""

    name: str
    number: str
    type: str
    leader_type: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """One unit as a sheet gives it."""

    unit: str
    sections: Mapping[str, str]
    quotas: tuple[Quota, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True, kw_only=True)
class CensusRead:
    """The units of a sheet, or what is wrong with it."""

    baselines: tuple[Baseline, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings refuse the sheet."""
        return sum(one.is_error for one in self.findings)


@dataclass
class _Draft:
    raw: RawUnit
    quotas: dict[str, tuple[RawPosts, Quota]] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)


def leader_type(text: str) -> str:
    """The ledger's type of a 领导职数类别.

    >>> leader_type("科级")
    '领导·科级'
    """
    return text if not text or text.startswith(LEADER) else LEADER + text


def read_census(sheet: CensusSheet, ground: Ground) -> CensusRead:
    """This will make baselines of a sheet, or find everything that is wrong."""
    findings: list[Finding] = []
    drafts = _overview(sheet.units, ground, findings)
    _posts(sheet.posts, drafts, ground, findings)
    _people(sheet.people, drafts, ground, findings)
    for draft in drafts.values():
        findings.extend(_strength(draft))
    order = (OVERVIEW_SHEET, POSTS_SHEET, PEOPLE_SHEET)
    findings.sort(key=lambda one: (order.index(one.sheet) if one.sheet in order else 0, one.row))
    return CensusRead(
        baselines=tuple(_baseline(draft) for draft in drafts.values()), findings=tuple(findings)
    )


def missing_sections(sections: Mapping[str, str]) -> tuple[str, ...]:
    """Which of the six are empty (2-16)."""
    return tuple(name for name in SECTIONS if not sections.get(name, "").strip())


def required_units(directory: Directory) -> tuple[str, ...]:
    """The units without which a census is not whole: every 街道 and 镇 (0-24)."""
    return tuple(unit.name for unit in directory.units if unit.kind in REQUIRED_KINDS)


def types_fault(types: Sequence[str]) -> Refused | None:
    """Why a rollout cannot have these types of posts; None if it can."""
    bad = [one for one in types if not one or len(one) > 20 or one.startswith("领导")]
    if not types or bad or len(set(types)) != len(types):
        return Refused(
            code="CENSUS_TYPES",
            sentence="编制类型每种写一次，不超过20个字，且不以“领导”开头（领导职数另写在“编制”表）。",
        )
    return None


def _overview(
    rows: Iterable[RawUnit], ground: Ground, findings: list[Finding]
) -> dict[str, _Draft]:
    drafts: dict[str, _Draft] = {}
    for raw in rows:
        known = _known_unit(raw.unit, OVERVIEW_SHEET, raw.row, ground, findings)
        for name, text in zip(SECTIONS, raw.sections, strict=True):
            if problem := _text_fault(text):
                findings.append(_at(OVERVIEW_SHEET, raw.row, name, "CENSUS_TEXT", problem))
        if known is None:
            continue
        if refused := ground.barred(known):
            findings.append(_at(OVERVIEW_SHEET, raw.row, UNIT, refused.code, refused.sentence))
        first = drafts.setdefault(raw.unit, _Draft(raw))
        if first.raw is not raw:
            text = f"与第{first.raw.row}行是同一个单位。"
            findings.append(_at(OVERVIEW_SHEET, raw.row, UNIT, "ROW_TWICE", text))
    return drafts


def _posts(
    rows: Iterable[RawPosts],
    drafts: Mapping[str, _Draft],
    ground: Ground,
    findings: list[Finding],
) -> None:
    for raw in rows:
        draft = _listed(raw, POSTS_SHEET, drafts, ground, findings)
        before = len(findings)
        is_type = raw.type in ground.types or (
            raw.type.startswith(LEADER) and raw.type > LEADER and len(raw.type) <= 20
        )
        if not is_type:
            text = f"类型可写：{'、'.join(ground.types)}，或 {LEADER}类别（如 {LEADER}科级）。"
            findings.append(_at(POSTS_SHEET, raw.row, TYPE, "CENSUS_TYPE", text))
        if not raw.approved.isdecimal() or int(raw.approved) > MOST_POSTS:
            text = f"核定数应为0至{MOST_POSTS}的整数。"
            findings.append(_at(POSTS_SHEET, raw.row, APPROVED, "CENSUS_NUMBER", text))
        if problem := _text_fault(raw.basis):
            findings.append(_at(POSTS_SHEET, raw.row, BASIS, "CENSUS_TEXT", problem))
        if draft is None or len(findings) > before:
            continue
        quota = Quota(type=raw.type, approved=int(raw.approved), basis=raw.basis.strip())
        first = draft.quotas.setdefault(raw.type, (raw, quota))
        if first[0] is not raw:
            text = f"与第{first[0].row}行是同一单位的同一类型。"
            findings.append(_at(POSTS_SHEET, raw.row, TYPE, "ROW_TWICE", text))


def _people(
    rows: Iterable[RawPerson],
    drafts: Mapping[str, _Draft],
    ground: Ground,
    findings: list[Finding],
) -> None:
    seen: dict[str, int] = {}
    for raw in rows:
        draft = _listed(raw, PEOPLE_SHEET, drafts, ground, findings)
        _person(raw, seen, ground, findings)
        if draft is None or raw.type not in ground.types:
            continue
        leading = leader_type(raw.leading)
        for kind in filter(None, (raw.type, leading)):
            draft.counts[kind] += 1
            draft.first.setdefault(kind, raw.row)
        draft.members.append(
            Member(
                name=raw.name,
                number=raw.number,
                type=raw.type,
                leader_type=leading,
                title=raw.title,
            )
        )


def _person(raw: RawPerson, seen: dict[str, int], ground: Ground, findings: list[Finding]) -> None:
    def wrong(column: str, code: str, sentence: str) -> None:
        findings.append(_at(PEOPLE_SHEET, raw.row, column, code, sentence))

    if problem := name_fault(raw.name):
        wrong(PERSON, "NAME_FORM", f"姓名不能用：{problem}。")
    if problem := number_fault(raw.number, ground.today):
        wrong(NUMBER, "ID_NUMBER", f"身份证号不对：{problem}。")
    elif (first := seen.setdefault(raw.number, raw.row)) != raw.row:
        wrong(NUMBER, "PERSON_TWICE", f"与第{first}行是同一个身份证号，一人只能在一处。")
    elif (elsewhere := ground.elsewhere.get(raw.number)) is not None:
        wrong(NUMBER, "PERSON_ELSEWHERE", f"该人员已由“{elsewhere}”登记，一人只能在一处。")
    if raw.type not in ground.types:
        wrong(TYPE, "CENSUS_TYPE", f"类型可写：{'、'.join(ground.types)}。")
    if len(raw.leading) > 20:
        wrong(LEADING, "CENSUS_TEXT", "领导职数类别不能超过20个字。")
    if len(raw.title) > 120:
        wrong(TITLE, "CENSUS_TEXT", "职务不能超过120个字。")


def _strength(draft: _Draft) -> Iterable[Finding]:
    """2-26: what is beyond the quota needs its basis; what has no quota is not counted."""
    for kind, people in draft.counts.items():
        held = draft.quotas.get(kind)
        is_leader = kind.startswith(LEADER)
        if held is None:
            what = "领导职数" if is_leader else "编制"
            text = f"“编制”表里本单位没有这一类{what}，请补一行（可为0）。"
            column = LEADING if is_leader else TYPE
            yield _at(PEOPLE_SHEET, draft.first[kind], column, "CENSUS_NO_QUOTA", text)
        elif people > held[1].approved and not held[1].basis:
            text = f"实有{people}人，超过核定{held[1].approved}，须写明历史超编的依据。"
            yield _at(POSTS_SHEET, held[0].row, BASIS, "CENSUS_OVER", text)


def _known_unit(
    name: str, sheet: str, row: int, ground: Ground, findings: list[Finding]
) -> Unit | None:
    unit = ground.directory.by_name.get(name)
    if unit is None:
        near = get_close_matches(name, list(ground.directory.by_name), n=1, cutoff=0.6)
        offered = f"，是否“{near[0]}”" if near else ""
        text = f"通讯录里没有这个单位{offered}。" if name else "没有填写单位。"
        findings.append(_at(sheet, row, UNIT, "UNKNOWN_UNIT", text))
    return unit


def _listed(
    raw: RawPosts | RawPerson,
    sheet: str,
    drafts: Mapping[str, _Draft],
    ground: Ground,
    findings: list[Finding],
) -> _Draft | None:
    draft = drafts.get(raw.unit)
    if draft is None and _known_unit(raw.unit, sheet, raw.row, ground, findings) is not None:
        text = f"“{OVERVIEW_SHEET}”表里没有这个单位的一行。"
        findings.append(_at(sheet, raw.row, UNIT, "UNIT_NOT_LISTED", text))
    return draft


def _text_fault(text: str) -> str:
    if len(text) > MOST_TEXT:
        return f"有{len(text)}个字，不能超过{MOST_TEXT}个字。"
    if NUMBER_WITHIN.search(text):
        return "含有身份证号，个人信息只写在“人员”表。"
    return ""


def _baseline(draft: _Draft) -> Baseline:
    texts = (text.strip() for text in draft.raw.sections)
    return Baseline(
        unit=draft.raw.unit,
        sections=dict(zip(SECTIONS, texts, strict=True)),
        quotas=tuple(quota for _, quota in draft.quotas.values()),
        members=tuple(draft.members),
    )


def _at(sheet: str, row: int, column: str, code: str, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, sheet=sheet, row=row, column=column)
