"""Official documents as values: numbers, recipients, levels, dates, and what is said against them."""

from dataclasses import replace
from datetime import date

import pytest

from domain.official_paper import (
    Cell,
    Genre,
    Layout,
    OfficialPaper,
    Para,
    Row,
    Table,
    label,
    number_findings,
    numbered,
    plain_table,
    spell_date,
    title_lines,
)

SOUND = OfficialPaper(
    genre=Genre.NOTICE,
    title="关于街道管理体制改革的通知",
    body=(Para(text="各单位要按期完成。"),),
    mark="甲区委编办文件",
    number="甲编办〔2019〕8号",
    to=("各街道",),
    signers=("甲区委编办",),
    dated=date(2019, 12, 5),
)


def codes(paper):
    """The codes of what is said against a paper."""
    return [one.code for one in paper.findings]


def test_a_sound_paper_has_no_findings():
    """Nothing is said against a notice that keeps the rules of 8.4."""
    assert [] == codes(SOUND)


@pytest.mark.parametrize(
    "number,expected",
    [
        ("甲编办〔2019〕8号", []),
        ("甲编办[2019]8号", ["DOC_NO_BRACKETS"]),
        ("甲编办（2019）8号", ["DOC_NO_BRACKETS"]),
        ("甲编办【2019】8号", ["DOC_NO_BRACKETS"]),
        ("甲编办［2019］8号", ["DOC_NO_BRACKETS"]),
        ("甲编办〔2019〕第8号", ["DOC_NO_ORDINAL"]),
        ("甲编办〔2019〕08号", ["DOC_NO_ZERO"]),
        ("甲编办〔2019〕0号", ["DOC_NO_ZERO"]),
        ("甲编办〔2019〕100号", []),
        ("甲编办〔19〕8号", ["DOC_NO_YEAR"]),
        ("甲编办2019年8号", ["DOC_NO_FORMAT"]),
        ("8号", ["DOC_NO_FORMAT"]),
        ("", []),
    ],
)
def test_a_number_is_checked_part_by_part(number, expected):
    """发文字号: hexagonal brackets, four digits, no 第, no leading zero (8.4)."""
    assert expected == [one.code for one in number_findings(number, Genre.NOTICE)]


def test_an_order_is_numbered_with_di():
    """命令(令) alone uses 第×号 (8.4)."""
    assert () == number_findings("第8号", Genre.ORDER)
    assert ["DOC_NO_ORDINAL"] == [one.code for one in number_findings("第8号", Genre.NOTICE)]


def test_a_request_goes_to_one_organ():
    """请示 has one main recipient and a 签发人; a notice may have many."""
    request = replace(SOUND, genre=Genre.REQUEST, title="关于甲事项的请示", to=("区委", "区政府"))
    assert ["MAIN_RECIPIENTS", "SIGNATORY_MISSING"] == codes(request)
    assert [] == codes(replace(request, to=("区委",), signatories=("张三",)))
    assert [] == codes(replace(SOUND, to=("区委", "区政府")))


def test_a_report_asks_for_nothing():
    """报告 that carries a request is pointed out."""
    report = replace(
        SOUND,
        genre=Genre.REPORT,
        title="关于甲事项的报告",
        signatories=("张三",),
        body=(Para(text="妥否，请批示。"),),
    )
    assert ["REPORT_ASKS"] == codes(report)
    assert not report.findings[0].is_error


@pytest.mark.parametrize(
    "change,code",
    [
        ({"title": " "}, "PAPER_TITLE"),
        ({"title": "关于甲事项"}, "PAPER_GENRE"),
        ({"mark": ""}, "PAPER_MARK"),
        ({"number": ""}, "PAPER_UNNUMBERED"),
        ({"to": ()}, "MAIN_RECIPIENTS"),
        ({"body": (Para(text="　"),)}, "PAPER_EMPTY"),
        ({"body": (Para(level=1, heading="一、基本情况"),)}, "PAPER_LEVEL"),
        ({"body": (Para(level=5, text="甲"),)}, "PAPER_LEVEL"),
        ({"body": (Para(text="请于2019年12月05日前办结。"),)}, "DATE_ZERO"),
        ({"body": (Para(text="请于2019年02月前办结。"),)}, "DATE_ZERO"),
        ({"body": (Para(text="甲\x07乙"),)}, "PAPER_CHARACTER"),
        ({"attachments": ("附件1.名册",)}, "ATTACHMENT_NAME"),
        ({"attachments": ("名册。",)}, "ATTACHMENT_NAME"),
        ({"signers": ("甲局", "甲局")}, "PAPER_SIGNERS"),
        ({"signers": ("乙局", "甲区委编办"), "mark": "甲区委编办文件"}, "PAPER_SIGNERS"),
        ({"dated": None}, "PAPER_UNDATED"),
    ],
)
def test_each_fault_has_its_code(change, code):
    """One fault, one finding."""
    assert [code] == codes(replace(SOUND, **change))


def test_a_form_needs_neither_head_nor_number():
    """交接单 is none of the fifteen kinds and has no red head."""
    form = OfficialPaper(
        genre=Genre.HANDOVER_FORM,
        layout=Layout.FORM,
        title="案件交接单",
        body=(plain_table(("甲",), [("乙",)]),),
    )
    assert [] == codes(form)
    assert not Genre.HANDOVER_FORM.is_statutory
    assert 15 == sum(genre.is_statutory for genre in Genre)


def test_rows_fill_the_grid_of_their_table():
    """A row with a cell too few is found before the file is written."""
    table = Table(grid=(1, 1, 1), rows=(Row(cells=(Cell(span=2),)),))
    assert ["PAPER_TABLE"] == codes(replace(SOUND, body=(table,)))


def test_levels_count_anew_under_a_higher_one():
    """一、/（一）/1./（1）; plain paragraphs and tables are not counted."""
    body = [Para(level=level) for level in (1, 2, 2, 3, 4, 4, 0, 3, 1, 2, 3)]
    labels = [words for words, _ in numbered(body)]
    assert "一、 （一） （二） 1. （1） （2）  2. 二、 （一） 1." == " ".join(labels)
    assert ["十、", "二十、", "二十一、", "100、"] == [label(1, n) for n in (10, 20, 21, 100)]


def test_dates_have_no_leading_zero():
    """成文日期 in Arabic numerals (8.4)."""
    assert "2019年2月5日" == spell_date(date(2019, 2, 5))


@pytest.mark.parametrize(
    "title,lines",
    [
        ("关于甲事项的通知", ("关于甲事项的通知",)),
        ("甲区委编办\n关于乙的通知", ("甲区委编办", "关于乙的通知")),
        (
            "关于审定《滨河街道职能配置、内设机构和人员编制规定》的请示",
            ("关于审定《滨河街道职能配置、", "内设机构和人员编制规定》的请示"),
        ),
        ("关于" + "很" * 25 + "的通知", ("关于" + "很" * 25 + "的通知",)),
    ],
)
def test_a_title_breaks_where_no_word_is_torn(title, lines):
    """Titles of up to two lines break beside a mark; without one the program breaks them."""
    assert lines == title_lines(title)
