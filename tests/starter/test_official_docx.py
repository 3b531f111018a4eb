"""Official documents as files: GB/T 9704-2012 in what the reader's program reads."""

import io
import struct
import zipfile
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from domain.action import Evidence
from domain.calendar import load_builtin_calendar
from domain.case import Citation
from domain.case_clocks import CaseClock
from domain.case_papers import (
    CrimeReferral,
    DispatchLetter,
    HandoverForm,
    ReceiptSlip,
    RefusalNotice,
    ReplyLetter,
)
from domain.deadline import after_workdays, same_day
from domain.official_paper import Genre, Layout, OfficialPaper, Para, Picture, plain_table
from starter.case_papers import case_paper_docx, official_paper, paper_findings
from starter.errors import UserError
from starter.official_docx import _mark_size, _signature_indents, official_docx
from starter.official_docx_page import Face, missing_fonts

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TWIPS = 56.69

NOTICE = OfficialPaper(
    genre=Genre.CIRCULAR,
    title="关于改革进展的通报",
    body=(
        Para(level=1, heading="基本情况"),
        Para(level=2, heading="总体。", text="各街道按期完成。"),
        plain_table(("单位", "完成"), [("甲街道", "38"), ("乙街道", "40")], caption="表1"),
    ),
    mark="甲区委编办文件",
    number="甲编办〔2019〕8号",
    to=("各街道",),
    attachments=("名册", "清单"),
    signers=("甲区委编办",),
    dated=date(2019, 12, 5),
    cc=("区委办公室",),
    issued_by="甲区委编办",
    issued_on=date(2019, 12, 6),
)
LETTER = replace(
    NOTICE, genre=Genre.LETTER, layout=Layout.LETTER, title="关于甲的函", mark="甲区文旅局"
)


def parts(data):
    """The parts of a file, by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {
            name: ET.fromstring(package.read(name))
            for name in package.namelist()
            if name.endswith((".xml", ".rels"))
        }


def document(paper):
    """The story of a paper."""
    return parts(official_docx(paper))["word/document.xml"]


def texts(root):
    """The text of every paragraph."""
    return ["".join(t.text or "" for t in p.iter(f"{W}t")) for p in root.iter(f"{W}p")]


def paragraph(root, text):
    """The paragraph with this text."""
    return next(p for p in root.iter(f"{W}p") if text in "".join(t.text for t in p.iter(f"{W}t")))


def value(element, path, name="val"):
    """An attribute of what stands at a path."""
    return element.find(path.replace("w:", W)).get(f"{W}{name}")


def test_the_page_is_the_standards():
    """A4, 天头 37, 订口 28, 版心 156 × 225 mm."""
    section = document(NOTICE).find(f".//{W}sectPr")
    edges = {e: int(value(section, "w:pgMar", e)) for e in ("top", "left", "right", "bottom")}
    wide, high = int(value(section, "w:pgSz", "w")), int(value(section, "w:pgSz", "h"))
    assert [210, 297] == [round(wide / TWIPS), round(high / TWIPS)]
    assert [37, 28] == [round(edges[e] / TWIPS) for e in ("top", "left")]
    assert 156 == round((wide - edges["left"] - edges["right"]) / TWIPS)
    assert 225 == round((high - edges["top"] - edges["bottom"]) / TWIPS)


def test_a_page_holds_22_lines_of_28_characters():
    """22 exact lines and 28 characters fit the text's edges, a 23rd and a 29th do not."""
    made = parts(official_docx(NOTICE))
    section = made["word/document.xml"].find(f".//{W}sectPr")
    style = made["word/styles.xml"].find(f"{W}style")
    line = int(value(style, "w:pPr/w:spacing", "line"))
    char = int(value(style, "w:rPr/w:sz")) * 10 + int(value(style, "w:rPr/w:spacing"))
    assert "exact" == value(style, "w:pPr/w:spacing", "lineRule")
    assert "linesAndChars" == value(section, "w:docGrid", "type")
    assert line == int(value(section, "w:docGrid", "linePitch"))
    assert 22 == (16838 - 2098 - 1984) // line
    assert 28 == (11906 - 1587 - 1474) // char


