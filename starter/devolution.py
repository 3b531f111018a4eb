"""``jiegai ledger devolution``: how much of a department has gone down, by both bases (0-44)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from starter.errors import UserError
from starter.parameters import DAY
from starter.table import echo_json, render
from starter.which_rollout import which_rollout

if TYPE_CHECKING:
    from contracts.devolution import DevolutionAnswer
    from domain.devolution import Goal

_MOST_NAMED = 6


@click.command()
@click.option("--of", "of", required=True, metavar="单位", help="下放的单位，如 区城管执法局。")
@click.option(
    "--to",
    "to",
    multiple=True,
    metavar="单位|队伍",
    help="下放到哪里：各街道、单位名称，或名册里的队伍；可写几次，默认本区各街道、镇。",
)
@click.option(
    "--percent",
    type=click.IntRange(1, 100),
    default=70,
    show_default=True,
    metavar="百分比",
    help="应下放的比例。",
)
@click.option(
    "--by",
    type=click.Choice(["人员", "编制"]),
    default="人员",
    show_default=True,
    help="以哪个为准；两个都列出。",
)
@click.option("--as-of", type=DAY, help="截至这一天结束时的台账；不写是现在。")
@click.option("--rollout", default="", metavar="改革", help="哪次改革；只登记了一次时可不写。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def devolution(
    *,
    of: str,
    to: tuple[str, ...],
    percent: int,
    by: str,
    as_of: date | None,
    rollout: str,
    as_json: bool,
) -> None:
    """核对下放比例：按锁定时的人员、编制两个口径，向上取整。

    例：jiegai ledger devolution --of 甲区城管执法局 --to 各街道 --percent 70
    """
    from domain.devolution import By, Goal
    from starter.desk_client import run

    goal = Goal(unit=of.strip(), percent=percent, by=By(by))
    below = tuple(word.strip() for word in to)
    answer = run(_measure(rollout, goal, below, as_of))
    if answer.code:
        raise UserError(answer.code, answer.sentence)
    line = answer.lines[0]
    if as_json:
        counts = [
            {
                "by": str(one.by),
                "locked": one.locked,
                "needed": one.needed(percent),
                "gone": one.gone,
                "missing": one.missing(percent),
            }
            for one in line.counts
        ]
        echo_json(
            {
                "of": line.goal.unit,
                "percent": percent,
                "by": by,
                "met": line.is_met,
                "counts": counts,
                "in_transit": line.in_transit,
                "units": list(answer.units),
                "teams": list(answer.teams),
            }
        )
        return
    where = [*answer.units, *answer.teams]
    named = "、".join(where[:_MOST_NAMED]) + (
        f"等{len(where)}个" if len(where) > _MOST_NAMED else ""
    )
    when = f"截至 {as_of}，" if as_of else ""
    click.echo(f"{when}{line.goal.unit} → {named}，应下放 {percent}%：")
    rows = [
        (
            f"{one.by}{'（为准）' if one is line.counts[0] else ''}",
            one.locked,
            one.needed(percent),
            one.gone,
            one.missing(percent),
            _share(one.gone, one.locked),
        )
        for one in line.counts
    ]
    click.echo(render(rows, ("口径", "锁定", "应下放", "已下放", "还差", "已下放比例")))
    if line.in_transit:
        click.echo(f"另有 {line.in_transit} 名编制已批复、在途。")
    click.echo("已达到。" if line.is_met else "尚未达到。")


def _share(gone: int, locked: int) -> str:
    return f"{gone * 100 / locked:.1f}%" if locked else "–"


async def _measure(
    rollout: str, goal: Goal, to: tuple[str, ...], as_of: date | None
) -> DevolutionAnswer:
    from contracts.devolution import DevolutionQuestion, Devolutions
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        question = DevolutionQuestion(rollout=chosen, goals=(goal,), to=to, as_of=as_of)
        return await door.ask(Devolutions.measure, question)
