"""What people read of an audit: the record on a screen, the report as a document."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from contracts.audit_draw import Deposit, DrawAnswer
from domain.audit import AUDITS, AuditKind
from domain.audit_referral import Referral, ReferralKind
from domain.case import CaseKind
from domain.duty_execution import Beside, CaseMark, of_streets
from domain.official_paper import Genre, Para, Table, words_of
from starter.audit_finding import Entered, in_words, same_as
from starter.audit_paper import AuditFacts, audit_paper
from starter.audit_show import Shown
from starter.audit_show import in_words as shown_in_words
from starter.duty_execution import Assessment
from starter.official_docx import official_docx
from starter.table import display_width
from tests.starter.audit_records import AUDIT_ID, KEY, STREETS, plan_of, record_of

NOW = datetime(2026, 12, 10, 1, tzinfo=UTC)


def facts_of(kind: AuditKind) -> AuditFacts:
    """All that the report of a kind says."""
    deposit = Deposit(
        key=KEY,
        population_hash="ab" * 32,
        population_size=9,
        rule_hash="cd" * 32,
        commitment="ef" * 32,
        made_at=datetime(2026, 10, 8, 1, tzinfo=UTC),
    )
    drawn = DrawAnswer(
        deposit=deposit, drawn_at=datetime(2026, 11, 12, 3, 21, tzinfo=UTC), record="{}"
    )
    return AuditFacts(
        key=KEY,
        plan=plan_of(kind),
        record=record_of(kind),
        as_of=NOW,
        subject="乌海市街道管理体制改革",
        organiser="海勃湾区委编办",
        issuer="海勃湾区委编办",
        to=("海勃湾区委",),
        said={"分析": ("权责没有同步下放。",), "优化意见": ("按清单核定人员",)},
        draw=drawn if kind is AuditKind.SAMPLING else None,
    )


def texts(facts: AuditFacts) -> str:
    """Every word of the document."""
    return "\n".join(words_of(audit_paper(facts)))


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("kind", AUDITS)
def test_the_record_fits_the_screen(kind: AuditKind, columns: int) -> None:
    """Ids and addresses are whole, everything else is no wider than the terminal."""
    shown = Shown(key=KEY, record=record_of(kind), ui="http://127.0.0.1:8233/x")
    said = list(shown_in_words(shown, columns, date(2026, 12, 10)))

    flat = [line for text in said for line in text.splitlines()]
    assert all(display_width(line) <= columns for line in flat if "/" not in line)
    assert any(line.endswith(AUDIT_ID) for line in flat)
    assert "问题 9 个：待整改 3，已整改 2，已销号 2，现场解决 2" in flat


def test_units_stand_by_name_and_the_missing_are_named() -> None:
    """No order but that of names; who was not visited is said, but not of a sample."""
    said = "\n".join(
        shown_in_words(Shown(key=KEY, record=record_of(AuditKind.ANNUAL)), 120, NOW.date())
    )
    sample = "\n".join(
        shown_in_words(Shown(key=KEY, record=record_of(AuditKind.SAMPLING)), 120, NOW.date())
    )

    heads = re.findall(r"^(\S+街道)（", said, re.MULTILINE)
    assert heads == sorted(STREETS[:3])
    assert "到访 3/5 个单位" in said and "未到访：新华街道、林荫街道" in said
    assert "2026-12-07 前整改，超期3天" in said
    assert "[未下结论] 下放经济社会管理权限" in said
    assert "到访 3 个单位" in sample and "未到访：" not in sample


@pytest.mark.parametrize("kind", AUDITS)
def test_every_kind_keeps_the_rules_of_documents(kind: AuditKind) -> None:
    """A report under a red head with room for the 签发人; the 调研报告 has no head."""
    paper = audit_paper(facts_of(kind))

    assert [one.sentence for one in paper.findings if one.is_error] == []
    is_research = kind is AuditKind.SPECIAL
    assert paper.genre is (Genre.RESEARCH if is_research else Genre.REPORT)
    assert paper.title.endswith("报告") and bool(paper.mark) != is_research
    assert official_docx(paper) == official_docx(audit_paper(facts_of(kind)))


@pytest.mark.parametrize(
    "kind, headings",
    [
        (AuditKind.ASSESSMENT, ["检查评估结果"]),
        (AuditKind.ANNUAL, ["督查事项落实情况", "责任清单落实情况"]),
        (AuditKind.DISCIPLINE, ["纪律执行情况"]),
        (AuditKind.SPECIAL, ["原因分析", "优化意见"]),
        (AuditKind.SAMPLING, ["抽取办法和结果", "听取意见情况"]),
    ],
)
def test_each_kind_has_its_own_sections(kind: AuditKind, headings: list[str]) -> None:
    """What the five have in common, and what the texts ask of each (C8)."""
    paper = audit_paper(facts_of(kind))
    found = [one.heading for one in paper.body if isinstance(one, Para) and one.level == 1]

    common = ["基本情况", "发现的问题", "整改和复核情况", "下一步工作"]
    assert [one for one in found if one not in common] == headings
    assert [one for one in found if one in common] == common


def test_the_yearly_report_has_how_lists_were_carried_out() -> None:
    """4-38: the streets inspected, by name, with what `jiegai duty execution` counts of each."""
    facts = facts_of(AuditKind.ANNUAL)
    assert "本年度没有责任清单的办理数字。" in texts(facts)
    first, second = facts.units[:2]
    mark = CaseMark(
        workflow_id="案件/1",
        number="1",
        kind=CaseKind.DISPATCH,
        street=second,
        departments=("海勃湾区司法局",),
        status="办理中",
        returns=1,
    )
    beside = Beside(coverage={second: (3, 4), first: (4, 4)}, attempts={second: 2})
    found = Assessment(
        rollout=facts.key.rollout,
        since=date(2026, 1, 1),
        until=date(2026, 11, 22),
        as_of=NOW,
        streets=of_streets((mark,), (second, first, "别处街道"), beside),
        departments=(),
        items=(),
        marks=(mark,),
        pressed=(),
    )
    paper = audit_paper(replace(facts, execution=found))

    (table,) = (t for t in paper.body if isinstance(t, Table) and "落实情况" in t.caption)
    rows = [[cell.text for cell in row.cells] for row in table.rows[1:]]
    assert rows == sorted(
        [
            [first, "4/4", "0", "0/0", "0/0/0", "0", "0", "0"],
            [second, "3/4", "0", "0/0", "0/0/0", "1", "1", "2"],
        ]
    )


def test_every_figure_is_followed_by_its_problems() -> None:
    """Numbers as runs behind each count; the annex has each problem with its workflow."""
    facts = facts_of(AuditKind.ANNUAL)
    said = texts(facts)
    paper = audit_paper(facts)

    assert "共发现3个单位的问题9个（第1—9号）；其中自动检查发现3个（第1、4、7号）。" in said
    assert "待整改3个（第1、5、9号）。待整改的超过限期3个" in said
    assert AUDIT_ID in said
    annex = paper.annexes[0]
    (table,) = (one for one in annex.body if isinstance(one, Table))
    rows = [[cell.text for cell in row.cells] for row in table.rows[1:]]
    assert [row[1] for row in rows] == sorted(row[1] for row in rows), "by unit, by name"
    assert sorted(int(row[0]) for row in rows) == list(range(1, 10))
    assert {row[5] for row in rows} == {"", "乌海2019/海勃湾区/凤凰岭街道/三定"}


def test_a_sample_shows_its_commitment_and_how_to_verify() -> None:
    """All three hashes and the command; before the end it says that proof comes later."""
    facts = facts_of(AuditKind.SAMPLING)
    said = texts(facts).replace("\n", "")

    assert all(word * 32 in said for word in ("ab", "cd", "ef"))
    assert "jiegai audit verify 乌海2019 季度督查 2026年第4季度" in said
    assert "分层：街道2个、镇1个" in said
    early = replace(facts, draw=replace(facts.draw, record=""))
    assert "audit verify" not in texts(early) and "公布后任何人可以重新计算" in texts(early)


def test_what_nobody_wrote_is_left_open_and_what_they_wrote_is_quoted() -> None:
    """Causes and advice come from the log of the workflow, never from this program."""
    facts = facts_of(AuditKind.SPECIAL)
    said = texts(facts)

    assert "权责没有同步下放。" in said and "按清单核定人员。" in said
    assert "补办并书面说明（第2、4、6、8号）。" in said
    assert texts(replace(facts, said={})).count("（由起草单位填写。）") == 3


def test_a_large_audit_has_cells_that_fit_on_a_page() -> None:
    """Of 300 units and 2,000 problems the tables name the first; the annex has them all."""
    facts = facts_of(AuditKind.SPECIAL)
    one = facts.record.problems[0]
    units = tuple(f"第{number:03}街道" for number in range(300))
    many = tuple(
        replace(one, number=n, unit=units[n % 300], rule=f"0-{n % 7:02}", advice="1.补办")
        for n in range(1, 2001)
    )
    record = replace(facts.record, covers=units, problems=many)
    paper = audit_paper(replace(facts, record=record))

    tables = [one for one in paper.body if isinstance(one, Table)]
    longest = max(len(cell.text) for table in tables for row in table.rows for cell in row.cells)
    assert longest < 200
    assert [one.sentence for one in paper.findings if one.is_error] == []
    (annex,) = (one for one in paper.annexes[0].body if isinstance(one, Table))
    assert len(annex.rows) == 2001
    assert paper.attachments == ("问题清单", "各单位的问题", "到访记录")
    began = time.process_time()
    assert len(official_docx(paper)) > 1_000_000
    assert time.process_time() - began < 30, "not the square of its rows"


def test_an_audit_that_found_nothing_says_so() -> None:
    """And has no list of problems."""
    facts = facts_of(AuditKind.DISCIPLINE)
    empty = replace(facts, record=replace(facts.record, problems=(), visits=(), conclusions=()))
    paper = audit_paper(replace(empty, plan=replace(empty.plan, items=())))

    said = "\n".join(words_of(paper))
    assert paper.annexes == () and "没有发现问题。" in said
    assert "“四个严禁”条文尚未载入" in said and "尚未到访5个" in said


def test_what_was_handed_over_stands_at_its_problem_and_in_an_annex() -> None:
    """0-14: the paper and the day, then what came of it."""
    sent = Referral(
        number=1, kind=ReferralKind.REFERRED, on=date(2026, 12, 1), paper="移〔2026〕1号", place=1
    )
    back = Referral(
        number=1, kind=ReferralKind.OUTCOME, on=date(2026, 12, 9), outcome="责令检查", place=2
    )
    facts = facts_of(AuditKind.DISCIPLINE)
    facts = replace(facts, record=replace(facts.record, referrals=(sent, back)))
    paper = audit_paper(facts)
    assert paper.attachments == ("问题清单", "移送情况", "到访记录")
    said = "\n".join(words_of(paper))
    assert "2026-12-01移送区纪委监委（移〔2026〕1号）" in said
    shown = Shown(key=KEY, record=facts.record)
    lines = list(shown_in_words(shown, 80, date(2026, 12, 10)))
    at = lines.index("       2026-12-01移送区纪委监委（移〔2026〕1号）")
    assert lines[at + 1] == "       2026-12-09移送结果：责令检查"


def test_an_automatic_finding_is_one_problem_on_every_day() -> None:
    """Its words count days; its procedure stays the same."""
    one = record_of(AuditKind.ANNUAL).problems[0]
    later = replace(one, sentence="“办理”时限2026-11-16，已超期8天未办。", number=0)

    assert same_as(one) == same_as(later)
    assert same_as(one) != same_as(replace(later, workflow_id="乌海2019/海勃湾区/海北街道/三定"))
    by_hand = replace(one, found_by="人工", workflow_id="")
    assert same_as(by_hand) != same_as(replace(by_hand, sentence=later.sentence))
    assert in_words(Entered(key=KEY, before=2)) == [
        "没有新的问题，2个此前已登记，没有重复（季度督查 2026年第4季度）。"
    ]
