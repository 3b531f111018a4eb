"""An audit's report laid out as an official document: one of five kinds, every figure to be followed.

What people recorded at 分析, 优化意见 and 报告 is quoted; what nobody recorded is left open with a remark, never
made up. Behind each figure stand the numbers of the problems in the annex, which names the workflow
of each. Units come by name. Sources: 0-12, 0-13, 0-15, 2-21…2-25, 4-37, 4-39.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from domain.audit import AuditKind
from domain.audit_guard import BAN
from domain.day_words import SHANGHAI
from domain.official_paper import (
    Block,
    Genre,
    Layout,
    OfficialPaper,
    Para,
    Table,
    plain_table,
    spell_date,
)
from starter.audit_paper_annex import annexes_of
from starter.audit_paper_figures import (
    MOST_IN_TEXT,
    by_basis,
    by_unit,
    conclusions_table,
    disciplines_table,
    execution_table,
    listed,
    rectified_in_words,
    results_table,
    runs_of,
    total_in_words,
)

if TYPE_CHECKING:
    from contracts.audit_draw import DrawAnswer
    from contracts.audit_flow import AuditRecord
    from domain.audit import AuditPlan, RunKey
    from domain.audit_flow import Visit
    from starter.duty_execution import Assessment

BY_HAND: Final = "（由起草单位填写。）"
TO_SIGN: Final = "　　　　"
"""签发人 of a draft: room to sign."""

NAMES: Final[Mapping[AuditKind, str]] = {
    AuditKind.ASSESSMENT: "检查评估报告",
    AuditKind.ANNUAL: "年度督查报告",
    AuditKind.DISCIPLINE: "编制纪律检查报告",
    AuditKind.SPECIAL: "专项督查调研报告",
    AuditKind.SAMPLING: "随机抽查情况报告",
}


@dataclass(frozen=True, kw_only=True)
class AuditFacts:
    """Everything that the report says. ``as_of`` is aware UTC.

    ``subject`` is what the reform is called, ``organiser`` the unit by its full name, ``said`` what was
    written at each step of the audit's workflow, ``draw`` how a 随机抽查 was drawn, ``execution`` how
    lists were carried out in the year of a 年度督查 (4-38).
    """

    key: RunKey
    plan: AuditPlan
    record: AuditRecord
    as_of: datetime
    subject: str
    organiser: str
    issuer: str
    to: tuple[str, ...]
    number: str = ""
    signatory: str = ""
    said: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    draw: DrawAnswer | None = None
    execution: Assessment | None = None

    @property
    def today(self) -> date:
        """The day shown, in Asia/Shanghai."""
        return self.as_of.astimezone(SHANGHAI).date()

    @property
    def visits(self) -> tuple[Visit, ...]:
        """By unit and day."""
        return tuple(sorted(self.record.visits, key=lambda one: (one.unit, one.on)))

    @property
    def units(self) -> tuple[str, ...]:
        """Covered or visited units, by name."""
        return tuple(sorted({*self.record.covers, *(one.unit for one in self.visits)}))

    @property
    def is_sample(self) -> bool:
        """Whether units were drawn."""
        return self.plan.kind is AuditKind.SAMPLING


def audit_paper(facts: AuditFacts) -> OfficialPaper:
    """This will lay the report out: 报告 under a red head, 专项督查调研报告 as a 调研报告 without one."""
    annexes = tuple(annexes_of(facts))
    is_research = facts.plan.kind is AuditKind.SPECIAL
    return OfficialPaper(
        genre=Genre.RESEARCH if is_research else Genre.REPORT,
        layout=Layout.FORM if is_research else Layout.HEADED,
        title=f"{facts.subject}\n{NAMES[facts.plan.kind]}",
        mark="" if is_research else f"{facts.issuer}文件",
        number=facts.number,
        to=() if is_research else facts.to,
        signatories=() if is_research else (facts.signatory or TO_SIGN,),
        body=tuple(_counted(_body(facts))),
        attachments=tuple(annex.title for annex in annexes),
        annexes=annexes,
        signers=(facts.issuer,),
        issued_by="" if is_research else facts.issuer,
    )


def _counted(body: Iterator[Block]) -> Iterator[Block]:
    """Tables are numbered as they come: 表1, 表2 …"""
    number = 0
    for block in body:
        if isinstance(block, Table) and block.caption:
            number += 1
            yield replace(block, caption=f"表{number}　{block.caption}")
        else:
            yield block


def _body(facts: AuditFacts) -> Iterator[Block]:
    sections: list[tuple[str, Callable[[AuditFacts], Iterator[Block]]]] = [("基本情况", _basics)]
    kind = facts.plan.kind
    if kind is AuditKind.SAMPLING:
        sections += [("抽取办法和结果", _drawing), ("听取意见情况", _opinions)]
    elif kind is AuditKind.ASSESSMENT:
        sections.append(("检查评估结果", _results))
    elif kind is AuditKind.ANNUAL:
        sections += [("督查事项落实情况", _checklist), ("责任清单落实情况", _execution)]
    elif kind is AuditKind.DISCIPLINE:
        sections.append(("纪律执行情况", _disciplines))
    sections.append(("发现的问题", _problems))
    if kind is AuditKind.SPECIAL:
        sections += [("原因分析", _causes), ("优化意见", _advice)]
    sections += [("整改和复核情况", _rectified), ("下一步工作", _next)]
    for heading, section in sections:
        yield Para(level=1, heading=heading)
        yield from section(facts)


def _basics(facts: AuditFacts) -> Iterator[Block]:
    plan, record = facts.plan, facts.record
    days = sorted(one.on for one in facts.visits)
    asked = f"按“一事一报”原则报经批准（{plan.approval}）" if plan.approval else ""
    lead = f"由{plan.leader}带队" if plan.leader else ""
    when = f"于{_span(days[0], days[-1])}" if days else ""
    round_of = f"{plan.kind}（{facts.key.plan}，{facts.key.window}）"
    done = f"{when}对{plan.district or '各单位'}开展了{round_of}"
    yield Para(text=f"{facts.organiser}{'，'.join(part for part in (asked, lead, done) if part)}。")
    yield Para(text=_coverage(facts))
    if record.workflow_id:
        yield Para(
            text=f"本报告截至{spell_date(facts.today)}。数字都可核对：本次督查的流程编号是"
            f"{record.workflow_id}，用“jiegai log 编号”查到全部办理记录；数字后的号是附件中问题的"
            "序号，附件写明每个问题所据的流程。"
        )


def _coverage(facts: AuditFacts) -> str:
    visited = {one.unit for one in facts.visits}
    ways = dict.fromkeys(way for one in facts.visits for way in one.methods)
    how = f"，采取{'、'.join(ways)}的方式" if ways else ""
    if facts.is_sample:
        return f"本次到访{len(visited)}个单位（{listed(sorted(visited)) or '无'}）{how}。"
    missing = [unit for unit in facts.units if unit not in visited]
    named = f"，尚未到访{len(missing)}个（{listed(missing)}）" if missing else "，做到全覆盖"
    if not facts.units:
        return "本次没有列明受检单位。"
    return f"应检查{len(facts.units)}个单位，已到访{len(visited)}个{named}{how}。"


def _span(first: date, last: date) -> str:
    if first == last:
        return spell_date(first)
    tail = spell_date(last) if first.year != last.year else f"{last.month}月{last.day}日"
    return f"{spell_date(first)}至{tail}"


def _drawing(facts: AuditFacts) -> Iterator[Block]:
    """What was fixed beforehand, when the draw was made, and how anybody recomputes it (4-37)."""
    key, draw = facts.key, facts.draw
    if draw is None or draw.deposit is None:
        yield Para(text="没有抽取的记录。")
        return
    deposit, rule = draw.deposit, facts.plan.sample
    yield Para(
        text=f"抽取范围{deposit.population_size}个单位，按GB/T 10111—2008随机抽取"
        f"{_rule_words(facts)}。事先不通知受检单位。"
    )
    made = spell_date(deposit.made_at.astimezone(SHANGHAI).date())
    when = "抽取时刻"
    if draw.drawn_at:
        at = draw.drawn_at.astimezone(SHANGHAI)
        when = f"{spell_date(at.date())}{at:%H:%M}抽取，时刻"
    public = f"和{rule.public_source}" if rule is not None and rule.public_source else ""
    yield Para(
        text=f"{made}先固定抽取范围、抽取规则和随机数，对三者一并作出存证；{when}和抽中的单位由存证"
        f"中的随机数{public}算出，事后不能另选。"
    )
    yield plain_table(
        ("存证内容", "哈希值（SHA-256）"),
        (
            ("抽取范围", _halved(deposit.population_hash)),
            ("抽取规则", _halved(deposit.rule_hash)),
            ("存证", _halved(deposit.commitment)),
        ),
        grid=(20, 80),
        caption="抽取的存证",
    )
    if draw.record:
        verify = f"jiegai audit verify {key.rollout} {key.plan} {key.window}"
        yield Para(
            text=f"随机数、范围、规则和结果已经公布，任何人可用“{verify}”重新计算并与存证核对；"
            "不用本软件的，按公布文件中写明的步骤以sha256sum计算。"
        )
    else:
        yield Para(text="随机数和抽取结果在到访全部完成后公布，公布后任何人可以重新计算核对。")


def _halved(text: str) -> str:
    """A hash in two lines of 32, which a cell holds."""
    return f"{text[:32]}\n{text[32:]}" if len(text) > 32 else text


def _rule_words(facts: AuditFacts) -> str:
    rule = facts.plan.sample
    if rule is None:
        return ""
    words = f"{rule.count}个"
    if rule.strata:
        words = "、".join(f"{kind}{count}个" for kind, count in sorted(rule.strata.items()))
        words = f"（分层：{words}）"
    return words + ("，按风险加权" if rule.weights else "")


def _opinions(facts: AuditFacts) -> Iterator[Block]:
    heard = [one for one in facts.visits if one.opinions]
    if not heard:
        yield Para(text="没有记录到意见。")
    for one in heard:
        yield Para(level=2, heading=f"{one.unit}。", text=_ended(one.opinions))


def _results(facts: AuditFacts) -> Iterator[Block]:
    yield results_table(facts)


def _checklist(facts: AuditFacts) -> Iterator[Block]:
    if not facts.plan.items and not facts.record.conclusions:
        yield Para(text="安排中没有列出督查事项。")
        return
    yield conclusions_table(facts, "督查事项和结论", "事项")


def _execution(facts: AuditFacts) -> Iterator[Block]:
    """4-38: how lists were carried out is part of the yearly look; figures, no marks."""
    found = facts.execution
    table = execution_table(facts)
    if found is None or found.since is None or table is None:
        yield Para(text="本年度没有责任清单的办理数字。")
        return
    year = found.since.year
    yield Para(
        text=f"{year}年各街道落实责任清单的数字见下表，不打分、不排名；"
        f"每个数字的案件见 jiegai duty execution --year {year}。"
    )
    yield table


def _disciplines(facts: AuditFacts) -> Iterator[Block]:
    if any(item.number.startswith(BAN) for item in facts.plan.items):
        yield Para(level=2, heading="“四个严禁”对照检查情况。", text="条文由使用单位载入。")
    else:
        yield Para(text="“四个严禁”条文尚未载入，没有逐条对照。")
    if facts.plan.items:
        yield conclusions_table(facts, "对照检查的条文和结论", "条文")
    yield Para(level=2, heading="六项纪律执行情况。", text="各项纪律发现的问题见下表。")
    yield disciplines_table(facts)


def _problems(facts: AuditFacts) -> Iterator[Block]:
    problems = facts.record.problems
    yield Para(text=total_in_words(problems))
    if not problems:
        return
    if len({one.unit for one in problems}) > MOST_IN_TEXT:
        yield Para(text="各单位的问题数见附件2。")
    else:
        yield by_unit(problems)
        yield Para()
    yield by_basis(problems)


def _causes(facts: AuditFacts) -> Iterator[Block]:
    yield from _quoted(facts, "分析")


def _advice(facts: AuditFacts) -> Iterator[Block]:
    yield from _quoted(facts, "优化意见")
    advised = [one for one in facts.record.problems if one.advice]
    if advised:
        yield Para(text="对各问题的建议见附件1，归纳如下：")
    texts: dict[str, list[int]] = {}
    for one in sorted(advised, key=lambda one: one.number):
        texts.setdefault(one.advice, []).append(one.number)
    for text, numbers in texts.items():
        yield Para(text=f"{text.rstrip('。；')}（{runs_of(numbers)}）。")


def _quoted(facts: AuditFacts, step: str) -> Iterator[Block]:
    """What was written when the step was done; open where nobody wrote anything."""
    said = facts.said.get(step, ())
    for text in said or (BY_HAND,):
        for part in text.split("\n"):
            if part.strip():
                yield Para(text=part.strip() if text == BY_HAND else _ended(part))


def _rectified(facts: AuditFacts) -> Iterator[Block]:
    yield Para(text=rectified_in_words(facts.record.problems, facts.today))


def _next(facts: AuditFacts) -> Iterator[Block]:
    yield from _quoted(facts, "报告")


def _ended(text: str) -> str:
    """With one full stop at its end."""
    plain = text.strip()
    return plain if plain.endswith(("。", "！", "？", "；")) else f"{plain}。"
