"""``jiegai case complain``: 擅自转嫁 by a document or a call, as a street reports it (4-35).

The complaints are listed and counted with the refused dispatches in ``jiegai case breaches``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from starter.case_report import ACTION_OPTION
from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION, SHANGHAI
from starter.table import display_width, echo_json, render, wrap
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from contracts.case import CaseLine
    from contracts.complaint import ComplaintLine, ComplaintOrder, ComplaintTaken, ReplyOrder
    from domain.case_complaint import Pressed
    from starter.desk_client import Door

_Order = TypeVar("_Order", "ComplaintOrder", "ReplyOrder")


@click.command()
@click.option("--street", default="", metavar="街道", help="哪个街道反映。")
@click.option("--about", default="", metavar="部门", help="反映哪个部门。")
@click.option("--item", default="", metavar="序号", help="清单事项的序号；清单之外的不写。")
@click.option("--list", "list_name", default="", metavar="清单名称", help="几张清单都有时写明。")
@click.option("--text", default="", metavar="文字", help="交来了什么、怎样交来的。")
@click.option("--paper", default="", metavar="文号", help="部门来文的文号；答复时是答复的文号。")
@click.option("--on", "day", type=DAY, help="哪一天交来的；不写是今天。")
@click.option("--answer", type=click.IntRange(1), metavar="号", help="答复第几号反映。")
@click.option("--note", default="", metavar="意见", help="答复的意见。")
@click.option("--finding", type=click.Choice(("属实", "不属实")), help="核实的结论，可以后再写。")
@ROLLOUT_OPTION
@PERSON_OPTION
@ACTION_OPTION
@JSON_OPTION
def complain(**given: Any) -> None:
    """反映：部门用发文、电话等在本软件之外把职责交给街道（擅自转嫁）；区委编办协调员答复。

    jiegai case complain --street 滨湖街道 --about 区文旅局 --text 电话要求街道查处 --as 张三

    jiegai case complain --answer 1 --note 已责成收回 --finding 属实 --paper 编办函〔2026〕3号 --as 李四
    """
    from starter.desk_client import run

    person = acting_person(given["person"])
    given = {key: each.strip() if isinstance(each, str) else each for key, each in given.items()}
    _check_way(given)
    making = _answer if given["answer"] else _complaint
    taken = run(_send(making(given, person, datetime.now(UTC)), given))
    if given["as_json"]:
        echo_json(asdict(taken))
    if taken.code:
        raise UserError(taken.code, taken.sentence, EXIT_REFUSED)
    if given["as_json"]:
        return
    before = "" if taken.created else "（此前已登记，没有重复）"
    if given["answer"]:
        click.echo(f"已答复反映第{taken.number}号（{taken.about}）{before}。")
        return
    click.echo(f"已登记反映第{taken.number}号：{taken.about}{before}。")
    click.echo("区委编办的协调员在 jiegai case breaches 看到它，答复也列在那里。")


def _check_way(given: dict[str, Any]) -> None:
    stated = ("street", "about", "item", "list_name", "text", "day")
    if given["answer"] and any(given[key] for key in stated):
        raise UserError("USAGE", "答复只写 --answer、--note、--paper 和 --finding。")
    if not given["answer"] and (given["note"] or given["finding"]):
        raise UserError("USAGE", "--note 和 --finding 是答复用的，请同时写 --answer 号。")


async def _send(order: ComplaintOrder | ReplyOrder, given: dict[str, Any]) -> ComplaintTaken:
    from contracts.complaint import Complaints, ReplyOrder
    from starter.desk_client import opened

    async with opened() as door:
        if isinstance(order, ReplyOrder):
            reply = await _named(door, order, given)
            return await door.order(Complaints.answer, reply, _once(reply))
        order = await _named(door, order, given)
        return await door.order(Complaints.complain, order, _once(order))


async def _named(door: Door, order: _Order, given: dict[str, Any]) -> _Order:
    """The order with its rollout and its action id; no name of a person may stand in its words."""
    from starter.free_text import refuse_names

    rollout = await which_rollout(door, given["rollout"], order.now)
    said = {"text": "反映", "paper": "文号", "note": "意见"}
    await refuse_names(door, rollout, [(what, given[key]) for key, what in said.items()])
    order = replace(order, rollout=rollout)
    return order if order.action_id else replace(order, action_id=_fingerprint(order))


def _complaint(given: dict[str, Any], person: str, now: datetime) -> ComplaintOrder:
    from contracts.complaint import ComplaintOrder
    from domain.case_complaint import Complaint, complaint_fault

    today = now.astimezone(SHANGHAI).date()
    complaint = Complaint(
        street=given["street"],
        about=given["about"],
        happened_on=given["day"] or today,
        content=given["text"],
        item=given["item"],
        list_name=given["list_name"],
        paper=given["paper"],
    )
    fault = complaint_fault(complaint, today)
    if fault is not None:
        raise UserError(fault.code, fault.sentence)
    return ComplaintOrder(
        now=now, rollout="", person=person, action_id=given["action_id"], complaint=complaint
    )


def _answer(given: dict[str, Any], person: str, now: datetime) -> ReplyOrder:
    from contracts.complaint import ReplyOrder
    from domain.case_complaint import Finding, Reply, reply_fault

    reply = Reply(note=given["note"], paper=given["paper"], finding=Finding(given["finding"] or ""))
    fault = reply_fault(reply)
    if fault is not None:
        raise UserError(fault.code, fault.sentence)
    return ReplyOrder(
        now=now,
        rollout="",
        person=person,
        action_id=given["action_id"],
        number=given["answer"],
        reply=reply,
    )


def _fingerprint(order: ComplaintOrder | ReplyOrder) -> str:
    """The same words about the same day are the same complaint, however often they are sent."""
    said = repr(replace(order, now=datetime.min.replace(tzinfo=UTC)))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _once(order: ComplaintOrder | ReplyOrder) -> str:
    return f"complaint-{order.action_id}-{order.now:%Y%m%d%H%M%S%f}"


async def read_complaints(
    door: Door, *, rollout: str, unit: str, since: date | None, until: date | None
) -> tuple[ComplaintLine, ...]:
    """This will read every complaint of a unit and a time, the newest first."""
    from contracts.complaint import Complaints, ComplaintsQuestion

    question = ComplaintsQuestion(
        now=datetime.now(UTC), rollout=rollout, unit=unit, since=since, until=until
    )
    page = await door.ask(Complaints.complaints, question)
    lines, place = page.lines, page.next_page
    while place:
        page = await door.ask(Complaints.complaints, replace(question, page=place))
        lines, place = lines + page.lines, page.next_page
    return lines


def pressed(
    attempts: Sequence[CaseLine], complaints: Sequence[ComplaintLine]
) -> tuple[Pressed, ...]:
    """This will count both by year and department; only breaches count, not every refusal."""
    from domain.case_complaint import pressed_by_year

    return pressed_by_year(
        [(line.page.sender, line.page.trigger_at) for line in attempts if line.page.breach],
        [(line.complaint.about, line.complaint.happened_on, line.reply) for line in complaints],
    )


def counted_by_year(counts: Sequence[Pressed], width: int) -> str:
    """The table under the list: year, department, attempts, complaints and what became of them."""
    heads = ("年度", "部门", "违规尝试", "街道反映", "已答复", "属实")
    rows = [
        (one.year, one.department, one.attempts, one.reported, one.answered, one.true)
        for one in counts
    ]
    return render(rows, heads, width)


def complaint_in_lines(line: ComplaintLine, width: int) -> list[str]:
    """A complaint: when, who about whom, what, and the answer or that there is none yet."""
    said, stated = line.reply, line.complaint
    item = ""
    if stated.item:
        item = f"（{stated.list_name}第{stated.item}项“{line.item_name}”）"
    by = f"（{stated.paper}）" if stated.paper else ""
    when = f"{stated.happened_on}        "
    head = f"{when}{stated.street} 反映 {stated.about}{by}{item}  第{line.number}号"
    indent = " " * display_width(when)
    room = width - display_width(indent)
    rest = wrap(f"“{stated.content}”", room) if stated.content else []
    if said is None:
        rest += wrap(
            f"[未答复] jiegai case complain --answer {line.number} --note … --paper …", room
        )
    else:
        found = f"[{said.finding or '已答复'}]"
        rest += wrap(f"{found} {said.note}（{said.paper}，{line.replied_by}）", room)
    first, *more = wrap(head, width)
    return [first, *(indent + text for text in (*more, *rest))]
