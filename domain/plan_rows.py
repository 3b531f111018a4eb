"""The 任务 and 环节 sheets: rows with their units, and the rules of each step.

Sources: 0-06, 0-07, 2-19, 4-05 (no row without 任务, 责任单位, 完成时限, 责任人), 0-35…0-38 (who
must exist to review, deliberate and issue), 2-33, 3-04 (a plate needs a basis). Dates are the
subject of :mod:`domain.plan_times`; a :class:`RowDraft` has none yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.devolution import DEVOLVES
from domain.directory import Directory
from domain.plan import RowKind, StepRule
from domain.plan_columns import STEPS, TASKS, suggestion
from domain.plan_devolution import check_devolution
from domain.plan_draft import PlanDraft, RawRow, options_in, rungs_in
from domain.plan_organs import date_setter
from domain.plan_revisions import REVISES, check_revisions, follow_revised
from domain.plan_stations import check_relations
from domain.plan_targets import read_targets
from domain.plan_units import check_cells, name_problem
from domain.procedure import (
    ABOVE,
    APART,
    APPROVED_BY,
    BY_RELATION,
    BY_ROSTER,
    LEAD,
    OWN,
    PARTNERS,
    PLAN_TEMPLATES,
    RELATIONS,
    TASK,
    TRANSFER_BATCH,
    TRANSFER_SPLIT,
    WAY,
    StepShape,
    route,
)
from domain.refusal import Finding
from domain.requirement import BASIS, PLATES, STATIONS, TEXT_TEMPLATE_KINDS
from domain.schedule import LEADER, PINS, TEMPLATE, holders, route_by
from domain.unit import Role

OPTIONS = (TEMPLATE, BASIS, PLATES, REVISES, WAY, APPROVED_BY, STATIONS, DEVOLVES, PINS, "说明")
BASIS_KINDS = {
    "三定": (RowKind.SANDING, RowKind.REVISION),
    "五定": (RowKind.WUDING,),
    "方案": (RowKind.PLAN,),
}

_WORDS = (OWN, ABOVE, LEAD, PARTNERS)
_ROLES = (
    Role.HEAD,
    Role.FIRST_SECRETARY,
    Role.LEADER_IN_CHARGE,
    Role.HANDLER,
    LEADER,
)
_RESPONSIBLE_AT_END = re.compile(r"^(?:各?(?:单位|街道|镇|镇街|区|部门)的?)?(.+)$")


@dataclass(frozen=True, kw_only=True)
class RowDraft:
    """A row of the 任务 sheet whose cells are read, all but its dates."""

    raw: RawRow
    id: str
    item: str
    kind: RowKind
    targets: tuple[str, ...]
    said: str
    lead: str
    partners: tuple[str, ...]
    responsible: str
    after: tuple[str, ...]
    options: dict[str, str]
    set_by: str = ""

    @property
    def shapes(self) -> tuple[StepShape, ...]:
        """The row's route."""
        return route_by(self.kind, self.options)


def read_rows(
    draft: PlanDraft, directory: Directory, findings: list[Finding]
) -> dict[str, RowDraft]:
    """This will read the 任务 sheet; a row without id or kind is reported and left out."""
    findings.extend(check_cells(TASKS, draft.tasks))
    rows: dict[str, RowDraft] = {}
    for raw in draft.tasks:
        row = _row(raw, directory, findings)
        if row is None:
            continue
        if row.id in rows:
            first = rows[row.id].raw.row
            sentence = f"编号“{row.id}”重复，第{first}行已有。"
            findings.append(raw.finding("DUPLICATE_ROW", sentence, "编号"))
        else:
            rows[row.id] = row
    rows = {row_id: follow_revised(row, rows) for row_id, row in rows.items()}
    for row in rows.values():
        findings.extend(_unknown_after(row, rows))
        findings.extend(_named_units(row, directory))
        findings.extend(_responsible(row, directory))
        findings.extend(check_relations(row, directory))
        findings.extend(check_devolution(row, directory))
    findings.extend(_items_twice(rows.values()))
    findings.extend(_plate_basis(rows))
    findings.extend(check_revisions(rows))
    return rows


