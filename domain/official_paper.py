"""An official document (公文) as a value: its elements, its numbering, and what is wrong with it.

Layout and elements after GB/T 9704-2012 as read in domain.md 8.4; the fifteen kinds after the
条例 art. 8; row 0-38 (a joint document carries one 发文字号). Forms of the enforcement side
(交接单, 移送书, 送达回证) are none of the fifteen and have no head.

Nothing here knows a file format: ``starter.official_docx`` writes the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from domain.refusal import Finding


class Genre(StrEnum):
    """文种: the fifteen of the 条例, and the forms that are none of them."""

    RESOLUTION = "决议"
    DECISION = "决定"
    ORDER = "命令(令)"
    COMMUNIQUE = "公报"
    ANNOUNCEMENT = "公告"
    PUBLIC_NOTICE = "通告"
    OPINION = "意见"
    NOTICE = "通知"
    CIRCULAR = "通报"
    REPORT = "报告"
    REQUEST = "请示"
    REPLY = "批复"
    BILL = "议案"
    LETTER = "函"
    MINUTES = "纪要"
    HANDOVER_FORM = "交接单"
    REFERRAL = "移送书"
    RECEIPT = "送达回证"
    STATEMENT = "说明"
    RESEARCH = "调研报告"

    @property
    def is_statutory(self) -> bool:
        """Whether it is one of the fifteen."""
        return self not in _OTHERS

    @property
    def goes_up(self) -> bool:
        """Whether it is written to a superior organ (上行文)."""
        return self in (Genre.REPORT, Genre.REQUEST)


_OTHERS: Final = frozenset(
    {Genre.HANDOVER_FORM, Genre.REFERRAL, Genre.RECEIPT, Genre.STATEMENT, Genre.RESEARCH}
)
_WITHOUT_RECIPIENT: Final = _OTHERS | {
    Genre.RESOLUTION,
    Genre.DECISION,
    Genre.ORDER,
    Genre.COMMUNIQUE,
    Genre.ANNOUNCEMENT,
    Genre.PUBLIC_NOTICE,
    Genre.MINUTES,
}


class Layout(StrEnum):
    """Which of the standard's formats; a form (表单) has neither head nor red line."""

    HEADED = "文件格式"
    LETTER = "信函格式"
    FORM = "表单"


class Pages(StrEnum):
    """The page-number rule: outer side is odd right, even left; a letter's first page has none."""

    OUTER = "单页居右、双页居左"
    NONE = "不编页码"


@dataclass(frozen=True, kw_only=True)
class Para:
    """One paragraph. ``level`` 1…4 puts 一、/（一）/1./（1） before it, 0 is plain text.

    ``heading`` stands in the level's face (黑体, 楷体, 仿宋), ``text`` after it in 仿宋.
    ``flush`` paragraphs begin at the edge, without the indent of two characters.
    """

    text: str = ""
    heading: str = ""
    level: int = 0
    flush: bool = False


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table over ``span`` columns of its grid.

    ``label`` cells name what stands beside or below them and are centred; ``fine`` is small print
    (hash values). ``bar`` draws a bar instead of the text: shares of the cell's width, the first
    black, the second grey, the rest white, so that it reads in black and white.
    """

    text: str = ""
    span: int = 1
    label: bool = False
    centred: bool = False
    fine: bool = False
    bar: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row; ``lines`` is its least height in lines, ``head`` rows repeat on every page."""

    cells: tuple[Cell, ...]
    lines: float = 1
    head: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as wide as the text. ``grid`` are the shares of its columns, in any unit."""

    grid: tuple[int, ...]
    rows: tuple[Row, ...]
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure (PNG or JPEG) with the caption below it; at most as wide as the text."""

    data: bytes
    caption: str = ""
    width_mm: int = 150


Block = Para | Table | Picture


