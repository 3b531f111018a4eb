"""The lines of text in a PDF, as far as the standard library can read them.

Read are content streams that are plain or packed with Flate, with the fonts' own tables from glyphs
to characters (ToUnicode) or a Chinese encoding named in the font; and the document's title, subject
and keywords. Not read: scans, encrypted files, other packings, fonts without a table. Strings on
one height of the page are one line, since programs draw a line in many pieces.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

CONTENT_AT_MOST: Final = 8 << 20
"""Bytes of drawing instructions that are read: hundreds of pages."""

_STREAM_AT_MOST: Final = 4 << 20
_STREAMS_AT_MOST: Final = 5_000
_VARIANTS: Final = 6
"""Fonts that may share a name on different pages; each is tried."""

_OBJECT = re.compile(rb"(?:^|[\r\n\s])(\d{1,10}) \d{1,5} obj\b")
_STREAM = re.compile(rb"stream\r?\n")
_PAIR = re.compile(rb"/([^\s/<>\[\]()]+)\s+(\d{1,10}) \d{1,5} R")
_TO_UNICODE = re.compile(rb"/ToUnicode\s+(\d{1,10}) \d{1,5} R")
_ENCODING = re.compile(rb"/Encoding\s*/([\w-]+)")
_CODESPACE = re.compile(rb"begincodespacerange\s*<([0-9A-Fa-f\s]+)>")
_BLOCK = re.compile(rb"beginbf(char|range)(.*?)endbf", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>|(\[)|(\])")
_ABOUT = re.compile(
    rb"/(?:Title|Subject|Keywords)\s*(\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>)", re.DOTALL
)
_TOKEN = re.compile(
    rb"\((?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*\)|<[0-9A-Fa-f\s]*>"
    rb"|/[^\s/<>\[\]()]+|[-+]?\d*\.?\d+|[A-Za-z'\"]+\*?",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True, kw_only=True)
class _Font:
    """How a font's codes become characters: a table of its own, or a named encoding."""

    table: dict[int, str] = field(default_factory=dict)
    width: int = 2
    encoding: str = ""

    def read(self, code: bytes) -> str:
        if self.encoding:
            return code.decode(self.encoding, errors="replace")
        step = self.width
        codes = (int.from_bytes(code[i : i + step]) for i in range(0, len(code), step))
        return "".join(self.table.get(one, "") for one in codes)


_PLAIN: Final = _Font(encoding="gb18030")


def pdf_lines(content: bytes) -> Iterator[str]:
    """This will give the lines of a PDF's text, page by page, and what it says of itself."""
    objects = dict(_objects(content))
    streams = {number: _unpacked(raw) for number, raw in objects.items()}
    for number, unpacked in list(streams.items()):
        if b"/ObjStm" in objects[number][:400]:
            objects.update(_inside(objects[number], unpacked))
    for raw in objects.values():
        for said in _ABOUT.finditer(raw):
            yield _said(_string(said[1]))
    fonts = _fonts(objects, streams)
    room = CONTENT_AT_MOST
    for drawn in streams.values():
        if b"Tj" not in drawn and b"TJ" not in drawn:
            continue
        room -= len(drawn)
        if room < 0:
            return
        yield from _lines(drawn, fonts)


