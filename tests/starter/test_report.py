"""The periodic report as a document: every figure from the entries, every entry in the annex."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from contracts.desk import BoardLine
from domain.devolution import By, Count, Devolution, Goal
from domain.official_paper import Genre, OfficialPaper, Para, Table, words_of
from domain.plan import Plan
from domain.progress_report import Entry, ReportKind, changes
from domain.wall_chart import Mark, Standing
from starter.main import run
from starter.official_docx import official_docx
from starter.report import entries_of
from starter.report_paper import ReportFacts, report_paper
from tests.starter.test_case_cli import HANDLER, district
from tests.starter.test_duty_execution import found
from tests.starter.test_wall_chart import DONE, LATE, RUNS, lines_of, wuhai

__all__ = ["district", "found", "wuhai"]

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DAY_END = datetime(2019, 12, 15, 15, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture
def lines(wuhai: Plan) -> list[BoardLine]:
    """乌海 on 2019-12-15: one late, one near, one done, the others waiting."""
    special = {
        "滨河街道_M31": LATE,
        "新华街道_M31": {**RUNS, "light": "黄"},
        "凤凰岭街道_M31": DONE,
    }
    return lines_of(wuhai, **special)


@pytest.fixture
def facts(wuhai: Plan, lines: list[BoardLine]) -> ReportFacts:
    """What the report of that day says."""
    entries = entries_of(lines)
    told = [
        replace(one, told="12月10日退回：人数与底数不符") if one.is_late else one for one in entries
    ]
    return ReportFacts(
        plan=wuhai,
        kind=ReportKind.CIRCULAR,
        as_of=DAY_END,
        is_day_end=True,
        entries=tuple(told),
        issuer="乌海市委编办",
        number="乌编办〔2019〕8号",
        to=("各成员单位",),
    )


def texts(paper: OfficialPaper) -> str:
    """Every word of the document."""
    return "\n".join(words_of(paper))


def parts(content: bytes) -> ET.Element:
    """The body of a file."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return ET.fromstring(package.read("word/document.xml"))


def test_the_figures_are_those_of_the_board(facts: ReportFacts):
    """How many in all, done, late; the late one with its unit, step, days and reason."""
    said = texts(report_paper(facts))
    total = len(facts.entries)

    assert f"共{total}项：办结1项，完成率0%；办理中2项（其中超期1项、临近时限1项、正常0项）" in said
    assert f"未开始{total - 3}项" in said
    assert "截至2019年12月15日24时" in said
    assert "滨河街道" in said and "复审、三方沟通、会签（海勃湾区委编办）" in said
    assert "3天" in said and "12月10日退回：人数与底数不符" in said


def test_tasks_keep_the_order_of_the_plan_and_none_is_lost(facts: ReportFacts):
    """Also where two rows have one name and one date, each has its own line."""
    twin = replace(facts.plan.rows[3], item=facts.plan.rows[2].item, due=facts.plan.rows[2].due)
    rows = (*facts.plan.rows[:3], twin, *facts.plan.rows[4:])
    paper = report_paper(replace(facts, plan=replace(facts.plan, rows=rows)))
    table = next(
        block for block in paper.body if isinstance(block, Table) and "各项任务" in block.caption
    )

    assert [row.item for row in rows] == [row.cells[0].text for row in table.rows[1:]]


def test_every_procedure_stands_in_the_annex_by_its_id(facts: ReportFacts):
    """Prefix and matter together are the id; what does not fit is written in full."""
    odd = replace(facts.entries[0], workflow_id="乌海2019/别名")
    paper = report_paper(replace(facts, entries=(*facts.entries[1:], odd)))

    (annex,) = paper.annexes
    (table,) = (block for block in annex.body if isinstance(block, Table))
    ids = set()
    for row in table.rows[1:]:
        _, prefix, *items = (cell.text for cell in row.cells)
        names = [name.lstrip("▲◆") for cell in items for name in cell.split("、") if name]
        ids |= {name if prefix.startswith("（") else f"{prefix}/{name}" for name in names}
    assert ids == {entry.workflow_id for entry in (*facts.entries[1:], odd)}


@pytest.mark.parametrize("kind", list(ReportKind))
def test_both_kinds_keep_the_rules_of_documents(facts: ReportFacts, kind: ReportKind):
    """A 通报 has head, number and 主送机关; a 调研报告 has none and leaves causes and advice open."""
    paper = report_paper(replace(facts, kind=kind))

    assert [one.code for one in paper.findings if one.is_error] == []
    is_circular = kind is ReportKind.CIRCULAR
    assert (paper.genre is Genre.CIRCULAR) == is_circular == bool(paper.to)
    open_headings = [
        above.heading
        for above, below in zip(paper.body, paper.body[1:], strict=False)
        if isinstance(below, Para) and isinstance(above, Para) and "起草单位填写" in below.text
    ]
    assert open_headings == (
        ["下一步要求"] if is_circular else ["存在的问题和原因分析", "优化意见"]
    )


def test_what_changed_since_the_last_report_is_said(facts: ReportFacts):
    """One newly late, one newly done; many names are counted, not all written."""
    earlier = tuple(
        replace(one, mark=replace(one.mark, standing=Standing.WAITING)) for one in facts.entries
    )
    changed = changes(earlier, facts.entries)
    said = texts(report_paper(replace(facts, since=date(2019, 12, 1), changes=changed)))

    assert "上期截至2019年12月1日24时。" in said
    assert "新超期1项。" in said and "滨河街道“" in said
    same = changes(facts.entries, facts.entries)
    assert "仍然超期1项。" in texts(report_paper(replace(facts, changes=same)))
    done = tuple(replace(one, mark=Mark(standing=Standing.DONE)) for one in facts.entries)
    all_done = texts(report_paper(replace(facts, changes=changes(earlier, done))))
    assert f"新办结{len(done)}项。" in all_done and f"等{len(done)}项。" in all_done