def _row(raw: RawRow, directory: Directory, findings: list[Finding]) -> RowDraft | None:
    row_id, item, kind = raw.text("编号"), raw.text("事项"), raw.text("类型")
    for text, column in ((row_id, "编号"), (item, "事项")):
        if text and (problem := name_problem(text)):
            findings.append(raw.finding("BAD_NAME", f"{problem}。", column))
    options, wrong = options_in(raw.text("选项"))
    for part in wrong:
        sentence = f"选项“{part}”读不懂，请写成 键=值，几项用；隔开，键不能重复。"
        findings.append(raw.finding("BAD_OPTION", sentence, "选项"))
    findings.extend(_option_problems(raw, kind, options))
    targets = read_targets(raw.text("责任单位"), directory)
    findings.extend(_target_problems(raw, targets.unknown, targets.ambiguous, directory))
    if raw.text("责任单位") and not targets.units and not targets.unknown and not targets.ambiguous:
        sentence = f"“{raw.text('责任单位')}”没有对应的单位。"
        findings.append(raw.finding("NO_TARGET", sentence, "责任单位"))
    set_by, problems = date_setter(raw, targets.units, directory)
    findings.extend(problems)
    known_template = kind != RowKind.PLAN or options.get(TEMPLATE, "武昌") in PLAN_TEMPLATES
    if not row_id or kind not in set(RowKind) or not known_template:
        return None
    return RowDraft(
        raw=raw,
        id=row_id,
        item=item,
        kind=RowKind(kind),
        targets=targets.units,
        said=f"{raw.text('责任单位')} → {targets.said}",
        lead=raw.text("牵头单位"),
        partners=raw.names("配合单位"),
        responsible=raw.text("责任人"),
        after=raw.names("前置任务"),
        options=options,
        set_by=set_by,
    )


def _option_problems(raw: RawRow, kind: str, options: Mapping[str, str]) -> Iterable[Finding]:
    for key, value in options.items():
        if key not in OPTIONS:
            near = suggestion(key, OPTIONS)
            yield raw.finding("UNKNOWN_OPTION", f"没有选项“{key}”{near}。", "选项")
        elif key == TEMPLATE and kind not in TEXT_TEMPLATE_KINDS and value not in PLAN_TEMPLATES:
            sentence = f"模板“{value}”不可用：“方案”可选模板{'、'.join(PLAN_TEMPLATES)}。"
            yield raw.finding("UNKNOWN_TEMPLATE", sentence, "选项")
        elif key == TEMPLATE and kind not in (RowKind.PLAN, *TEXT_TEMPLATE_KINDS):
            sentence = f"“{kind}”没有模板：只有方案、三定、修订、五定可写模板。"
            yield raw.finding("UNKNOWN_TEMPLATE", sentence, "选项")
        elif key == BASIS and (kind != RowKind.NAMEPLATE or value not in BASIS_KINDS):
            sentence = f"依据“{value}”不可用：只有“挂牌”可写依据{'、'.join(BASIS_KINDS)}。"
            yield raw.finding("BAD_BASIS", sentence, "选项")
        elif key == REVISES and kind != RowKind.REVISION:
            sentence = f"“{kind}”不能写选项“{REVISES}”：只有“修订”写明修订哪一项三定。"
            yield raw.finding("BAD_REVISION", sentence, "选项")
        elif key == WAY and (kind != RowKind.TRANSFER or value not in (BY_ROSTER, BY_RELATION)):
            sentence = (
                f"方式“{value}”不可用：只有“转隶”可写方式={BY_ROSTER}（按名册逐人办理）"
                f"或方式={BY_RELATION}（派驻机构的关系）。"
            )
            yield raw.finding("BAD_WAY", sentence, "选项")
        elif key == APPROVED_BY and (options.get(WAY) != BY_ROSTER or value != APART):
            sentence = f"审批“{value}”不可用：只有方式={BY_ROSTER}的“转隶”可写审批={APART}。"
            yield raw.finding("BAD_WAY", sentence, "选项")