def _objects(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Every object by its number, from its head to the head of the next."""
    heads = list(_OBJECT.finditer(content))
    ends = [head.start() for head in heads[1:]] + [len(content)]
    for head, end in zip(heads, ends, strict=True):
        yield int(head[1]), content[head.end() : end]


def _unpacked(raw: bytes) -> bytes:
    """The stream of an object; empty if it has none that can be read as text."""
    start = _STREAM.search(raw[:4096])
    if start is None:
        return b""
    head = raw[: start.start()]
    if re.search(rb"/Subtype\s*/Image|/Length[123]\b|/FontFile|/DCTDecode|/JPXDecode", head):
        return b""
    body = raw[start.end() :]
    if b"/FlateDecode" not in head and b"/Fl " not in head:
        return b"" if b"/Filter" in head else body[:_STREAM_AT_MOST].partition(b"endstream")[0]
    try:
        return zlib.decompressobj().decompress(body, _STREAM_AT_MOST)
    except zlib.error:
        return b""


def _inside(raw: bytes, unpacked: bytes) -> Iterator[tuple[int, bytes]]:
    """The objects that are packed together in an object stream."""
    first = re.search(rb"/First\s+(\d+)", raw[:400])
    if first is None:
        return
    start = int(first[1])
    numbers = [int(each) for each in re.findall(rb"\d+", unpacked[:start])]
    places = list(zip(numbers[::2], numbers[1::2], strict=False))
    ends = [place for _, place in places[1:]] + [len(unpacked)]
    for (number, place), end in zip(places, ends, strict=False):
        yield number, unpacked[start + place : start + end]


def _fonts(objects: dict[int, bytes], streams: dict[int, bytes]) -> dict[bytes, list[_Font]]:
    """Every font by the names under which pages use it."""
    known: dict[int, _Font] = {}
    for number, raw in objects.items():
        table = _TO_UNICODE.search(raw)
        if table:
            known[number] = _font_of(streams.get(int(table[1]), b""))
            continue
        named = _ENCODING.search(raw)
        if b"/Font" in raw and named:
            known[number] = _Font(encoding=_codec(named[1]))
    fonts: dict[bytes, list[_Font]] = {}
    for raw in objects.values():
        for name, number in _PAIR.findall(raw[:200_000]):
            font = known.get(int(number))
            named_so = fonts.setdefault(name, []) if font else []
            if font and font not in named_so and len(named_so) < _VARIANTS:
                named_so.append(font)
    return fonts


def _codec(encoding: bytes) -> str:
    name = encoding.decode("ascii", errors="replace")
    if name.startswith(("UniGB", "UniCNS")):
        return "utf-16-be"
    return "gb18030"


def _font_of(table: bytes) -> _Font:
    space = _CODESPACE.search(table)
    width = max(1, len(b"".join(space[1].split())) // 2) if space else 2
    codes: dict[int, str] = {}
    for kind, block in _BLOCK.findall(table):
        given = list(_HEX.findall(block))
        if kind == b"char":
            plain = [hexed for hexed, _, _ in given]
            for code, text in zip(plain[::2], plain[1::2], strict=False):
                codes[_code(code)] = _utf16(text)
        else:
            codes.update(_ranges(given))
    return _Font(table=codes, width=width)


def _ranges(given: list[tuple[bytes, bytes, bytes]]) -> Iterator[tuple[int, str]]:
    """``<first> <last> <text>``, or ``<first> <last> [<text> …]``."""
    place = 0
    while place + 2 < len(given):
        first, last = _code(given[place][0]), _code(given[place + 1][0])
        place += 2
        many = range(first, min(last, first + 0xFFFF) + 1)
        if given[place][1]:
            place += 1
            for code in many:
                if place >= len(given) or given[place][2]:
                    break
                yield code, _utf16(given[place][0])
                place += 1
            while place < len(given) and not given[place][2]:
                place += 1
        else:
            start = _utf16(given[place][0])
            if start:
                for code in many:
                    yield code, start[:-1] + chr((ord(start[-1]) + code - first) % 0x110000)
        place += 1


def _code(hexed: bytes) -> int:
    return int(_even(hexed) or "0", 16)


def _utf16(hexed: bytes) -> str:
    return bytes.fromhex(_even(hexed)).decode("utf-16-be", errors="replace")


def _even(hexed: bytes) -> str:
    digits = b"".join(hexed.split()).decode("ascii")
    return digits + "0" * (len(digits) % 2)


def _lines(drawn: bytes, fonts: dict[bytes, list[_Font]]) -> Iterator[str]:
    """The strings of a page by the height at which they are drawn."""
    pieces = list(_strings(drawn))
    most = max((len(fonts.get(name, ())) for name, _, _ in pieces), default=1)
    for variant in range(max(1, most)):
        lines: dict[int, list[str]] = {}
        for name, height, code in pieces:
            named_so = fonts.get(name) or [_PLAIN]
            font = named_so[variant % len(named_so)]
            lines.setdefault(height, []).append(font.read(code))
        for line in lines.values():
            yield "".join(line)


@dataclass
class _Pen:
    """Where the next string is drawn: enough of the graphics state to tell lines apart."""

    base: float = 0.0
    height: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    saved: list[float] = field(default_factory=list)

    @property
    def line(self) -> int:
        return round(max(-1e6, min(1e6, self.base + self.height)))

    def move(self, operator: bytes, numbers: list[float]) -> None:
        last = numbers[-1] if numbers else 0.0
        match operator:
            case b"BT":
                self.height, self.scale = 0.0, 1.0
            case b"Tm" if len(numbers) >= 6:
                self.height, self.scale = last, numbers[-3] or 1.0
            case b"Td":
                self.height += last * self.scale
            case b"TD":
                self.height, self.leading = self.height + last * self.scale, -last
            case b"TL":
                self.leading = last
            case b"T*" | b"'" | b'"':
                self.height -= (self.leading or 1.0) * self.scale
            case b"cm" if len(numbers) >= 6:
                self.base += last
            case b"q":
                self.saved.append(self.base)
            case b"Q" if self.saved:
                self.base = self.saved.pop()


def _strings(drawn: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Each string with the font's name and the height on the page."""
    font, pen = b"", _Pen()
    stack: list[bytes] = []
    for found in _TOKEN.finditer(drawn):
        token = found[0]
        if token[:1] in b"(</+-.0123456789":
            stack.append(token)
            continue
        if token == b"Tf":
            font = next((each[1:] for each in stack if each[:1] == b"/"), font)
        pen.move(token, _numbers(stack))
        if token in (b"Tj", b"TJ", b"'", b'"'):
            for text in stack:
                if text[:1] in b"(<":
                    yield font, pen.line, _string(text)
        stack.clear()


def _numbers(stack: list[bytes]) -> list[float]:
    return [float(t) for t in stack if t[:1] in b"+-.0123456789" and t.strip(b"+-.")]


def _string(token: bytes) -> bytes:
    """The bytes of a literal or hexadecimal string."""
    if token[:1] == b"<":
        return bytes.fromhex(_even(token[1:-1]))

    def unescaped(found: re.Match[bytes]) -> bytes:
        code = found[1]
        if code[:1].isdigit():
            return bytes([int(code, 8) % 256])
        return _ESCAPED.get(code, b"" if code in (b"\n", b"\r", b"\r\n") else code)

    return _ESCAPE.sub(unescaped, token[1:-1])


def _said(code: bytes) -> str:
    if code.startswith(b"\xfe\xff"):
        return code[2:].decode("utf-16-be", errors="replace")
    return code.decode("utf-8", errors="replace")
