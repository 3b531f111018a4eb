"""``jiegai meeting issue`` and ``issues``: concrete issues that meetings settled, and the counts (3-22)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, SHANGHAI
from starter.table import display_width, echo_json, pasted, terminal_width, wrap
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.meeting_issue import IssueRecorded, IssuesPage
    from domain.meeting_issue import Issue, IssueMove


@click.command()
@click.argument("rollout", metavar="改革")
@click.argument("doc_no", metavar="文号")
@click.option("--text", default="", metavar="议题", help="什么具体问题。")
@click.option("--decision", default="", metavar="决定", help="会议怎样定的。")
@click.option("--owner", default="", metavar="单位", help="责任单位。")
@click.option("--due", type=DAY, help="办理期限；可不写。")
@click.option(
    "--number", default=None, type=click.IntRange(1), metavar="号", help="已登记的第几号议题。"
)
@click.option("--close", default="", metavar="文字", help="这个议题已解决，怎样解决的。")
@click.option("--reopen", default="", metavar="理由", help="没有解决，重新办理。")
@click.option("--on", "day", type=DAY, help="解决或重新办理的日期；不写是今天。")
@PERSON_OPTION
@JSON_OPTION
def issue(**given: Any) -> None:
    """登记会议协调的具体议题，以及后来怎样解决的（3-22）。会议须先登记。

    例：jiegai meeting issue 乌海2019 乌联纪〔2019〕6号 --text 执法队岗位设置 --decision 按12岗核定
    --owner 海勃湾区委编办 --due 2019-12-31 --as 张三

    jiegai meeting issue 乌海2019 乌联纪〔2019〕6号 --number 1 --close 已核定12岗 --as 张三
    """
    from starter.desk_client import run

    person = acting_person(given["person"])
    given = {key: each.strip() if isinstance(each, str) else each for key, each in given.items()}
    answer = run(_record(_issue(given), _move(given), given, person))
    if given["as_json"]:
        echo_json(asdict(answer))
        return
    one = answer.issue
    if one is None:
        return
    again = "（此前已登记，没有重复）" if answer.again else ""
    what = f"{one.on}{one.state}：{one.note}" if one.note else f"责任单位{one.owner}"
    click.echo(printable(f"第{one.number}号议题“{one.text}”，{what}{again}。"))
    if not one.note:
        named = f"{pasted(given['rollout'])} {pasted(one.doc_no)} --number {one.number}"
        click.echo(f"解决以后：jiegai meeting issue {named} --close 怎样解决 --as 姓名")


def _issue(given: dict[str, Any]) -> Issue | None:
    """The new issue typed; None where one is to be moved."""
    from domain.meeting_issue import Issue, issue_fault

    moves = bool(given["close"]) + bool(given["reopen"])
    new = any(given[name] for name in ("text", "decision", "owner", "due"))
    if new == bool(moves) or moves > 1 or bool(given["number"]) != bool(moves):
        text = (
            "请写一种：--text 议题 --decision 决定 --owner 单位 登记议题；"
            "--number 号 --close 怎样解决（或 --reopen 理由）登记后来的情况。"
        )
        raise UserError("USAGE", text)
    if moves:
        return None
    made = Issue(
        doc_no=given["doc_no"],
        text=given["text"],
        decision=given["decision"],
        owner=given["owner"],
        due=given["due"],
    )
    if no := issue_fault(made):
        raise UserError(no.code, no.sentence)
    return made


def _move(given: dict[str, Any]) -> IssueMove | None:
    from domain.meeting_issue import IssueMove, IssueState

    note = given["close"] or given["reopen"]
    if not note:
        return None
    return IssueMove(
        number=given["number"],
        state=IssueState.CLOSED if given["close"] else IssueState.OPEN,
        on=given["day"] or datetime.now(UTC).astimezone(SHANGHAI).date(),
        note=note,
    )


async def _record(
    new: Issue | None, move: IssueMove | None, given: dict[str, Any], person: str
) -> IssueRecorded:
    from contracts.meeting_issue import IssueOrder, MeetingIssues
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    rollout = given["rollout"]
    # An issue may be closed, opened and closed again alike: a move's day belongs to its identity.
    content = repr((rollout, given["doc_no"], new, move)).encode()
    action_id = f"issue-{hashlib.sha256(content).hexdigest()[:32]}"
    order = IssueOrder(
        now=now,
        rollout=rollout,
        doc_no=given["doc_no"],
        person=person,
        action_id=action_id,
        issue=new,
        move=move,
    )
    said = [("议题", given["text"]), ("决定", given["decision"])]
    said.append(("说明", given["close"] or given["reopen"]))
    async with opened() as door:
        await refuse_names(door, rollout, [one for one in said if one[1]])
        sending = f"{action_id}-{now:%Y%m%d%H%M%S%f}"
        answer = await door.order(MeetingIssues.record, order, sending)
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    return answer


@click.command()
@click.argument("rollout", metavar="改革")
@click.option("--open", "only_open", is_flag=True, help="只看还没有解决的。")
@JSON_OPTION
def issues(*, rollout: str, only_open: bool, as_json: bool) -> None:
    """列出会议协调的具体议题，并统计：联席会议几次，议题几个，解决了几个（3-22）。

    例：jiegai meeting issues 乌海2019
    """
    from starter.desk_client import run

    page = run(_read(rollout.strip()))
    if as_json:
        echo_json(asdict(page))
        return
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    for line in in_lines(page, today, terminal_width(), only_open=only_open):
        click.echo(printable(line))


async def _read(rollout: str) -> IssuesPage:
    from contracts.meeting_issue import IssuesQuestion, MeetingIssues
    from starter.desk_client import opened

    question = IssuesQuestion(now=datetime.now(UTC), rollout=rollout)
    async with opened() as door:
        first = page = await door.ask(MeetingIssues.issues, question)
        lines = page.lines
        while page.next_page:
            page = await door.ask(MeetingIssues.issues, replace(question, page=page.next_page))
            lines += page.lines
    if first.code:
        raise UserError(first.code, first.sentence)
    return replace(first, lines=lines, next_page="")


def in_lines(
    page: IssuesPage, today: date, width: int, *, only_open: bool = False
) -> Iterator[str]:
    """The counts, then each issue: its meeting, decision, owner, and how it closed."""
    from domain.meeting import MeetingKind
    from domain.meeting_issue import IssueState, in_words

    for kind, counts in page.counts.items():
        if counts.issues or kind == MeetingKind.JOINT:
            yield f"{in_words(kind, counts)}。"
    for one in page.lines:
        if only_open and one.state is IssueState.CLOSED:
            continue
        head = f"{one.number:>3}  "
        room = width - display_width(head)
        late = "，已超期" if one.is_late(today) else ""
        by = f"（{one.due}前办）" if one.due and one.state is IssueState.OPEN else ""
        closed = f"；{one.on}{one.state}：{one.note}" if one.note else ""
        lines = (
            f"[{one.state}] {one.text}",
            f"决定：{one.decision}",
            f"{one.owner}{by}{late}{closed}",
            f"{one.kind} {one.held_on} {one.doc_no}",
        )
        yield ""
        texts = [part for line in lines for part in wrap(line, room)]
        yield head + texts[0]
        yield from (" " * display_width(head) + text for text in texts[1:])
