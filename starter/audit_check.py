"""``jiegai audit check``: every automatic check over a rollout, by rule, with what was looked at.

Units stand in the order in which they come, by name; persons are neither counted nor ranked. The
四个严禁 (0-15) are not among the checks: the customer loads their text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from starter.errors import UserError, printable
from starter.parameters import JSON_OPTION, SHANGHAI
from starter.table import display_width, echo_json, pasted, render, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.audit import AuditFinding, AuditPage, AuditQuestion
    from starter.desk_client import Door

_SHOWN: Final = 10
"""Findings printed of each check; ``--only`` prints all of the checks named."""

_UNITS: Final = 12
"""Units named with their numbers in one line."""

NOT_CHECKED: Final = "“四个严禁”不在自动检查之内：来源文件没有条文，由使用单位载入后才能对照。"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a run has found; ``ui`` is the Web UI's address, empty where it is not known."""

    rollout: str
    as_of: datetime
    checks: tuple[str, ...]
    findings: tuple[AuditFinding, ...]
    looked: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    district: str = ""
    unit: str = ""
    ui: str = ""
    namespace: str = ""

    def link(self, finding: AuditFinding) -> str:
        """The address of the finding's procedure in the Web UI; empty where there is none."""
        if not self.ui or not finding.workflow_id:
            return ""
        from contracts.webpage import page_path

        return f"{self.ui}{page_path(self.namespace, finding.workflow_id)}"


@click.command()
@click.argument("rollout", metavar="改革")
@click.option("--district", default="", metavar="区", help="只查一个区。")
@click.option("--unit", default="", metavar="单位", help="只列与一个单位有关的问题。")
@click.option(
    "--only",
    "only",
    multiple=True,
    metavar="类",
    help="只查几类，写名称或条号，如 超期未办、4-11；可写几次，列出全部问题。",
)
@click.option(
    "--xlsx", type=click.Path(path_type=Path), metavar="文件", help="写成工作簿，列出全部问题。"
)
@JSON_OPTION
def check(
    *,
    rollout: str,
    district: str,
    unit: str,
    only: tuple[str, ...],
    xlsx: Path | None,
    as_json: bool,
) -> None:
    """对一次改革自动检查：登记、日志、清单、案件逐条重新核对，按规则列出问题。

    只读；列出单位、问题、从何时起和事项，不给人排名。
    例：jiegai audit check 乌海2019 --district 海勃湾区 --xlsx 检查.xlsx
    """
    from contracts.audit import AuditQuestion
    from starter.desk_client import run

    if xlsx is not None:
        from starter.sheet_style import new_path

        new_path(xlsx, "检查结果")
    question = AuditQuestion(
        now=datetime.now(UTC),
        rollout=rollout.strip(),
        checks=checks_of(only),
        district=district.strip(),
        unit=unit.strip(),
    )
    checked = _with_links(run(_check(question)))
    if xlsx is not None:
        from starter.audit_xlsx import audit_book
        from starter.sheet_style import save

        save(audit_book(checked), xlsx)
    if as_json:
        echo_json(in_json(checked) | ({"xlsx": str(xlsx)} if xlsx else {}))
        return
    for line in in_words(checked, terminal_width(), everything=bool(only)):
        click.echo(printable(line))
    if xlsx is not None:
        click.echo(f"已写出 {xlsx}。")


def checks_of(only: tuple[str, ...]) -> tuple[str, ...]:
    """The checks named, by name or row. Raises UserError: UNKNOWN_CHECK."""
    from domain.audit_check import Check, checks_named

    words = [part for word in only for part in word.replace("、", ",").split(",") if part.strip()]
    chosen, wrong = checks_named(word.strip() for word in words)
    if wrong:
        raise UserError("UNKNOWN_CHECK", f"没有检查“{wrong[0]}”，可写：{'、'.join(Check)}。")
    return tuple(str(one) for one in chosen)


async def _check(question: AuditQuestion) -> Checked:
    from starter.desk_client import opened

    async with opened() as door:
        return await make_checks(door, question)


async def make_checks(door: Door, question: AuditQuestion) -> Checked:
    """Every page, one after the other; each is an order of its own. Raises UserError as refused."""
    import uuid

    from contracts.audit import Audits
    from domain.audit_check import Check

    token = uuid.uuid4()
    findings: list[AuditFinding] = []
    looked: Counter[str] = Counter()
    left_out: dict[str, str] = {}
    number = 0
    asked = question
    while not number or asked.stage:
        number += 1
        page: AuditPage = await door.order(Audits.check, asked, f"audit-{token}-{number}")
        if page.code:
            raise UserError(page.code, page.sentence)
        findings += page.findings
        looked.update(page.looked)
        left_out |= page.left_out
        asked = replace(asked, stage=page.stage, cursor=page.cursor)
    return Checked(
        rollout=question.rollout,
        as_of=question.now,
        checks=question.checks or tuple(str(one) for one in Check),
        findings=tuple(findings),
        looked=dict(looked),
        left_out=left_out,
        district=question.district,
        unit=question.unit,
    )