def _target_problems(
    raw: RawRow, unknown: tuple[str, ...], ambiguous: tuple[str, ...], directory: Directory
) -> Iterable[Finding]:
    for word in unknown:
        sentence = f"责任单位“{word}”不在单位表中{suggestion(word, _known(directory))}。"
        yield raw.finding("UNKNOWN_UNIT", sentence, "责任单位")
    for word in ambiguous:
        sentence = f"几个区都有“{word}”，请写“各{word}”或单位全称。"
        yield raw.finding("AMBIGUOUS_UNIT", sentence, "责任单位")


def _known(directory: Directory) -> list[str]:
    return [*directory.by_name, *sorted({duty for _, duty in directory.by_duty})]


def _unknown_after(row: RowDraft, rows: Mapping[str, RowDraft]) -> Iterable[Finding]:
    for before in row.after:
        if before not in rows:
            sentence = f"前置任务“{before}”不在任务表中{suggestion(before, list(rows))}。"
            yield row.raw.finding("UNKNOWN_ROW", sentence, "前置任务")


def _named_units(row: RowDraft, directory: Directory) -> Iterable[Finding]:
    """牵头单位 and 配合单位 must be found from every target's district."""
    columns = ((("牵头单位", row.lead),) if row.lead else ()) + tuple(
        ("配合单位", name) for name in row.partners
    )
    for column, name in columns:
        missing = _districts_without(name, row.targets, directory)
        if missing:
            near = suggestion(name, [known for known in _known(directory) if known != name])
            sentence = f"{column}“{name}”在{'、'.join(missing)}找不到{near}。"
            yield row.raw.finding("UNKNOWN_UNIT", sentence, column)


def _districts_without(name: str, targets: Iterable[str], directory: Directory) -> list[str]:
    districts = dict.fromkeys(directory.by_name[target].district for target in targets)
    return [d or "市级" for d in districts if directory.find(name, d) is None]


def _responsible(row: RowDraft, directory: Directory) -> Iterable[Finding]:
    """4-05: a person, by name or as the holder of a post that each target has filled."""
    everyone = {person for unit in directory.units for person, _ in unit.appointments}
    for name in row.raw.names("责任人"):
        match = _RESPONSIBLE_AT_END.fullmatch(name)
        role = match[1] if match else name
        if role in _ROLES:
            empty = [t for t in row.targets if not holders(directory.by_name[t], role)]
            if empty:
                sentence = f"{_some(empty)}没有{role}，责任落实不到人（4-05）。"
                yield row.raw.finding("NO_RESPONSIBLE", sentence, "责任人")
        elif name not in everyone:
            sentence = f"责任人“{name}”不在单位表的人员中{suggestion(name, sorted(everyone))}。"
            yield row.raw.finding("UNKNOWN_PERSON", sentence, "责任人", warning=True)


def _some(names: list[str]) -> str:
    return "、".join(names[:5]) + (f"等{len(names)}个单位" if len(names) > 5 else "")


def _items_twice(rows: Iterable[RowDraft]) -> Iterable[Finding]:
    """Two procedures of one unit with one 事项 would have one workflow id."""
    seen: dict[tuple[str, str], RowDraft] = {}
    for row in rows:
        clashes: dict[str, list[str]] = {}
        for target in row.targets:
            first = seen.setdefault((target, row.item), row)
            if first is not row:
                clashes.setdefault(first.id, []).append(target)
        for first_id, units in clashes.items():
            sentence = f"{_some(units)}已有同名事项“{row.item}”（{first_id}），请改名。"
            yield row.raw.finding("DUPLICATE_ITEM", sentence, "事项")


def _plate_basis(rows: Mapping[str, RowDraft]) -> Iterable[Finding]:
    """A plate hangs on an issued 三定 (五定) of its unit, or on an approved 方案 (2-33, 3-04)."""
    for row in rows.values():
        basis = row.options.get(BASIS, "三定")
        if row.kind is not RowKind.NAMEPLATE or basis not in BASIS_KINDS:
            continue
        before = [r for r in _all_before(row, rows) if r.kind in BASIS_KINDS[basis]]
        if not before:
            sentence = f"挂牌依据为“{basis}”，前置任务中却没有{basis}；请补上，或改选项“依据”。"
            yield row.raw.finding("PLATE_BASIS", sentence, "前置任务")
        elif basis != RowKind.PLAN:
            covered = {target for each in before for target in each.targets}
            bare = [target for target in row.targets if target not in covered]
            if bare:
                sentence = f"{_some(bare)}没有作为挂牌依据的{basis}任务。"
                yield row.raw.finding("PLATE_BASIS", sentence, "前置任务")


