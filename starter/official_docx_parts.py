"""Runs, paragraphs and tables of an official document as WordprocessingML."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final
from xml.sax.saxutils import escape

from domain.official_paper import Cell, Row, Table
from starter.official_docx_page import (
    CHAR,
    LINE,
    NO3,
    NO4,
    SMALL4,
    SMALL5,
    TEXT_WIDTH,
    Face,
    fonts_xml,
)

_NO_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CELL_LINE: Final = 400
"""Twips of a line in a table: 小四 in 20 pt."""

_CELL_EDGE: Final = 85
"""Twips between a cell's line and its words."""

_SHADES: Final = ("262626", "A6A6A6", "FFFFFF")
_BAR_HEIGHT: Final = 200


def run(text: str, face: Face = Face.BODY, size: int = NO3, color: str = "") -> str:
    """Text in one face; a line break in it stays one, what XML cannot hold becomes �."""
    clean = escape(_NO_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")))
    tint = f'<w:color w:val="{color}"/>' if color else ""
    words = clean.replace("\t", "</w:t><w:tab/>" + _T).replace("\n", "</w:t><w:br/>" + _T)
    return (
        f'<w:r><w:rPr>{fonts_xml(face)}{tint}<w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr>'
        f"{_T}{words}</w:t></w:r>"
    )


_T: Final = '<w:t xml:space="preserve">'


def paragraph(
    runs: str = "",
    *,
    style: str = "",
    jc: str = "",
    ind: str = "",
    before: int = 0,
    after: int = 0,
    line: int = LINE,
    auto: bool = False,
    snap: bool = True,
    keep: bool = False,
    border: str = "",
    tab: int = 0,
    new_page: bool = False,
) -> str:
    """One paragraph. Lines are ``line`` twips exactly; ``auto`` lets a picture have its height.

    ``snap`` False leaves a line higher than the grid's (2号) in one line of it. ``ind`` are the
    attributes of ``w:ind``, ``keep`` holds it on the page of the next one.
    """
    height = 'w:line="240" w:lineRule="auto"' if auto else f'w:line="{line}" w:lineRule="exact"'
    spacing = f'w:before="{before}" w:after="{after}" {height}'
    given = (
        f'<w:pStyle w:val="{style}"/>' if style else "",
        "<w:keepNext/>" if keep else "",
        "<w:pageBreakBefore/>" if new_page else "",
        f"<w:pBdr>{border}</w:pBdr>" if border else "",
        f'<w:tabs><w:tab w:val="right" w:pos="{tab}"/></w:tabs>' if tab else "",
        '<w:snapToGrid w:val="0"/>' if not snap or line != LINE or auto else "",
        f"<w:spacing {spacing}/>",
        f"<w:ind {ind}/>" if ind else "",
        f'<w:jc w:val="{jc}"/>' if jc else "",
    )
    return f"<w:p><w:pPr>{''.join(given)}</w:pPr>{runs}</w:p>"


def blank(count: int = 1, *, keep: bool = False) -> str:
    """Empty lines of the grid."""
    return paragraph(keep=keep) * count


def left(chars: float, *, hanging: float = 0, first: float = 0) -> str:
    """An indent in characters: of the grid's, in both of the ways that programs read."""
    words = [f'w:leftChars="{round(chars * 100)}" w:left="{round(chars * CHAR)}"'] if chars else []
    if hanging:
        words.append(f'w:hangingChars="{round(hanging * 100)}" w:hanging="{round(hanging * CHAR)}"')
    if first:
        words.append(f'w:firstLineChars="{round(first * 100)}" w:firstLine="{round(first * CHAR)}"')
    return " ".join(words)


def right(chars: float) -> str:
    """An indent from the right edge, in characters."""
    return f'w:rightChars="{round(chars * 100)}" w:right="{round(chars * CHAR)}"'


def width(text: str) -> float:
    """How many characters wide a text is on the grid; a digit or Latin letter is a half.

    >>> width("2019年12月5日")
    6.5
    """
    wide = sum(unicodedata.east_asian_width(c) in "WFA" for c in text)
    return wide + (len(text) - wide) / 2


_EDGES: Final = ("top", "left", "bottom", "right", "insideH", "insideV")


def table(value: Table) -> str:
    """A table as wide as the text, its rows whole on a page, its head on every page."""
    columns = _columns(value.grid)
    caption = run(value.caption, Face.HEI, NO4) if value.caption else ""
    borders = "".join(f'<w:{edge} w:val="single" w:sz="4" w:color="000000"/>' for edge in _EDGES)
    return (
        (paragraph(caption, jc="center", keep=True) if caption else "")
        + "<w:tbl><w:tblPr>"
        + f'<w:tblW w:w="{TEXT_WIDTH}" w:type="dxa"/><w:jc w:val="center"/>'
        + f'<w:tblBorders>{borders}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        + f'<w:tblCellMar><w:left w:w="{_CELL_EDGE}" w:type="dxa"/>'
        + f'<w:right w:w="{_CELL_EDGE}" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        + _grid(columns)
        + "".join(_row(one, columns) for one in value.rows)
        + "</w:tbl>"
    )


def borderless(rows: list[list[str]], columns: int) -> str:
    """Words centred side by side, without lines: the names of a joint document."""
    widths = _columns((1,) * columns)
    made = ""
    for row in rows:
        cells = [*row, *[""] * (columns - len(row))]
        made += "<w:tr><w:trPr><w:cantSplit/></w:trPr>" + "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{wide}" w:type="dxa"/></w:tcPr>'
            f"{blank(2, keep=True)}{paragraph(run(word), jc='center', keep=True)}</w:tc>"
            for wide, word in zip(widths, cells, strict=True)
        )
        made += "</w:tr>"
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{TEXT_WIDTH}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/></w:tblPr>'
        f"{_grid(widths)}{made}</w:tbl>"
    )


