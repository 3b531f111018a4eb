"""An official document as a .docx file in the layout of GB/T 9704-2012 (domain.md 8.4).

Every distance is a whole number of lines or characters of the page's grid, or the standard's
millimetres; nothing is left to the reader's program. The same document gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from domain.official_paper import (
    Block,
    Layout,
    OfficialPaper,
    Pages,
    Para,
    Picture,
    Table,
    numbered,
    spell_date,
    title_lines,
)
from starter.official_docx_page import (
    CHAR,
    EDGE,
    LINE,
    NO2,
    NO3,
    NO4,
    RED,
    TEXT_WIDTH,
    WORD_NS,
    Face,
    empty_package,
    fonts_xml,
    repack,
)
from starter.official_docx_parts import (
    blank,
    borderless,
    left,
    paragraph,
    right,
    run,
    table,
    width,
)

if TYPE_CHECKING:
    from docx.document import Document

_WORD: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_MM: Final = 56.7
"""Twips of a millimetre."""

_NO4_CHAR: Final = 280
"""Twips of a character of 4号."""

_FACES: Final = {1: Face.HEI, 2: Face.KAI}
_WHOLE_LIST: Final = 3
"""Attachments that stand on one page."""

_UNDATED: Final = "　　年　月　日"
_LARGEST_MARK: Final = 90
"""Half points of the largest 发文机关标志 (小初 and a little); the standard leaves it to the organ."""


def official_docx(paper: OfficialPaper) -> bytes:
    """This will write the document as the bytes of a .docx file."""
    from docx import Document

    letter = paper.layout is Layout.LETTER
    document = Document(empty_package(title=paper.title, dated=paper.dated, letter=letter))
    for part in _story(paper):
        if isinstance(part, Picture):
            _insert_picture(document, part)
        else:
            _insert(document, part)
    _lay_edges(document, paper)
    made = io.BytesIO()
    document.save(made)
    return repack(made.getvalue())


def _story(paper: OfficialPaper) -> Iterator[str | Picture]:
    if paper.layout is Layout.HEADED:
        yield from _head(paper)
    elif paper.layout is Layout.LETTER:
        yield from _letter_head(paper)
    yield paragraph(
        run("\n".join(title_lines(paper.title)), Face.TITLE, NO2), jc="center", snap=False
    )
    if paper.layout is Layout.FORM and paper.number:
        yield paragraph(run(paper.number), jc="right", ind=right(1))
    else:
        yield blank()
    if paper.to:
        yield paragraph(run("，".join(paper.to) + "："), jc="both")
    yield from _body(paper.body, signed=bool(paper.signers) and not paper.attachments)
    yield from _attachments(paper.attachments)
    if paper.signers:
        yield from _signature(paper)
    if paper.footnote:
        yield paragraph(run(f"（{paper.footnote}）"), ind=left(0, first=2))
    yield from _annexes(paper)
    if paper.cc or paper.issued_by:
        yield _imprint(paper)


def _head(paper: OfficialPaper) -> Iterator[str]:
    """版头: the red 发文机关标志 35 mm below the text's edge, the number, the red line."""
    lines = 1 if paper.urgency else 0
    if paper.urgency:
        yield paragraph(run(paper.urgency, Face.HEI))
    size = _mark_size(paper.mark)
    yield paragraph(
        run(paper.mark, Face.TITLE, size, RED),
        jc="center",
        before=round(35 * _MM) - lines * LINE,
        line=size * 12,
    )
    yield blank(2)
    line = f'<w:bottom w:val="single" w:sz="12" w:space="11" w:color="{RED}"/>'
    if not paper.signatories:
        yield paragraph(run(paper.number), jc="center", border=line)
    else:
        *above, last = _pairs(paper.signatories)
        for number, names in enumerate(above):
            yield _signatory_line("", names, first=not number)
        yield _signatory_line(paper.number, last, first=not above, border=line)
    yield blank(2)


def _signatory_line(number: str, names: str, *, first: bool, border: str = "") -> str:
    word = "签发人：" if first else ""
    runs = run(f"　{number}\t{word}") + run(names, Face.KAI)
    return paragraph(runs, tab=TEXT_WIDTH - CHAR, border=border, jc="left")


def _pairs(names: tuple[str, ...]) -> list[str]:
    return ["　".join(names[at : at + 2]) for at in range(0, len(names), 2)]


def _letter_head(paper: OfficialPaper) -> Iterator[str]:
    """The number at the right edge, 7/8 of a character below the first double line."""
    urgent = run(paper.urgency, Face.HEI)
    yield paragraph(
        f"{urgent}{run(chr(9) + paper.number)}", tab=TEXT_WIDTH, before=NO3 * 10 * 7 // 8, jc="left"
    )
    yield blank(2)