def _all_before(row: RowDraft, rows: Mapping[str, RowDraft]) -> list[RowDraft]:
    found: dict[str, RowDraft] = {}
    todo = list(row.after)
    while todo:
        row_id = todo.pop()
        if row_id in rows and row_id not in found:
            found[row_id] = rows[row_id]
            todo.extend(rows[row_id].after)
    return list(found.values())


def read_steps(
    draft: PlanDraft, directory: Directory, findings: list[Finding]
) -> tuple[StepRule, ...]:
    """This will read the 环节 sheet; what a line leaves empty comes from the route."""
    findings.extend(check_cells(STEPS, draft.steps))
    rules: dict[tuple[str, str], StepRule] = {}
    for raw in draft.steps:
        kind, name = raw.text("类型"), raw.text("环节")
        if kind not in set(RowKind) or not name:
            continue
        shapes = _shapes(RowKind(kind))
        if name not in shapes:
            sentence = f"“{kind}”没有环节“{name}”{suggestion(name, list(shapes))}。"
            findings.append(raw.finding("UNKNOWN_STEP", sentence, "环节"))
            continue
        if (kind, name) in rules:
            findings.append(raw.finding("DUPLICATE_STEP", f"{kind}的“{name}”重复。", "环节"))
            continue
        findings.extend(_step_words(raw, directory))
        rules[kind, name] = _rule(raw, shapes[name], findings)
    return tuple(rules.values())


def _shapes(kind: RowKind) -> dict[str, StepShape]:
    routes = {
        RowKind.PLAN: tuple(PLAN_TEMPLATES.values()),
        RowKind.TRANSFER: (TASK, TRANSFER_BATCH, TRANSFER_SPLIT, RELATIONS),
    }
    found = routes[kind] if kind in routes else (route(kind),)
    return {shape.name: shape for shapes in found for shape in shapes}


def _rule(raw: RawRow, shape: StepShape, findings: list[Finding]) -> StepRule:
    default = StepRule(kind=RowKind(raw.text("类型")), step=shape.name)
    rungs, wrong = rungs_in(raw.text("升级"))
    for part in wrong:
        sentence = f"“{part}”读不懂，请写成 逾期工作日数:告知谁，如 1:第一责任人。"
        findings.append(raw.finding("BAD_LADDER", sentence, "升级"))
    remind = [_number(raw, "提醒", part, 0, findings) for part in raw.names("提醒")]
    return StepRule(
        kind=default.kind,
        step=shape.name,
        unit=raw.text("承办单位") or shape.unit,
        workdays=_number(raw, "工作日", raw.text("工作日") or str(shape.workdays), 1, findings),
        extension_by=raw.text("延期批准") or default.extension_by,
        max_extensions=_number(
            raw, "延期次数", raw.text("延期次数") or str(default.max_extensions), 0, findings
        ),
        remind=tuple(remind) if raw.text("提醒") else default.remind,
        escalate=rungs if raw.text("升级") else default.escalate,
    )


def _number(raw: RawRow, column: str, text: str, least: int, findings: list[Finding]) -> int:
    if text.isascii() and text.isdigit() and least <= int(text) <= 999:
        return int(text)
    findings.append(
        raw.finding("BAD_NUMBER", f"“{column}”的“{text}”须为{least}至999的整数。", column)
    )
    return max(least, 1)


def _step_words(raw: RawRow, directory: Directory) -> Iterable[Finding]:
    known = _known(directory)
    told = tuple(word for _, word in rungs_in(raw.text("升级"))[0])
    for column, words, roles in (
        ("承办单位", raw.names("承办单位"), ()),
        ("延期批准", raw.names("延期批准"), ()),
        ("升级", told, (*_ROLES, Role.COORDINATOR)),
    ):
        for word in words:
            if word not in known and word not in _WORDS and word not in roles:
                near = suggestion(word, [*_WORDS, *roles, *known])
                yield raw.finding("UNKNOWN_UNIT", f"“{word}”不在单位表中{near}。", column)
