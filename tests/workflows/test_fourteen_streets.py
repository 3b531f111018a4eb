"""A rollout of 14 streets as offices really work, from its start to its archive, on skipped time.

Two reviewers away, a department that does not answer, three extensions, a 编委会 without a desk that
hears all streets at once, an amendment and a closure of the district in mid-course.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.roster import staff
from contracts import names
from contracts.amendment import Amending, AmendmentRequest, AmendOrder, amendment_id
from contracts.calendar import PublicationRequest, publication_id
from contracts.calendar_changes import CalendarChanges, LocalDayOrder, LocalOrder
from contracts.desk import Bulk, PublishQuestion
from contracts.meeting import MeetingOrder, Meetings
from contracts.people import AbsenceEnd, AbsenceOrder, People
from contracts.reform import AmendNote
from domain import meeting
from domain.action import Evidence, Keeping
from domain.meeting import Attendee, Category, Meeting, MeetingKind, Resolution
from domain.plan import Plan, RowKind
from domain.procedure import Verb
from domain.unit import UnitKind
from runtime.settings import Settings
from starter.archive_verify import verify
from starter.archive_writer import write_archive
from tests.archive_source import source_of
from tests.office import SOUND, Office, proof
from tests.postgres import database_of_its_own
from tests.small_plan import CITY, DISTRICT, row, small_plan
from workflows.calendar_publication import CalendarPublication
from workflows.plan_amendment import PlanAmendment

STREETS = tuple(f"{n}街道" for n in "东西南北中前后左右上下内外新")
OFFICE, JUSTICE = f"{DISTRICT}委编办", f"{DISTRICT}司法局"
FIRST, SECOND = f"{OFFICE}经办甲", f"{OFFICE}经办乙"
STAND_IN, OTHER = f"{JUSTICE}经办甲", f"{JUSTICE}经办乙"
LEAD = "市协调员"
MINUTES = Evidence(
    name="纪要", doc_no="甲编委〔2026〕3号", sha256="a" * 64, size=9, kept=Keeping.OFFLINE
)
AMENDED = "甲改办〔2026〕9号"
CLOSURE = "甲政办〔2026〕31号"


def plan_for(name: str, kickoff: date) -> Plan:
    """Fourteen streets; 区委编委 and 区领导 have no desk; one row will be struck out."""
    base = small_plan(name, kickoff)
    pattern = next(u for u in base.units if u.kind is UnitKind.STREET)
    streets = tuple(
        replace(
            pattern,
            name=street,
            head=f"{street}主要负责人",
            first_secretary=f"{street}第一书记",
            handlers=(f"{street}经办甲",),
            substitutes=(),
        )
        for street in STREETS
    )
    on_paper: dict[str, Any] = {"head": "", "handlers": (), "substitutes": ()}
    others = []
    for unit in base.units:
        if unit.duty == "区委编委":
            others.append(replace(unit, **on_paper, recorder="区委编办"))
        elif unit.duty == "区领导":
            others.append(replace(unit, **on_paper, recorder="区委办"))
        elif unit.kind is not UnitKind.STREET:
            others.append(unit)
    dates = [kickoff + timedelta(days=n) for n in (100, 140, 200, 60)]
    return replace(
        base,
        units=(*others, *streets),
        rows=(
            row("2", "三定", RowKind.SANDING, dates[0], targets=STREETS),
            row("3", "挂牌", RowKind.NAMEPLATE, dates[1], targets=STREETS, after=("2",)),
            row(
                "4", "总结", RowKind.TASK, dates[2], targets=(CITY,), after=("3",), lead="市委编办"
            ),
            row("5", "台账", RowKind.TASK, dates[3], targets=STREETS[:2]),
        ),
    )


@pytest.fixture
async def district(env: WorkflowEnvironment) -> AsyncIterator[Office]:
    """An office with a database of its own: its calendar changes."""
    async with database_of_its_own("fourteen") as database, Office(env, database) as office:
        yield office


class District:
    """The people of one rollout, each doing what is theirs in every street."""

    def __init__(self, office: Office, plan: Plan) -> None:
        self.office = office
        self.plan = plan
        able = staff(office.client, office.database, Settings.evidence_limit_mb)
        self._able = (*able.desk, *able.bulk)

    def of(self, street: str, item: str = "三定") -> str:
        """A street's procedure."""
        return f"{self.plan.rollout}/{DISTRICT}/{street}/{item}"

    async def order(self, declaration: Any, given: Any) -> Any:
        """Call a desk's activity, as the time-skipping server cannot."""
        room, name = declaration.__qualname__.split(".")
        who = next(a for a in self._able if room in {c.__name__ for c in type(a).__mro__})
        return await getattr(who, name)(given)

    async def in_every_street(self, verb: Verb, step: str, person: str, **more: Any) -> None:
        """One action in each; ``{}`` in a person's name is the street."""
        await asyncio.gather(
            *(self.office.done(self.of(s), verb, person.format(s), step, **more) for s in STREETS)
        )

    async def everywhere(self, work: Awaitable[Any], step: str, item: str = "三定") -> None:
        """Wait until a step is open in every street."""
        await work
        for street in STREETS:
            await self.office.until_open(self.of(street, item), step)

    async def away(self, absent: str, by: str) -> None:
        """Absent from today for two months, by the word of the coordinator."""
        today = await self.office.today()
        kept = await self.order(
            People.add_absence,
            AbsenceOrder(
                now=await self.office.now(),
                rollout=self.plan.rollout,
                absent=absent,
                by=by,
                from_day=today,
                to_day=today + timedelta(days=60),
                reason="学习",
                person="区协调员",
            ),
        )
        assert kept.applied, kept.sentence

    async def back(self, absent: str) -> None:
        """The absence ends."""
        kept = await self.order(
            People.end_absence,
            AbsenceEnd(
                now=await self.office.now(),
                rollout=self.plan.rollout,
                absent=absent,
                person="区协调员",
            ),
        )
        assert kept.applied, kept.sentence