def _mark_size(mark: str) -> int:
    """The largest half points in which the mark stands in its lines, an even number."""
    longest = max(width(line) for line in (mark or "　").split("\n"))
    fitting = int(TEXT_WIDTH / 10 / max(1.0, longest))
    return max(NO3, min(_LARGEST_MARK, fitting)) // 2 * 2


def _body(body: tuple[Block, ...], *, signed: bool) -> Iterator[str | Picture]:
    last = len(body)
    for place, (label, block) in enumerate(numbered(body), start=1):
        if isinstance(block, Table):
            yield table(block)
        elif isinstance(block, Picture):
            yield block
            if block.caption:
                yield paragraph(run(block.caption, Face.HEI, NO4), jc="center")
        else:
            yield _paragraph(label, block, keep=signed and place == last)


def _paragraph(label: str, block: Para, *, keep: bool) -> str:
    face = _FACES.get(block.level, Face.BODY)
    runs = (run(label + block.heading, face) if label or block.heading else "") + (
        run(block.text) if block.text else ""
    )
    only_heading = bool(block.level and block.heading and not block.text)
    style = f"Heading{block.level}" if only_heading else ""
    indent = "" if block.flush else left(0, first=2)
    return paragraph(runs, style=style, ind=indent, keep=keep or only_heading)


def _attachments(names: tuple[str, ...]) -> Iterator[str]:
    """附件说明: a line below the text, two characters in; a second line under the first name.

    The last stays with the signature: no page has a signature alone; a short list is not torn.
    """
    if names:
        yield blank(keep=True)
    if len(names) == 1:
        yield paragraph(run(f"附件：{names[0]}"), ind=left(5, hanging=3), keep=True)
        return
    for number, name in enumerate(names, start=1):
        own = width(f"{number}.")
        first = "附件：" if number == 1 else ""
        indent = left(5 + own, hanging=own + len(first))
        keep = number == len(names) or len(names) <= _WHOLE_LIST
        yield paragraph(run(f"{first}{number}.{name}"), ind=indent, keep=keep)


def _annexes(paper: OfficialPaper) -> Iterator[str | Picture]:
    """附件: each on a page of its own, “附件” and its number at the edge, the title on the third line."""
    for number, annex in enumerate(paper.annexes, start=1):
        word = f"附件{number}" if len(paper.annexes) > 1 else "附件"
        yield paragraph(run(word, Face.HEI), new_page=True)
        yield blank()
        yield paragraph(run(annex.title, Face.TITLE, NO2), jc="center", snap=False)
        yield blank()
        yield from _body(annex.body, signed=False)


def _signature(paper: OfficialPaper) -> Iterator[str]:
    """署名 and 成文日期, the name centred over the date where the seal comes on both."""
    day = spell_date(paper.dated) if paper.dated else _UNDATED
    if len(paper.signers) > 1:
        rows = [list(paper.signers[at : at + 3]) for at in range(0, len(paper.signers), 3)]
        yield borderless(rows, columns=min(3, len(paper.signers)))
        yield paragraph(run(day), jc="right", ind=right(4))
        return
    name = paper.signers[0]
    of_name, of_day = _signature_indents(name, day, sealed=paper.sealed)
    yield blank(2 if paper.sealed else 1, keep=True)
    yield paragraph(run(name), jc="right", ind=right(of_name), keep=True)
    yield paragraph(run(day), jc="right", ind=right(of_day))


def _signature_indents(name: str, day: str, *, sealed: bool) -> tuple[float, float]:
    """How far name and date stand from the right edge, in characters.

    With a seal the date four and the name centred over it; without one the date begins two after
    the name's beginning, and neither stands nearer the edge than two.
    """
    longer = width(name) - width(day)
    if sealed:
        of_name = max(0.0, 4 - longer / 2)
        return of_name, of_name + longer / 2 if not of_name else 4.0
    return (2.0, longer) if longer >= 2 else (4 - longer, 2.0)


