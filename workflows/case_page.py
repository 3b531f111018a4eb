"""A case in the register and in the Web UI: its clocks, its citation, who has it now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.case import NOT_ADMITTED, CasePage, ClockLine
    from contracts.procedure import OpeningAnswer
    from contracts.webpage import table
    from domain.case import CaseFile, CaseKind
    from domain.case_clocks import CaseClock, clocks_of
    from domain.desk import Item

SHANGHAI = ZoneInfo("Asia/Shanghai")
RUNNING = "办理中"


def case_page(
    file: CaseFile,
    items: Mapping[str, Item],
    answer: OpeningAnswer | None,
    *,
    ending: str,
    action_id: str,
    opened_at: datetime | None,
    now: datetime,
) -> CasePage:
    """This will return the row of the register of cases as it is now."""
    cited = file.citation
    refused = answer is not None and bool(answer.code)
    return CasePage(
        number=file.number,
        kind=str(file.kind),
        title=file.title,
        street=file.street,
        sender=file.sender,
        receiver="、".join(file.receivers) if file.kind is CaseKind.WHISTLE else file.receiver,
        trigger_at=file.trigger_at,
        source=str(file.source),
        urgency=str(file.urgency),
        opened_by=file.opened_by,
        action_id=action_id,
        status=NOT_ADMITTED if refused else ending or RUNNING,
        list_name=cited.list_name if cited else "",
        list_version=cited.version if cited else 0,
        item=cited.number if cited else "",
        item_name=cited.name if cited else "",
        code=answer.code if answer else "",
        sentence=answer.sentence if answer else "",
        breach=bool(answer and answer.breach),
        returns=file.returns,
        refusals=file.refusals,
        clocks=tuple(_line(clock) for clock in clocks_of(file, items, now)),
        opened_at=opened_at,
    )


def case_details(
    file: CaseFile, items: Mapping[str, Item], answer: OpeningAnswer | None, now: datetime
) -> list[str]:
    """This will return the lines of the Web UI's page that only cases have."""
    source = f"{file.source}（{_clock(file.trigger_at)}）"
    lines = [
        f"- 案件：{file.number}，{file.kind}，{file.urgency}，{source}",
        f"- 双方：{_parties(file)}",
    ]
    if file.citation is not None:
        lines.append(f"- 依据：{file.citation.text}")
    if file.liaisons:
        team = f"（{file.team}）" if file.team else ""
        lines.append(f"- 街道专人：{'、'.join(file.liaisons)}{team}")
    if answer is not None and answer.code:
        lines.append(f"- **未受理**：{answer.sentence}")
    clocks = clocks_of(file, items, now)
    if clocks:
        rows = (_cells(clock) for clock in clocks)
        lines += ["", table(("时限", "依据", "期限", "停止", "延误方"), rows)]
    return lines


def _parties(file: CaseFile) -> str:
    """Who sent it to whom, and where it went from there: 甲区文旅局 → 一街道 → 甲区城管局."""
    others = file.receivers if file.kind is CaseKind.WHISTLE else (file.receiver,)
    to = "、".join(unit for unit in others if unit)
    places = (file.sender, file.street, to if to != file.sender else "")
    way = list(dict.fromkeys(place for place in places if place))
    return " → ".join(way if len(way) > 1 else [*way, "待定"])


def _line(clock: CaseClock) -> ClockLine:
    limited = not clock.due.is_unlimited
    return ClockLine(
        name=clock.name,
        basis=clock.basis,
        started_at=clock.started_at,
        due_at=clock.due.due if limited else None,
        due_date=clock.due.due_date if limited else None,
        rule=clock.due.rule,
        provisional=clock.due.provisional,
        stopped_at=clock.stopped_at,
        by=clock.by,
        delivered_at=clock.delivered_at,
        late_by=clock.late_by,
    )


def _cells(clock: CaseClock) -> tuple[str, ...]:
    stopped = f"{_clock(clock.stopped_at)} {clock.by}" if clock.stopped_at else "未停"
    if clock.delivered_at is not None and clock.stopped_at is None:
        stopped = f"{_clock(clock.delivered_at)} 已送达，待签收"
    due = clock.due.words
    if not clock.due.is_unlimited and clock.due.due.astimezone(SHANGHAI).strftime("%H%M") != "0000":
        due = _clock(clock.due.due)
    return clock.name, clock.basis, due, stopped, clock.late_by


def _clock(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%m-%d %H:%M}"
