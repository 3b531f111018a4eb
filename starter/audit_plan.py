"""``jiegai audit plan``: arrange an audit, or change an arrangement from its next window on (3-30, 4-37).

What is checked where: what was typed is read here; whether it may be arranged so, the worker says, all
faults at once. The organiser's passphrase stays on this computer.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, SHANGHAI
from starter.table import display_width, echo_json, pasted, terminal_width, wrap
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.audit_plan import Arranged
    from domain.audit import AuditPlan, CheckItem, SampleRule

_KINDS: Final = (
    "检查评估",
    "年度督查",
    "编制纪律检查",
    "专项督查调研",
    "随机抽查",
    "联席会议",
    "推进会",
    "年度事项",
)
_EVERY: Final = ("一次", "每月", "每季度", "每半年", "每年")
_WEEKDAYS: Final = "一二三四五六日"
_SAMPLING: Final = "随机抽查"
_MOST_WEIGHTS: Final = 10_000


@click.command()
@click.argument("rollout", metavar="改革")
@click.argument("name", metavar="名称")
@click.option("--kind", type=click.Choice(_KINDS), required=True, help="哪一类督查或事项。")
@click.option("--every", type=click.Choice(_EVERY), required=True, help="多久一次。")
@click.option("--month", type=int, default=1, show_default=True, help="周期里的第几个月。")
@click.option("--day", type=int, default=1, show_default=True, help="几日；月短则为最后一日。")
@click.option("--at", "clock", default="09:00", show_default=True, metavar="HH:MM", help="几点。")
@click.option(
    "--move",
    type=click.Choice(("顺延", "提前")),
    default="顺延",
    show_default=True,
    help="遇休息日怎样移；不移出本期。",
)
@click.option("--from", "first", type=DAY, required=True, help="从哪一天起；一次的就是这一天。")
@click.option("--until", type=DAY, help="到哪一天止；不写则一直有。")
@click.option("--span", type=int, default=None, help="随机抽查：每期在几个工作日内抽，默认20。")
@click.option("--district", default="", metavar="区", help="哪个区；只有一个区时可不写。")
@click.option("--unit", default="", metavar="单位", help="主办单位；不写按类别（0-12…0-15）。")
@click.option("--leader", default="", metavar="职务", help="谁带队，如 区委主要领导（0-12）。")
@click.option("--approval", default="", metavar="文号", help="一事一报的批准文号（3-30）。")
@click.option(
    "--cover", "covers", multiple=True, metavar="单位", help="受检单位；不写是全部街道和镇。"
)
@click.option("--item", "items", multiple=True, metavar="文字", help="检查单的一条；可写几次。")
@click.option("--days", "days", multiple=True, metavar="环节=工作日", help="一个环节的工作日数。")
@click.option("--count", type=int, default=0, help="随机抽查：抽几个单位。")
@click.option(
    "--stratum", "strata", multiple=True, metavar="类型=个数", help="随机抽查：各类单位抽几个。"
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="表.xlsx",
    help="随机抽查：按风险加权，一张表，列为 单位、权重（1至1000）。",
)
@click.option("--public-source", default="", metavar="名称", help="随机抽查：等这个公开数才抽。")
@click.option(
    "--deposit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="文件.json",
    help="随机抽查：把第一期的存证写成文件，交督查室保管。",
)
@PERSON_OPTION
@JSON_OPTION
def plan(**given: Any) -> None:
    """安排一项督查或定期事项；同名再安排一次，从下一期起按新的办。

    例：jiegai audit plan 乌海2019 季度检查 --kind 检查评估 --every 每季度 --month 2 --day 5
    --from 2026-10-01 --approval 乌督〔2026〕1号 --as 李编办
    """
    from starter.desk_client import run

    person = acting_person(given["person"])
    target: Path | None = given["deposit"]
    if target is not None and given["kind"] != _SAMPLING:
        raise UserError("USAGE", "只有随机抽查有存证（--deposit）。")
    if target is not None and target.exists():
        raise UserError("FILE_EXISTS", f"{target} 已经存在，不覆盖；请换一个文件名。")
    arranged = run(_arrange(_plan(given), person))
    if arranged.code:
        _refuse(arranged, as_json=given["as_json"])
    if target is not None and arranged.deposit is not None:
        from starter.audit_draw import deposit_text, write_text

        write_text(target, deposit_text(arranged.deposit))
    if given["as_json"]:
        echo_json(asdict(arranged))
        return
    for line in _in_words(given, arranged, target):
        click.echo(printable(line))


async def _arrange(wanted: AuditPlan, person: str) -> Arranged:
    from contracts.audit_plan import ArrangeOrder, AuditPlanDesk
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        said = [("名称", wanted.name), ("--leader", wanted.leader), ("--approval", wanted.approval)]
        items = [(f"第{item.number}条", item.text) for item in wanted.items]
        await refuse_names(door, wanted.rollout, [*said, *items])
        # Each command is an order of its own: one may go back to what an arrangement said before.
        action_id = uuid.uuid4().hex
        order = ArrangeOrder(now=now, plan=wanted, person=person, action_id=action_id)
        return await door.order(AuditPlanDesk.arrange, order, f"audit-plan-{action_id}")


def _plan(given: dict[str, Any]) -> AuditPlan:
    """The arrangement as it was typed. Raises UserError: USAGE, PASSPHRASE, what the sheet says."""
    from domain.audit import AuditKind, AuditPlan, Cadence, Every, Move

    is_sampling = given["kind"] == _SAMPLING
    rollout, name = given["rollout"].strip(), given["name"].strip()
    span = given["span"] if given["span"] is not None else (20 if is_sampling else 1)
    return AuditPlan(
        rollout=rollout,
        name=name,
        kind=AuditKind(given["kind"]),
        cadence=Cadence(
            every=Every(given["every"]),
            first=given["first"],
            month=given["month"],
            day=given["day"],
            at=_clock(given["clock"]),
            move=Move(given["move"]),
            until=given["until"],
            span=span,
        ),
        district=given["district"].strip(),
        unit=given["unit"].strip(),
        leader=given["leader"].strip(),
        approval=given["approval"].strip(),
        covers=tuple(dict.fromkeys(_names(given["covers"]))),
        items=_items(given["items"]),
        workdays=_pairs(given["days"], "--days", "环节=工作日，如 整改=15"),
        sample=_sample(given, is_sampling=is_sampling),
        reader=_reader(rollout, name) if is_sampling else "",
    )


def _reader(rollout: str, name: str) -> str:
    from starter.audit_passphrase import new_passphrase, reading_seal

    return reading_seal(rollout, name, new_passphrase()).address()


def _sample(given: dict[str, Any], *, is_sampling: bool) -> SampleRule | None:
    from domain.audit import SampleRule

    strata = _pairs(given["strata"], "--stratum", "类型=个数，如 街道=2")
    weights = _weights(given["weights"]) if given["weights"] else {}
    source = given["public_source"].strip()
    if not is_sampling and not (given["count"] or strata or weights or source):
        return None
    return SampleRule(count=given["count"], strata=strata, weights=weights, public_source=source)


def _weights(file: Path) -> dict[str, int]:
    """Weights by unit. Raises UserError: HEADER, SAMPLE_RULE, what the file says."""
    from starter.filled_sheet import FilledBook, text_of

    book = FilledBook(file)
    sheet = book.sheet(book.titles[0], _MOST_WEIGHTS)
    heads = [text_of(cell) for cell in sheet.lines[0].cells] if sheet.lines else []
    if missing := [head for head in ("单位", "权重") if head not in heads]:
        raise UserError("HEADER", f"{file} 第一行缺少表头：{'、'.join(missing)}。")
    unit, weight = heads.index("单位"), heads.index("权重")
    found, wrong = {}, []
    for line in sheet.lines[1:]:
        named, number = text_of(line.at(unit)), text_of(line.at(weight))
        if not named and not number:
            continue
        if not named or named in found or not (number.isascii() and number.isdigit()):
            wrong.append(str(line.number))
            continue
        found[named] = int(number)
    if wrong:
        text = f"{file} 第{'、'.join(wrong[:10])}行应为一个单位和一个整数，单位不重复。"
        raise UserError("SAMPLE_RULE", text)
    return found


def _clock(text: str) -> time:
    try:
        return time.fromisoformat(text.strip().replace("：", ":"))
    except ValueError as error:
        raise UserError("USAGE", f"--at“{text}”请写成 HH:MM，如 09:30。") from error


def _items(texts: Sequence[str]) -> tuple[CheckItem, ...]:
    from domain.audit import CheckItem

    said = [text.strip() for text in texts if text.strip()]
    return tuple(CheckItem(number=str(n), text=text) for n, text in enumerate(said, 1))


def _pairs(texts: Sequence[str], option: str, example: str) -> dict[str, int]:
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name.strip() or not (number.strip().isascii() and number.strip().isdigit()):
            raise UserError("USAGE", f"{option}“{text}”请写成 {example}。")
        found[name.strip()] = int(number)
    return found


def _names(texts: Sequence[str]) -> list[str]:
    joined = "、".join(texts)
    for mark in "，,；;":
        joined = joined.replace(mark, "、")
    return [part.strip() for part in joined.split("、") if part.strip()]


def _refuse(arranged: Arranged, *, as_json: bool) -> None:
    from starter.findings import echo_findings

    wrong = [one for one in arranged.findings if one.is_error]
    if wrong:
        echo_findings(wrong, as_json=as_json)
    elif as_json:
        echo_json(asdict(arranged))
    raise UserError(arranged.code, arranged.sentence, EXIT_REFUSED)


def _in_words(given: dict[str, Any], arranged: Arranged, target: Path | None) -> list[str]:
    width = terminal_width()
    rollout, name = given["rollout"].strip(), given["name"].strip()
    is_sampling = given["kind"] == _SAMPLING
    made = "已安排" if arranged.version == 1 else f"已改安排（第{arranged.version}版），从下一期起"
    said = made if arranged.created else "先前已这样安排，没有重复登记"
    lines = wrap(f"{said}：{rollout}  {name}（{given['kind']}）", width)
    now = datetime.now(UTC)
    if any(at <= now for at in arranged.next_at):
        said = "本期已经开始：" + ("到时抽取。" if is_sampling else "下一个工作日内补办。")
        lines.append(said)
    ahead = [at for at in arranged.next_at if at > now]
    head = "以后各期自：" if is_sampling else "以后各期："
    lines += moments(head, ahead, with_time=not is_sampling) or ["以后没有新的一期。"]
    lines += [line for one in arranged.findings for line in wrap(f"注意：{one.sentence}", width)]
    if arranged.deposit is not None:
        lines += ["第一期的存证，请交督查室保管：", f"  {arranged.deposit.commitment}"]
        lines += [f"已写出 {target}"] if target is not None else []
    return [*lines, f"查看：jiegai audit list {pasted(rollout)} {pasted(name)}"]


def moments(head: str, found: Sequence[datetime], *, with_time: bool) -> list[str]:
    """Moments under a head, as many in a line as fit; nothing for none."""
    words = [moment_words(at, with_time=with_time) for at in found]
    if not words:
        return []
    each = max(1, (terminal_width() - 2) // (max(map(display_width, words)) + 2))
    rows = [words[n : n + each] for n in range(0, len(words), each)]
    return [head, *("  " + "  ".join(row) for row in rows)]


def moment_words(at: datetime, *, with_time: bool = True) -> str:
    """A moment with its weekday, as people read it.

    >>> moment_words(datetime(2026, 11, 23, 1, tzinfo=UTC))
    '2026-11-23（周一）09:00'
    """
    local = at.astimezone(SHANGHAI)
    day: date = local.date()
    clock = f"{local:%H:%M}" if with_time else ""
    return f"{day}（周{_WEEKDAYS[day.weekday()]}）{clock}"
