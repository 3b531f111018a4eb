"""The 改革 and 单位 sheets: settings, and the directory with its required posts.

Sources: 0-05 (one lead), 0-07 (member units), 0-10 and 2-09 (第一责任人), 0-11 (第一书记,
分管区领导), 4-07 (分管领导 and 具体落实责任人). Every function returns what it could read and adds
what is wrong to ``findings``; nothing stops at the first error.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from domain.deadline import DeadlineError, day_end_instant, office_instant
from domain.directory import Directory
from domain.plan import CalendarPolicy
from domain.plan_columns import CONTENT, ITEM, SETTINGS, UNITS, YES, Sheet, suggestion
from domain.plan_draft import PlanDraft, RawRow
from domain.plan_organs import check_recorder
from domain.plan_stations import STATIONS_COLUMN, check_decided
from domain.refusal import Finding
from domain.unit import Unit, UnitKind

NAME_LENGTH = 30
"""Names go into workflow ids, which people read in a table."""

KICKOFF = "启动日期"
COORDINATOR = "协调单位"
LEAD_PERSON = "牵头领导"
PILE = "同日审核上限"
POSTED_SHARE = "进驻考核街道占比"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The 改革 sheet as read; ``rows`` are the lines by setting, for later findings."""

    name: str
    title: str
    kickoff: date | None
    coordinator: str
    lead_person: str
    policy: CalendarPolicy
    pile: int
    posted_share: int | None
    rows: dict[str, RawRow]

    def finding(self, setting: str, code: str, sentence: str, *, warning: bool = False) -> Finding:
        """A finding at the line of a setting, or about the sheet where there is none."""
        row = self.rows.get(setting)
        if row is not None:
            return row.finding(code, sentence, setting, warning=warning)
        return Finding(
            code=code, sentence=sentence, sheet="改革", column=setting, is_error=not warning
        )