@dataclass(frozen=True, kw_only=True)
class Annex:
    """What an attachment holds, on pages of its own after the signature and before the 版记."""

    title: str
    body: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class OfficialPaper:
    """Everything that is printed.

    ``mark`` is the 发文机关标志 (``甲区委编办文件``; a letter's is the organ's name), ``number`` the
    发文字号 and empty while there is none, ``signatories`` the 签发人 of an upward document,
    ``signers`` the 发文机关署名, the host first. ``sealed`` places the name over the date, for the
    seal; ``dated`` None leaves the date to be written by hand. ``annexes`` are printed with it, in
    the order of ``attachments``, which name them.
    """

    genre: Genre
    title: str
    body: tuple[Block, ...]
    layout: Layout = Layout.HEADED
    mark: str = ""
    number: str = ""
    urgency: str = ""
    signatories: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    annexes: tuple[Annex, ...] = ()
    signers: tuple[str, ...] = ()
    sealed: bool = True
    dated: date | None = None
    footnote: str = ""
    cc: tuple[str, ...] = ()
    issued_by: str = ""
    issued_on: date | None = None
    pages: Pages = Pages.OUTER

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules of 8.4 say against it: errors first."""
        found = (
            *number_findings(self.number, self.genre),
            *_head_findings(self),
            *_body_findings(self),
            *_end_findings(self),
        )
        return tuple(sorted(found, key=lambda one: not one.is_error))


_FIGURE: Final = re.compile(r"[-+0-9.,/%]{1,12}")


def plain_table(
    heads: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    *,
    grid: tuple[int, ...] = (),
    caption: str = "",
) -> Table:
    """This will lay rows of words under a head that repeats on every page; figures are centred."""
    top = Row(cells=tuple(Cell(text=head, label=True) for head in heads), head=True)
    below = (
        Row(cells=tuple(Cell(text=w, centred=bool(_FIGURE.fullmatch(w))) for w in row))
        for row in rows
    )
    return Table(grid=grid or (1,) * len(heads), rows=(top, *below), caption=caption)


def spell_date(day: date) -> str:
    """This will write a day as documents do: Arabic, no leading zero.

    >>> spell_date(date(2019, 2, 5))
    '2019年2月5日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


TITLE_WIDTH: Final = 20
"""Characters of 2号 in a line of 156 mm."""


def title_lines(title: str) -> tuple[str, ...]:
    """This will break a title of up to two lines where no word is torn; its author's lines stay.

    >>> title_lines("关于“某某书店销售盗版出版物”办理情况的函")
    ('关于“某某书店销售盗版出版物”', '办理情况的函')
    """
    if "\n" in title or not TITLE_WIDTH < len(title) <= 2 * TITLE_WIDTH:
        return tuple(title.split("\n"))
    places = range(len(title) - TITLE_WIDTH, TITLE_WIDTH + 1)
    natural = [at for at in places if title[at - 1] in "”》、" or title[at] in "“《"]
    natural = [at for at in natural if title[at] not in "”》、"]
    if not natural:
        return (title,)
    best = min(natural, key=lambda at: abs(2 * at - len(title)))
    return (title[:best], title[best:])


_DIGITS: Final = "零一二三四五六七八九"


def _chinese(number: int) -> str:
    """``1`` … ``99`` in Chinese; what is above stays Arabic."""
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else _DIGITS[tens]) + "十" if tens else ""
    return head + (_DIGITS[ones] if ones else "")


def label(level: int, number: int) -> str:
    """The number before a paragraph of a level.

    >>> [label(level, 12) for level in (1, 2, 3, 4)]
    ['十二、', '（十二）', '12.', '（12）']
    """
    return {
        1: f"{_chinese(number)}、",
        2: f"（{_chinese(number)}）",
        3: f"{number}.",
        4: f"（{number}）",
    }.get(level, "")


def numbered(body: Iterable[Block]) -> Iterator[tuple[str, Block]]:
    """This will pair every block with its number; a level starts anew under a higher one."""
    counts = [0, 0, 0, 0]
    for block in body:
        if not isinstance(block, Para) or not 1 <= block.level <= 4:
            yield "", block
            continue
        counts[block.level - 1] += 1
        counts[block.level :] = [0] * (4 - block.level)
        yield label(block.level, counts[block.level - 1]), block


