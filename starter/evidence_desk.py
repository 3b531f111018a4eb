"""``jiegai evidence``: list the evidence of a procedure, take a file out, store one beforehand.

A fetched file is written under its own name into the current directory, or where ``-o`` says; it
never overwrites one, and a stored name never leads out of the directory.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path, PureWindowsPath
from typing import IO, TYPE_CHECKING, Final

import click

from domain.action import Keeping
from runtime.failure import why
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import SHANGHAI
from starter.table import display_width, echo_json, pasted, render, terminal_width, wrap

if TYPE_CHECKING:
    from contracts.evidence import EvidenceLine
    from starter.desk_client import Door
    from starter.evidence_transfer import Outgoing

_SHORT_HASH: Final = 12
_SHORTEST_HASH: Final = 6
_LONGEST_NAME: Final = 200
"""Bytes of a file's name; most file systems take 255."""

_UNITS: Final = ("B", "KB", "MB", "GB")


@click.group()
def evidence() -> None:
    """证据文件：入库、查看、取出。"""


@evidence.command("list")
@click.argument("item", metavar="事项")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def list_(*, item: str, as_json: bool) -> None:
    """列出一个事项的证据：名称、文号、文件、保管方式，谁在何时提交。"""
    from starter.desk_client import run

    workflow_id, lines = run(_listed(item))
    if as_json:
        echo_json({"workflow_id": workflow_id, "lines": [asdict(line) for line in lines]})
        return
    if not lines:
        click.echo(f"{workflow_id} 还没有证据。")
        return
    click.echo(workflow_id)
    for text in laid_out(lines, terminal_width()):
        click.echo(printable(text))
    if any(line.stored for line in lines):
        click.echo(f"取出文件：jiegai evidence get {pasted(item)} 名称 --as 姓名")


@evidence.command()
@click.argument("item", metavar="事项")
@click.argument("which", metavar="名称|sha256", required=False, default="")
@click.option("--as", "person", default="", metavar="姓名", help="取阅人。")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="文件", help="写到哪个文件或目录。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def get(*, item: str, which: str, person: str, output: Path | None, as_json: bool) -> None:
    """取出一件已入库的证据文件，核对指纹后写到当前目录；取阅都有登记。"""
    from starter.desk_client import run

    if not person.strip():
        raise UserError("USAGE", "请用 --as 写明取阅人。")
    line, path = run(_got(item, which.strip(), person.strip(), output))
    if as_json:
        echo_json({"path": str(path), **asdict(line)})
        return
    click.echo(f"已取出“{line.name}”：{path}（{_size(line.size)}，指纹相符）")