def _imprint(paper: OfficialPaper) -> str:
    """版记 at the foot of the last page; a letter's has no lines and no 印发机关."""
    letter = paper.layout is Layout.LETTER
    rows = []
    if paper.cc:
        indent = f'w:left="{4 * _NO4_CHAR}" w:right="{_NO4_CHAR}" w:hanging="{3 * _NO4_CHAR}"'
        rows.append(paragraph(run(f"抄送：{'，'.join(paper.cc)}。", size=NO4), ind=indent))
    if paper.issued_by and not letter:
        day = f"{spell_date(paper.issued_on)}印发" if paper.issued_on else ""
        rows.append(
            paragraph(
                run(f"{paper.issued_by}\t{day}", size=NO4),
                ind=f'w:left="{_NO4_CHAR}" w:right="{_NO4_CHAR}"',
                tab=TEXT_WIDTH - _NO4_CHAR,
                jc="left",
            )
        )
    thick = "".join(f'<w:{e} w:val="single" w:sz="8" w:color="000000"/>' for e in ("top", "bottom"))
    thin = '<w:insideH w:val="single" w:sz="6" w:color="000000"/>'
    borders = "" if letter else f"<w:tblBorders>{thick}{thin}</w:tblBorders>"
    cells = "".join(
        f'<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr><w:tcW w:w="{TEXT_WIDTH}"'
        f' w:type="dxa"/></w:tcPr>{row}</w:tc></w:tr>'
        for row in rows
    )
    # Placed across by the page: some programs float a table as wide as the text only then.
    return (
        '<w:tbl><w:tblPr><w:tblpPr w:leftFromText="0" w:rightFromText="0" w:vertAnchor="margin"'
        f' w:horzAnchor="page" w:tblpX="{EDGE}" w:tblpYSpec="bottom"/>'
        f'<w:tblOverlap w:val="never"/><w:tblW w:w="{TEXT_WIDTH}" w:type="dxa"/>{borders}'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="0" w:type="dxa"/>'
        '<w:right w:w="0" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f'<w:tblGrid><w:gridCol w:w="{TEXT_WIDTH}"/></w:tblGrid>{cells}</w:tbl>'
        f"{paragraph(line=20)}"
    )


def _lay_edges(document: Document, paper: OfficialPaper) -> None:
    """Page numbers outside the text; a letter's double red lines on its first page."""
    section = document.sections[0]
    if paper.layout is Layout.LETTER:
        _fill(section.first_page_header, _letter_mark(paper.mark))
        _fill(section.first_page_footer, paragraph(line=20, ind=_BEYOND, border=_LOWER))
    if paper.pages is Pages.OUTER:
        _fill(section.footer, _page_number("right"))
        _fill(section.even_page_footer, _page_number("left"))


_BEYOND: Final = f'w:left="-{round(8 * _MM)}" w:right="-{round(6 * _MM)}"'
"""From 156 mm of text to 170 mm of line in the middle of the paper."""

_LOWER: Final = f'<w:bottom w:val="thinThickSmallGap" w:sz="24" w:space="0" w:color="{RED}"/>'


def _letter_mark(mark: str) -> str:
    size = _mark_size(mark)
    line = f'<w:bottom w:val="thickThinSmallGap" w:sz="24" w:space="11" w:color="{RED}"/>'
    words = run(mark, Face.TITLE, size, RED)
    return paragraph(words, jc="center", line=size * 12, ind=_BEYOND, border=line)


def _page_number(side: str) -> str:
    """``— 1 —`` one character from the edge, its dashes 7 mm below the text."""
    look = f'<w:rPr>{fonts_xml(Face.SONG)}<w:sz w:val="{NO4}"/><w:szCs w:val="{NO4}"/></w:rPr>'
    field = (
        f'<w:r>{look}<w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r>{look}<w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>'
        f'<w:r>{look}<w:fldChar w:fldCharType="separate"/></w:r>'
        f'{run("1", Face.SONG, NO4)}<w:r>{look}<w:fldChar w:fldCharType="end"/></w:r>'
    )
    return paragraph(
        f"{run('— ', Face.SONG, NO4)}{field}{run(' —', Face.SONG, NO4)}",
        style="Footer",
        jc=side,
        ind=f'w:{side}="{_NO4_CHAR}"',
        line=_NO4_CHAR,
        after=round(5 * _MM),
    )


def _fill(edge: Any, xml: str) -> None:
    """This will put one paragraph into a head or foot, in place of the library's own."""
    from docx.oxml import parse_xml

    edge.is_linked_to_previous = False
    element = edge._element  # noqa: SLF001 - the library has no name for it
    for child in list(element):
        element.remove(child)
    for child in list(parse_xml(f"<w:hdr {WORD_NS}>{xml}</w:hdr>")):
        element.append(child)


def _insert(document: Document, xml: str) -> None:
    from docx.oxml import parse_xml

    body: Any = document.element.body
    for child in list(parse_xml(f"<w:body {WORD_NS}>{xml}</w:body>")):
        # A table moves row by row: as one piece it takes the square of its rows, minutes for 2,000.
        rows = child.findall(f"{_WORD}tr")
        for row in rows:
            child.remove(row)
        body.sectPr.addprevious(child)
        child.extend(rows)


def _insert_picture(document: Document, picture: Picture) -> None:
    from docx.shared import Mm

    _insert(document, paragraph(jc="center", auto=True, keep=bool(picture.caption)))
    last = document.paragraphs[-1]
    last.add_run().add_picture(io.BytesIO(picture.data), width=Mm(min(156, picture.width_mm)))
