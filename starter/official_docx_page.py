"""The empty page of an official document: paper, grid, faces, and the file around them.

Measures of GB/T 9704-2012 (domain.md 8.4): A4, 天头 37 mm, 订口 28 mm, 版心 156 × 225 mm, 22 lines
of 28 characters. Everything is written here, nothing is taken from a template of the library, so
that the same document gives the same bytes.

Fonts are named, never bundled: the practice names first, then what stands in for them.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Collection
from datetime import date
from enum import Enum
from typing import Final
from xml.sax.saxutils import escape

LINE: Final = 579
"""Twips of a line, 28.95 pt: 22 of them fit 225 mm; 29 pt would leave 21 on a page."""

CHAR: Final = 316
"""Twips of a character, 15.79 pt: 28 of them fit 156 mm."""

EDGE: Final = 1587
"""Twips of 订口, 28 mm."""

TEXT_WIDTH: Final = 8845
"""Twips of 156 mm."""

NO3, NO4, NO2, SMALL4, SMALL5 = 32, 28, 44, 24, 18
"""3号, 4号, 2号, 小四 and 小五 in half points."""

RED: Final = "FF0000"

_PAGE: Final = (
    '<w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="2098" w:right="1474" w:bottom="1984" w:left="{edge}"'
    ' w:header="{header}" w:footer="1134" w:gutter="0"/>'
)
# The grid itself takes nothing from a character: programs read a negative charSpace as a huge one
# (17 characters in a line). The ordinary style takes it, and justified lines fill the width.
_GRID: Final = f'<w:docGrid w:type="linesAndChars" w:linePitch="{LINE}" w:charSpace="0"/>'
_CLOSER: Final = -5
"""Twips between characters: 16 pt become 15.75 pt, of which 28 fit 156 mm and 29 do not."""


class Face(Enum):
    """A face of the standard with the names that fonts of it go by, the usual one first."""

    TITLE = ("方正小标宋简体", "小标宋体", "方正小标宋_GBK", "华文中宋")
    BODY = ("仿宋_GB2312", "仿宋", "华文仿宋", "FangSong")
    KAI = ("楷体_GB2312", "楷体", "华文楷体", "KaiTi")
    HEI = ("黑体", "华文黑体", "SimHei")
    SONG = ("宋体", "SimSun", "新宋体")

    @property
    def font(self) -> str:
        """The name that the document asks for."""
        return str(self.value[0])


def missing_fonts(installed: Collection[str] | None = None) -> str:
    """This will say which fonts the machine that prints needs; empty if it has them.

    ``installed`` are the names that the machine knows; None asks this one, and where that cannot
    be asked every face is named.
    """
    known = installed_fonts() if installed is None else frozenset(installed)
    lacking = [face for face in Face if known.isdisjoint(face.value)]
    if not lacking:
        return ""
    names = "、".join("或".join(face.value[:2]) for face in lacking)
    return (
        f"没有找到字体：{names}；打印公文的电脑须装有这些字体（本软件不附带），"
        "否则以别的字体代替，版面会有出入。"
    )


def installed_fonts() -> frozenset[str]:
    """The family names that fontconfig knows; nothing where there is no fontconfig."""
    lister = shutil.which("fc-list")
    if lister is None:
        return frozenset()
    try:
        listed = subprocess.run(
            [lister, ":", "family"], capture_output=True, check=True, timeout=20, encoding="utf-8"
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return frozenset()
    return frozenset(
        name.replace("\\", "").strip() for line in listed.splitlines() for name in line.split(",")
    )


WORD_NS: Final = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def empty_package(*, title: str, dated: date | None, letter: bool) -> io.BytesIO:
    """This will make the package of an empty document, with its page set up.

    A letter's first page has a head of its own, 30 mm from the paper's edge. The file names no
    author, and as its time only the date of the document.
    """
    header = 1701 if letter else 851
    title_page = "<w:titlePg/>" if letter else ""
    section = f"<w:sectPr>{_PAGE.format(header=header, edge=EDGE)}{title_page}{_GRID}</w:sectPr>"
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations(
            ("officeDocument", "word/document.xml"),
            ("metadata/core-properties", "docProps/core.xml"),
        ),
        "docProps/core.xml": _core(title, dated),
        "word/_rels/document.xml.rels": _relations(
            ("styles", "styles.xml"), ("settings", "settings.xml"), ("fontTable", "fontTable.xml")
        ),
        "word/document.xml": f"<w:document {WORD_NS}><w:body>{section}</w:body></w:document>",
        "word/styles.xml": _styles(),
        "word/settings.xml": _settings(),
        "word/fontTable.xml": _font_table(),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        for name, text in parts.items():
            package.writestr(name, _HEAD + text)
    made.seek(0)
    return made


def repack(package: bytes) -> bytes:
    """This will store the parts by name and without times: same parts, same bytes.

    Uncompressed, since another machine's zlib may compress otherwise.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(made, "w") as new:
        names = sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 0
            new.writestr(entry, old.read(name))
    return made.getvalue()


