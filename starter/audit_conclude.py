"""``jiegai audit conclude`` and ``discipline``: items of the checklist, and where they come from.

年度督查 has a conclusion for every task that it supervises (0-13), 编制纪律检查 one for each of the 四个严禁.
Their text is in none of the sources: the customer loads it, from a paper, and nothing is invented.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from starter.audit_key import audit_arguments, the_key
from starter.audit_visit import fingerprint, once
from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import JSON_OPTION, PERSON_OPTION
from starter.table import echo_json
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.audit_flow import AuditRecorded
    from domain.audit_flow import Conclusion

_LONGEST_NOTE: Final = 500
_LONGEST_ITEM: Final = 300
_MOST_BYTES: Final = 64 << 10
_PROHIBITIONS: Final = 4


@click.command()
@audit_arguments
@click.option(
    "--item", "items", multiple=True, metavar="号", help="检查单的第几条，可写几次；见 audit show。"
)
@click.option("--good/--bad", "is_good", default=None, help="符合 / 不符合。")
@click.option("--note", default="", metavar="文字", help="结论的说明；不符合的要写。")
@PERSON_OPTION
@JSON_OPTION
def conclude(**given: Any) -> None:
    """对检查单的条目下结论：符合，或不符合并写明为什么。

    例：jiegai audit conclude 乌海2019 编制纪律 --item 1 --item 2 --good --note 已核对台账 --as 张三
    """
    from starter.desk_client import run

    person = acting_person(given["person"])
    made = _conclusions(given)
    answer = run(_conclude(made, given, person))
    if given["as_json"]:
        echo_json(asdict(answer))
        return
    again = "（此前已登记，没有重复）" if answer.again else ""
    word = "符合" if given["is_good"] else "不符合"
    click.echo(f"已登记结论：第{'、'.join(one.number for one in made)}条{word}{again}。")
    if answer.sentence:
        click.echo(answer.sentence)


def _conclusions(given: dict[str, Any]) -> tuple[Conclusion, ...]:
    from domain.audit_flow import Conclusion

    numbers = dict.fromkeys(each.strip() for each in given["items"] if each.strip())
    if not numbers or given["is_good"] is None:
        raise UserError("USAGE", "请写 --item 号，并写 --good 或 --bad。")
    note = given["note"].strip()
    if not given["is_good"] and not note:
        raise UserError("USAGE", "不符合的请用 --note 写明为什么。")
    if len(note) > _LONGEST_NOTE:
        raise UserError("AUDIT_FIELD", f"说明最多{_LONGEST_NOTE}字，现有{len(note)}字。")
    return tuple(Conclusion(number=one, is_good=given["is_good"], note=note) for one in numbers)


async def _conclude(
    made: tuple[Conclusion, ...], given: dict[str, Any], person: str
) -> AuditRecorded:
    from contracts.audit_flow import AuditFlowDesk, ConclusionsOrder
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        key = await the_key(door, given, now)
        await refuse_names(door, key.rollout, [("说明", given["note"].strip())])
        # A conclusion may be changed and changed back, so that its moment belongs to its identity.
        action_id = fingerprint("conclude", key, made, now)
        order = ConclusionsOrder(
            now=now, key=key, person=person, action_id=action_id, conclusions=made
        )
        answer = await door.order(AuditFlowDesk.conclude, order, once("conclude", action_id, now))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    return answer


@click.command()
@click.argument("rollout", metavar="改革")
@click.argument("file", metavar="条文.txt", type=click.Path(path_type=Path))
@click.option("--paper", default="", metavar="文号", help="条文出自哪份文件。")
@PERSON_OPTION
@JSON_OPTION
def discipline(*, rollout: str, file: Path, paper: str, person: str, as_json: bool) -> None:
    """载入“四个严禁”的条文（0-15）：一行一条的文本文件；来源文件没有条文，本软件不代拟。

    例：jiegai audit discipline 乌海2019 四个严禁.txt --paper 鄂编办发〔2019〕3号 --as 张三
    """
    from starter.desk_client import run

    who = acting_person(person)
    if not paper.strip():
        raise UserError("USAGE", "请用 --paper 写明条文出自哪份文件。")
    items = _items(file)
    answer = run(_load(rollout.strip(), items, paper.strip(), who))
    if as_json:
        echo_json(asdict(answer))
        return
    again = "与已载入的相同，没有改动" if answer.again else "已载入"
    click.echo(f"“四个严禁”{len(items)}条{again}（{paper.strip()}）。")
    if answer.sentence:
        click.echo(answer.sentence)


def _items(file: Path) -> tuple[str, ...]:
    """The text's lines as they stand. Raises UserError: FILE_MISSING, FILE_FORMAT, AUDIT_FIELD, …."""
    from runtime.failure import why

    if not file.is_file():
        raise UserError("FILE_MISSING", f"没有文件 {file}。")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError("FILE_UNREADABLE", f"{file} 不能读取：{why(error)}。") from error
    text = None
    if len(content) <= _MOST_BYTES and b"\x00" not in content:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                text = content.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    if text is None:
        raise UserError("FILE_FORMAT", f"{file} 不是文本文件，请存为 .txt，一行一条。")
    items = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(items) != _PROHIBITIONS:
        sentence = f"“四个严禁”应有{_PROHIBITIONS}条，{file} 有{len(items)}行；一条写一行。"
        raise UserError("AUDIT_FIELD", sentence)
    if longest := next((item for item in items if len(item) > _LONGEST_ITEM), ""):
        sentence = f"一条最多{_LONGEST_ITEM}字，“{longest}”有{len(longest)}字。"
        raise UserError("AUDIT_FIELD", sentence)
    return items


async def _load(rollout: str, items: tuple[str, ...], paper: str, person: str) -> AuditRecorded:
    from contracts.audit_flow import AuditFlowDesk, DisciplineText
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        written = [("文号", paper), *((f"第{n}条", text) for n, text in enumerate(items, 1))]
        await refuse_names(door, rollout, written)
        action_id = fingerprint("discipline", rollout, paper, items)
        text = DisciplineText(
            now=now, rollout=rollout, person=person, action_id=action_id, paper=paper, items=items
        )
        answer = await door.order(
            AuditFlowDesk.discipline, text, once("discipline", action_id, now)
        )
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    return answer