def test_levels_have_their_faces():
    """一、黑体, （一）楷体, the text after it 仿宋, the title 小标宋 of 2号."""
    root = document(NOTICE)
    fonts = [r.find(f"{W}rPr/{W}rFonts") for r in paragraph(root, "总体。").iter(f"{W}r")]
    names = [font.get(f"{W}eastAsia") for font in fonts]
    assert ["（一）总体。", "各街道按期完成。"] == [
        t.text for t in paragraph(root, "总体。").iter(f"{W}t")
    ]
    assert [Face.KAI.font, Face.BODY.font] == names
    first = paragraph(root, "一、基本情况")
    assert Face.HEI.font == value(first, "w:r/w:rPr/w:rFonts", "eastAsia")
    title = paragraph(root, NOTICE.title)
    assert (Face.TITLE.font, "44") == (
        value(title, "w:r/w:rPr/w:rFonts", "eastAsia"),
        value(title, "w:r/w:rPr/w:sz"),
    )


def test_the_head_is_red_and_has_its_line():
    """发文机关标志 in red 35 mm below the text's edge, a red line under the number."""
    root = document(NOTICE)
    mark = paragraph(root, NOTICE.mark)
    assert "FF0000" == value(mark, "w:r/w:rPr/w:color")
    assert 35 == round(int(value(mark, "w:pPr/w:spacing", "before")) / TWIPS)
    assert "FF0000" == value(paragraph(root, NOTICE.number), "w:pPr/w:pBdr/w:bottom", "color")


def test_an_upward_document_names_who_signed():
    """签发人 stands beside the number, two in a line, the number beside the last."""
    paper = replace(NOTICE, genre=Genre.REQUEST, signatories=("张三", "李四", "王五"))
    lines = texts(document(paper))
    assert "签发人：张三　李四" in lines[3].strip("　")
    assert f"　{NOTICE.number}王五" == lines[4]


def test_a_letter_has_double_lines_and_no_number_on_its_first_page():
    """信函格式: 170 mm of red double lines above and below, the mark in the first page's head."""
    made = parts(official_docx(LETTER))
    edges = {
        name: root
        for name, root in made.items()
        if name.startswith(("word/header", "word/footer")) and not name.endswith(".rels")
    }
    kinds = [border.get(f"{W}val") for root in edges.values() for border in root.iter(f"{W}bottom")]
    assert ["thickThinSmallGap", "thinThickSmallGap"] == sorted(kinds)
    marked = next(root for root in edges.values() if LETTER.mark in texts(root))
    indent = marked.find(f".//{W}ind")
    beyond = -int(indent.get(f"{W}left")) - int(indent.get(f"{W}right"))
    assert 170 == round(156 + beyond / TWIPS)
    assert made["word/document.xml"].find(f".//{W}titlePg") is not None
    assert LETTER.mark not in texts(made["word/document.xml"])


def test_page_numbers_stand_outside():
    """— 1 — at the right of odd pages, at the left of even ones, one character in."""
    made = parts(official_docx(NOTICE))
    numbered = [r for n, r in made.items() if n.startswith("word/footer")]
    assert ["left", "right"] == sorted(value(r, "w:p/w:pPr/w:jc") for r in numbered)
    assert ["— 1 —", "— 1 —"] == [texts(root)[0] for root in numbered]
    assert made["word/settings.xml"].find(f"{W}evenAndOddHeaders") is not None


def test_the_imprint_is_at_the_foot():
    """版记: 抄送 with its full stop, 印发机关 and date; a letter's has 抄送 alone."""
    lines = texts(document(NOTICE))
    assert "抄送：区委办公室。" in lines
    assert "甲区委编办2019年12月6日印发" in lines
    assert not any("印发" in line for line in texts(document(LETTER)))


@pytest.mark.parametrize(
    "name,sealed,expected",
    [
        ("甲区委编办", True, (5.0, 4.0)),
        ("中共甲区委机构编制委员会办公室", True, (0.0, 4.0)),
        ("甲区委编办", False, (6.0, 2.0)),
        ("中共甲区委机构编制委员会办公室", False, (2.0, 8.0)),
    ],
)
def test_the_name_and_its_date_stand_in_relation(name, sealed, expected):
    """Sealed: date four in, the name over its middle; unsealed: the date two after the name."""
    assert expected == _signature_indents(name, "2019年10月15日", sealed=sealed)