def words_of(paper: OfficialPaper) -> Iterator[str]:
    """Every text of the document, in order."""
    yield from (paper.urgency, paper.mark, paper.number, *paper.signatories, paper.title, *paper.to)
    for block in (*paper.body, *(block for annex in paper.annexes for block in annex.body)):
        if isinstance(block, Para):
            yield from (block.heading, block.text)
        else:
            yield block.caption
        if isinstance(block, Table):
            yield from (cell.text for row in block.rows for cell in row.cells)
    yield from (annex.title for annex in paper.annexes)
    yield from (*paper.attachments, *paper.signers, paper.footnote, *paper.cc, paper.issued_by)


_NUMBER: Final = re.compile(r"[^\d\s\[\]()（）【】〔〕［］]+〔[0-9]{4}〕[1-9][0-9]*号")
_BRACKETED: Final = re.compile(r"[\[(（【［〔]\s*[0-9]+\s*[\])）】］〕]")
_ORDER_NUMBER: Final = re.compile(r"第[1-9][0-9]*号")


def number_findings(number: str, genre: Genre) -> tuple[Finding, ...]:
    """What is wrong with a 发文字号; nothing with an empty one, of a draft.

    >>> [one.code for one in number_findings("甲编办[2019]第08号", Genre.NOTICE)]
    ['DOC_NO_BRACKETS', 'DOC_NO_ORDINAL', 'DOC_NO_ZERO']
    """
    if not number or _NUMBER.fullmatch(number):
        return ()
    if genre is Genre.ORDER and _ORDER_NUMBER.fullmatch(number):
        return ()
    found = []
    year = _BRACKETED.search(number)
    if year and (year[0][0], year[0][-1]) != ("〔", "〕"):
        sentence = f"发文字号“{number}”的年份应用六角括号〔〕（U+3014、U+3015）。"
        found.append(Finding(code="DOC_NO_BRACKETS", sentence=sentence, column="发文字号"))
    if year and len(re.sub(r"[^0-9]", "", year[0])) != 4:
        sentence = f"发文字号“{number}”的年份应标全称，四位数字。"
        found.append(Finding(code="DOC_NO_YEAR", sentence=sentence, column="发文字号"))
    if "第" in number:
        sentence = f"发文字号“{number}”不加“第”字。"
        found.append(Finding(code="DOC_NO_ORDINAL", sentence=sentence, column="发文字号"))
    if re.search(r"(?<![0-9])0[0-9]*号$", number):
        sentence = f"发文字号“{number}”的序号不编虚位（1不编为01）。"
        found.append(Finding(code="DOC_NO_ZERO", sentence=sentence, column="发文字号"))
    if not found:
        sentence = f"发文字号“{number}”应写作 机关代字〔2019〕1号。"
        found.append(Finding(code="DOC_NO_FORMAT", sentence=sentence, column="发文字号"))
    return tuple(found)


def _head_findings(paper: OfficialPaper) -> Iterator[Finding]:
    if not paper.title.strip():
        yield Finding(code="PAPER_TITLE", sentence="公文没有标题。", column="标题")
    elif paper.genre.is_statutory and not paper.title.endswith(paper.genre.split("(")[0]):
        sentence = f"标题“{paper.title}”应以文种“{paper.genre}”结尾。"
        yield Finding(code="PAPER_GENRE", sentence=sentence, column="标题", is_error=False)
    if paper.layout is not Layout.FORM and not paper.mark.strip():
        yield Finding(code="PAPER_MARK", sentence="公文没有发文机关标志。", column="发文机关标志")
    if paper.layout is not Layout.FORM and not paper.number:
        yield Finding(
            code="PAPER_UNNUMBERED",
            sentence="公文还没有发文字号。",
            column="发文字号",
            is_error=False,
        )
    if paper.genre is Genre.REQUEST and len(paper.to) > 1:
        sentence = f"请示只写一个主送机关，现有{len(paper.to)}个：{'、'.join(paper.to)}。"
        yield Finding(code="MAIN_RECIPIENTS", sentence=sentence, column="主送机关")
    elif not paper.to and paper.genre not in _WITHOUT_RECIPIENT:
        sentence = f"{paper.genre}没有主送机关。"
        yield Finding(code="MAIN_RECIPIENTS", sentence=sentence, column="主送机关")
    if paper.genre.goes_up and not paper.signatories:
        sentence = f"{paper.genre}是上行文，须标注签发人。"
        yield Finding(code="SIGNATORY_MISSING", sentence=sentence, column="签发人")


