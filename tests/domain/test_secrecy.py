"""密级标志: what is a marking, what is only a word, and what can be seen of it in files."""

from __future__ import annotations

import io
import random
import zipfile
import zlib

import pytest

from domain import secrecy_file
from domain.secrecy import mark_in_line, mark_in_name, secret_names
from domain.secrecy_file import mark_in_file

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.mark.parametrize(
    "name",
    [
        "秘密★1年",
        "秘 密 ★ 长期 三定草案.docx",
        "【秘密】三定草案.docx",
        "（机密）三定草案.docx",
        "[绝密]草案",
        "机密-三定草案.docx",
        "机密_草案.doc",
        "三定草案（秘密）.docx",
        "三定草案-秘密.docx",
        "密级：机密",
        "秘密.docx",
        "秘密〔2019〕3号",
        "三定草案机密★10年.pdf",
        "秘\u200b密★1年",
        "機密★",
    ],
)
def test_a_level_set_off_in_a_name_is_a_marking(name):
    """With ★, in brackets, or in front and apart from the rest."""
    assert mark_in_name(name)
    refused = secret_names("草案", name)
    assert refused is not None
    assert refused.code == "SECRET_DOCUMENT"
    assert refused.sentence.startswith("涉密文件不得进入本系统：")


@pytest.mark.parametrize(
    "name",
    [
        "保守国家秘密工作方案.docx",
        "机密文件管理规定.docx",
        "涉密人员管理办法",
        "密切联系群众.docx",
        "内部★1年",
        "商业秘密保护.docx",
        "乌编办发〔2019〕1号",
        "",
    ],
)
def test_a_word_in_a_name_is_no_marking(name):
    """Titles may speak of secrets."""
    assert mark_in_name(name) == ""


@pytest.mark.parametrize(
    "line",
    [
        "秘密★1年",
        "　机　密★长期　",
        "绝密",
        "【秘密】",
        "密级：机密",
        "密级:秘密 10年",
        "机密 三年",
    ],
)
def test_a_line_that_is_a_marking_is_one(line):
    """The level with ★, or nothing but the level."""
    assert mark_in_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "严格保守国家秘密。",
        "秘密会议记录",
        "机密级计算机",
        "密级：公开",
        "★ 保守秘密",
        "**秘密**文件",
    ],
)
def test_a_line_that_speaks_of_secrets_is_none(line):
    """A bare word in a sentence refuses no file."""
    assert mark_in_line(line) == ""