async def test_fourteen_streets_run_to_their_archive(district: Office, tmp_path: Path) -> None:
    """All of it happens, the rollout ends, and the archive alone explains every record."""
    office = district
    plan = plan_for("十四街道", await office.today())
    top = await office.start_rollout(plan)
    people = District(office, plan)
    for street in STREETS:
        await office.until_open(people.of(street), "起草")

    await three_extensions(people)
    await people.in_every_street(Verb.SUBMIT, "起草", "{}经办甲", evidence=proof("草案"))
    await reviews_with_both_reviewers_away(people)
    await a_silent_department(people)
    await a_closure_of_the_district(people)
    await an_amendment(people)
    await a_meeting_hears_all(people)
    await to_the_end(people)
    result = await top.result()

    assert result.ended == 2
    await the_archive_explains_it(people, tmp_path / "档案")


async def three_extensions(people: District) -> None:
    """Three streets ask for a week more; the 编办 agrees under a 文号 of its own."""
    office = people.office
    for number, street in enumerate(STREETS[:3], start=1):
        wid = people.of(street)
        due = (await office.progress(wid)).steps[0].due_date
        more = {"note": "人员核对", "new_due": due + timedelta(days=7)}
        await office.done(wid, Verb.ASK_EXTENSION, f"{street}经办甲", "起草", **more)
        papers = proof("批准文号", number=f"甲编办〔2026〕{number}号")
        await office.done(wid, Verb.GRANT_EXTENSION, FIRST, "起草", evidence=papers)


async def reviews_with_both_reviewers_away(people: District) -> None:
    """One substitute for both cannot do both reviews; the refusal says for whom to appoint."""
    office = people.office
    for absent in (FIRST, SECOND, f"{OFFICE}主要负责人", f"{OFFICE}代办"):
        await people.away(absent, STAND_IN)
    await people.in_every_street(Verb.APPROVE, "初审", STAND_IN, verdicts=SOUND)

    refused = await office.act(
        people.of(STREETS[0]), Verb.APPROVE, STAND_IN, "复审", verdicts=SOUND
    )
    assert refused.code == "SAME_REVIEWER" and "请为请假的" in refused.sentence
    await people.back(SECOND)
    await people.away(SECOND, OTHER)
    await people.in_every_street(Verb.APPROVE, "复审", OTHER, verdicts=SOUND)


