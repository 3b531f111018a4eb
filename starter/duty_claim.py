"""``jiegai duty claim / trial``: who of a street looks after an item; was every street evaluated.

Acceptance needs every street's claim of every item with named 专人 (4-43), and an evaluation of every
street (4-40).
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starter.census import refuse_sheet
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.findings import echo_findings
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, ROLLOUT_OPTION
from starter.table import echo_json, pasted, render
from starter.which_rollout import acting_person, which_rollout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.duty import Claimed, CoveragePage, TrialsRecorded
    from domain.duty_claims import StreetCoverage
    from domain.duty_sheet import RawClaim, RawTrial
    from domain.refusal import Finding

_FILE = click.argument("file", metavar="[表.xlsx]", required=False, type=click.Path(path_type=Path))
_LIST = click.option("--list", "name", default="", metavar="清单名称", help="哪个清单。")
_STREET = click.option("--street", default="", metavar="街道", help="哪个街道。")
_STATUS = click.option("--status", is_flag=True, help="看各街道到了哪一步、缺什么。")
_TEMPLATE = click.option(
    "--template",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="表.xlsx",
    help="写出一张表，已列好缺的。",
)
_CHECK = click.option("--check", "only_check", is_flag=True, help="只检查，不登记。")
_MOST_NAMED = 3


@click.command()
@_FILE
@_LIST
@_STREET
@click.option("--item", "number", default="", metavar="序号", help="认领哪一项。")
@click.option("--liaison", default="", metavar="姓名、姓名", help="专人，街道的在任办理人。")
@click.option("--team", default="", metavar="专班", help="专班名称，可不写。")
@_STATUS
@_TEMPLATE
@_CHECK
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def claim(**given: Any) -> None:
    """街道认领事项，写明专人专班；改换专人时原来的认领终止（4-43）。

    例：jiegai duty claim --item 7 --street 滨湖街道 --liaison 张三、李四 --as 张三

    一次多项：先 --template 认领.xlsx 写出待填的表，填好后 jiegai duty claim 认领.xlsx --as 张三
    """
    _one_way(given, ("number", "--item"))
    if given["status"]:
        _show_status(_coverage(given), given, of_trials=False)
    elif given["template"]:
        _write_template(given, of_trials=False)
    else:
        _claim(given)


@click.command()
@_FILE
@_LIST
@_STREET
@click.option("--on", type=DAY, help="评估日期。")
@click.option(
    "--method", default="", metavar="方式", help="实地察看、收集资料等，用、分开（4-41）。"
)
@click.option("--result", default="", metavar="结果", help="评估结果。")
@click.option("--paper", default="", metavar="文号", help="评估报告的文号，可不写。")
@_STATUS
@_TEMPLATE
@_CHECK
@ROLLOUT_OPTION
@PERSON_OPTION
@JSON_OPTION
def trial(**given: Any) -> None:
    """登记清单在各街道试运行的评估；每个街道都要有（4-40）。

    例：jiegai duty trial --street 滨湖街道 --on 2026-12-20 --method 实地察看 --result 正常 --as 张三
    """
    _one_way(given, ("on", "--on"))
    if given["status"]:
        _show_status(_coverage(given), given, of_trials=True)
    elif given["template"]:
        _write_template(given, of_trials=True)
    else:
        _trial(given)


def _one_way(given: dict[str, Any], single: tuple[str, str]) -> None:
    """This will refuse a command that asks for two things at once, or for nothing."""
    name, option = single
    ways = [bool(given[key]) for key in ("file", name, "status", "template")]
    if sum(ways) != 1:
        text = f"请写一种：一张填好的表、{option}、--status 或 --template。"
        raise UserError("USAGE", text)


def _claim(given: dict[str, Any]) -> None:
    from domain.duty_sheet import RawClaim
    from starter.desk_client import run
    from starter.duty_file import read_claims

    person = acting_person(given["person"])
    findings: tuple[Finding, ...] = ()
    if given["file"]:
        rows, findings = read_claims(given["file"])
        _bounded(given["file"], len(rows))
    else:
        rows = (
            RawClaim(
                row=0,
                list_name=given["name"].strip(),
                street=given["street"].strip(),
                number=given["number"].strip(),
                liaisons=given["liaison"].strip(),
                team=given["team"].strip(),
            ),
        )
    only_check = given["only_check"] or bool(findings)
    answer = run(_send_claims(rows, given["rollout"], person, only_check=only_check))
    _refuse(given, findings, answer)
    if given["as_json"]:
        echo_json(asdict(answer))
        return
    what = f"新认领 {answer.new} 项，改换 {answer.changed} 项，与已登记的相同 {answer.same} 项"
    click.echo(f"没有错误：{what}。尚未登记。" if only_check else f"{what}。")


async def _send_claims(
    rows: Sequence[RawClaim], rollout: str, person: str, *, only_check: bool
) -> Claimed:
    from contracts.duty import ClaimOrder, DutyOrders
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        written = [
            (_where(row.row, what), text)
            for row in rows
            for what, text in (("专人", row.liaisons), ("专班", row.team))
        ]
        await refuse_names(door, chosen, written)
        order = ClaimOrder(
            now=now, rollout=chosen, person=person, rows=tuple(rows), only_check=only_check
        )
        return await door.order(DutyOrders.claim, order, _key("claim", order))


def _trial(given: dict[str, Any]) -> None:
    from domain.duty_sheet import RawTrial
    from starter.desk_client import run
    from starter.duty_file import read_trials

    person = acting_person(given["person"])
    findings: tuple[Finding, ...] = ()
    if given["file"]:
        rows, findings = read_trials(given["file"])
        _bounded(given["file"], len(rows))
    else:
        on: date = given["on"]
        rows = (
            RawTrial(
                row=0,
                list_name=given["name"].strip(),
                street=given["street"].strip(),
                evaluated_on=on.isoformat(),
                methods=given["method"].strip(),
                result=given["result"].strip(),
                paper=given["paper"].strip(),
            ),
        )
    only_check = given["only_check"] or bool(findings)
    answer = run(_send_trials(rows, given["rollout"], person, only_check=only_check))
    _refuse(given, findings, answer)
    if given["as_json"]:
        echo_json(asdict(answer))
        return
    what = f"评估 {answer.written} 个街道，与已登记的相同 {answer.same} 个"
    click.echo(f"没有错误：{what}。尚未登记。" if only_check else f"已登记{what}。")


async def _send_trials(
    rows: Sequence[RawTrial], rollout: str, person: str, *, only_check: bool
) -> TrialsRecorded:
    from contracts.duty import DutyOrders, TrialOrder
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        chosen = await which_rollout(door, rollout, now)
        written = [
            (_where(row.row, what), text)
            for row in rows
            for what, text in (("方式", row.methods), ("结果", row.result), ("文号", row.paper))
        ]
        await refuse_names(door, chosen, written)
        order = TrialOrder(
            now=now, rollout=chosen, person=person, rows=tuple(rows), only_check=only_check
        )
        return await door.order(DutyOrders.record_trials, order, _key("trial", order))


def _refuse(
    given: dict[str, Any], findings: Sequence[Finding], answer: Claimed | TrialsRecorded
) -> None:
    """This will raise what is wrong: a file's cells one by one, a typed one in its sentence."""
    found = (*findings, *answer.findings)
    if given["file"]:
        refuse_sheet(given["file"], "DUTY_INVALID", found, answer.errors, as_json=given["as_json"])
    elif found:
        if given["as_json"]:
            echo_findings(found, as_json=True)
        raise UserError(found[0].code, found[0].sentence, EXIT_REFUSED)
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)


