"""The record of one audit, a page at a time: visits, then problems, then conclusions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.audit_open import plan_of
from activities.pages import MOST_BYTES, how_many_fit, key_of, place_of
from contracts.audit_flow import AuditRecord, AuditRecordQuestion
from domain.audit import AuditKind, AuditPlan, CheckItem, RunKey
from domain.audit_flow import Conclusion, Problem, Visit
from domain.audit_guard import items_of, not_open
from storage import audit_conclusion_store as concluded
from storage import audit_flow_store as store
from storage.referral_store import referrals

RUNNING: Final = "办理中"
_MOST_LINES: Final = 500
_FIRST_PAGE: Final = 200_000
"""Bytes of the first page that visits may take; the arrangement comes with it."""

_VISIT: Final[TypeAdapter[Visit]] = TypeAdapter(Visit)
_PROBLEM: Final[TypeAdapter[Problem]] = TypeAdapter(Problem)
_CONCLUSION: Final[TypeAdapter[Conclusion]] = TypeAdapter(Conclusion)
_VISITS, _PROBLEMS, _CONCLUSIONS = "到访", "问题", "结论"


async def record_page(connection: AsyncConnection, question: AuditRecordQuestion) -> AuditRecord:
    """This will read one page of an audit's record."""
    key = question.key
    on_file = await store.read_audit(connection, key)
    if on_file is None:
        no = not_open(key)
        return AuditRecord(code=no.code, sentence=no.sentence)
    if not question.page:
        return await _first(connection, on_file)
    part, after = key_of(question.page, 2)
    if part == _VISITS:
        return await _visits(connection, key, int(after), MOST_BYTES)
    if part == _PROBLEMS:
        return await _problems(connection, key, int(after))
    return await _conclusions(connection, on_file, int(after))


async def _first(connection: AsyncConnection, on_file: store.AuditOnFile) -> AuditRecord:
    plan = await _plan(connection, on_file)
    covers = on_file.covers
    if plan.kind is AuditKind.SAMPLING:
        covers = tuple(await store.visited(connection, on_file.key))
    page = await _visits(connection, on_file.key, 0, _FIRST_PAGE)
    return replace(
        page,
        plan=plan,
        workflow_id=on_file.workflow_id,
        status=on_file.ending or RUNNING,
        opened_at=on_file.opened_at,
        ended_at=on_file.ended_at,
        covers=covers,
    )


async def _plan(connection: AsyncConnection, on_file: store.AuditOnFile) -> AuditPlan:
    """The arrangement with all that it concludes about, the 四个严禁 among them."""
    plan = plan_of(on_file)
    text = await concluded.newest_discipline(connection, on_file.key.rollout)
    return replace(plan, items=items_of(plan, text.items if text else ()))


async def _visits(connection: AsyncConnection, key: RunKey, after: int, room: int) -> AuditRecord:
    found = await store.visits(connection, key, after, _MOST_LINES)
    lines = tuple(visit for _, visit in found)
    shown = how_many_fit(lines, _VISIT, room)
    more = shown < len(lines) or len(lines) == _MOST_LINES
    if more:
        return AuditRecord(visits=lines[:shown], next_page=place_of(_VISITS, found[shown - 1][0]))
    return AuditRecord(visits=lines, next_page=place_of(_PROBLEMS, 0))


async def _problems(connection: AsyncConnection, key: RunKey, after: int) -> AuditRecord:
    lines = await store.problems(connection, key, after, _MOST_LINES)
    shown = how_many_fit(lines, _PROBLEM)
    more = shown < len(lines) or len(lines) == _MOST_LINES
    place = place_of(_PROBLEMS, lines[shown - 1].number) if more else place_of(_CONCLUSIONS, 0)
    until = lines[shown - 1].number if shown else after
    handed = await referrals(connection, key, after, until)
    return AuditRecord(problems=lines[:shown], referrals=handed, next_page=place)


async def _conclusions(
    connection: AsyncConnection, on_file: store.AuditOnFile, after: int
) -> AuditRecord:
    """By item, in the order of the checklist; what is about an older text is not shown."""
    plan = await _plan(connection, on_file)
    known = await concluded.conclusions(connection, on_file.key)
    lines = _of_items(plan.items, known)[after:]
    shown = how_many_fit(lines, _CONCLUSION)
    place = place_of(_CONCLUSIONS, after + shown) if shown < len(lines) else ""
    return AuditRecord(conclusions=lines[:shown], next_page=place)


def _of_items(
    items: tuple[CheckItem, ...], known: dict[tuple[str, str], Conclusion]
) -> tuple[Conclusion, ...]:
    found = [known.get((item.number, item.text)) for item in items]
    return tuple(one for one in found if one is not None)