async def a_silent_department(people: District) -> None:
    """区领导's opinions are recorded for them; the 司法局 lets its time pass in every street."""
    office = people.office
    day = await office.today()
    opinion = replace(MINUTES, name="批示", doc_no="甲区领导批示〔2026〕1号")
    await people.in_every_street(
        Verb.OPINION,
        "三方沟通",
        f"{DISTRICT}委办经办甲",
        note="无意见",
        evidence=(opinion,),
        happened_on=day,
    )
    due = (await office.progress(people.of(STREETS[0]))).steps
    last = max(s.due_date for s in due if s.step == "三方沟通")
    await office.pass_days((last - day).days + 1)
    call = {"note": "两次去电无人答复", "evidence": proof("通话记录", number="通话2026-7")}
    await people.everywhere(
        people.in_every_street(Verb.RECORD_SILENCE, "三方沟通", "区协调员", to=JUSTICE, **call),
        "意见反馈",
    )


async def a_closure_of_the_district(people: District) -> None:
    """Two closed days of the district, by its own paper, are published and move open steps."""
    office = people.office
    due = (await office.progress(people.of(STREETS[0]))).steps[-1].due_date
    days = tuple(
        LocalDayOrder(day=due - timedelta(days=n), is_off=True, name="台风停工")
        for n in range(2)
        if (due - timedelta(days=n)).weekday() < 5
    )
    staged = await people.order(
        CalendarChanges.import_local,
        LocalOrder(
            district=DISTRICT,
            paper=CLOSURE,
            days=days,
            now=await office.now(),
            person="区协调员",
        ),
    )
    assert not staged.code, staged.sentence
    published = await people.order(
        Bulk.publish_calendar,
        PublishQuestion(now=await office.now(), confirm=True, person="区协调员"),
    )
    assert published.published
    await office.client.execute_workflow(
        CalendarPublication.run,
        PublicationRequest(version=published.version),
        id=publication_id(published.version),
        task_queue=names.PROCEDURES_QUEUE,
    )


async def an_amendment(people: District) -> None:
    """台账 is struck out while it runs, 三定 and 挂牌 get more time, 回访 is new for two streets."""
    office, plan = people.office, people.plan
    texts = replace(plan.row("2"), due=plan.row("2").due + timedelta(days=14))
    plates = replace(plan.row("3"), due=plan.row("3").due + timedelta(days=30))
    visit = row("6", "回访", RowKind.TASK, plates.due + timedelta(days=20), targets=STREETS[:2])
    summary = replace(plan.row("4"), due=plan.row("4").due + timedelta(days=30))
    changed = replace(plan, rows=(texts, plates, summary, visit))
    order = AmendOrder(
        plan=changed,
        content_hash="修订",
        now=await office.now(),
        paper=AMENDED,
        person=LEAD,
    )
    preview = await people.order(Amending.amend, order)
    fates = {(line.row_id, line.fate) for line in preview.lines}
    assert {("2", "继续"), ("5", "终止"), ("6", "新增")} <= fates
    applied = await people.order(Amending.amend, replace(order, confirm=True))
    assert applied.applied and applied.plan is not None
    await office.client.execute_workflow(
        PlanAmendment.run,
        AmendmentRequest(
            note=AmendNote(plan=applied.plan, paper=AMENDED, person=LEAD), counts=applied.counts
        ),
        id=amendment_id(plan.rollout, applied.version),
        task_queue=names.PROCEDURES_QUEUE,
    )
    people.plan = changed
    for street in STREETS[:2]:
        await office.until_open(people.of(street, "回访"), "办理")


