"""A periodic report laid out as an official document; the figures are in ``domain.progress_report``.

What only people can write (causes, demands, advice) is left open with a remark, never made up. The
annexes name the procedure or the case behind every number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from domain.day_words import SHANGHAI
from domain.official_paper import (
    Block,
    Cell,
    Genre,
    Layout,
    OfficialPaper,
    Para,
    Row,
    Table,
    plain_table,
    spell_date,
)
from domain.progress_report import (
    Change,
    Entry,
    Progress,
    ReportKind,
    progress_of,
    shares,
)
from domain.wall_chart import RUNS, Standing, Tally, percent
from starter.report_annex import annexes_of

if TYPE_CHECKING:
    from domain.devolution import Devolution
    from domain.duty_execution import Execution
    from domain.plan import Plan
    from starter.duty_execution import Assessment

BY_HAND: Final = "（由起草单位填写。）"
_CITY: Final = "市级"
_MOST_UNITS: Final = 20
"""Units that have a line in the text; of more, districts do, and the annex has them all."""

_MOST_NAMED: Final = 8


@dataclass(frozen=True, kw_only=True)
class ReportFacts:
    """Everything that the report says.

    ``as_of`` is aware UTC; ``is_day_end`` where it is the end of a day gone by. ``changes`` None: there is
    no earlier report to compare with; ``since`` is its day.
    """

    plan: Plan
    kind: ReportKind
    as_of: datetime
    is_day_end: bool
    entries: tuple[Entry, ...]
    issuer: str
    number: str = ""
    to: tuple[str, ...] = ()
    ending: str = ""
    since: date | None = None
    changes: Mapping[Change, tuple[Entry, ...]] | None = None
    assessment: Assessment | None = None
    devolution: tuple[Devolution, ...] = ()
    undevolved: tuple[str, ...] = field(default=())

    @property
    def subject(self) -> str:
        """What the reform is called: the plan's title without the name of its table (0-06)."""
        return self.plan.title.removesuffix("时间、任务、责任表") or self.plan.title

    @property
    def today(self) -> date:
        """The day shown, in Asia/Shanghai."""
        return self.as_of.astimezone(SHANGHAI).date()

    @property
    def moment(self) -> str:
        """``2019年12月15日24时``, or the minute of a report of now."""
        if self.is_day_end:
            return f"{spell_date(self.today)}24时"
        return f"{spell_date(self.today)}{self.as_of.astimezone(SHANGHAI):%H:%M}"