def _bounded(file: Path, rows: int) -> None:
    from domain.duty_claims import MOST_ROWS

    if rows > MOST_ROWS:
        text = f"{file} 有{rows}行，一次最多{MOST_ROWS}行，请分成几张表。"
        raise UserError("TOO_MANY_ROWS", text)


def _where(row: int, what: str) -> str:
    return f"第{row}行的{what}" if row else what


def _key(what: str, order: object) -> str:
    return f"duty-{what}-{hashlib.sha256(repr(order).encode()).hexdigest()[:32]}"


def _coverage(given: dict[str, Any]) -> CoveragePage:
    from starter.desk_client import run

    return run(_read_coverage(given["rollout"], given["name"].strip(), given["street"].strip()))


async def _read_coverage(rollout: str, name: str, street: str) -> CoveragePage:
    from contracts.duty import CoverageQuestion, Duties
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        question = CoverageQuestion(
            now=now, rollout=await which_rollout(door, rollout, now), name=name, street=street
        )
        page = await door.ask(Duties.coverage, question)
        place = page.next_page
        while place:
            more = await door.ask(Duties.coverage, replace(question, page=place))
            page = replace(page, lines=page.lines + more.lines, trials=page.trials + more.trials)
            place = more.next_page
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    return replace(page, next_page="")


