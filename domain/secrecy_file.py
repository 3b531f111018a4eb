"""Looks for a 密级标志 in what a file says, as far as the standard library can read it.

Seen: plain text (UTF-8, UTF-16, GB18030), HTML, XML, RTF; the XML of docx, xlsx, pptx, odt/ods/odp
and ofd with headers and footers; names and files inside a zip; the text of a PDF, see
``secrecy_pdf``; in old doc, xls, ppt and wps a level with ★.

Not seen: scans and photographs (a picture of a page has no text), encrypted files, other archives
(rar, 7z), text drawn as curves, what lies beyond the bounds below. That nothing was found does not
mean that nothing is there: who stores a file answers for it.
"""

from __future__ import annotations

import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from domain.secrecy import mark_in_lines, mark_in_name
from domain.secrecy_pdf import pdf_lines

READ_AT_MOST: Final = 64 << 20
"""Bytes of a file itself that are looked at."""

UNPACK_AT_MOST: Final = 48 << 20
"""Bytes that are unpacked in all: what unpacks to more (a zip bomb) is not looked at further."""

MEMBERS_AT_MOST: Final = 2_000
"""Files inside an archive that are looked at."""

DEPTH: Final = 2
"""Archives inside archives that are opened."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DOCUMENT = frozenset({"[Content_Types].xml", "content.xml", "OFD.xml"})
"""An archive with one of these is one document, whose parts' names say nothing."""

_READ = (
    *(".xml", ".html", ".htm", ".xhtml", ".txt", ".csv", ".md", ".rtf", ".bin", ".zip"),
    *(".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".ofd", ".pdf", ".doc", ".xls", ".wps"),
)
"""Members that are opened; pictures and fonts have no text."""

_BREAK = re.compile(
    r"</(?:[\w.-]+:)?(?:p|h|h[1-6]|si|is|title|subject|keywords|li|tr|td|th|div)\s*>"
    r"|<(?:[\w.-]+:)?(?:br|cr|line-break)\b[^>]*>"
)
_TAG = re.compile(r"<[^>]*>")
_OFD_TEXT = re.compile(
    r"<(?:\w+:)?TextObject\b[^>]*?\bBoundary=\"([-\d.]+) ([-\d.]+)[^>]*>"
    r"|<(?:\w+:)?TextCode\b([^>]*)>([^<]*)<"
)
_OFD_Y = re.compile(r"\bY=\"([-\d.]+)\"")
_RTF_CODE = re.compile(r"\\u(-?\d{1,5})[ ?]?(?:\\'[0-9a-f]{2})*|((?:\\'[0-9a-fA-F]{2})+)")
_RTF_BREAK = re.compile(r"\\(?:par|line|cell|sect)\b ?")
_RTF_WORD = re.compile(r"\\[a-zA-Z]+-?\d* ?|[{}]|\r?\n")
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)
"""What an archive raises that is damaged, encrypted or packed in an unknown way."""


@dataclass
class _Budget:
    left: int = UNPACK_AT_MOST
    members: int = MEMBERS_AT_MOST


def mark_in_file(file: IO[bytes], filename: str = "") -> str:
    """This will return the marking in a file's name or text; empty if none can be seen.

    ``file`` is open for reading and can seek; at most ``READ_AT_MOST`` of it is read.
    """
    return mark_in_name(filename) or _mark(file, _Budget(), DEPTH)


def _mark(file: IO[bytes], budget: _Budget, depth: int) -> str:
    file.seek(0)
    head = file.read(1024)
    file.seek(0)
    if head.startswith(_ZIP):
        if not depth:
            return ""
        try:
            with zipfile.ZipFile(file) as archive:
                return _in_archive(archive, budget, depth)
        except (*_BROKEN, OSError):
            return ""
    content = file.read(READ_AT_MOST)
    if b"%PDF-" in head:
        try:
            return mark_in_lines(pdf_lines(content))
        except (ValueError, OverflowError):
            return ""
    if head.startswith(_OLE):
        return mark_in_lines(_ole_lines(content))
    return mark_in_lines(_text_lines(content))


def _in_archive(archive: zipfile.ZipFile, budget: _Budget, depth: int) -> str:
    members = archive.infolist()[:MEMBERS_AT_MOST]
    is_document = not _DOCUMENT.isdisjoint(member.filename for member in members)
    for member in members:
        budget.members -= 1
        if budget.members < 0 or budget.left <= 0:
            return ""
        mark = "" if is_document else mark_in_name(_name_of(member).rpartition("/")[2])
        if not mark and member.filename.lower().endswith(_READ):
            mark = _in_member(archive, member, budget, depth)
        if mark:
            return mark
    return ""


def _in_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: _Budget, depth: int
) -> str:
    try:
        with archive.open(member) as packed:
            content = packed.read(budget.left)
    except _BROKEN:
        return ""
    budget.left -= len(content)
    return _mark(io.BytesIO(content), budget, depth - 1)


def _name_of(member: zipfile.ZipInfo) -> str:
    """A member's name; Windows in Chinese writes GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


def _text_lines(content: bytes) -> Iterator[str]:
    text = _decoded(content)
    start = text.lstrip("\ufeff \t\r\n")[:64]
    if start.startswith("{\\rtf"):
        text = _rtf_text(text)
    elif start.startswith("<"):
        if "TextCode" in text:
            yield from _ofd_lines(text)
        text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    yield from text.splitlines()


def _decoded(content: bytes) -> str:
    """The text of a file; empty for what is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content[:4096]:
        return ""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")


def _ofd_lines(text: str) -> Iterator[str]:
    """The text objects of an OFD page that stand on one line, from left to right as written."""
    lines: dict[int, str] = {}
    top = 0.0
    for found in _OFD_TEXT.finditer(text):
        if found[2] is not None:
            top = _number(found[2])
            continue
        shift = _OFD_Y.search(found[3])
        line = round(top + (_number(shift[1]) if shift else 0.0))
        lines[line] = lines.get(line, "") + html.unescape(found[4])
    yield from lines.values()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _rtf_text(text: str) -> str:
    def char(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1]) % 0x10000)
        return bytes.fromhex(found[2].replace("\\'", "")).decode("gb18030", errors="replace")

    broken = _RTF_BREAK.sub("\0", _RTF_CODE.sub(char, text))
    return _RTF_WORD.sub("", broken).replace("\0", "\n")


def _ole_lines(content: bytes) -> Iterator[str]:
    """Runs of text with a ★ in an old Office file: UTF-16 at either alignment, or GBK."""
    for encoding, start in (("utf-16-le", 0), ("utf-16-le", 1), ("gb18030", 0)):
        text = content[start:].decode(encoding, errors="replace")
        for star in re.finditer("[★☆]", text):
            yield text[max(0, star.start() - 24) : star.end() + 1]