def report_paper(facts: ReportFacts) -> OfficialPaper:
    """This will lay the report out: 通报 under a red head, 调研报告 without one."""
    body = tuple(_counted(_body(facts)))
    annexes = tuple(annexes_of(facts.entries, facts.assessment))
    is_circular = facts.kind is ReportKind.CIRCULAR
    name = facts.subject
    return OfficialPaper(
        genre=Genre.CIRCULAR if is_circular else Genre.RESEARCH,
        layout=Layout.HEADED if is_circular else Layout.FORM,
        title=f"关于{name}\n进展情况的督查通报" if is_circular else f"{name}\n调研报告",
        mark=f"{facts.issuer}文件" if is_circular else "",
        number=facts.number,
        to=facts.to if is_circular else (),
        body=body,
        attachments=tuple(annex.title for annex in annexes),
        annexes=annexes,
        signers=(facts.issuer,),
        issued_by=facts.issuer if is_circular else "",
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


def _body(facts: ReportFacts) -> Iterator[Block]:
    progress = progress_of(facts.entries, facts.today)
    word = "通报" if facts.kind is ReportKind.CIRCULAR else "报告"
    yield Para(text=f"现将{facts.subject}截至{facts.moment}的进展情况{word}如下。")
    yield Para(level=1, heading="总体情况")
    yield from _overview(facts, progress)
    yield Para(level=1, heading="超期和临近时限的事项")
    yield from _late(facts)
    if facts.changes is not None:
        yield Para(level=1, heading="与上期相比")
        yield from _changed(facts)
    if facts.devolution or facts.undevolved:
        yield Para(level=1, heading="职责和编制下放")
        yield from _devolved(facts)
    if facts.assessment is not None and _has_cases(facts.assessment):
        yield Para(level=1, heading="案件办理和清单落实")
        yield from _cases(facts.assessment)
    if facts.kind is ReportKind.CIRCULAR:
        yield Para(level=1, heading="下一步要求")
        yield Para(text=BY_HAND)
    else:
        for heading in ("存在的问题和原因分析", "优化意见"):
            yield Para(level=1, heading=heading)
            yield Para(text=BY_HAND)


def _overview(facts: ReportFacts, progress: Progress) -> Iterator[Block]:
    yield Para(text=whole_in_words(progress.whole))
    last = max((e.mark.due for e in facts.entries if e.mark.due), default=None)
    if facts.ending:
        yield Para(text=f"本次改革{facts.ending}。")
    elif last is not None:
        left = (last - facts.today).days
        said = f"还剩{left}天" if left >= 0 else f"已过{-left}天"
        yield Para(text=f"方案的最后时限是{spell_date(last)}，{said}。")
    by_unit = len(progress.units) <= _MOST_UNITS
    tallies, first = (progress.units, "单位") if by_unit else (progress.districts, "区")
    named = [((name or _CITY,), tally) for name, tally in tallies.items()]
    yield _bars(f"各{first}进度", (first,), named)
    yield Para()
    dues = {row.id: row for row in facts.plan.rows}
    rows = []
    planned = [row_id for row_id in dues if row_id in progress.rows]
    for row_id in dict.fromkeys((*planned, *progress.rows)):
        row = dues.get(row_id)
        name = (row.item if row else row_id, _short(row.due, facts.today) if row else "")
        rows.append((name, progress.rows[row_id]))
    yield _bars("各项任务进度", ("任务", "完成时限"), rows)
    yield _legend()


def whole_in_words(whole: Tally) -> str:
    """The sentence of all numbers: how many in all, done, under way by light, not begun."""
    counts = whole.counts
    running = sum(counts[each] for each in RUNS)
    lights = (
        f"（其中超期{counts[Standing.RED]}项、临近时限{counts[Standing.YELLOW]}项、"
        f"正常{counts[Standing.GREEN]}项）"
    )
    parts = [f"办结{whole.done}项，完成率{percent(whole.done, whole.total)}%"]
    parts.append(f"办理中{running}项{lights if running else ''}")
    unbegun = (Standing.WAITING, Standing.NEVER)
    parts += [f"{each}{counts[each]}项" for each in unbegun if counts[each]]
    stopped = f"另有终止{counts[Standing.ENDED]}项，不计入。" if counts[Standing.ENDED] else ""
    return f"纳入督查的事项共{whole.total}项：{'；'.join(parts)}。{stopped}"


def _bars(
    caption: str, heads: tuple[str, ...], tallies: Iterable[tuple[tuple[str, ...], Tally]]
) -> Table:
    """A chart as a table: names, counts, and a bar of what is done, under way and the rest."""
    names = (*heads, "共", "办结", "超期", "完成率", "进度")
    top = Row(cells=tuple(Cell(text=name, label=True) for name in names), head=True)
    rows = [top]
    for key, tally in tallies:
        late = tally.counts[Standing.RED]
        figures = (
            str(tally.total),
            str(tally.done),
            f"▲{late}" if late else "0",
            f"{percent(tally.done, tally.total)}%",
        )
        named = (Cell(text=key[0]), *(Cell(text=text, centred=True) for text in key[1:]))
        counted = tuple(Cell(text=text, centred=True) for text in figures)
        rows.append(Row(cells=(*named, *counted, Cell(bar=_safe(shares(tally))))))
    grid = (26, *(16 for _ in heads[1:]), 9, 9, 10, 13, 33 if len(heads) == 1 else 24)
    return Table(grid=grid, rows=tuple(rows), caption=caption)


def _safe(parts: tuple[int, int, int]) -> tuple[int, ...]:
    return parts if sum(parts) else (0, 0, 1)


def _legend() -> Para:
    return Para(text="表1、表2的进度条：黑为办结，灰为办理中，白为未开始；▲为超期。", flush=True)


def _late(facts: ReportFacts) -> Iterator[Block]:
    late = [entry for entry in facts.entries if entry.is_late]
    near = [entry for entry in facts.entries if entry.mark.standing is Standing.YELLOW]
    if not late and not near:
        yield Para(text=f"截至{facts.moment}，没有超期和临近时限的事项。")
        return
    yield Para(
        text=f"现有超期{len(late)}项、临近时限{len(near)}项，按方案的次序列出，"
        "天数按当前环节的时限计。"
    )
    if late:
        yield plain_table(
            ("序号", "单位", "事项", "环节（待办单位）", "超期", "原因"),
            (_late_row(n, entry) for n, entry in enumerate(late, start=1)),
            grid=(8, 17, 18, 25, 9, 27),
            caption="超期事项",
        )
        if any(not entry.told for entry in late):
            yield Para(text="“原因”摘自办理记录；没有记录的由责任单位说明。", flush=True)
    if near:
        yield plain_table(
            ("序号", "单位", "事项", "环节（待办单位）", "剩余"),
            (_near_row(n, entry) for n, entry in enumerate(near, start=1)),
            grid=(8, 18, 18, 50, 10),
            caption="临近时限的事项",
        )


def _late_row(number: int, entry: Entry) -> tuple[str, ...]:
    days = f"{-entry.days_left}天" if entry.days_left is not None else ""
    turns = [f"退回{entry.returned}次"] if entry.returned else []
    turns += [f"延期{entry.extended}次"] if entry.extended else []
    reason = "；".join(part for part in (entry.told, "、".join(turns)) if part)
    return (str(number), entry.unit, entry.item, _waiting(entry), days, reason)


def _near_row(number: int, entry: Entry) -> tuple[str, ...]:
    left = entry.days_left
    days = "" if left is None else f"{left}天" if left else "今天到期"
    days += "（暂定）" if entry.is_provisional else ""
    return (str(number), entry.unit, entry.item, _waiting(entry), days)


def _waiting(entry: Entry) -> str:
    steps = "、".join(entry.mark.steps)
    return f"{steps}（{'、'.join(entry.responsible)}）" if entry.responsible else steps


def _changed(facts: ReportFacts) -> Iterator[Block]:
    since, found = facts.since, facts.changes or {}
    if since is not None:
        yield Para(text=f"上期截至{spell_date(since)}24时。")
    shown = [(change, entries) for change, entries in found.items() if entries]
    if not shown:
        yield Para(text="各事项的状态没有变化。")
    for change, entries in shown:
        names = [f"{entry.unit}“{entry.item}”" for entry in entries[:_MOST_NAMED]]
        more = f"等{len(entries)}项" if len(entries) > _MOST_NAMED else ""
        yield Para(
            level=2, heading=f"{change}{len(entries)}项。", text=f"{'、'.join(names)}{more}。"
        )


def _devolved(facts: ReportFacts) -> Iterator[Block]:
    rows = []
    for one in facts.devolution:
        for count in one.counts:
            basis = f"{count.by}{'（为准）' if count is one.counts[0] else ''}"
            needed = f"{one.goal.percent}%，{count.needed(one.goal.percent)}名"
            missing = count.missing(one.goal.percent)
            rows.append(
                (one.goal.unit, basis, str(count.locked), needed, str(count.gone), str(missing))
            )
    if rows:
        heads = ("单位", "口径", "锁定", "应下放", "已下放", "还差")
        yield plain_table(heads, rows, grid=(26, 18, 12, 20, 12, 12), caption="下放情况")
        when = f"截至{spell_date(facts.today)}" if facts.is_day_end else "现在"
        yield Para(text=f"按编制台账{when}的数计算，比例向上取整。", flush=True)
    for sentence in facts.undevolved:
        yield Para(text=sentence)


def _has_cases(found: Assessment) -> bool:
    return bool(found.marks or found.pressed or any(one.items for one in found.streets))


def _cases(found: Assessment) -> Iterator[Block]:
    since = f"{spell_date(found.since)}至" if found.since else "至"
    until = spell_date(found.until) if found.until else "今"
    claimed = sum(one.claimed for one in found.streets)
    items = sum(one.items for one in found.streets)
    said = f"{since}{until}受理的案件共{len(found.marks)}件"
    said += f"，在办{sum(mark.is_open for mark in found.marks)}件"
    yield Para(
        text=f"{said}。" + (f"清单事项现已认领{claimed}项次，应认领{items}项次。" if items else "")
    )
    for name, lines in (("街道", found.streets), ("部门", found.departments)):
        shown = [one for one in lines if not one.is_empty]
        if shown:
            yield plain_table(
                (name, *_CASE_HEADS),
                map(_case_row, shown),
                grid=(20, 11, 9, 18, 20, 9, 18, 9),
                caption=f"各{name}案件办理情况",
            )
            yield Para(text="签收栏是按时/本单位超期/对方超期的件数，未到期的不计。", flush=True)
    yield from _pressed(found)


_CASE_HEADS: Final = (
    "认领",
    "上报",
    "当天报告\n按时/超期",
    "签收\n按时/本/对",
    "派单",
    "回告被退/\n拒收成立",
    "在办",
)


def _case_row(one: Execution) -> tuple[str, ...]:
    handed = ("交接按时", "交接本单位超期", "交接对方超期")
    return (
        one.unit,
        f"{one.claimed}/{one.items}" if one.items else "",
        str(one.count("上报")),
        f"{one.count('当天报告按时')}/{one.count('当天报告超期')}",
        "/".join(str(one.count(name)) for name in handed),
        str(one.count("派单")),
        f"{one.count('回告被退')}/{one.count('拒收成立')}",
        str(one.count("在办")),
    )


def _pressed(found: Assessment) -> Iterator[Block]:
    if not found.pressed:
        yield Para(text="没有违规下派的尝试，没有街道反映部门擅自转嫁职责。")
        return
    yield plain_table(
        ("年度", "部门", "违规尝试", "街道反映", "已答复", "属实"),
        (
            (
                *(str(one.year), one.department, str(one.attempts)),
                *(str(one.reported), str(one.answered), str(one.true)),
            )
            for one in found.pressed
        ),
        grid=(12, 32, 14, 14, 14, 14),
        caption="违规下派和街道反映",
    )
    yield Para(
        text="违规尝试是没有清单依据、被本软件拒绝的派单；逐件见 jiegai case breaches。", flush=True
    )


def _short(day: date, today: date) -> str:
    """A day as tables write it, with its year where it is not the report's."""
    whole = f"{day.year}.{day.month}.{day.day}"
    return f"{day.month}月{day.day}日" if day.year == today.year else whole