@evidence.command()
@click.argument("file", metavar="文件", type=click.Path(path_type=Path))
@click.option("--item", required=True, metavar="事项", help="为哪个事项入库。")
@click.option("--as", "person", default="", metavar="姓名", help="提交人。")
@click.option("--unit", default="", metavar="单位", help="代表哪个单位；不写则取与事项有关的单位。")
@click.option("--name", default="", metavar="名称", help="证据名称；不写则用文件名。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def put(*, file: Path, item: str, person: str, unit: str, name: str, as_json: bool) -> None:
    """先把文件入库，办理时再引用；中断后再执行一次，只传还缺的部分。"""
    from starter.desk_client import run

    if not person.strip():
        raise UserError("USAGE", "请用 --as 写明提交人。")
    outgoing = _outgoing(file, person.strip(), name.strip() or file.stem)
    named = name.strip() or file.stem
    workflow_id, created = run(_put(item, outgoing, unit.strip(), named))
    if as_json:
        echo_json(
            {
                "workflow_id": workflow_id,
                "name": named,
                "sha256": outgoing.sha256,
                "size": outgoing.size,
                "created": created,
            }
        )
        return
    before = "" if created else "（库中已有同一文件，没有重复保存）"
    click.echo(f"已为 {workflow_id} 入库“{named}”，{_size(outgoing.size)}{before}")
    click.echo(f"sha256:{outgoing.sha256}")
    click.echo(f"办理时引用：--evidence {pasted(f'{named}=文号@{file}')}")


async def _listed(item: str) -> tuple[str, tuple[EvidenceLine, ...]]:
    from starter.desk_client import opened

    async with opened() as door:
        workflow_id = await _workflow(door, item)
        return workflow_id, of_step(await _lines(door, workflow_id), item)


async def _got(
    item: str, which: str, person: str, output: Path | None
) -> tuple[EvidenceLine, Path]:
    from starter.desk_client import opened
    from starter.evidence_transfer import fetch_file

    async with opened() as door:
        workflow_id = await _workflow(door, item)
        line = chosen(of_step(await _lines(door, workflow_id), item), which, workflow_id)
        path = target(line.filename, line.sha256, output)
        with tempfile.TemporaryFile() as fetched:
            stored_as = await fetch_file(door, workflow_id, line.sha256, person, fetched)
            if not line.filename:
                line = replace(line, filename=stored_as)
                path = target(stored_as, line.sha256, output)
            _write(path, fetched)
        return line, path


async def _put(item: str, outgoing: Outgoing, unit: str, name: str) -> tuple[str, bool]:
    from contracts.evidence import EvidenceUse
    from contracts.names import split_id
    from starter.desk_client import opened
    from starter.evidence_transfer import keep_file

    async with opened() as door:
        workflow_id = await _workflow(door, item)
        use = EvidenceUse(workflow_id=workflow_id, name=name, filename=outgoing.filename, unit=unit)
        outgoing = replace(outgoing, rollout=split_id(workflow_id)[0])
        return workflow_id, await keep_file(door, outgoing, (use,))


def _outgoing(file: Path, person: str, name: str) -> Outgoing:
    """The file as it is, with everything checked that can be checked here."""
    from starter.evidence import file_at, fingerprint, refuse_large, refuse_marked
    from starter.evidence_transfer import Outgoing

    path = file_at(name, str(file), Path())
    if path is None:
        raise UserError("EVIDENCE_MISSING", f"证据“{name}”的文件 {file} 不存在。")
    refuse_large(name, "", path)
    sha256, size = fingerprint(path, name)
    refuse_marked(name, path)
    return Outgoing(
        rollout="", person=person, sha256=sha256, size=size, filename=path.name, path=path
    )


async def _workflow(door: Door, item: str) -> str:
    from contracts.names import split_item
    from starter.actions import resolve

    text, _ = split_item(item.strip())
    return await resolve(door, text)


async def _lines(door: Door, workflow_id: str) -> tuple[EvidenceLine, ...]:
    from contracts.evidence import EvidenceDesk, EvidenceQuestion

    question = EvidenceQuestion(workflow_id=workflow_id)
    page = await door.ask(EvidenceDesk.evidence, question)
    lines = page.lines
    while page.next_page:
        page = await door.ask(EvidenceDesk.evidence, replace(question, page=page.next_page))
        lines += page.lines
    return lines


def of_step(lines: Sequence[EvidenceLine], item: str) -> tuple[EvidenceLine, ...]:
    """This will leave what was handed in at the step that an item names; all where it names none."""
    from contracts.names import ITEM_MARK, split_item

    step = split_item(item.strip())[1].partition(ITEM_MARK)[0]
    return tuple(line for line in lines if not step or line.step == step)


def chosen(lines: Sequence[EvidenceLine], which: str, workflow_id: str) -> EvidenceLine:
    """This will choose the piece of evidence that is meant: by name the newest, by sha256, or all.

    Raises UserError: NOT_FOUND, AMBIGUOUS, EVIDENCE_OFFLINE, EVIDENCE_NOT_STORED.
    """
    meant = [line for line in lines if _is_meant(line, which)]
    files = {line.sha256: line for line in meant if line.stored}
    if not meant:
        what = f"没有证据“{which}”" if which else "没有证据"
        raise UserError(
            "NOT_FOUND", f"{workflow_id} {what}，可用 jiegai evidence list {workflow_id} 查看。"
        )
    if not which and len(files) > 1:
        names = "、".join(dict.fromkeys(line.name for line in files.values()))
        raise UserError("AMBIGUOUS", f"{workflow_id} 有{len(files)}件证据文件，请写明名称：{names}")
    if not files:
        raise _absent(meant[-1])
    # The same name may have been handed in again after a return: the last one counts.
    return list(files.values())[-1]


def _is_meant(line: EvidenceLine, which: str) -> bool:
    digest = which.lower().removeprefix("sha256:")
    by_hash = len(digest) >= _SHORTEST_HASH and line.sha256.startswith(digest)
    return not which or line.name == which or by_hash


def _absent(line: EvidenceLine) -> UserError:
    what = " ".join(part for part in (line.doc_no, line.filename) if part)
    if line.kept == Keeping.OFFLINE:
        return UserError(
            "EVIDENCE_OFFLINE",
            f"“{line.name}”（{what}）由{line.unit}线下保管，请向该单位调阅；sha256:{line.sha256}",
            EXIT_REFUSED,
        )
    return UserError(
        "EVIDENCE_NOT_STORED", f"“{line.name}”（{what}）没有入库的文件可取。", EXIT_REFUSED
    )


def target(filename: str, sha256: str, output: Path | None) -> Path:
    """This will say where a file is written: nowhere that exists, and never by a stored path.

    Raises UserError: FILE_EXISTS.
    """
    if output is not None and not output.is_dir():
        path = output
    else:
        path = (output or Path()) / safe_name(filename, sha256)
    if path.exists() or path.is_symlink():
        raise UserError("FILE_EXISTS", f"{path} 已经存在，不覆盖；请用 -o 换一个文件名。")
    return path


def safe_name(filename: str, sha256: str) -> str:
    r"""This will make a name of a file out of what somebody once called it.

    >>> safe_name("../../etc/口令", "ab" * 32), safe_name("C:\\甲\\草案.docx", "")
    ('口令', '草案.docx')
    """
    name = PureWindowsPath(filename).name
    shown = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    plain = shown.strip().lstrip(".").replace(":", "_")
    while len(plain.encode()) > _LONGEST_NAME:
        stem, dot, extension = plain.rpartition(".")
        plain = f"{stem[:-1]}{dot}{extension}" if stem and len(extension) < 10 else plain[:-1]
    return plain or f"{sha256[:_SHORT_HASH]}.bin"


def _write(path: Path, fetched: IO[bytes]) -> None:
    import shutil

    try:
        with path.open("xb") as file:
            try:
                shutil.copyfileobj(fetched, file)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        raise UserError(
            "FILE_EXISTS", f"{path} 已经存在，不覆盖；请用 -o 换一个文件名。"
        ) from error
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"不能写 {path}：{why(error)}。") from error


