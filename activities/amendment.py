"""Amending a plan: the list, and on confirmation the one commit that puts the new version in force.

Telling those who work by it is a workflow's work (``workflows.plan_amendment``); the notices to
people are in the commit, one per unit under a key of its own, so that nobody is told twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection
from temporalio import activity

from activities.database import translated_errors
from activities.pages import how_many_fit, key_of, place_of
from activities.plan_shelf import PlanOnShelf, Shelf, plan_to_json
from contracts.amendment import Amended, Amending, AmendLine, AmendOrder, amendment_id
from contracts.names import procedure_id, unit_id
from contracts.registers import PlanKey
from domain.amendment import (
    Begun,
    Choice,
    Consequence,
    Fate,
    compare,
    consequences,
    keep_persons,
    whole_changes,
)
from domain.amendment_check import Proposal, listed, refusals
from domain.amendment_words import notices
from domain.plan import Plan
from domain.unit import Role
from storage.amendment_store import (
    NewVersion,
    VersionOnFile,
    find_amendment,
    lock_plan,
    read_begun,
    read_versions,
    store_notices,
    store_version,
)
from storage.engine import Database
from storage.registers_store import read_standing

NOTICE_LEVEL = "修订"

_LINE: TypeAdapter[AmendLine] = TypeAdapter(AmendLine)
_LINES: TypeAdapter[tuple[AmendLine, ...]] = TypeAdapter(tuple[AmendLine, ...])


class AmendingActivities(Amending):
    """Compares plans of one database and stores their next versions."""

    def __init__(self, database: Database, shelf: Shelf | None = None) -> None:
        self._database = database
        self._shelf = shelf or Shelf()

    @activity.defn(name="amend_plan")
    async def amend(self, order: AmendOrder) -> Amended:
        """This will list what an amendment means and, confirmed, put it in force."""
        async with translated_errors(), self._database.transaction() as connection:
            rollout = order.plan.rollout
            plan_id = await lock_plan(connection, rollout)
            if plan_id is None:
                return _refused(
                    "ROLLOUT_NOT_FOUND",
                    f"没有名为“{rollout}”的改革；修订按方案中的名称找，请核对“改革”表。",
                )
            versions = await read_versions(connection, plan_id)
            held = await self._shelf.plan(connection, plan_id, versions[-1].version)
            if order.confirm and (no := await _may_not(connection, order, held.plan.coordinator)):
                return no
            if known := await self._known(connection, order, plan_id, versions):
                return known
            return await self._judge(connection, order, plan_id, versions)

    async def _known(
        self,
        connection: AsyncConnection,
        order: AmendOrder,
        plan_id: int,
        versions: tuple[VersionOnFile, ...],
    ) -> Amended | None:
        """The answer for content that is on file: applied before, in force, or past."""
        in_force = versions[-1]
        found = [v for v in versions if v.content_hash == order.content_hash]
        if not found:
            return None
        version = found[0].version
        if version != in_force.version:
            return _refused(
                "OLD_VERSION",
                f"这份方案是第{version}版，现行的是第{in_force.version}版；退回旧版也要写成新的一版。",
                in_force.version,
            )
        amendment = await find_amendment(connection, plan_id, version)
        if amendment is None or not order.confirm:
            return _unchanged(version)
        return Amended(
            plan=PlanKey(rollout=order.plan.rollout, plan_id=plan_id, version=version),
            version=version,
            in_force=version,
            counts=amendment.counts,
            paper=amendment.paper,
            applied=True,
            again=True,
        )

    async def _judge(
        self,
        connection: AsyncConnection,
        order: AmendOrder,
        plan_id: int,
        versions: tuple[VersionOnFile, ...],
    ) -> Amended:
        in_force = versions[-1].version
        shelved = await self._shelf.plan(connection, plan_id, in_force)
        old = shelved.plan
        new, differ = keep_persons(old, order.plan)
        amended = PlanOnShelf(new)
        choice = Choice(redo=frozenset(order.redo), stop=frozenset(order.stop))
        kinds = {
            row.id: row.kind
            for version in versions
            for row in (await self._shelf.plan(connection, plan_id, version.version)).plan.rows
        }
        begun = {
            (each.unit, each.row_id): replace(each, kind=kinds.get(each.row_id))
            for each in await read_begun(connection, new.rollout)
        }
        changes = compare(old, new, choice)
        whole = whole_changes(old, new)
        proposal = Proposal(
            old=old,
            new=new,
            old_survey=shelved.survey,
            new_survey=amended.survey,
            changes=changes,
            begun=begun,
            choice=choice,
            issuer=order.issuer,
        )
        no = refusals(proposal)
        lines = consequences(changes, begun, choice)
        procedures = sum(len(row.targets) for row in new.rows)
        counts = dict(Counter(str(line.fate) for line in lines))
        left = sum(line.change.before is not None for line in lines if line.change.after)
        same = procedures - left - counts.get(Fate.ADD, 0)
        answer = Amended(
            version=in_force + 1,
            in_force=in_force,
            counts={**counts, str(Fate.SAME): same},
            whole=whole,
            warnings=_warnings(differ),
            refusals=no,
            code=no[0].code if no else "",
            sentence=no[0].sentence if no else "",
        )
        if not no and not changes and not whole:
            return replace(_unchanged(in_force), warnings=answer.warnings)
        shown = tuple(_line(amended, shelved, line) for line in lines)
        answer = _paged(answer, shown, order.page)
        if no or not order.confirm:
            return answer
        outside = sum(key not in _procedures(new) for key in begun)
        version = NewVersion(
            plan_id=plan_id,
            version=in_force + 1,
            plan=new,
            before=old,
            content_hash=order.content_hash,
            document=plan_to_json(new),
            procedures=procedures + outside,
            paper=order.paper,
            issuer=order.issuer,
            person=order.person,
            at=order.now,
            choice=choice,
            counts=answer.counts,
            fates=_LINES.dump_json(shown).decode(),
        )
        await store_version(connection, version)
        told = await store_notices(connection, _notices(lines, order, in_force + 1))
        key = PlanKey(rollout=new.rollout, plan_id=plan_id, version=in_force + 1)
        return replace(answer, plan=key, paper=order.paper, applied=True, told=told)


async def _may_not(connection: AsyncConnection, order: AmendOrder, lead: str) -> Amended | None:
    """Only a 协调员 of the unit that leads the plan in force amends it, and by a paper."""
    if not order.paper or not order.person:
        return _refused("PAPER_MISSING", "修订方案须写明依据的文号（--paper）和办理人（--as）。")
    rollout = order.plan.rollout
    standing = await read_standing(connection, rollout, [order.person], now=order.now)
    grants = standing.grants.get(order.person, ()) if standing else ()
    if any(g.role is Role.COORDINATOR and g.unit == lead for g in grants):
        return None
    return _refused(
        "NOT_COORDINATOR", f"修订方案只能由牵头单位{lead}的协调员办理，{order.person}不是。"
    )


def _unchanged(version: int) -> Amended:
    return _refused("NOTHING_CHANGED", f"与现行第{version}版方案相同，没有可修订的。", version)


def _refused(code: str, sentence: str, in_force: int = 0) -> Amended:
    return Amended(in_force=in_force, version=in_force, code=code, sentence=sentence)


def _warnings(differ: tuple[str, ...]) -> tuple[str, ...]:
    if not differ:
        return ()
    sentence = (
        f"{listed(list(differ))}的人员与现行方案不同：人员以 jiegai people 为准，"
        "方案文件中的人员不改动通讯录。"
    )
    return (sentence,)


def _procedures(plan: Plan) -> frozenset[tuple[str, str]]:
    return frozenset((unit, row.id) for row in plan.rows for unit in row.targets)


def _line(new: PlanOnShelf, old: PlanOnShelf, line: Consequence) -> AmendLine:
    change = line.change
    return AmendLine(
        workflow_id=_workflow_id(new, old, line),
        unit=change.unit,
        row_id=change.row.id,
        item=change.row.item,
        status=_status(line.begun),
        fate=str(line.fate),
        due_before=line.due_before,
        due_after=line.due_after,
        what=change.what,
    )


def _workflow_id(new: PlanOnShelf, old: PlanOnShelf, line: Consequence) -> str:
    if line.begun is not None:
        return line.begun.workflow_id
    unit = line.change.unit
    survey = new.survey if unit in new.survey.units else old.survey
    area = survey.units[unit].area
    return procedure_id(unit_id(new.plan.rollout, area, unit), line.change.row.item)


def _status(begun: Begun | None) -> str:
    if begun is None:
        return "未开始"
    return "、".join(begun.open_steps) or begun.status


def _paged(answer: Amended, lines: tuple[AmendLine, ...], page: str) -> Amended:
    first = int(key_of(page, 1)[0]) if page else 0
    shown = first + how_many_fit(lines[first:], _LINE)
    return replace(
        answer,
        lines=lines[first:shown],
        next_page=place_of(shown) if shown < len(lines) else "",
    )


def _notices(
    lines: tuple[Consequence, ...], order: AmendOrder, version: int
) -> list[dict[str, object]]:
    workflow_id = amendment_id(order.plan.rollout, version)
    texts = notices(lines, order.paper, order.issuer, version)
    return [
        {
            "key": f"{workflow_id}:{unit}",
            "workflow_id": workflow_id,
            "seq": 0,
            "rollout": order.plan.rollout,
            "at": order.now,
            "unit": unit,
            "recipient": str(Role.HANDLER),
            "level": NOTICE_LEVEL,
            "step": "",
            "text": text,
        }
        for unit, text in texts.items()
    ]
