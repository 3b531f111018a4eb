"""``jiegai duty execution``: how lists are carried out, for the yearly 机构编制 assessment (4-38).

Everybody may read it (4-39). Numbers, and the cases behind each; no score, no order of merit, no
person: weights are the customer's. Claims are as they stand now, cases those opened in the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from starter.errors import UserError, printable
from starter.parameters import DAY, JSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render, terminal_width
from starter.which_rollout import which_rollout

if TYPE_CHECKING:
    from domain.case_complaint import Pressed
    from domain.duty_execution import Beside, CaseMark, Execution, ItemExecution
    from domain.plan import Plan
    from starter.desk_client import Door

_ONE_TABLE: Final = 116
"""Columns from which a unit's numbers stand in one table; narrower, in two."""


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What one time's cases come to, by street, department and item."""

    rollout: str
    since: date | None
    until: date | None
    as_of: datetime
    streets: tuple[Execution, ...]
    departments: tuple[Execution, ...]
    items: tuple[ItemExecution, ...]
    marks: tuple[CaseMark, ...]
    pressed: tuple[Pressed, ...]

    def filter_of(self, unit: str) -> str:
        """The command that lists a unit's cases of this time."""
        said = f"jiegai case list --rollout {pasted(self.rollout)} --unit {pasted(unit)}"
        if self.since is not None:
            said += f" --since {self.since}"
        return said + (f" --until {self.until}" if self.until is not None else "")


@click.command()
@click.option("--year", type=click.IntRange(1949, 2200), metavar="年", help="哪一年；不写是今年。")
@click.option("--since", type=DAY, help="从哪天起受理的；与 --year 只写一种。")
@click.option("--until", type=DAY, help="到哪天为止受理的（含当天）。")
@click.option("--unit", default="", metavar="单位", help="只看一个街道或部门，逐个指标列出案件。")
@click.option(
    "--xlsx", type=click.Path(path_type=Path), metavar="文件", help="写成工作簿，附案件。"
)
@ROLLOUT_OPTION
@JSON_OPTION
def execution(
    *,
    year: int | None,
    since: date | None,
    until: date | None,
    unit: str,
    xlsx: Path | None,
    rollout: str,
    as_json: bool,
) -> None:
    """清单落实情况：各街道、各部门的数字，供机构编制工作年度考核（4-38）；人人可查。

    只有数字和案件，不打分、不排名。例：jiegai duty execution --year 2026 --xlsx 落实.xlsx
    """
    from starter.desk_client import run

    if year and (since or until):
        raise UserError("USAGE", "--year 与 --since、--until 只写一种。")
    if xlsx is not None:
        from starter.sheet_style import new_path

        new_path(xlsx, "落实情况")
    now = datetime.now(UTC)
    if not (since or until):
        year = year or now.astimezone(SHANGHAI).year
        since, until = date(year, 1, 1), date(year, 12, 31)
    found = run(_assess(rollout, since, until, now))
    if unit.strip():
        found = only(found, unit.strip())
    if xlsx is not None:
        from starter.duty_execution_xlsx import assessment_book
        from starter.sheet_style import save

        save(assessment_book(found), xlsx)
    if as_json:
        echo_json(in_json(found) | ({"xlsx": str(xlsx)} if xlsx else {}))
        return
    for text in assessment_in_words(found, terminal_width(), listed=bool(unit.strip())):
        click.echo(printable(text))
    if xlsx is not None:
        click.echo(f"已写出 {xlsx}，“案件”一张列出每个数字的案件。")


async def _assess(
    rollout: str, since: date | None, until: date | None, now: datetime
) -> Assessment:
    from starter.desk_client import opened
    from starter.plan_copy import registered_plan

    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        plan = (await registered_plan(door, chosen)).plan
        return await assess(door, plan, since, until, now)


