"""密级标志: 秘密, 机密, 绝密 as a marking of a document, which may not enter this system.

Source: issue 3 ("Anything marked 秘密 or above is refused with a sentence"). A document is marked
by the level with ★ and a term (秘密★1年, also 秘 密★1年), or by the level alone on a line. The bare
word in a sentence (保守国家秘密) is no marking. What a file says is read by ``secrecy_file``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from domain.refusal import Refused

_GAP: Final = r"\s{0,8}"
_LEVEL: Final = rf"(?:[绝絕]{_GAP}密|[机機]{_GAP}密|[秘祕]{_GAP}密)"
_STAR: Final = "[★☆⭐✩✭]"
_TERM: Final = (
    rf"(?:长{_GAP}期|[0-9一二三四五六七八九十]{{1,4}}{_GAP}(?:年|个?{_GAP}月|周|天|日)|启[用封]前)"
)
_OPEN: Final = r"[\[(【〔〈《<「『“\"]"
_CLOSE: Final = r"[\])】〕〉》>」』”\"]"
_LABEL: Final = rf"(?:(?:定?密{_GAP}级|标{_GAP}密){_GAP}[:：]?{_GAP})?"

_STARRED: Final = re.compile(rf"{_LEVEL}{_GAP}{_STAR}{_GAP}{_TERM}?")
_ALONE: Final = re.compile(
    rf"\s*{_OPEN}?\s*{_LABEL}{_LEVEL}\s*级?\s*{_CLOSE}?\s*{_TERM}?\s*{_CLOSE}?\s*"
)
_SET_OFF: Final = re.compile(
    rf"(?:^|{_OPEN}|[_\-—–·.+])\s*{_LABEL}{_LEVEL}\s*级?\s*"
    rf"(?:$|{_STAR}|{_OPEN}|{_CLOSE}|[*_\-—–·.+:、,\s])"
)
"""A level that is not part of a longer word: ``机密文件管理规定`` is a title, ``机密-草案`` is marked."""

_LONGEST_MARK: Final = 40
"""A line with more characters is text, whatever stands in it."""


def mark_in_name(text: str) -> str:
    """This will return the marking in a name, a 文号 or a file's name; empty if there is none.

    >>> mark_in_name("【机密】三定草案.docx"), mark_in_name("保守国家秘密工作方案.docx")
    ('【机密】', '')
    """
    plain = _plain(text)
    found = _STARRED.search(plain) or _SET_OFF.search(plain)
    return found[0].strip() if found else ""


def mark_in_line(line: str) -> str:
    """This will return the marking that a line of a document carries, or is; empty if none.

    >>> mark_in_line("　　秘 密★1年"), mark_in_line("密级：机密"), mark_in_line("保守秘密")
    ('秘 密★1年', '密级:机密', '')
    """
    plain = _plain(line)
    starred = _STARRED.search(plain)
    if starred:
        return starred[0].strip()
    if len(plain) <= _LONGEST_MARK and _ALONE.fullmatch(plain):
        return plain.strip()
    return ""


def mark_in_lines(lines: Iterable[str]) -> str:
    """This will return the first marking among the lines of a document."""
    # Few lines hold the character at all; the rest is not looked at twice.
    marks = (mark_in_line(line) for line in lines if "密" in line)
    return next((mark for mark in marks if mark), "")


def secret(what: str, mark: str) -> Refused:
    """This will refuse a document: ``what`` names it, ``mark`` is the marking that was found."""
    return Refused(
        code="SECRET_DOCUMENT",
        sentence=f"涉密文件不得进入本系统：{what}标有“{mark}”，请按保密规定另行办理。",
    )


def secret_names(*names: str) -> Refused | None:
    """This will refuse a document by its name, 文号 or file name; None if none is marked."""
    for name in names:
        mark = mark_in_name(name)
        if mark:
            return secret(f"“{name}”", mark)
    return None


def _plain(text: str) -> str:
    """The text with full-width forms made plain and invisible characters left out."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(c for c in wide if unicodedata.category(c) != "Cf")