def test_a_long_mark_becomes_smaller():
    """A 发文机关标志 fits its line, however long; one of two lines is measured by the longer."""
    assert 90 == _mark_size("甲区文件")
    assert 44 >= _mark_size("甲" * 20) > _mark_size("甲" * 25)
    assert _mark_size("甲" * 12) == _mark_size(f"{'甲' * 12}\n文件")


def test_the_same_paper_gives_the_same_bytes():
    """No clock, no author, no compressor's mood: the file's sha256 can be written down."""
    data = official_docx(NOTICE)
    assert data == official_docx(NOTICE)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert {(1980, 1, 1, 0, 0, 0)} == {one.date_time for one in package.infolist()}
        core = package.read("docProps/core.xml").decode()
    assert "2019-12-05T00:00:00Z" in core
    assert "creator" not in core


def test_what_xml_cannot_hold_does_not_break_the_file():
    """Control marks become �, angle brackets stay what they are."""
    paper = replace(NOTICE, body=(Para(text="甲\x07<乙>&\ud800丙"),))
    assert any("甲�<乙>&�丙" in line for line in texts(document(paper)))


def test_a_picture_stands_in_the_text():
    """A figure is kept whole: its line has the picture's own height."""
    row = b"\x00" + b"\xff" * 3
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row)),
        (b"IEND", b""),
    ]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    paper = replace(NOTICE, body=(Picture(data=png, caption="图1", width_mm=80),))
    data = official_docx(paper)
    assert data == official_docx(paper)
    root = parts(data)["word/document.xml"]
    holder = next(p for p in root.iter(f"{W}p") if p.find(f".//{W}drawing") is not None)
    assert "auto" == value(holder, "w:pPr/w:spacing", "lineRule")
    assert "图1" in texts(root)


def test_missing_fonts_are_named():
    """The warning names what the printing machine lacks; one of the names of a face is enough."""
    assert "" == missing_fonts({"小标宋体", "仿宋", "KaiTi", "SimHei", "宋体"})
    assert "仿宋_GB2312或仿宋" in missing_fonts({"小标宋体", "楷体", "黑体", "宋体"})
    assert all(face.font in missing_fonts(set()) for face in Face)


AT = datetime(2026, 2, 13, 7, 20, tzinfo=UTC)
ITEM = Citation(list_name="属地管理清单", version=2, number="7", name="无证经营")
NOTES = Evidence(name="检查笔录", doc_no="前执笔〔2026〕15号", sha256="ab12" * 16)


def clocks():
    """T1 stopped by telephone, T2 running and late."""
    calendar = load_builtin_calendar()
    return (
        CaseClock(
            name="当天报告",
            basis="4-11",
            started_at=AT,
            due=same_day(trigger=AT, calendar=calendar),
            stopped_at=AT + timedelta(hours=2),
            by="电话",
        ),
        CaseClock(
            name="正式交接",
            basis="4-12",
            started_at=AT,
            due=after_workdays(trigger=AT, count=3, calendar=calendar),
            late_by="区文旅局",
        ),
    )


HANDOVER = HandoverForm(
    case_number="前川-1",
    title="无证经营案",
    kind="上报",
    sender="前川街道",
    receiver="区文旅局",
    trigger_at=AT,
    source="巡查发现",
    citation=ITEM,
    officers=("张三", "李四"),
    evidence=(NOTES,),
)
DISPATCH = DispatchLetter(
    number="文旅函〔2026〕8号",
    case_number="文旅-8",
    title="销售盗版",
    sender="区文旅局",
    receiver="前川街道",
    citation=ITEM,
    liaisons=("王五",),
    team="文旅专班",
    wanted=("处理结果", "处理依据"),
    wanted_by=date(2026, 2, 5),
    dated=date(2026, 1, 4),
)
REPLY = ReplyLetter(
    number="前街函〔2026〕3号",
    case_number="文旅-8",
    title="销售盗版",
    sender="前川街道",
    receiver="区文旅局",
    elements=(("处理结果", "已停止销售。"),),
    in_reply_to=DISPATCH.number,
    dated=date(2026, 2, 4),
)
REFERRAL = CrimeReferral(
    number="前街移〔2026〕1号",
    case_number="前川-2",
    title="非法经营案",
    sender="前川街道",
    receiver="区公安分局",
    facts="数额较大。",
    charge="非法经营罪",
    officers=("张三", "李四"),
    dated=date(2026, 2, 4),
)
RECEIPT = ReceiptSlip(
    case_number="前川-1",
    title="无证经营案",
    sender="前川街道",
    receiver="区文旅局",
    papers=(NOTES,),
)
REFUSAL = RefusalNotice(
    verb="不予受理",
    case_number="文旅-9",
    title="占道经营",
    sender="前川街道",
    receiver="区城管局",
    ground="清单之外无协同",
    reason="不在清单之内。",
    arbiter="区司法局",
    dated=date(2026, 2, 4),
)


