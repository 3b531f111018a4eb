"""``jiegai case show``: the whole story of one case, or one of its papers as a .docx file."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from starter.errors import UserError, printable
from starter.parameters import JSON_OPTION, ROLLOUT_OPTION
from starter.table import echo_json, terminal_width

if TYPE_CHECKING:
    from starter.case_docx import Grounds
    from starter.case_story import Story


@click.command()
@click.argument("case_number", metavar="案件")
@click.option("--rule", "rules", is_flag=True, help="写出每个时限是怎样算的。")
@click.option(
    "--docx",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="文件",
    help="写成公文（GB/T 9704），用 --paper 选哪一种。",
)
@click.option(
    "--paper", default="", metavar="公文", help="交接单、函、回告、移送书、送达回证、拒收说明。"
)
@click.option("--number", default="", metavar="文号", help="公文的文号；不写则取办理时的文号。")
@ROLLOUT_OPTION
@JSON_OPTION
def show(
    *,
    case_number: str,
    rules: bool,
    docx: Path | None,
    paper: str,
    number: str,
    rollout: str,
    as_json: bool,
) -> None:
    """一件案件的全部：双方、依据、每个时限、每个环节、全部经过；案件可只写编号末尾。

    jiegai case show 7F3A          jiegai case show 7F3A --docx 交接单.docx --paper 交接单
    """
    from starter.desk_client import run

    if paper and docx is None:
        raise UserError("USAGE", "--paper 要和 --docx 文件 一起用。")
    story, grounds = run(_read(case_number, rollout, with_grounds=docx is not None))
    if docx is not None:
        from starter.case_docx import write_paper

        said = write_paper(story, docx, paper, number.strip(), grounds)
        if as_json:
            echo_json({"file": str(docx), **said})
        else:
            for warning in said["warnings"]:
                click.echo(printable(f"注意：{warning}"), err=True)
            click.echo(f"已写出{said['paper']} {docx}。")
        return
    if as_json:
        progress = asdict(story.progress) if story.progress else None
        echo_json(
            {
                "case": asdict(story.line),
                "steps": progress["steps"] if progress else None,
                "log": [asdict(one) for one in story.log],
            }
        )
        return
    from starter.case_story import laid_out

    for text in laid_out(story, datetime.now(UTC), terminal_width(), rules=rules):
        click.echo(text)


async def _read(
    case_number: str, rollout: str, *, with_grounds: bool
) -> tuple[Story, Grounds | None]:
    from starter.case_find import found_case
    from starter.case_story import read_story
    from starter.desk_client import opened

    async with opened() as door:
        story = await read_story(door, await found_case(door, case_number, rollout))
        if not with_grounds:
            return story, None
        from starter.case_docx import read_grounds

        return story, await read_grounds(door, story.line)