def _with_links(checked: Checked) -> Checked:
    from runtime.connect import ui_url
    from runtime.settings import Settings

    settings = Settings.from_environ()
    return replace(checked, ui=ui_url(settings) or "", namespace=settings.namespace)


def in_json(checked: Checked) -> dict[str, Any]:
    """The whole run for programs: every check with what it looked at, every finding with its link."""
    from domain.audit_check import RULES, Check

    counts = Counter(one.check for one in checked.findings)
    return {
        "rollout": checked.rollout,
        "district": checked.district,
        "unit": checked.unit,
        "as_of": checked.as_of,
        "checks": [
            {
                "check": name,
                "rule": RULES[Check(name)].row,
                "asks": RULES[Check(name)].asks,
                "looked": checked.looked.get(name, 0),
                "left_out": checked.left_out.get(name, ""),
                "found": counts[name],
            }
            for name in checked.checks
        ],
        "findings": [{**asdict(one), "link": checked.link(one)} for one in checked.findings],
        "not_checked": NOT_CHECKED,
    }


def in_words(checked: Checked, width: int, *, everything: bool = False) -> Iterator[str]:
    """This will lay the run out: a table of all checks, then each that found something."""
    at = checked.as_of.astimezone(SHANGHAI)
    scope = "".join(f"，{part}" for part in (checked.district, checked.unit) if part)
    yield f"{checked.rollout}{scope} 自动检查，截至 {at:%Y-%m-%d %H:%M}："
    yield _table(checked, width)
    for name in checked.checks:
        found = [one for one in checked.findings if one.check == name]
        if found:
            yield ""
            yield from _one_check(checked, name, found, width, everything=everything)
    for name, why in checked.left_out.items():
        yield ""
        yield from wrap(f"“{name}”没有查全：{why}", width)
    yield ""
    yield from wrap(_in_sum(checked), width)
    yield from wrap(NOT_CHECKED, width)


def _table(checked: Checked, width: int) -> str:
    from domain.audit_check import RULES, Check

    counts = Counter(one.check for one in checked.findings)
    rows = [
        (
            RULES[Check(name)].row,
            name,
            RULES[Check(name)].asks,
            f"{checked.looked.get(name, 0):,} {RULES[Check(name)].counts}",
            _outcome(checked, name, counts[name]),
        )
        for name in checked.checks
    ]
    return render(rows, ("条号", "检查", "应当", "查了", "问题"), width)


def _outcome(checked: Checked, name: str, found: int) -> str:
    """How many; 无 only where there was something to look at."""
    if _is_skipped(checked, name):
        return "没有查"
    return f"{found:,}" if found else "无" if checked.looked.get(name) else "—"


def _is_skipped(checked: Checked, name: str) -> bool:
    """Nothing was looked at, for a reason, and nothing found."""
    found = any(one.check == name for one in checked.findings)
    return name in checked.left_out and not checked.looked.get(name) and not found


def _one_check(
    checked: Checked, name: str, found: Sequence[AuditFinding], width: int, *, everything: bool
) -> Iterator[str]:
    rules = "、".join(dict.fromkeys(one.rule for one in found))
    yield f"{name}（{rules}）：{len(found)} 处"
    units = Counter(one.unit or "（不分单位）" for one in found)
    named = "，".join(f"{unit} {units[unit]}" for unit in sorted(units)[:_UNITS])
    more = f" 等 {len(units)} 个单位" if len(units) > _UNITS else ""
    for line in wrap(f"{named}{more}", width - 2):
        yield f"  {line}"
    shown = found if everything else found[:_SHOWN]
    for one in shown:
        yield from _lines(one, width)
    if len(shown) < len(found):
        where = f" --district {pasted(checked.district)}" if checked.district else ""
        where += f" --unit {pasted(checked.unit)}" if checked.unit else ""
        command = f"jiegai audit check {pasted(checked.rollout)}{where} --only {name}"
        yield f"  另有 {len(found) - len(shown)} 处：{command}"


def _lines(one: AuditFinding, width: int) -> Iterator[str]:
    """Since when, whose, what; the procedure in a line of its own, so that it can be copied."""
    since = f"{one.since.astimezone(SHANGHAI):%Y-%m-%d}" if one.since else " " * 10
    head = f"  {since}  "
    room = width - display_width(head)
    text = f"{one.unit}：{one.sentence}" if one.unit else one.sentence
    first, *rest = wrap(text, room)
    yield head + first
    for line in rest:
        yield " " * display_width(head) + line
    if one.workflow_id:
        yield " " * display_width(head) + f"[{one.workflow_id}]"


def _in_sum(checked: Checked) -> str:
    kinds = {one.check for one in checked.findings}
    if not kinds:
        skipped = [name for name in checked.checks if _is_skipped(checked, name)]
        return f"查了 {len(checked.checks) - len(skipped)} 类，没有发现问题。"
    links = "；--xlsx、--json 里每处都有网页链接" if checked.ui else ""
    return (
        f"查了 {len(checked.checks)} 类，{len(kinds)} 类有问题，共 {len(checked.findings)} 处"
        f"{links}。"
    )
