"""``jiegai duty list / show / export``: what is in force, for everybody to read (4-39)."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import DAY, JSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import echo_json, render, terminal_width, wrap
from starter.which_rollout import which_rollout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.duty import (
        ClaimLine,
        DutyListsPage,
        DutyPage,
        DutyQuestion,
        ItemLine,
        VersionLine,
    )
    from starter.desk_client import Door

_WIDE = 100


@click.command("list")
@click.argument("name", metavar="[清单名称]", default="")
@ROLLOUT_OPTION
@JSON_OPTION
def list_(*, name: str, rollout: str, as_json: bool) -> None:
    """列出清单的各个版本：状态、项数、施行期间、文号。"""
    from starter.desk_client import run

    page = run(_list(rollout, name.strip()))
    if as_json:
        echo_json([asdict(one) for one in page.lines])
        return
    if not page.lines:
        click.echo("还没有登记清单：jiegai duty template 清单.xlsx 写出空白表。")
        return
    click.echo(printable(table_of_versions(page.lines)))
    in_force = sum(1 for one in page.lines if one.state == "有效")
    names = len({one.name for one in page.lines})
    click.echo(f"共 {names} 个清单，{in_force} 个有效。")


def table_of_versions(lines: Sequence[VersionLine]) -> str:
    """The versions; the paper is left out on a narrow terminal."""
    heads = ["清单", "版", "状态", "类型", "适用", "项", "施行"]
    rows = [
        [
            one.name,
            str(one.version),
            one.state,
            one.kind,
            one.street or one.district,
            str(one.declared),
            _period(one),
        ]
        for one in lines
    ]
    if terminal_width() >= _WIDE:
        heads.append("文号")
        for row, one in zip(rows, lines, strict=True):
            row.append(one.paper)
    return render(rows, heads)


async def _list(rollout: str, name: str) -> DutyListsPage:
    from contracts.duty import Duties, DutyListsQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = DutyListsQuestion(now=now, rollout=chosen, name=name)
        page = await door.ask(Duties.lists, question)
        place = page.next_page
        while place:
            more = await door.ask(Duties.lists, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines)
            place = more.next_page
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    return replace(page, next_page="")


@click.command()
@click.argument("name", metavar="[清单名称]", default="")
@click.option("--item", "number", default="", metavar="序号", help="只看这一项的全文和认领。")
@click.option("--version", type=click.IntRange(1, 9_999), metavar="版", help="看第几版。")
@click.option("--as-of", type=DAY, help="看某一天（当日终了）有效的版本。")
@click.option("--street", default="", metavar="街道", help="连同这个街道的认领。")
@ROLLOUT_OPTION
@JSON_OPTION
def show(
    *,
    name: str,
    number: str,
    version: int | None,
    as_of: date | None,
    street: str,
    rollout: str,
    as_json: bool,
) -> None:
    """查看清单里的事项；只有一个清单时清单名称可不写。

    例：jiegai duty show --item 7 --street 滨湖街道
    """
    from starter.desk_client import run

    page = run(
        _items(rollout, name.strip(), (version or 0, as_of), (number.strip(), street.strip()))
    )
    if as_json:
        echo_json(
            {"head": page.head and asdict(page.head), "lines": [asdict(o) for o in page.lines]}
        )
        return
    if page.head is not None:
        click.echo(printable(head_in_words(page.head)))
    if number.strip() and page.lines:
        click.echo(printable(item_in_words(page.lines[0], street.strip())))
    elif page.lines:
        click.echo(printable(table_of_items(page.lines, with_claims=bool(street.strip()))))


def head_in_words(head: VersionLine) -> str:
    """A version in one line: ``文旅清单（第2版，有效）：属地管理，甲区，25 项；…``."""
    where = head.street or f"{head.district}各街道"
    paper = f"，{head.paper}" if head.paper else ""
    filing = f"，备案{head.filing_no}" if head.filing_no else ""
    period = f"；{_period(head)}" if head.effective_from else ""
    return (
        f"{head.name}（第{head.version}版，{head.state}）：{head.kind}，{where}，"
        f"{head.declared} 项{period}{paper}{filing}"
    )


def table_of_items(lines: Sequence[ItemLine], *, with_claims: bool) -> str:
    """The items, one in a line."""
    heads = ["序号", "事项类型", "事项名称", "主体责任", "配合责任"]
    rows = [
        [o.item.number, o.item.category, o.item.name, o.item.primary, o.item.support] for o in lines
    ]
    if with_claims:
        heads.append("专人")
        for row, line in zip(rows, lines, strict=True):
            row.append("、".join(_who(one) for one in line.claims) or "未认领")
    return render(rows, heads)


def item_in_words(line: ItemLine, street: str = "") -> str:
    """One item whole: the seven fields, and who looks after it where."""
    item = line.item
    fields = [
        ("事项类型", item.category),
        ("事项名称", item.name),
        ("区级部门职责", item.district_duty),
        ("街道职责", item.street_duty),
        ("依据", item.basis),
        ("主体责任", item.primary),
        ("配合责任", item.support),
        *item.extra.items(),
    ]
    if item.departments:
        fields.append(("涉及部门", "、".join(item.departments)))
    room = max(40, terminal_width() - 4)
    said = [f"第{item.number}项"]
    for name, text in fields:
        said.append(f"{name}：")
        said.extend(f"  {part}" for row in text.split("\n") for part in wrap(row, room))
    if line.claims:
        rows = [
            (one.street, _who(one), one.team, f"{one.claimed_at.astimezone(SHANGHAI):%Y-%m-%d}")
            for one in line.claims
        ]
        said += ["", render(rows, ("街道", "专人", "专班", "认领"))]
    else:
        said += ["", f"{street or '各街道'}还没有认领。"]
    return "\n".join(said)


def _who(claim: ClaimLine) -> str:
    names = [f"{one}（已离任）" if one in claim.gone else one for one in claim.liaisons]
    return "、".join(names)


def _period(line: VersionLine) -> str:
    if line.effective_from is None:
        return ""
    first = f"{line.effective_from.astimezone(SHANGHAI):%Y-%m-%d}起"
    if line.effective_to is None:
        return first
    # The end is the first moment at which it no longer holds.
    last = line.effective_to.astimezone(SHANGHAI) - timedelta(microseconds=1)
    return f"{first.removesuffix('起')}至{last:%Y-%m-%d}"


async def _items(
    rollout: str, name: str, which: tuple[int, date | None], what: tuple[str, str]
) -> DutyPage:
    from contracts.duty import DutyQuestion
    from starter.desk_client import opened

    now = datetime.now(UTC)
    version, as_of = which
    number, street = what
    async with opened() as door:
        question = DutyQuestion(
            now=now,
            rollout=await which_rollout(door, rollout, now),
            name=name,
            version=version,
            at=datetime.combine(as_of, time.max, SHANGHAI).astimezone(UTC) if as_of else None,
            number=number,
            street=street,
        )
        return await whole_version(door, question)


async def whole_version(door: Door, question: DutyQuestion) -> DutyPage:
    """This will read every page of a version. Raises UserError: what the register refused."""
    from contracts.duty import Duties

    page = await door.ask(Duties.items, question)
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    if page.head is not None:
        # The version in force may change between two pages: the one that was begun is read.
        question = replace(question, name=page.head.name, version=page.head.version)
    place = page.next_page
    while place:
        more = await door.ask(Duties.items, replace(question, page=place))
        page = replace(page, lines=page.lines + more.lines)
        place = more.next_page
    return replace(page, next_page="")


@click.command()
@click.argument("out", metavar="文件.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--list", "name", default="", metavar="清单名称", help="只有一个清单时可不写。")
@click.option("--version", type=click.IntRange(1, 9_999), metavar="版", help="第几版，默认有效的。")
@click.option("--as-of", type=DAY, help="某一天（当日终了）有效的版本。")
@ROLLOUT_OPTION
@JSON_OPTION
def export(
    *,
    out: Path,
    name: str,
    version: int | None,
    as_of: date | None,
    rollout: str,
    as_json: bool,
) -> None:
    """把清单的一个版本导出为 xlsx，格式与导入的相同。"""
    from starter.desk_client import run
    from starter.duty_file import write_lists
    from starter.sheet_style import new_path

    new_path(out, "清单")
    page = run(_items(rollout, name.strip(), (version or 0, as_of), ("", "")))
    if page.head is None:
        raise AssertionError("a page without a refusal has a head")
    write_lists(out, [_head_cells(page.head)], [_item_cells(page, line) for line in page.lines])
    if as_json:
        echo_json({"file": str(out), "list": page.head.name, "version": page.head.version})
        return
    click.echo(f"已导出“{page.head.name}”第{page.head.version}版 {len(page.lines)} 项：{out}")


def _head_cells(head: VersionLine) -> list[str]:
    parts = "；".join(f"{name} {count}" for name, count in head.declared_by.items())
    return [
        head.name,
        head.kind,
        head.field_name,
        head.district,
        head.street,
        str(head.declared),
        parts,
    ]


def _item_cells(page: DutyPage, line: ItemLine) -> list[str]:
    item = line.item
    return [
        page.head.name if page.head else "",
        item.number,
        item.category,
        item.name,
        item.district_duty,
        item.street_duty,
        item.basis,
        item.primary,
        item.support,
        item.extra.get("委托书", ""),
    ]