async def assess(
    door: Door, plan: Plan, since: date | None, until: date | None, now: datetime
) -> Assessment:
    """This will count a rollout's cases of a time, with claims, attempts and complaints beside."""
    from domain.duty_execution import of_departments, of_items, of_streets
    from domain.duty_sides import STREET_KINDS

    marks = await _marks(door, plan.rollout, since, until, now)
    beside, pressed = await _beside(door, plan.rollout, since, until, now)
    streets = [one.name for one in plan.units if one.kind in STREET_KINDS]
    others = [one.name for one in plan.units if one.kind not in STREET_KINDS]
    return Assessment(
        rollout=plan.rollout,
        since=since,
        until=until,
        as_of=now,
        streets=of_streets(marks, streets, beside),
        departments=of_departments(marks, others, beside, streets),
        items=of_items(marks),
        marks=marks,
        pressed=pressed,
    )


async def _marks(
    door: Door, rollout: str, since: date | None, until: date | None, now: datetime
) -> tuple[CaseMark, ...]:
    from contracts.execution import ExecutionQuestion, Executions

    question = ExecutionQuestion(now=now, rollout=rollout, since=since, until=until)
    page = await door.ask(Executions.marks, question)
    marks, place = list(page.marks), page.next_page
    while place:
        page = await door.ask(Executions.marks, replace(question, page=place))
        marks += page.marks
        place = page.next_page
    return tuple(marks)


async def _beside(
    door: Door, rollout: str, since: date | None, until: date | None, now: datetime
) -> tuple[Beside, tuple[Pressed, ...]]:
    """Claims as they stand, and what was tried or reported in the time, by unit of either side."""
    from contracts.duty import CoverageQuestion, Duties
    from domain.duty_execution import Beside
    from starter.case_complain import pressed, read_complaints
    from starter.case_list import read_lines

    question = CoverageQuestion(now=now, rollout=rollout)
    page = await door.ask(Duties.coverage, question)
    covered, place = list(page.lines), page.next_page
    while place:
        page = await door.ask(Duties.coverage, replace(question, page=place))
        covered += page.lines
        place = page.next_page
    coverage: dict[str, tuple[int, int]] = {}
    for line in covered:
        claimed, items = coverage.get(line.street, (0, 0))
        coverage[line.street] = (claimed + line.claimed, items + line.total)
    time: dict[str, Any] = {"rollout": rollout, "since": since, "until": until}
    tried = (await read_lines(door, {**time, "breaches": True}, None)).lines
    told = await read_complaints(door, unit="", **time)
    sides = [(one.page.sender, one.page.street) for one in tried]
    told_sides = [(one.complaint.about, one.complaint.street) for one in told]
    beside = Beside(coverage=coverage, attempts=_per_unit(sides), complaints=_per_unit(told_sides))
    return beside, pressed(tried, told)


def _per_unit(sides: Sequence[tuple[str, str]]) -> dict[str, int]:
    return dict(Counter(name for pair in sides for name in pair))


def only(found: Assessment, unit: str) -> Assessment:
    """This will keep one unit's numbers. Raises UserError: UNKNOWN_NAME."""
    streets = tuple(one for one in found.streets if one.unit == unit)
    departments = tuple(one for one in found.departments if one.unit == unit)
    if not streets and not departments:
        raise UserError("UNKNOWN_NAME", f"没有“{unit}”的数字：请核对名称，或它在这段时间没有案件。")
    marks = tuple(mark for mark in found.marks if unit == mark.street or unit in mark.departments)
    from domain.duty_execution import of_items

    return replace(
        found, streets=streets, departments=departments, marks=marks, items=of_items(marks)
    )


def assessment_in_words(found: Assessment, width: int, *, listed: bool = False) -> list[str]:
    """Tables of streets, departments and items; ``listed`` names the cases of every number."""
    time = f"{found.since or '开始'} 至 {found.until or '现在'}"
    seen = found.as_of.astimezone(SHANGHAI)
    out = [
        f"{found.rollout} 清单落实情况（{time} 受理 {len(found.marks)} 件，{seen:%Y-%m-%d %H:%M}）"
    ]
    if found.streets:
        out += ["", "【街道】", *_tables(found.streets, "街道", width)]
    if found.departments:
        out += ["", "【部门】", *_tables(found.departments, "部门", width)]
    if found.items:
        out += ["", "【事项】", render(_item_rows(found.items), ITEM_HEADS, width)]
    if listed:
        for one in (*found.streets, *found.departments):
            out += ["", *cases_of(one, width)]
    units = sorted(
        (*found.streets, *found.departments), key=lambda one: not any(one.cases.values())
    )
    example = next((one.unit for one in units), "单位")
    out += ["", "只有数字，不打分、不排名；认领是现在的，违规尝试和反映见 jiegai case breaches。"]
    if not listed:
        out.append(
            f"每个数字的案件：jiegai duty execution --unit {pasted(example)}，或 --xlsx 文件。"
        )
    out.append(f"案件列表：{found.filter_of(example)}")
    return out