_ASKS: Final = re.compile(r"请(?:予)?(?:批示|批复|审批|审定|批准)|请示")
_OWN_NUMBER: Final = re.compile(
    r"\s*(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十0-9]+[）)]|[0-9]+[.．、])"
)
_ZERO_DATE: Final = re.compile(r"[0-9]{4}年(?:0[0-9]月|[0-9]{1,2}月0[0-9]日)|(?<![0-9])0[1-9]月")
_BROKEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What no XML file can hold, and what a printer would obey."""


def _body_findings(paper: OfficialPaper) -> Iterator[Finding]:
    if not any(_says_something(block) for block in paper.body):
        yield Finding(code="PAPER_EMPTY", sentence="公文没有正文。", column="正文")
    for place, block in enumerate(paper.body, start=1):
        if isinstance(block, Table):
            yield from _table_findings(block, place)
        if not isinstance(block, Para):
            continue
        if not 0 <= block.level <= 4:
            sentence = f"正文层次只有0至4，现为{block.level}。"
            yield Finding(code="PAPER_LEVEL", sentence=sentence, row=place, column="正文")
        if block.level and _OWN_NUMBER.match(block.heading or block.text):
            sentence = f"“{_brief(block.heading or block.text)}”自带序号，层次序号会自动编排。"
            yield Finding(code="PAPER_LEVEL", sentence=sentence, row=place, column="正文")
        if paper.genre is Genre.REPORT and _ASKS.search(block.text):
            sentence = f"报告不得夹带请示事项：“{_brief(block.text)}”。"
            yield Finding(
                code="REPORT_ASKS", sentence=sentence, row=place, column="正文", is_error=False
            )
    for text in words_of(paper):
        if zero := _ZERO_DATE.search(text):
            sentence = f"日期“{zero[0]}”的月、日不编虚位（1不编为01）。"
            yield Finding(code="DATE_ZERO", sentence=sentence, is_error=False)
        if _BROKEN.search(text):
            sentence = f"“{_brief(_BROKEN.sub('�', text))}”含有不能打印的字符。"
            yield Finding(code="PAPER_CHARACTER", sentence=sentence)


def _table_findings(table: Table, place: int) -> Iterator[Finding]:
    for number, row in enumerate(table.rows, start=1):
        spans = sum(cell.span for cell in row.cells)
        if spans != len(table.grid):
            sentence = f"表格第{number}行有{spans}列，应为{len(table.grid)}列。"
            yield Finding(code="PAPER_TABLE", sentence=sentence, row=place, column="正文")


def _end_findings(paper: OfficialPaper) -> Iterator[Finding]:
    if paper.annexes and tuple(annex.title for annex in paper.annexes) != paper.attachments:
        sentence = "随文印发的附件与附件说明的名称、顺序不一致。"
        yield Finding(code="ATTACHMENT_NAME", sentence=sentence, column="附件说明")
    for annex in paper.annexes:
        for place, block in enumerate(annex.body, start=1):
            if isinstance(block, Table):
                yield from _table_findings(block, place)
    for name in paper.attachments:
        if re.search(r"[。；;，,、.]$", name) or re.match(r"附件|[0-9]+[.．、]", name):
            sentence = f"附件名称“{_brief(name)}”前不写“附件”和序号，后不加标点。"
            yield Finding(code="ATTACHMENT_NAME", sentence=sentence, column="附件说明")
    if len(set(paper.signers)) != len(paper.signers):
        yield Finding(code="PAPER_SIGNERS", sentence="发文机关署名有重复。", column="署名")
    host = paper.signers[0] if len(paper.signers) > 1 else ""
    if host and any(other in paper.mark for other in paper.signers) and host not in paper.mark:
        sentence = f"联合行文的署名以主办机关在前，发文机关标志不是{host}的。"
        yield Finding(code="PAPER_SIGNERS", sentence=sentence, column="署名", is_error=False)
    if paper.dated is None and paper.layout is not Layout.FORM:
        yield Finding(
            code="PAPER_UNDATED", sentence="公文没有成文日期。", column="成文日期", is_error=False
        )


def _says_something(block: Block) -> bool:
    return not isinstance(block, Para) or bool(block.text.strip() or block.heading.strip())


def _brief(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"