def words(paper):
    """All that a paper of a case says."""
    return "\n".join(texts(parts(case_paper_docx(paper))["word/document.xml"]))


@pytest.mark.parametrize(
    "paper",
    [HANDOVER, DISPATCH, REPLY, REFERRAL, RECEIPT, REFUSAL],
    ids=lambda paper: type(paper).__name__,
)
def test_every_paper_of_a_case_is_sound_and_stable(paper):
    """Each paper passes its own rules and gives the same bytes twice."""
    assert () == paper_findings(paper)
    assert case_paper_docx(paper) == case_paper_docx(paper)


def test_the_handover_form_shows_list_clocks_and_hands():
    """4-12: both clocks, the item with its version, papers by 文号 and sha256, two officers."""
    said = words(replace(HANDOVER, clocks=clocks(), required=("检查笔录", "物品清单")))
    for piece in (
        "属地管理清单（第2版）第7项“无证经营”",
        "前执笔〔2026〕15号",
        "ab12" * 8,
        "2026年2月13日24:00",
        "2026年2月25日24:00",
        "2026年2月13日17:20（电话）",
        "超期（区文旅局）",
        "张三、李四",
        "物品清单",
        "缺",
    ):
        assert piece in said


def test_the_letter_to_a_street_says_who_and_what_is_to_come_back():
    """4-13, 4-14: 专人 and 专班, the item, the reply's elements and its day."""
    said = words(DISPATCH)
    assert "请由你单位文旅专班（王五）办理。" in said
    assert "请于2026年2月5日前（含当日）书面回告我单位，写明处理结果、处理依据。" in said


def test_the_reply_has_its_elements_as_headings():
    """4-14: every element of the 回告 under its own name, and the letter it answers."""
    said = words(REPLY)
    assert "一、处理结果\n已停止销售。" in said
    assert "（文旅函〔2026〕8号）收悉" in said


def test_a_refusal_says_why_and_who_decides():
    """4-20 and art. 25: the ground, the reason, negotiation, then designation."""
    said = words(REFUSAL)
    assert "清单之外无协同。" in said
    assert "协商不成的，报请区司法局指定。" in said


@pytest.mark.parametrize(
    "paper,code",
    [
        (replace(DISPATCH, citation=None), "PAPER_ITEM"),
        (replace(REPLY, elements=(("处理结果", " "),)), "PAPER_ELEMENT"),
        (replace(REPLY, elements=()), "PAPER_ELEMENT"),
        (replace(REFUSAL, reason=" "), "PAPER_REASON"),
        (replace(DISPATCH, number="文旅函[2026]8号"), "DOC_NO_BRACKETS"),
    ],
)
def test_a_paper_against_its_rule_is_not_written(paper, code):
    """What would go out wrong is refused in one sentence."""
    assert code in [one.code for one in paper_findings(paper) if one.is_error]
    with pytest.raises(UserError) as refused:
        case_paper_docx(paper)
    assert "PAPER_UNFIT" == refused.value.code


def test_what_a_hand_can_add_is_only_a_warning():
    """One officer, a paper that lacks, no item yet: printed, and pointed out."""
    form = replace(HANDOVER, officers=("张三",), required=("物品清单",), citation=None)
    assert {"PAPER_OFFICERS", "PAPER_EVIDENCE", "PAPER_ITEM"} == {
        one.code for one in paper_findings(form)
    }
    assert case_paper_docx(form)


def test_a_form_has_no_head():
    """交接单, 移送书 and 送达回证 are forms; 函 and 回告 are letters."""
    layouts = [official_paper(paper).layout for paper in (HANDOVER, REFERRAL, RECEIPT)]
    assert [Layout.FORM] * 3 == layouts
    assert [Layout.LETTER] * 2 == [official_paper(p).layout for p in (DISPATCH, REPLY)]
