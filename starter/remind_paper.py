"""A 督办单 as a document: a 通知 in the letter format of GB/T 9704-2012."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from domain.day_words import SHANGHAI
from domain.official_paper import Genre, Layout, OfficialPaper, Para
from starter.errors import UserError

if TYPE_CHECKING:
    from contracts.remind import SlipLine


def write_slip(path: Path, line: SlipLine) -> None:
    """This will write a slip as .docx; nothing is overwritten.

    Raises UserError: PAPER_UNFIT, FILE_EXISTS, FILE_UNWRITABLE.
    """
    from runtime.failure import why
    from starter.official_docx import official_docx

    paper = slip_paper(line)
    errors = [one for one in paper.findings if one.is_error]
    if errors:
        raise UserError("PAPER_UNFIT", f"{paper.title}不能生成：{errors[0].sentence}")
    content = official_docx(paper)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise UserError("FILE_EXISTS", f"{path} 已经存在，没有覆盖，请换一个文件名。") from error
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"{path} 不能写入：{why(error)}。") from error


def slip_paper(line: SlipLine) -> OfficialPaper:
    """This will lay a slip out; a draft has no signature and says so."""
    is_signed = line.signed_at is not None
    others = dict.fromkeys(target.partition(":")[0] for target in line.targets)
    others.pop(line.unit, None)
    report = f"办理情况请书面报{line.signed_unit or '签发单位'}。"
    return OfficialPaper(
        genre=Genre.NOTICE,
        layout=Layout.LETTER,
        title=f"{line.colour}色督办单（第{line.number}号）" + ("" if is_signed else "\n（代拟稿）"),
        mark=line.signed_unit or "督办单",
        number=line.paper,
        to=(line.unit,),
        body=(Para(text=line.body), Para(text=report)),
        signers=(line.signed_unit,) if is_signed else (),
        dated=line.signed_at.astimezone(SHANGHAI).date() if line.signed_at else None,
        cc=tuple(others),
    )