def name_problem(name: str) -> str:
    """This will say what is wrong with a name that goes into a workflow id, or ''."""
    if len(name) > NAME_LENGTH:
        return f"“{name[:NAME_LENGTH]}…”有{len(name)}个字，不能超过{NAME_LENGTH}个字"
    if bad := [mark for mark in "/#@*" if mark in name]:
        return f"“{name}”不能含有“{'”“'.join(bad)}”"
    if any(unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"} for char in name):
        return f"“{' '.join(name.split())}”含有换行或不可见字符"
    return ""


def check_cells(sheet: Sheet, rows: Iterable[RawRow]) -> list[Finding]:
    """This will find empty required cells and words outside a column's choices."""
    found = []
    for row in rows:
        for column in sheet.columns:
            text = row.text(column.name)
            if not text and column.empty_code:
                found.append(
                    row.finding(column.empty_code, f"“{column.name}”没有填写。", column.name)
                )
            elif text and column.choices and text not in column.choices:
                near = suggestion(text, column.choices)
                found.append(
                    row.finding(
                        "BAD_CHOICE",
                        f"“{column.name}”不能写“{text}”{near}，可写：{'、'.join(column.choices)}。",
                        column.name,
                    )
                )
    return found


def read_settings(draft: PlanDraft, findings: list[Finding]) -> Settings:
    """This will read the 改革 sheet."""
    rows: dict[str, RawRow] = {}
    known = [setting.name for setting in SETTINGS]
    for row in draft.settings:
        name = row.text(ITEM)
        if name in rows:
            findings.append(row.finding("DUPLICATE_SETTING", f"“{name}”写了不止一次。", name))
        elif name in known:
            rows[name] = row
        elif name:
            findings.append(
                row.finding(
                    "UNKNOWN_SETTING", f"没有“{name}”这项设置{suggestion(name, known)}。", name
                )
            )
    values = {}
    for setting in SETTINGS:
        line = rows.get(setting.name)
        values[setting.name] = (line.text(CONTENT) if line else "") or setting.default
    settings = Settings(
        name=values["名称"],
        title=values["标题"],
        kickoff=_iso(values[KICKOFF]),
        coordinator=values[COORDINATOR],
        lead_person=values[LEAD_PERSON],
        policy=CalendarPolicy(
            calendar=values["工作日历"],
            day_end=values["每日截止"],
            office_from=values["上班时间"],
            office_to=values["下班时间"],
        ),
        pile=int(values[PILE]) if values[PILE].isascii() and values[PILE].isdigit() else 0,
        posted_share=_share(values[POSTED_SHARE]),
        rows=rows,
    )
    findings.extend(_setting_problems(settings, values))
    return settings


def _setting_problems(settings: Settings, values: dict[str, str]) -> Iterable[Finding]:
    for setting in SETTINGS:
        if setting.required and not values[setting.name]:
            code = "NO_LEAD" if setting.name == LEAD_PERSON else "MISSING_SETTING"
            yield settings.finding(
                setting.name, code, f"没有填写“{setting.name}”：{setting.note}。"
            )
    if settings.name and (problem := name_problem(settings.name)):
        yield settings.finding("名称", "BAD_NAME", f"{problem}。")
    if values[KICKOFF] and settings.kickoff is None:
        yield settings.finding(
            KICKOFF,
            "BAD_KICKOFF",
            f"“{values[KICKOFF]}”不是一个存在的日期，请写成 2019-11-12。",
        )
    if len(_persons(settings.lead_person)) > 1:
        yield settings.finding(
            LEAD_PERSON, "MANY_LEADS", f"牵头领导只能是一人，写了：{settings.lead_person}（0-05）。"
        )
    if settings.pile < 1:
        yield settings.finding(PILE, "BAD_NUMBER", f"“{values[PILE]}”须为1以上的整数。")
    if values[POSTED_SHARE] and settings.posted_share is None:
        sentence = f"“{values[POSTED_SHARE]}”须为0至100的整数。"
        yield settings.finding(POSTED_SHARE, "BAD_NUMBER", sentence)
    yield from _clock_problems(settings)


def _clock_problems(settings: Settings) -> Iterable[Finding]:
    policy, day = settings.policy, date(2026, 1, 5)
    try:
        day_end_instant(day, policy.day_end)
    except DeadlineError as error:
        yield settings.finding("每日截止", "BAD_CLOCK", error.sentence)
    try:
        opens, closes = (office_instant(day, c) for c in (policy.office_from, policy.office_to))
    except DeadlineError as error:
        yield settings.finding("上班时间", "BAD_CLOCK", error.sentence)
    else:
        if opens >= closes:
            yield settings.finding("上班时间", "BAD_CLOCK", "上班时间须早于下班时间。")


def _share(text: str) -> int | None:
    is_share = text.isascii() and text.isdigit() and int(text) <= 100
    return int(text) if is_share else None


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _persons(text: str) -> tuple[str, ...]:
    for mark in ("，", ",", "；", ";", "\n", "/"):
        text = text.replace(mark, "、")
    return tuple(part.strip() for part in text.split("、") if part.strip())


def read_units(draft: PlanDraft, findings: list[Finding]) -> tuple[Unit, ...]:
    """This will read the 单位 sheet; of two lines with one name the first is kept."""
    findings.extend(check_cells(UNITS, draft.units))
    units: dict[str, tuple[Unit, RawRow]] = {}
    for row in draft.units:
        unit = _unit(row)
        if unit is None:
            continue
        if problem := name_problem(unit.name):
            findings.append(row.finding("BAD_NAME", f"{problem}。", "名称"))
        if unit.name in units:
            first = units[unit.name][1].row
            sentence = f"单位“{unit.name}”重复，第{first}行已有。"
            findings.append(row.finding("DUPLICATE_UNIT", sentence, "名称"))
        else:
            units[unit.name] = (unit, row)
    placed = tuple(units.values())
    directory = Directory.of(unit for unit, _ in placed)
    for unit, row in placed:
        findings.extend(_relations(unit, row, directory))
        findings.extend(_posts(unit, row))
        findings.extend(check_recorder(unit, row, directory))
        findings.extend(check_decided(unit, row))
    findings.extend(_duties_twice(placed))
    findings.extend(_parent_cycles(placed, directory))
    return directory.units


def _unit(row: RawRow) -> Unit | None:
    name, kind = row.text("名称"), row.text("类别")
    if not name or kind not in set(UnitKind):
        return None
    one = {field: row.text(column) for field, column in _TEXTS.items()}
    district = one.pop("district") or (name if kind == UnitKind.DISTRICT else "")
    return Unit(
        name=name,
        kind=UnitKind(kind),
        district=district,
        handlers=_persons(row.text("经办人")),
        substitutes=_persons(row.text("代办人")),
        coordinators=_persons(row.text("协调员")),
        is_member=row.text("成员单位") == YES,
        **one,
    )


_TEXTS = {
    "district": "所属区",
    "duty": "简称",
    "parent": "上级单位",
    "code": "代码",
    "head": "第一责任人",
    "first_secretary": "第一书记",
    "leader_in_charge": "分管区领导",
    "recorder": "代录单位",
    "stations": STATIONS_COLUMN,
}


def _relations(unit: Unit, row: RawRow, directory: Directory) -> Iterable[Finding]:
    names = list(directory.by_name)
    if unit.parent and unit.parent not in directory.by_name:
        near = suggestion(unit.parent, names)
        yield row.finding(
            "UNKNOWN_UNIT", f"上级单位“{unit.parent}”不在单位表中{near}。", "上级单位"
        )
    district = directory.by_name.get(unit.district)
    if unit.district and (district is None or district.kind is not UnitKind.DISTRICT):
        districts = [u.name for u in directory.units if u.kind is UnitKind.DISTRICT]
        near = suggestion(unit.district, districts)
        yield row.finding(
            "UNKNOWN_DISTRICT", f"“{unit.district}”不是单位表中的区{near}。", "所属区"
        )
    if unit.kind in (UnitKind.STREET, UnitKind.TOWN) and not unit.district:
        yield row.finding("UNKNOWN_DISTRICT", f"“{unit.name}”没有填写所属区。", "所属区")
    if unit.kind is UnitKind.DISTRICT and unit.district != unit.name:
        yield row.finding("UNKNOWN_DISTRICT", f"区“{unit.name}”的所属区只能是它自己。", "所属区")


def _posts(unit: Unit, row: RawRow) -> Iterable[Finding]:
    """0-10, 0-11, 2-09, 4-07; 议事机构 are organs, their posts are those of other units."""
    if unit.kind is not UnitKind.COMMITTEE and not unit.head:
        yield row.finding("NO_HEAD", f"“{unit.name}”没有第一责任人（0-10）。", "第一责任人")
    for text, column in (
        (unit.head, "第一责任人"),
        (unit.first_secretary, "第一书记"),
        (unit.leader_in_charge, "分管区领导"),
    ):
        if len(_persons(text)) > 1:
            yield row.finding("MANY_HEADS", f"“{unit.name}”的{column}只能是一人。", column)
    if unit.kind in (UnitKind.STREET, UnitKind.TOWN) and not unit.first_secretary:
        yield row.finding("NO_FIRST_SECRETARY", f"“{unit.name}”没有第一书记（0-11）。", "第一书记")
    if unit.kind is UnitKind.DEPARTMENT and not unit.leader_in_charge:
        yield row.finding(
            "NO_LEADER_IN_CHARGE", f"部门“{unit.name}”没有分管区领导（0-11）。", "分管区领导"
        )
    if not unit.handlers and unit.kind is UnitKind.COMMITTEE and not unit.recorder:
        sentence = f"“{unit.name}”没有经办人，也没有代录单位，它的决定无人录入（4-07）。"
        yield row.finding("NO_HANDLER", sentence, "经办人")
    elif not unit.handlers and not unit.recorder:
        yield row.finding("NO_HANDLER", f"“{unit.name}”没有经办人（4-07）。", "经办人")


def _duties_twice(placed: Iterable[tuple[Unit, RawRow]]) -> Iterable[Finding]:
    seen: dict[tuple[str, str], str] = {}
    for unit, row in placed:
        for duty in unit.duties:
            first = seen.setdefault((unit.district, duty), unit.name)
            if first != unit.name:
                where = unit.district or "市级"
                yield row.finding(
                    "DUPLICATE_DUTY", f"{where}已有简称为“{duty}”的单位“{first}”。", "简称"
                )


def _parent_cycles(
    placed: Iterable[tuple[Unit, RawRow]], directory: Directory
) -> Iterable[Finding]:
    reported: set[str] = set()
    for unit, row in placed:
        chain = [unit.name]
        while (above := directory.by_name.get(chain[-1])) and above.parent:
            chain.append(above.parent)
            if above.parent in chain[:-1]:
                break
        cycle = chain[chain.index(chain[-1]) :]
        if len(cycle) > 1 and not reported & set(cycle):
            reported |= set(cycle)
            yield row.finding("PARENT_CYCLE", f"上级单位循环：{' → '.join(cycle)}。", "上级单位")


def check_coordinator(settings: Settings, directory: Directory) -> list[Finding]:
    """0-05: exactly one coordinating unit, in the directory, with at least one 协调员."""
    names = _persons(settings.coordinator)
    if not names:
        return []
    if len(names) > 1:
        sentence = f"协调单位只能是一个，写了：{settings.coordinator}（0-05）。"
        return [settings.finding(COORDINATOR, "MANY_COORDINATORS", sentence)]
    unit = directory.by_name.get(names[0])
    if unit is None:
        near = suggestion(names[0], list(directory.by_name))
        sentence = f"协调单位“{names[0]}”不在单位表中{near}。"
        return [settings.finding(COORDINATOR, "UNKNOWN_UNIT", sentence)]
    if not unit.coordinators:
        sentence = f"协调单位“{unit.name}”没有协调员（0-05）。"
        return [settings.finding(COORDINATOR, "NO_COORDINATOR", sentence)]
    return []