HEADS: Final[Mapping[str, str]] = {
    "认领": "认领",
    "上报": "上报",
    "报告": "报告按时/超",
    "交接": "交接按时/本超/对超",
    "派单": "派单",
    "回告被退": "回告被退",
    "拒收": "拒收/成立",
    "其他": "其他",
    "违规": "违规",
    "反映": "反映",
    "在办": "在办",
}
_BANDS: Final = (
    ("认领", "上报", "报告", "交接", "在办"),
    ("派单", "回告被退", "拒收", "其他", "违规", "反映"),
)
ITEM_HEADS: Final = ("清单", "序号", "事项", "街道→部门", "部门→街道")


def _tables(units: Sequence[Execution], first: str, width: int) -> list[str]:
    bands = (tuple(HEADS),) if width >= _ONE_TABLE else _BANDS
    out: list[str] = []
    for band in bands:
        rows = [(one.unit, *(_figures(one)[name] for name in band)) for one in units]
        out += [*([""] if out else []), render(rows, (first, *(HEADS[n] for n in band)), width)]
    return out


def _figures(one: Execution) -> dict[str, str]:
    def joined(*names: str) -> str:
        return "/".join(str(one.count(name)) for name in names)

    return {
        "认领": f"{one.claimed}/{one.items}" if one.items else "",
        "上报": joined("上报"),
        "报告": joined("当天报告按时", "当天报告超期"),
        "交接": joined("交接按时", "交接本单位超期", "交接对方超期"),
        "派单": joined("派单"),
        "回告被退": joined("回告被退"),
        "拒收": joined("拒收", "拒收成立"),
        "其他": joined("其他"),
        "违规": str(one.attempts),
        "反映": str(one.complaints),
        "在办": joined("在办"),
    }


def _item_rows(items: Sequence[ItemExecution]) -> list[tuple[object, ...]]:
    return [
        (one.list_name or "清单之外", one.number, one.name, len(one.upward), len(one.downward))
        for one in items
    ]


def cases_of(one: Execution, width: int) -> list[str]:
    """A unit's indicators, each with the numbers of its cases."""
    from starter.table import wrap

    out = [f"【{one.unit}】"]
    for name, marks in one.cases.items():
        if marks:
            said = f"{name} {len(marks)}：{'、'.join(mark.number for mark in marks)}"
            out += wrap(said, width)
    return out if len(out) > 1 else [*out, "没有案件。"]


def in_json(found: Assessment) -> dict[str, Any]:
    """The numbers with the case numbers behind each, and every case's mark."""
    return {
        "rollout": found.rollout,
        "since": found.since,
        "until": found.until,
        "as_of": found.as_of,
        "streets": [_unit_json(one, found) for one in found.streets],
        "departments": [_unit_json(one, found) for one in found.departments],
        "items": [
            {
                "list": one.list_name,
                "number": one.number,
                "name": one.name,
                "upward": [mark.number for mark in one.upward],
                "downward": [mark.number for mark in one.downward],
            }
            for one in found.items
        ],
        "by_year": [asdict(one) for one in found.pressed],
        "cases": [asdict(mark) for mark in found.marks],
    }


def _unit_json(one: Execution, found: Assessment) -> dict[str, Any]:
    return {
        "unit": one.unit,
        "claimed": one.claimed,
        "items": one.items,
        "attempts": one.attempts,
        "complaints": one.complaints,
        "counts": {name: len(marks) for name, marks in one.cases.items()},
        "cases": {name: [mark.number for mark in marks] for name, marks in one.cases.items()},
        "filter": found.filter_of(one.unit),
    }
