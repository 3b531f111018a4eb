"""A list of duties on its way, for tests: a district with its organs, and the hands that carry it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from activities.duty import content_hash
from activities.duty_flow_desk import DutyFlowDeskActivities
from activities.plan_shelf import Shelf
from contracts.duty_flow import (
    DutyAdjustOrder,
    DutyDraftOrder,
    DutyJudged,
    DutyStarted,
    DutyVerdicts,
    ItemVerdict,
)
from domain.directory import Directory
from domain.duty import DutyList
from domain.duty_change import ChangeKind
from domain.duty_check import check_lists
from domain.duty_claims import Claim, Trial
from domain.duty_sheet import DutySheet, RawItem
from domain.plan import RowKind
from domain.procedure import Verb
from storage.duty_claim_store import write_claims, write_trials
from storage.duty_store import ItemInForce, NewDraft, item_in_force, store_draft
from storage.people_store import read_units
from tests.duty_lists import NAME, head, item
from tests.office import Office, proof
from tests.small_plan import DISTRICT, STREETS, row, small_plan
from tests.transfers import department

LEAD, LEGAL, CITY = "甲区委编办", "甲区司法局", "示例市委编办"
CULTURE = "甲区文旅局"
FOUR = (LEAD, LEGAL, "甲区财政局", "甲区行政审批局")
CONCERNED = (CULTURE, *STREETS)
PAPER = "甲编办〔2026〕8号"
_ids = itertools.count(1)


def culture_item(number: int, **more: str) -> RawItem:
    """An item of the culture office, which streets support."""
    return item(number, **({"主体责任": "区文旅局"} | more))


def culture_sheet(count: int = 25, **more: str) -> DutySheet:
    """One list of so many items, rightly declared; ``more`` goes into the first item."""
    items = [culture_item(n, **(more if n == 1 else {})) for n in range(1, count + 1)]
    return DutySheet(lists=(head(declared=str(count)),), items=tuple(items))


@dataclass
class Lists:
    """One rollout with its lists, and everybody who works on them."""

    office: Office
    rollout: str
    desk: DutyFlowDeskActivities

    async def bring(self, content: DutySheet) -> DutyList:
        """Store a workbook's list as the draft, as an import would."""
        async with self.office.database.transaction() as connection:
            directory = Directory.of(await read_units(connection, self.rollout))
            read = check_lists(content, directory)
            assert read.lists, read.findings
            found = read.lists[0]
            draft = NewDraft(content=_first(found), content_hash=content_hash(found))
            now = await self.office.now()
            await store_draft(connection, self.rollout, draft, at=now, person="区协调员")
        return found

    async def draft(self, person: str = "区协调员", **more: Any) -> DutyStarted:
        """Start the drafting."""
        order = DutyDraftOrder(
            **{
                "now": await self.office.now(),
                "rollout": self.rollout,
                "list_name": NAME,
                "person": person,
                "action_id": f"起草{next(_ids)}",
                **more,
            }
        )
        return await self.desk.draft(order)

    async def adjust(
        self, kind: ChangeKind, number: int, new: RawItem | None = None, **more: Any
    ) -> DutyStarted:
        """File an application of the culture office."""
        order = DutyAdjustOrder(
            **{
                "now": await self.office.now(),
                "rollout": self.rollout,
                "list_name": NAME,
                "person": f"{CULTURE}经办甲",
                "action_id": f"申请{self.rollout}{next(_ids)}",
                "kind": kind,
                "number": str(number),
                "content": "职责表述与新条例一致",
                "basis": "《旅游法》第八十三条",
                "reason": "条例修订",
                "paper": "甲文旅〔2026〕3号",
                "item": new,
                **more,
            }
        )
        return await self.desk.adjust(order)

    async def judge(
        self, *unlawful: int, person: str = f"{LEGAL}经办甲", only: tuple[int, ...] = ()
    ) -> DutyJudged:
        """The legal office on all items, some of them unlawful; or only on some."""
        verdicts = [ItemVerdict(number=str(n), is_lawful=True) for n in only]
        verdicts += [ItemVerdict(number=str(n), is_lawful=False, reason="无据") for n in unlawful]
        order = DutyVerdicts(
            now=await self.office.now(),
            rollout=self.rollout,
            list_name=NAME,
            person=person,
            verdicts=tuple(verdicts),
            others_lawful=not only,
        )
        return await self.desk.judge(order)

    async def claim(self, *streets: str, items: int = 25) -> None:
        """These streets claim every item."""
        claims = [
            Claim(list_name=NAME, number=str(n), street=s, liaisons=(f"{s}经办甲",), team="专班")
            for s in streets
            for n in range(1, items + 1)
        ]
        async with self.office.database.transaction() as connection:
            now = await self.office.now()
            await write_claims(connection, self.rollout, claims, now, "区协调员")

    async def evaluate(self, *streets: str) -> None:
        """These streets are evaluated."""
        day = await self.office.today()
        trials = [
            Trial(list_name=NAME, street=s, evaluated_on=day, methods=("实地察看",), result="可行")
            for s in streets
        ]
        async with self.office.database.transaction() as connection:
            now = await self.office.now()
            await write_trials(connection, self.rollout, trials, now, "区协调员")

    async def cited(self, number: int = 1, at: datetime | None = None) -> tuple[ItemInForce, ...]:
        """The item that would be cited at a street now."""
        async with self.office.database.single() as connection:
            return await item_in_force(
                connection,
                self.rollout,
                str(number),
                district=DISTRICT,
                street=STREETS[0],
                at=at or await self.office.now(),
            )

    # --- the course -------------------------------------------------------------------------

    async def submit_draft(self, wid: str) -> None:
        """初稿 by the lead."""
        await self.office.until_open(wid, "初稿")
        await self.office.done(wid, Verb.SUBMIT, f"{LEAD}经办甲", "初稿")

    async def hear(self, wid: str, **opinions: str) -> None:
        """Everybody asked answers, 无意见 unless another opinion is given by unit."""
        await self.office.until_open(wid, "征求意见")
        for unit in CONCERNED:
            note = opinions.get(unit, "无意见")
            await self.office.done(wid, Verb.OPINION, f"{unit}经办甲", "征求意见", note=note)

    async def dispose(self, wid: str, **replies: str) -> None:
        """意见处置 by the lead."""
        await self.office.until_open(wid, "意见处置")
        person = f"{LEAD}经办甲"
        await self.office.done(wid, Verb.SUBMIT, person, "意见处置", replies=replies)

    async def find_lawful(self, wid: str) -> None:
        """合法性审查: all items are lawful."""
        await self.office.until_open(wid, "合法性审查")
        judged = await self.judge()
        assert (judged.code, judged.unsound) == ("", ()), judged
        await self.office.done(wid, Verb.APPROVE, f"{LEGAL}经办甲", "合法性审查")

    async def review(self, wid: str) -> None:
        """四部门审核: all 通过."""
        await self.office.until_open(wid, "四部门审核")
        for unit in FOUR:
            await self.office.done(wid, Verb.APPROVE, f"{unit}经办甲", "四部门审核")

    async def issue(self, wid: str, paper: str = PAPER) -> None:
        """联合印发 by the four."""
        await self.office.until_open(wid, "联合印发")
        evidence = proof("发文字号", number=paper)
        for unit in FOUR:
            await self.office.done(wid, Verb.COSIGN, f"{unit}经办甲", "联合印发", evidence=evidence)

    async def file(self, wid: str, number: str = "市编备〔2026〕5号") -> None:
        """备案 by the city."""
        await self.office.until_open(wid, "备案")
        evidence = proof("备案号", number=number)
        await self.office.done(wid, Verb.APPROVE, f"{CITY}经办甲", "备案", evidence=evidence)

    async def effect(self, wid: str, on: str = "") -> None:
        """实施 by the lead."""
        await self.office.until_open(wid, "实施")
        facts = {"施行日期": on} if on else {}
        await self.office.done(wid, Verb.SUBMIT, f"{LEAD}经办甲", "实施", facts=facts)

    async def issued(self, content: DutySheet | None = None) -> str:
        """A list in force, by its whole course up to the filing."""
        await self.bring(content or culture_sheet())
        wid = (await self.draft()).workflow_id
        await self.submit_draft(wid)
        await self.hear(wid)
        await self.dispose(wid)
        await self.find_lawful(wid)
        await self.review(wid)
        await self.issue(wid)
        await self.office.until_open(wid, "备案")
        return wid


async def lists_of(office: Office, rollout: str, history_limit: int = 0) -> Lists:
    """A rollout whose district has the four reviewing units and a culture office."""
    today = await office.today()
    far = row("1", "总结", RowKind.TASK, today + timedelta(days=300), lead="区委编办")
    plan = small_plan(rollout, today, far)
    more = ("财政局", "行政审批局", "文旅局")
    organs = tuple(department(f"{DISTRICT}{name}", f"区{name}") for name in more)
    await office.register(replace(plan, units=(*plan.units, *organs)))
    desk = DutyFlowDeskActivities(office.client, office.database, Shelf(), history_limit)
    return Lists(office, rollout, desk)


def _first(content: DutyList) -> DutyList:
    return replace(content, version=1)