def _show_status(page: CoveragePage, given: dict[str, Any], *, of_trials: bool) -> None:
    if given["as_json"]:
        lines = [asdict(one) | {"claimed": one.claimed} for one in page.lines]
        echo_json({"lines": lines, "trials": [asdict(one) for one in page.trials]})
        return
    if not page.lines:
        click.echo("没有已印发的清单须由街道认领，见 jiegai duty list。")
        return
    said = trials_in_words(page) if of_trials else claims_in_words(page.lines)
    click.echo(printable(said))


def claims_in_words(lines: Sequence[StreetCoverage]) -> str:
    """The matrix street by street, with the first items that are missing, and the sum."""
    rows = [
        (one.list_name, one.street, f"{one.claimed}/{one.total}", _missing(one)) for one in lines
    ]
    total, claimed = sum(one.total for one in lines), sum(one.claimed for one in lines)
    said = [render(rows, ("清单", "街道", "认领", "缺"))]
    if claimed == total:
        said.append(f"认领 {claimed}/{total}，全部认领到位（4-43）。")
    else:
        short = len({one.street for one in lines if one.missing})
        said.append(
            f"认领 {claimed}/{total}，{short} 个街道还不全，不能验收（4-43）；"
            "写出待填的表：jiegai duty claim --template 认领.xlsx"
        )
    return "\n".join(said)


def trials_in_words(page: CoveragePage) -> str:
    """Which streets were evaluated, when and with which result, and the sum."""
    by_street = {(one.list_name, one.street): one for one in page.trials}
    rows = []
    for line in page.lines:
        done = by_street.get((line.list_name, line.street))
        what = (done.evaluated_on, "、".join(done.methods), done.result) if done else ("", "", "")
        rows.append((line.list_name, line.street, *what))
    done_ones = sum(1 for one in page.lines if one.evaluated_on)
    is_all = done_ones == len(page.lines)
    end = "全覆盖（4-40）。" if is_all else "还没有全覆盖，不能验收（4-40）。"
    table = render(rows, ("清单", "街道", "评估日期", "方式", "结果"))
    return f"{table}\n试运行评估 {done_ones}/{len(page.lines)}，{end}"


def _missing(line: StreetCoverage) -> str:
    names = [
        f"{one.number} {one.name}" + (f"（{'、'.join(one.gone)}已离任）" if one.gone else "")
        for one in line.missing[:_MOST_NAMED]
    ]
    return "；".join(names) + (" 等" if len(line.missing) > _MOST_NAMED else "")


def _write_template(given: dict[str, Any], *, of_trials: bool) -> None:
    from starter.duty_file import write_claims, write_trials
    from starter.sheet_style import new_path

    out: Path = given["template"]
    new_path(out, "试运行评估表" if of_trials else "认领表")
    page = _coverage(given)
    if of_trials:
        rows = [(one.list_name, one.street) for one in page.lines if one.evaluated_on is None]
        write_trials(out, rows)
    else:
        missing = [
            (line.list_name, line.street, one.number, one.name, "", "")
            for line in page.lines
            for one in line.missing
        ]
        rows = [row[:2] for row in missing]
        write_claims(out, missing)
    if given["as_json"]:
        echo_json({"file": str(out), "rows": len(rows)})
        return
    command = "trial" if of_trials else "claim"
    click.echo(f"已写出 {out}，列好待填的 {len(rows)} 行。填好后：")
    click.echo(f"  jiegai duty {command} {pasted(out)} --as 姓名")