def laid_out(lines: Sequence[EvidenceLine], width: int) -> list[str]:
    """This will lay the list out as a table, or in blocks where a table would cut something off."""
    headers = ("名称", "文号", "文件", "大小", "保管", "提交", "日期", "指纹")
    table = render([_row(line) for line in lines], headers, _UNBOUNDED).split("\n")
    if max(map(display_width, table)) <= width:
        return table
    blocks: list[str] = []
    for line in lines:
        name, doc_no, filename, size, kept, who, day, digest = _row(line)
        blocks += ["", "  ".join(part for part in (name, doc_no, kept) if part)]
        if digest:
            known_by = f"sha256:{digest}"
            blocks += [
                f"  {part}" for part in wrap(f"{filename} {size} {known_by}".strip(), width - 2)
            ]
        blocks.append(f"  {who} {day}")
    return blocks


_UNBOUNDED: Final = 10_000


def _row(line: EvidenceLine) -> tuple[str, ...]:
    kept = line.kept or ("指纹" if line.sha256 else "文号")
    if line.kept == Keeping.STORED and not line.stored:
        kept = "不在库"
    return (
        line.name,
        line.doc_no,
        line.filename,
        _size(line.size) if line.size else "",
        kept,
        f"{line.step}{line.verb} {line.person}" if line.seq else f"未引用 {line.person}",
        f"{line.at.astimezone(SHANGHAI):%Y-%m-%d}",
        line.sha256[:_SHORT_HASH],
    )


def _size(size: int) -> str:
    """A size in words.

    >>> _size(500), _size(6_291_456)
    ('500B', '6.0MB')
    """
    amount, place = float(size), 0
    while amount >= 1024 and place < len(_UNITS) - 1:
        amount, place = amount / 1024, place + 1
    return f"{amount:.1f}{_UNITS[place]}" if place else f"{size}B"