async def a_meeting_hears_all(people: District) -> None:
    """One 纪要 decides fourteen items; each lands on its procedure by 代录, the day after."""
    office, rollout = people.office, people.plan.rollout
    replies = {f"{DISTRICT}领导": "已知悉", JUSTICE: "未答复，按无意见办理"}
    await people.in_every_street(Verb.SUBMIT, "意见反馈", FIRST, replies=replies)
    for street in STREETS:
        await office.until_open(people.of(street), "报送")
    await people.everywhere(people.in_every_street(Verb.SUBMIT, "报送", "{}主要负责人"), "审议")
    held = await office.today()
    await office.pass_days(1)
    decided = tuple(
        Resolution(
            item=f"{people.of(s)}#审议",
            verb=Verb.APPROVE_IN_PRINCIPLE if s == STREETS[0] else Verb.APPROVE,
            note="第三条再核" if s == STREETS[0] else "",
        )
        for s in STREETS
    )
    minutes = Meeting(
        rollout=rollout,
        doc_no=MINUTES.doc_no,
        kind=MeetingKind.ESTABLISHMENT,
        held_on=held,
        organ=f"{DISTRICT}委编委",
        district=DISTRICT,
        chair="区领导甲",
        sha256=MINUTES.sha256,
        size=MINUTES.size,
        resolutions=decided,
        attendees=(Attendee(person="区领导甲", category=Category.LEADER),),
    )
    order = MeetingOrder(meeting=minutes, person=FIRST, now=await office.now())
    first = await people.order(Meetings.record, order)
    again = await people.order(Meetings.record, order)
    assert (first.created, again.created) == (True, False), (first, again)
    for one in decided:
        await office.done(
            one.item.partition("#")[0],
            one.verb,
            FIRST,
            "审议",
            unit=f"{DISTRICT}委编委",
            note=one.note,
            evidence=(MINUTES,),
            happened_on=held,
            action_id=meeting.action_id(rollout, minutes.doc_no, one.item),
        )


async def to_the_end(people: District) -> None:
    """修改 in one street, 印发, plates, the new row, the summary."""
    office = people.office
    await office.done(
        people.of(STREETS[0]), Verb.SUBMIT, f"{STREETS[0]}经办甲", "修改", evidence=proof("修改稿")
    )
    number = proof("发文字号", number="甲党办〔2026〕8号")
    for street in STREETS:
        await office.until_open(people.of(street), "印发")
    for organ in ("委办", "政府办"):
        await people.in_every_street(
            Verb.COSIGN, "印发", f"{DISTRICT}{organ}经办甲", evidence=number
        )
    for street in STREETS:
        wid = people.of(street, "挂牌")
        await office.until_open(wid, "挂牌")
        plates = proof("依据文号", f"挂牌·{street}", number="甲党办〔2026〕8号")
        await office.done(wid, Verb.SUBMIT, f"{street}经办甲", "挂牌", evidence=plates)
        await office.until_open(wid, "核验")
        await office.done(wid, Verb.APPROVE, FIRST, "核验")
    for street in STREETS[:2]:
        wid = people.of(street, "回访")
        await office.done(wid, Verb.SUBMIT, f"{street}经办甲", "办理")
        await office.until_open(wid, "确认")
        await office.done(wid, Verb.APPROVE, FIRST, "确认")
    summary = f"{people.plan.rollout}/市级/{CITY}/总结"
    await office.until_open(summary, "办理")
    await office.done(summary, Verb.SUBMIT, f"{CITY}经办甲", "办理")
    await office.until_open(summary, "确认")
    await office.done(summary, Verb.APPROVE, "示例市委编办经办甲", "确认")


async def the_archive_explains_it(people: District, folder: Path) -> None:
    """What happened is asked of the files alone, after they have verified."""
    office, rollout = people.office, people.plan.rollout
    source = source_of(office, rollout, await office.now())
    archived = await write_archive(source, folder, person=LEAD, at=await office.now())
    assert (archived.cases, archived.missing) == (33, ())
    assert verify(folder).faults == ()

    case = folder / "案卷" / DISTRICT
    log = json.loads((case / STREETS[1] / "三定" / "办理记录.json").read_text())
    sentences = "\n".join(line["sentence"] for line in log)
    for word in ("延期至", "代办", "代记无意见", "代录", "补录", "台风停工", "方案修订"):
        assert word in sentences + (case / STREETS[1] / "三定" / "案卷.html").read_text(), word
    assert "甲编办〔2026〕2号" in (case / STREETS[1] / "三定" / "案卷.html").read_text()
    refused = json.loads((case / STREETS[0] / "三定" / "办理记录.json").read_text())
    assert any(line["code"] == "SAME_REVIEWER" for line in refused)
    struck = (case / STREETS[0] / "台账" / "案卷.html").read_text()
    assert "终止" in struck and AMENDED in struck
    everything = "".join(
        p.read_text(errors="ignore") for p in folder.rglob("*.csv") if "案卷" not in p.parts
    )
    for word in (AMENDED, CLOSURE, MINUTES.doc_no, STAND_IN, "学习"):
        assert word in everything, word
    index = (folder / "目录.csv").read_text(encoding="utf-8-sig")
    assert len(list(csv.reader(index.splitlines()))) == 34