def fonts_xml(face: Face) -> str:
    """The run property that asks for a face, in Latin text too: a digit is half a character."""
    name = face.font
    return (
        f'<w:rFonts w:ascii="{name}" w:hAnsi="{name}" w:eastAsia="{name}" w:cs="{name}"'
        ' w:hint="eastAsia"/>'
    )


def _content_types() -> str:
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_TYPE}.{kind}+xml"/>'
        for name, kind in (
            ("document", "document.main"),
            ("styles", "styles"),
            ("settings", "settings"),
            ("fontTable", "fontTable"),
        )
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/docProps/core.xml"'
        ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        f"{overrides}</Types>"
    )


def _relations(*targets: tuple[str, str]) -> str:
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{_relation(kind)}" Target="{path}"/>'
        for number, (kind, path) in enumerate(targets, start=1)
    )
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f"{relations}</Relationships>"
    )


def _relation(kind: str) -> str:
    return f"{_PACKAGE}/relationships/{kind}" if "/" in kind else f"{_OFFICE}/relationships/{kind}"


def _core(title: str, dated: date | None) -> str:
    day = "".join(
        f'<dcterms:{word} xsi:type="dcterms:W3CDTF">{dated}T00:00:00Z</dcterms:{word}>'
        for word in (("created", "modified") if dated else ())
    )
    return (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dc:language>zh-CN</dc:language>{day}"
        "</cp:coreProperties>"
    )


def _styles() -> str:
    plain = (
        f"{fonts_xml(Face.BODY)}"
        f'<w:spacing w:val="{_CLOSER}"/><w:kern w:val="0"/><w:sz w:val="{NO3}"/><w:szCs w:val="{NO3}"/>'
        '<w:lang w:val="zh-CN" w:eastAsia="zh-CN"/>'
    )
    # No room between Chinese and digits, no punctuation in the margin: 28 characters are 28.
    paragraph = (
        '<w:widowControl w:val="0"/><w:overflowPunct w:val="0"/>'
        '<w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/>'
        f'<w:spacing w:before="0" w:after="0" w:line="{LINE}" w:lineRule="exact"/>'
        '<w:jc w:val="both"/>'
    )
    return (
        f"<w:styles {WORD_NS}><w:docDefaults><w:rPrDefault><w:rPr>{plain}</w:rPr></w:rPrDefault>"
        "<w:pPrDefault/></w:docDefaults>"
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        f"<w:qFormat/><w:pPr>{paragraph}</w:pPr><w:rPr>{plain}</w:rPr></w:style>"
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal">'
        '<w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" w:type="dxa"/></w:tblPr>'
        "</w:style>"
        + _style("Header", "header")
        + _style("Footer", "footer")
        + "".join(_style(f"Heading{n}", f"heading {n}", outline=n - 1) for n in (1, 2, 3, 4))
        + "</w:styles>"
    )


def _style(key: str, name: str, outline: int = -1) -> str:
    level = f'<w:outlineLvl w:val="{outline}"/>' if outline >= 0 else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="Normal"/><w:qFormat/><w:pPr>{level}</w:pPr></w:style>'
    )


def _settings() -> str:
    return (
        f'<w:settings {WORD_NS}><w:zoom w:percent="100"/><w:evenAndOddHeaders/>'
        '<w:characterSpacingControl w:val="doNotCompress"/>'
        "<w:compat><w:spaceForUL/><w:balanceSingleByteDoubleByteWidth/><w:useFELayout/>"
        '<w:compatSetting w:name="compatibilityMode"'
        ' w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
        '<w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>'
    )


def _font_table() -> str:
    """The names that stand in: where the first is missing the reader's program tries the others."""
    fonts = "".join(
        f'<w:font w:name="{face.font}">'
        f'<w:altName w:val="{",".join((*face.value[1:], "宋体"))}"/><w:charset w:val="86"/>'
        '<w:family w:val="auto"/><w:pitch w:val="default"/></w:font>'
        for face in Face
    )
    return f"<w:fonts {WORD_NS}>{fonts}</w:fonts>"