def archive(**members: str | bytes) -> bytes:
    """A zip with these members; ``__`` stands for a slash, ``_DOT_`` for a dot."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("_DOT_", "."), content)
    return packed.getvalue()


def docx(*paragraphs: str, part: str = "word__document_DOT_xml") -> bytes:
    """A Word file; ``|`` in a paragraph begins another run."""
    runs = "".join(
        "<w:p>" + "".join(f"<w:r><w:t>{run}</w:t></w:r>" for run in each.split("|")) + "</w:p>"
        for each in paragraphs
    )
    parts = {"[Content_Types]_DOT_xml": "<Types/>", part: f'<w:x xmlns:w="{WORD}">{runs}</w:x>'}
    return archive(**parts)


def pdf(*texts: str, packed: bool = True) -> bytes:
    """A PDF whose font numbers its glyphs from 1, as word processors write them."""
    glyphs = {c: n for n, c in enumerate(dict.fromkeys("".join(texts)), 1)}
    table = "".join(f"<{n:04X}> <{ord(c):04X}>\n" for c, n in glyphs.items())
    cmap = (
        f"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{len(glyphs)} beginbfchar\n{table}endbfchar"
    )
    drawn = "".join(
        f"BT /F1 12 Tf 1 0 0 1 90 {700 - 20 * row} Tm ["
        + "".join(f"<{glyphs[c]:04X}> 3 " for c in text)
        + "] TJ ET\n"
        for row, text in enumerate(texts)
    )

    def stream(number: int, text: str) -> bytes:
        body = text.encode()
        how = b""
        if packed:
            body, how = zlib.compress(body), b"/Filter /FlateDecode "
        return b"%d 0 obj\n<<%s/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
            number,
            how,
            len(body),
            body,
        )

    return (
        b"%PDF-1.5\n1 0 obj\n<</Type /Page /Resources <</Font <</F1 2 0 R>>>> /Contents 4 0 R>>\n"
        b"endobj\n2 0 obj\n<</Type /Font /Subtype /Type0 /ToUnicode 3 0 R>>\nendobj\n"
        + stream(3, cmap)
        + stream(4, drawn)
        + b"%%EOF"
    )


SHEET = "<sst><si><r><t>秘密</t></r><r><t>★1年</t></r></si></sst>"
OFD = (
    '<ofd:TextObject ID="1" Boundary="20 10 9 9" Size="5"><ofd:TextCode X="0" Y="5">秘'
    '</ofd:TextCode></ofd:TextObject><ofd:TextObject ID="2" Boundary="30 10 9 9" Size="5">'
    '<ofd:TextCode X="0" Y="5">密★1年</ofd:TextCode></ofd:TextObject>'
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.mark.parametrize(
    "content",
    [
        "标题\n秘密★1年\n正文".encode(),
        "标题\r\n机密\r\n正文".encode("gb18030"),
        "秘密★1年".encode("utf-16"),
        "<html><body><p>秘&#23494;★1年</p></body></html>".encode(),
        rb"{\rtf1\ansi\uc1 \u31192?\u23494?\u9733?1\par}",
        rb"{\rtf1\ansi \'c3\'d8\'c3\'dc\par text}",
        docx("秘| 密|★1年", "正文"),
        docx("机密", "正文", part="word__header1_DOT_xml"),
        archive(**{"[Content_Types]_DOT_xml": "<T/>", "xl__sharedStrings_DOT_xml": SHEET}),
        archive(content_DOT_xml="<text:p>绝密</text:p><text:p>正文</text:p>"),
        archive(OFD_DOT_xml="<x/>", Doc_0__Pages__Content_DOT_xml=f"<ofd:Page>{OFD}</ofd:Page>"),
        archive(docs__草案_DOT_docx=docx("秘密★1年")),
        archive(**{"【机密】草案_DOT_png": b"x"}),
        pdf("三定草案", "秘密★1年"),
        pdf("机密", "正文", packed=False),
        OLE + "秘密★1年".encode("utf-16-le"),
        b"%PDF-1.4\n1 0 obj\n<</Title (\xfe\xff"
        + "机密".encode("utf-16-be")
        + b")>>\nendobj\n%%EOF",
    ],
    ids=[
        *("text", "gbk", "utf16", "html", "rtf-u", "rtf-gbk", "docx-runs", "docx-header", "xlsx"),
        *("odt", "ofd", "nested", "member-name", "pdf", "pdf-plain", "ole", "pdf-title"),
    ],
)
def test_a_marked_file_is_seen_through_its_packing(content):
    """Each kind of file in which an office writes."""
    assert mark_in_file(io.BytesIO(content), "草案")


@pytest.mark.parametrize(
    "content",
    [
        "严格保守国家秘密，做好保密工作。".encode(),
        docx("保守国家|秘密|的规定", "密级：公开"),
        pdf("保守国家秘密的规定", "三定草案"),
        archive(docs__草案_DOT_docx=docx("正文")),
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"",
        b"%PDF-1.7 \xff\xfe broken 1 0 obj stream\n\0\0 endstream /ToUnicode 9 0 R",
        b"PK\x03\x04 not a zip",
    ],
    ids=["text", "docx", "pdf", "nested", "png", "empty", "broken-pdf", "broken-zip"],
)
def test_what_carries_no_marking_is_let_through(content):
    """Also what cannot be read: that nothing was seen is said nowhere."""
    assert mark_in_file(io.BytesIO(content), "草案.docx") == ""


def test_a_bomb_is_unpacked_no_further_than_the_bound():
    """A member that unpacks to more than the bound is left, with all that follows it."""
    bomb = archive(a_DOT_txt=b"0" * (64 << 20), b_DOT_txt="秘密★1年")
    budget = secrecy_file._Budget(left=1 << 20)

    assert len(bomb) < 100_000
    assert secrecy_file._mark(io.BytesIO(bomb), budget, secrecy_file.DEPTH) == ""
    assert budget.left == 0


@pytest.mark.parametrize("seed", range(20))
def test_damage_anywhere_in_a_file_is_survived(seed):
    """A file with bytes changed at random is looked at without an exception."""
    chance = random.Random(seed)
    for whole in (docx("秘密★1年" * 20), pdf("秘密★1年", "正文", packed=False), pdf("正文")):
        broken = bytearray(whole)
        for _ in range(30):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        assert isinstance(mark_in_file(io.BytesIO(bytes(broken)), "x"), str)