def test_cases_and_devolution_are_there_where_there_are_any(facts: ReportFacts, found):
    """The assessment's numbers with the cases in the second annex; both bases of a share."""
    gone = Devolution(
        goal=Goal(unit="区城管执法局", percent=70),
        people=Count(by=By.PEOPLE, locked=101, gone=70),
        posts=Count(by=By.POSTS, locked=120, gone=90),
    )
    paper = report_paper(replace(facts, assessment=found, devolution=(gone,)))
    said = texts(paper)

    assert paper.attachments == ("各单位事项和流程编号", "案件数字和案件编号")
    assert "受理的案件共3件，在办1件" in said and "违规下派和街道反映" in said
    for mark in found.marks:
        assert mark.number in said
    assert "70%，71名" in said, "rounded up"
    without = texts(report_paper(facts))
    assert "案件" not in without and "下放" not in without


def test_the_same_facts_are_the_same_bytes(facts: ReportFacts, found):
    """So that two prints of one report can be compared by their hash."""
    full = replace(facts, assessment=found)
    assert official_docx(report_paper(full)) == official_docx(report_paper(full))


def test_a_bar_is_as_wide_as_its_share(facts: ReportFacts):
    """Drawn as cells in black, grey and white; what is nothing has no width."""
    body = parts(official_docx(report_paper(facts)))
    bars = [
        [
            (
                cell.find(f"{W}tcPr/{W}shd").get(f"{W}fill"),
                int(cell.find(f"{W}tcPr/{W}tcW").get(f"{W}w")),
            )
            for cell in inner.iter(f"{W}tc")
        ]
        for inner in body.iter(f"{W}tbl")
        if inner.find(f"{W}tr/{W}tc/{W}tcPr/{W}shd") is not None
    ]

    assert bars, "there is a chart"
    wholes = {sum(width for _, width in bar) for bar in bars}
    assert len(wholes) == 2, "one width in each of the two charts"
    assert any({fill for fill, _ in bar} == {"FFFFFF"} for bar in bars), "not begun at all"
    assert any({fill for fill, _ in bar} >= {"262626", "FFFFFF"} for bar in bars)


def test_annexes_are_on_pages_of_their_own_before_the_imprint(facts: ReportFacts):
    """“附件” in 黑体 at the edge of a new page, after the signature."""
    body = parts(official_docx(report_paper(facts))).find(f"{W}body")
    assert body is not None
    words = ["".join(each.text or "" for each in part.iter(f"{W}t")) for part in body]
    breaks = [
        place
        for place, part in enumerate(body)
        if part.find(f"{W}pPr/{W}pageBreakBefore") is not None
    ]

    (place,) = breaks
    assert words[place] == "附件"
    assert (
        words.index("乌海市委编办")
        < place
        < next(n for n, word in enumerate(words) if word.endswith("乌海市委编办") and n > place)
    )


def test_a_plan_with_many_units_shows_districts(facts: ReportFacts):
    """Of more than 20 units the text has the districts, and the annex all."""
    many = tuple(
        Entry(
            workflow_id=f"改革/{n % 3}区/{n}街道/三定",
            district=f"{n % 3}区",
            unit=f"{n}街道",
            row_id="M3-1",
            item="三定",
            mark=Mark(standing=Standing.GREEN, due=date(2019, 12, 31)),
        )
        for n in range(30)
    )
    paper = report_paper(replace(facts, entries=many))

    captions = [block.caption for block in paper.body if isinstance(block, Table)]
    assert captions[0] == "表1　各区进度"
    assert sum("街道" in word for word in words_of(paper)) >= 30


REPORT = ("report", "乌海2019", "--docx")


@pytest.mark.parametrize(
    "argv, code",
    [
        (("report", "乌海2019"), "USAGE"),
        ((*REPORT, "通报.doc"), "FILE_FORMAT"),
        ((*REPORT, "通报.docx", "--as-of", "2019-12-15", "--since", "2019-12-15"), "USAGE"),
        ((*REPORT, "通报.docx", "--since", "2190-01-01"), "USAGE"),
        ((*REPORT, "通报.docx", "--kind", "月报"), "USAGE"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(argv, code, capsys):
    """Refused before anything is read."""
    assert run(list(argv)) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"错误[{code}] ") and said.err.count("\n") == 1


async def test_a_report_of_a_day_gone_by_is_written_twice_the_same(jiegai, district, tmp_path):
    """From the running stack: an unknown rollout is said, nothing is overwritten, bytes are stable."""
    jiegai(
        "case",
        "report",
        "--rollout",
        district,
        "--street",
        "一街道",
        "--item",
        "1",
        "--title",
        "无证经营",
        "--as",
        HANDLER,
    )
    yesterday = str((datetime.now(UTC) - timedelta(days=1)).date())
    files = [tmp_path / name for name in ("甲.docx", "乙.docx")]
    for file in files:
        said = jiegai("report", district, "--docx", str(file), "--as-of", yesterday)
        assert said.stdout.startswith(f"已写出督查通报 {file}：")
    now = jiegai("report", district, "--docx", str(tmp_path / "今.docx"), "--json").stdout

    assert files[0].read_bytes() == files[1].read_bytes()
    assert '"cases": 1' in now
    assert jiegai("report", district, "--docx", str(files[0]), code=2).stderr.startswith(
        "错误[FILE_EXISTS]"
    )
    missing = jiegai("report", "没有", "--docx", str(tmp_path / "无.docx"), code=2)
    assert missing.stderr.startswith("错误[ROLLOUT_NOT_FOUND]")