def _columns(grid: tuple[int, ...]) -> list[int]:
    """The twips of each column; together exactly the width of the text."""
    return _shared(grid, TEXT_WIDTH)


def _shared(grid: tuple[int, ...], twips: int) -> list[int]:
    """A width parted by shares; the parts are together exactly the whole."""
    whole, ends = sum(grid), [0]
    for share in grid:
        ends.append(ends[-1] + share)
    edges = [end * twips // whole for end in ends]
    return [after - before for before, after in pairwise(edges)]


def _grid(columns: list[int]) -> str:
    widths = "".join(f'<w:gridCol w:w="{twips}"/>' for twips in columns)
    return f"<w:tblGrid>{widths}</w:tblGrid>"


def _row(row: Row, columns: list[int]) -> str:
    height = round(row.lines * _CELL_LINE) + 100
    head = "<w:tblHeader/>" if row.head else ""
    cells, at = "", 0
    for cell in row.cells:
        cells += _cell(cell, sum(columns[at : at + cell.span]), head=row.head)
        at += cell.span
    return (
        f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{height}" w:hRule="atLeast"/>{head}'
        f"</w:trPr>{cells}</w:tr>"
    )


def _cell(cell: Cell, twips: int, *, head: bool) -> str:
    span = f'<w:gridSpan w:val="{cell.span}"/>' if cell.span > 1 else ""
    if cell.bar:
        return (
            f'<w:tc><w:tcPr><w:tcW w:w="{twips}" w:type="dxa"/>{span}<w:vAlign w:val="center"/>'
            f"</w:tcPr>{_bar(cell.bar, twips - 2 * _CELL_EDGE)}</w:tc>"
        )
    size = SMALL5 if cell.fine else SMALL4
    jc = "center" if cell.label or cell.centred else "left"
    face = Face.HEI if head else Face.BODY
    line = 280 if cell.fine else _CELL_LINE
    lines = "".join(
        paragraph(run(text, face, size), jc=jc, line=line) for text in cell.text.split("\n")
    )
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{twips}" w:type="dxa"/>{span}<w:vAlign w:val="center"/>'
        f"</w:tcPr>{lines}</w:tc>"
    )


def _bar(shares: tuple[int, ...], twips: int) -> str:
    """A bar as a table in the cell: every program draws it, and a printer without colour too."""
    whole = sum(shares)
    shown = [(share, _SHADES[min(n, len(_SHADES) - 1)]) for n, share in enumerate(shares) if share]
    if not whole:
        shown = [(1, _SHADES[-1])]
    widths = _shared(tuple(share for share, _ in shown), twips)
    edges = "".join(f'<w:{edge} w:val="single" w:sz="4" w:color="000000"/>' for edge in _EDGES[:4])
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{wide}" w:type="dxa"/>'
        f'<w:shd w:val="clear" w:color="auto" w:fill="{shade}"/></w:tcPr>'
        f"{paragraph(line=_BAR_HEIGHT - 40)}</w:tc>"
        for wide, (_, shade) in zip(widths, shown, strict=True)
    )
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblBorders>{edges}</w:tblBorders><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tblCellMar>'
        f"</w:tblPr>{_grid(widths)}<w:tr>"
        f'<w:trPr><w:cantSplit/><w:trHeight w:val="{_BAR_HEIGHT}" w:hRule="exact"/></w:trPr>{cells}'
        f"</w:tr></w:tbl>{paragraph(line=20)}"
    )
