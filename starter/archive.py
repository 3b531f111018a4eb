"""``jiegai archive``: a rollout's closed procedures as 案卷 that can be read without this software.

``jiegai archive 改革`` writes one, ``jiegai archive verify 目录`` checks one. A rollout that is
itself called verify is archived by ``jiegai archive create verify``.
"""

from __future__ import annotations

import errno
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.failure import why
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.table import echo_json, pasted

if TYPE_CHECKING:
    from starter.archive_verify import Verified
    from starter.archive_writer import Archived


class ArchiveGroup(click.Group):
    """A group whose first command is meant where no other is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """This will put ``create`` before a rollout's name."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ArchiveGroup)
def archive() -> None:
    """归档：jiegai archive 改革，把办结的事项写成案卷；jiegai archive verify 目录，核验档案。"""


@archive.command()
@click.argument("rollout", metavar="改革")
@click.option(
    "--output",
    "-o",
    "target",
    metavar="目录",
    type=click.Path(path_type=Path),
    help="写到哪个目录；默认为当前目录下的“改革名-档案”。旧档案整个换新，别的内容不动。",
)
@click.option(
    "--as", "person", default="", metavar="姓名", help="归档人；取入库的证据文件须是协调员。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def create(*, rollout: str, target: Path | None, person: str, as_json: bool) -> None:
    """把一次改革写成档案：每个办结的事项一个案卷，另有方案、通讯录、日历、会议和索引。"""
    from starter.archive_text import safe_name
    from starter.desk_client import run

    name = rollout.strip().strip("/")
    folder = target or Path(f"{safe_name(name)}-档案")
    try:
        archived = run(_create(name, folder.absolute(), person.strip()))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise UserError("FILE_UNWRITABLE", f"写不了 {folder}：{why(error)}。") from error
    if as_json:
        echo_json({**asdict(archived), "folder": str(folder)})
        return
    for line in report(archived, folder):
        click.echo(printable(line))


async def _create(rollout: str, folder: Path, person: str) -> Archived:
    from starter.archive_source import Source
    from starter.archive_writer import write_archive
    from starter.desk_client import opened

    now = datetime.now(UTC)
    async with opened() as door:
        source = Source(door.ask, door.workflows, rollout, now)
        return await write_archive(source, folder, person=person, at=now)


def report(archived: Archived, folder: Path) -> list[str]:
    """This will say what was archived, what is missing, and what to write down."""
    still = f"，未结、未办 {archived.open} 件没有案卷" if archived.open else ""
    return [
        (
            f"已归档“{archived.rollout}”到 {folder}：案卷 {archived.cases} 件{still}，"
            f"{archived.files} 个文件。"
        ),
        *(f"缺失：{text}" for text in archived.missing),
        f"打开 {folder / '索引.html'} 查看；SHA256SUMS 的 sha256 请抄入移交清单：",
        f"  {archived.seal}",
        f"核验：jiegai archive verify {pasted(folder)}",
    ]


@archive.command()
@click.argument("folder", metavar="目录", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def verify(*, folder: Path, as_json: bool) -> None:
    """核验一份档案：有无缺少、多出、改动，各部分是否一致；不需要联网和服务。"""
    from starter.archive_text import SUMS
    from starter.archive_verify import verify as check

    if not folder.is_dir():
        raise UserError("ARCHIVE_NOT_FOUND", f"没有目录 {folder}。")
    if not (folder / SUMS).exists():
        raise UserError("ARCHIVE_NOT_FOUND", f"{folder} 不是档案：里面没有 {SUMS}。")
    found = check(folder)
    if as_json:
        echo_json(asdict(found))
    else:
        _show(found)
    if found.faults:
        raise UserError(
            "ARCHIVE_FAULTY",
            f"档案 {folder} 有{len(found.faults)}处不符，不能作为完整的档案。",
            EXIT_REFUSED,
        )


def _show(found: Verified) -> None:
    for fault in found.faults:
        click.echo(printable(f"{fault.file}  [{fault.code}] {fault.sentence}"))
    if not found.faults:
        click.echo(
            f"档案完好：“{found.rollout}”，案卷 {found.cases} 件，{found.files} 个文件，没有改动。"
        )
    click.echo(f"SHA256SUMS 的 sha256：{found.seal}（与移交清单上的对照）")
