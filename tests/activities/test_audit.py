"""Every automatic check finds the fault that it is for, and nothing in a clean rollout."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from domain.audit_check import Check
from domain.plan import RowKind
from storage.audit_queries import QUESTIONS
from tests.activities.audit_faults import NOW, Planted
from tests.activities.test_census import OFFICE, STREETS, Office, office, place
from tests.activities.test_secondment import bring, raw
from tests.cases import duty_list, issue_list
from tests.small_plan import row, small_plan

__all__ = ["office"]

REVIEWER = "甲区委编办"
DUE = date(2026, 11, 16)


@pytest.fixture
def planted(office: Office) -> Planted:
    """The small rollout, registered."""
    return Planted(office.database, office.rollout, office.run)


def act(step: str, verb: str, person: str = "甲", **more: object) -> dict[str, object]:
    """An accepted action."""
    return {"step": step, "verb": verb, "person": person, "unit": REVIEWER, **more}


REVIEWED = (act("起草", "提交"), act("初审", "通过", "乙"), act("复审", "通过", "丙"))


async def test_a_clean_rollout_has_no_finding(office: Office, planted: Planted) -> None:
    """Locked people, an own roster, a list in force and claimed, work under way and done: nothing."""
    await office.locked()
    assert (await office.roster([place(0), place(1, 3)])).applied
    await bring(office, raw(6, due_back="2026-12-31"))
    issued = datetime(2026, 11, 20, tzinfo=UTC)
    await issue_list(office.database, office.rollout, issued, replace(duty_list(), name="清单"))
    await _file(office)
    done = await planted.procedure("三定", "SandingDrafting", status="办结", ended_at=NOW)
    await planted.log(done, *REVIEWED, act("报送", "提交"))
    hung = await planted.procedure("挂牌", "NameplateHanging")
    await planted.log(
        hung, act("挂牌", "提交", detail=_evidence("依据文号", doc_no="甲编〔2026〕1号"))
    )
    await planted.item(hung, "核验", REVIEWER, date(2026, 11, 30))
    case = await planted.case("案1", kind="派单", status="办结", ended_at=NOW)
    await planted.log(case, act("办理", "回告"))

    page = await planted.page()

    assert page.findings == ()
    assert not page.stage
    assert {c: page.looked[c] for c in ("超期未办", "同人两审", "名册越界", "借调逾期")} == {
        "超期未办": 1,
        "同人两审": 1,
        "名册越界": 1,
        "借调逾期": 1,
    }
    assert page.looked["台账不平"] > 0
    assert list(page.left_out) == [Check.VIEW]


def _evidence(name: str, **of: str) -> dict[str, object]:
    return {"evidence": [{"name": name, **of}]}


async def _file(office: Office) -> None:
    async with office.database.transaction() as connection:
        filed = "UPDATE duty_list SET filing_no = '备1' WHERE rollout = :r"
        await connection.execute(text(filed), {"r": office.rollout})


async def test_an_overdue_step_says_days_and_rung(planted: Planted) -> None:
    """0-13: since its due time, with whom the ladder has told; what is not due is none."""
    task = await planted.procedure("总结", "TaskMilestone")
    await planted.item(task, "办理", "一街道", DUE)
    await planted.item(task, "确认", REVIEWER, date(2026, 11, 30))
    told = "“办理”超期未办（时限2026-11-16，由一街道办理），升级告知"
    for to in ("一街道主要负责人", "一街道分管领导"):
        await planted.log(task, {"kind": "升级", "step": "办理", "sentence": f"{told}{to}。"})

    (finding,) = await planted.found()

    assert (finding.check, finding.rule, finding.unit) == ("超期未办", "0-13", "一街道")
    assert finding.sentence == (
        "“办理”时限2026-11-16，已超期7天未办，已升级2次，末次告知一街道分管领导。"
    )
    assert finding.since == datetime(2026, 11, 16, 16, tzinfo=UTC)
    assert finding.workflow_id == task


async def test_both_reviews_by_one_person_are_found(planted: Planted) -> None:
    """0-35: of the same draft; whoever reviewed an earlier draft first may review this one second."""
    same = await planted.procedure("三定", "SandingDrafting")
    await planted.log(
        same, act("起草", "提交"), act("初审", "通过", "乙"), act("复审", "通过", "乙")
    )
    other = await planted.procedure("五定", "SandingDrafting")
    await planted.log(
        other,
        act("起草", "提交"),
        act("初审", "通过", "乙"),
        act("复审", "退回", "丙"),
        act("起草", "提交"),
        act("初审", "通过", "丙"),
        act("复审", "通过", "乙"),
    )

    (finding,) = await planted.found()

    assert (finding.check, finding.rule, finding.workflow_id) == ("同人两审", "0-35", same)
    assert finding.sentence == f"初审（第2条）和复审（第3条）都由{REVIEWER}乙办理。"


async def test_a_report_without_a_second_review_is_found(planted: Planted) -> None:
    """0-35, golden: 三定 without 复审; reviews of an earlier draft do not count, refusals neither."""
    early = await planted.procedure("三定", "SandingDrafting")
    await planted.log(early, *REVIEWED, act("起草", "提交"), act("初审", "通过", "乙"))
    await planted.log(early, act("复审", "通过", "丙", code="NOT_YOUR_UNIT", kind="拒绝"))
    await planted.log(early, act("报送", "提交"))
    silent = await planted.procedure(
        "五定", "SandingDrafting", status="办结", ended_at=NOW - timedelta(days=1)
    )
    await planted.log(silent, act("起草", "提交"))
    await planted.procedure("修订", "SandingDrafting", status="终止", ended_at=NOW)

    found = {f.workflow_id: (f.check, f.rule, f.sentence) for f in await planted.found()}

    assert found == {
        early: ("未经两审", "0-35", "第7条报送前，末次起草之后没有复审通过。"),
        silent: ("未经两审", "0-35", "已办结，日志里没有复审通过和报送。"),
    }


async def test_a_plate_without_its_basis_is_found(planted: Planted) -> None:
    """3-04: by none of the submissions; the number may have come with an earlier one."""
    bare = await planted.procedure("挂牌", "NameplateHanging")
    await planted.log(bare, act("挂牌", "提交", detail=_evidence("照片", sha256="a" * 64)))
    twice = await planted.procedure("更名", "NameplateHanging")
    await planted.log(twice, act("挂牌", "提交", detail=_evidence("依据文号", doc_no="甲1号")))
    await planted.log(twice, act("挂牌", "提交"))

    (finding,) = await planted.found()

    assert (finding.check, finding.rule, finding.workflow_id) == ("无据挂牌", "3-04", bare)
    assert finding.sentence == "第1条提交了挂牌，没有“依据文号”。"


async def test_a_ledger_that_does_not_add_up_is_found(office: Office, planted: Planted) -> None:
    """0-25: a balance that its postings do not make is the unit's; others are not asked for it."""
    await office.locked()
    async with office.database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        wrong = (
            "UPDATE ledger_position SET approved = approved + 1"
            " WHERE rollout = :r AND unit = :u AND type = '行政'"
        )
        await connection.execute(text(wrong), {"r": office.rollout, "u": OFFICE})

    assert await planted.said() == [
        ("台账不平", "0-25", OFFICE, f"“余额与分录合计一致”不成立：{OFFICE}行政。")
    ]
    assert await planted.said(unit=STREETS[0]) == []


async def test_people_on_a_roster_who_are_not_in_the_lock_are_found(
    office: Office, planted: Planted
) -> None:
    """0-50: not locked at all, of another type, never at the unit that they leave."""
    await office.locked()
    assert (await office.roster([place(0), place(1, 3), place(2, 4)])).applied
    keys = [
        k
        for (k,) in await office.rows(
            "SELECT staff FROM roster_person WHERE rollout = :r ORDER BY staff"
        )
    ]
    changes = (
        "UPDATE staff SET baseline = false WHERE key = :k",
        "UPDATE roster_person SET type = '工勤' WHERE staff = :k",
        f"UPDATE roster_person SET from_unit = '{STREETS[1]}' WHERE staff = :k",
    )
    async with office.database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for key, change in zip(keys, changes, strict=True):
            await connection.execute(text(change), {"k": key})
    (locked,) = await office.rows(f"SELECT type FROM staff WHERE key = '{keys[1]}'")

    assert sorted(await planted.said()) == sorted(
        [
            ("名册越界", "0-50", OFFICE, f"名册“甲1”的{keys[0]}不在锁定的人员里。"),
            ("名册越界", "0-50", OFFICE, f"名册“甲1”的{keys[1]}写为工勤，锁定的是{locked[0]}。"),
            (
                "名册越界",
                "0-50",
                STREETS[1],
                f"名册“甲1”的{keys[2]}的编制从未在转出单位{STREETS[1]}。",
            ),
        ]
    )


async def test_a_dispatch_that_was_closed_without_reply_is_found(planted: Planted) -> None:
    """4-14: unless its refusal was upheld; 民呼我应 needs the reply to who asked."""
    closed = {"status": "办结", "ended_at": NOW}
    bare = await planted.case("案1", kind="派单", **closed)
    refused = await planted.case("案2", kind="派单", **closed)
    await planted.log(refused, act("裁定", "通过"))
    asked = await planted.case("案3", kind="民呼我应", **closed)
    await planted.log(asked, act("办理", "回告"))
    await planted.case("案4", kind="派单", status="终止", ended_at=NOW)

    found = {f.workflow_id: (f.check, f.rule, f.sentence) for f in await planted.found()}

    assert found == {
        bare: ("未回告", "4-14", "派单案件案1已办结，日志里没有回告。"),
        asked: ("未回告", "4-14", "民呼我应案件案3已办结，日志里没有给群众的回复。"),
    }


def _clock(name: str, due: datetime, **more: object) -> dict[str, object]:
    started = (due - timedelta(days=1)).isoformat()
    return {"name": name, "basis": "", "started_at": started, "due_at": due.isoformat(), **more}


async def test_reports_and_handovers_that_were_late_say_by_whom(planted: Planted) -> None:
    """4-11 is the street's delay; 4-12 the receiver's where it was delivered in time."""
    due = datetime(2026, 11, 20, 16, tzinfo=UTC)
    late = (due + timedelta(minutes=61)).isoformat()
    report = _clock("当天报告", due, stopped_at=late, late_by="一街道")
    handed = _clock("正式交接", due, delivered_at=(due - timedelta(hours=1)).isoformat())
    in_time = _clock("正式交接", due + timedelta(days=9))
    await planted.case("案1", [report, in_time], was_late=True)
    await planted.case("案2", [handed], late_from=due)

    assert await planted.said() == [
        (
            "报告超期",
            "4-11",
            "一街道",
            "案件案1当天报告时限2026-11-20 24:00，2026-11-21 01:01才报告，迟1小时1分。",
        ),
        (
            "交接超期",
            "4-12",
            "甲区司法局",
            "案件案2正式交接时限2026-11-20 24:00，至今没有交接，迟2天10小时。",
        ),
    ]


async def test_dispatches_off_the_list_are_found(planted: Planted) -> None:
    """4-20 what no list has, 4-33 what a department shifts; one under way without an item."""
    attempt = {
        "kind": "派单",
        "sender": "甲区司法局",
        "street": "一街道",
        "item": "",
        "title": "",
        "person": "甲",
        "breach": True,
        "at": NOW,
    }
    said = {
        "OFF_LIST": "清单之外无协同。",
        "WRONG_SIDE": "不能转嫁主办。",
        "NO_LIAISON": "无专人。",
    }
    for number, (code, sentence) in enumerate(said.items()):
        own = {"number": f"案{number}", "code": code, "sentence": sentence, "action_id": code}
        breach = {"workflow_id": f"{planted.rollout}/案件/案{number}", "breach": number < 2}
        await planted.row("case_attempt", **attempt | own | breach)
    await planted.case("案9", kind="派单", sender="甲区司法局", item="")

    assert await planted.said() == [
        ("清单外派单", "4-20", "甲区司法局", "向一街道派单“案0”被拒：清单之外无协同。"),
        ("清单外派单", "4-33", "甲区司法局", "向一街道派单“案1”被拒：不能转嫁主办。"),
        ("派单无据", "4-20", "甲区司法局", "派单案件案9（甲区司法局→一街道）没有引用清单事项。"),
    ]


async def test_items_without_anybody_there_and_lists_that_were_not_filed_are_found(
    office: Office, planted: Planted
) -> None:
    """4-43: a 专人 who has left counts as none; 4-30: issued without 备案号."""
    await issue_list(office.database, office.rollout, datetime(2026, 11, 3, tzinfo=UTC))
    async with office.database.transaction() as connection:
        gone = (
            "UPDATE duty_claim SET liaisons = '{没有此人}' WHERE rollout = :r"
            " AND street = '一街道' AND number = '2'"
        )
        await connection.execute(text(gone), {"r": office.rollout})
    name = duty_list().name

    assert await planted.said() == [
        (
            "无人认领",
            "4-43",
            "一街道",
            f"{name}第1版2项，1项没有在岗的专人：第2项“占道经营”。",
        ),
        (
            "未备案",
            "4-30",
            "甲区",
            f"{name}第1版（甲编办〔2026〕1号）2026-11-03起施行，已20天，没有备案号。",
        ),
    ]


async def test_dates_moved_too_often_or_by_no_amendment_are_found(planted: Planted) -> None:
    """0-06: as often as the plan allows is none; 4-12 nobody puts off; an amendment is registered."""
    move = {"original": "2026-11-01", "before": "2026-11-01", "after": "2026-11-20"}
    task = await planted.procedure("总结", "TaskMilestone", row_id="4")
    granted = act("办理", "批准延期", detail={"visit": 1, "move": move | {"why": "延期"}})
    await planted.log(task, granted, granted)
    once = await planted.procedure("挂牌", "NameplateHanging", row_id="3")
    await planted.log(once, granted | {"step": "挂牌"})
    case = await planted.case("案1")
    await planted.log(case, granted | {"step": "交接"})
    moved = {"kind": "改期", "step": "挂牌", "at": NOW}
    for why, paper in (("修订", "甲〔2026〕9号"), ("历法", "国办1号")):
        detail = {"visit": 1, "move": move | {"why": why, "paper": paper}}
        await planted.log(once, moved | {"detail": detail})

    found = {f.workflow_id: (f.check, f.rule, f.sentence) for f in await planted.found()}

    late = "时限由2026-11-01延至2026-11-20。"
    assert found == {
        task: ("时限改动", "0-06", f"“办理”批准延期2次，最多1次；{late}"),
        case: ("时限改动", "0-06", f"“交接”批准延期1次，最多0次；{late}"),
        once: (
            "时限改动",
            "0-06",
            "“挂牌”时限由2026-11-01改为2026-11-20，称依据修订“甲〔2026〕9号”，没有登记这次修订。",
        ),
    }


async def test_an_absence_in_which_nobody_is_there_is_found(planted: Planted) -> None:
    """4-05: a circle of substitutes, or one who holds no post any more."""
    await _away(planted, "一街道经办甲", "一街道经办乙")
    await _away(planted, "一街道经办乙", "一街道经办甲")
    await _away(planted, "二街道经办甲", "已离开的人")
    await _away(planted, "二街道经办乙", "二街道代办")

    assert sorted(sentence for *_, sentence in await planted.said()) == [
        "一街道经办乙2026-11-20至2026-11-30请假，代办成圈（一街道经办甲），没有人在岗。",
        "一街道经办甲2026-11-20至2026-11-30请假，代办成圈（一街道经办乙），没有人在岗。",
        "二街道经办甲2026-11-20至2026-11-30请假，代办人已离开的人已不在任何单位任职。",
    ]
    assert {(c, r) for c, r, *_ in await planted.said()} == {("无人代办", "4-05")}


async def _away(planted: Planted, person: str, by: str) -> None:
    await planted.row(
        "absence",
        person=person,
        by_person=by,
        from_day=date(2026, 11, 20),
        to_day=date(2026, 11, 30),
        reason="",
        paper="",
        recorded_at=NOW,
        recorded_by="甲",
        ended_at=None,
        ended_by=None,
    )


async def test_a_secondment_past_its_day_is_found(office: Office, planted: Planted) -> None:
    """3-08: by key, since the day after; one without a day or still in time is none."""
    await office.locked()
    await bring(office, raw(6, due_back="2026-11-20"), raw(7, 3), raw(8, 4, due_back="2026-11-23"))

    (finding,) = await planted.found()

    ((key,),) = await office.rows(
        "SELECT staff FROM secondment WHERE rollout = :r AND due_back = '2026-11-20'"
    )
    assert (finding.check, finding.rule, finding.unit) == ("借调逾期", "3-08", OFFICE)
    assert finding.sentence == f"{STREETS[0]}的{key}借调{OFFICE}，应于2026-11-20归还，已逾期3天。"
    assert finding.since == datetime(2026, 11, 20, 16, tzinfo=UTC)


async def test_a_share_that_is_due_and_has_not_gone_down_is_found(
    office: Office, planted: Planted
) -> None:
    """0-44: once its day is over, or finished in spite of it; not while it is under way in time."""
    await office.locked()
    goal = {"下放": "区司法局:70%"}
    rows = [
        row(str(n), item, RowKind.TASK, due, targets=STREETS[:1], options=goal)
        for n, (item, due) in enumerate({"甲": DUE, "乙": date(2026, 12, 1)}.items())
    ]
    plan = small_plan(office.rollout, date(2026, 11, 2), *rows)
    await _second_version(office, plan)
    late = await planted.procedure("甲", "TaskMilestone", row_id="0")
    await planted.procedure("乙", "TaskMilestone", row_id="1")

    (finding,) = await planted.found()

    assert (finding.check, finding.rule, finding.workflow_id) == ("下放不足", "0-44", late)
    assert finding.sentence == (
        f"第0行时限2026-11-16已过，“{OFFICE}”应下放70%：人员锁定6、应下放5、已下放0，还差5。"
    )


async def _second_version(office: Office, plan: object) -> None:
    from activities.plan_shelf import plan_to_json

    async with office.database.transaction() as connection:
        changed = (
            "UPDATE plan_version SET document = CAST(:d AS jsonb)"
            " WHERE plan_id = (SELECT id FROM plan WHERE rollout = :r)"
        )
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        await connection.execute(text(changed), {"r": office.rollout, "d": plan_to_json(plan)})


async def test_ghosts_and_what_a_reconcile_left_are_found(planted: Planted) -> None:
    """0-08: an ended procedure with a step at a desk; the newest finished run's open findings."""
    over = await planted.procedure("总结", "TaskMilestone", status="办结", ended_at=NOW)
    await planted.item(over, "办理", "一街道", date(2026, 11, 30))
    run = {
        "only_check": False,
        "night": None,
        "person": "",
        "stage": "",
        "cursor": "",
        "counts": {},
    }
    for days, found in ((2, "旧的"), (1, "被强行终止")):
        at = NOW - timedelta(days=days)
        key = f"{planted.rollout}{days}"
        await planted.row("reconcile_run", key=key, started_at=at, ended_at=at, **run)
        for number, done in enumerate(("", "已重写")):
            await planted.row_without_rollout(
                "reconcile_finding",
                run=key,
                kind="终止",
                workflow_id=over,
                seq=number,
                found=found,
                done=done,
                person="",
                paper="",
                at=at,
            )

    page = await planted.page(Check.VIEW)

    assert [(f.rule, f.unit, f.sentence) for f in page.findings] == [
        ("0-08", "一街道", "事项已结束，待办里还有1个环节。"),
        ("0-08", "一街道", "核对发现终止：被强行终止；没有修复。"),
    ]
    narrow = await planted.page(Check.VIEW, district="甲区")
    assert [f.sentence for f in narrow.findings] == ["事项已结束，待办里还有1个环节。"]
    assert "--district" in narrow.left_out[Check.VIEW]


@pytest.mark.parametrize("size", [1, 1_000])
async def test_pages_are_bounded_and_leave_nothing_out(
    planted: Planted, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Small pages find what one page finds, each once, however large a window is; counts add up."""
    small = {check: replace(question, size=size) for check, question in QUESTIONS.items()}
    monkeypatch.setattr("storage.audit_store.QUESTIONS", small)
    for number in range(7):
        task = await planted.procedure(f"事{number}", "TaskMilestone")
        for unit in ("一街道", REVIEWER):
            await planted.item(task, "办理", unit, DUE)
        await planted.log(
            task, *(act("办理", "批准延期", detail={"visit": 1, "move": {}}),) * (number % 3)
        )
    whole = await planted.page()
    monkeypatch.setattr("activities.audit_page.MOST_BYTES", 900)

    page, pages = await planted.page(), 1
    lines, looked = list(page.findings), page.looked[Check.OVERDUE]
    while page.stage:
        pages += 1
        page = await planted.page(stage=page.stage, cursor=page.cursor)
        lines += page.findings
        looked += page.looked.get(Check.OVERDUE, 0)

    assert pages > 4
    assert lines == list(whole.findings)
    assert looked == whole.looked[Check.OVERDUE] == 7
    assert len(lines) == 14 + 2


async def test_only_what_is_asked_for_is_checked(planted: Planted) -> None:
    """One check, one district, one unit; what does not exist is said."""
    task = await planted.procedure("总结", "TaskMilestone")
    await planted.item(task, "办理", "一街道", DUE)

    assert len(await planted.found(checks=("0-13",), district="甲区", unit="一街道")) == 1
    assert await planted.found(unit="二街道") == []
    assert await planted.found(checks=("同人两审",)) == []
    assert list((await planted.page("4-20")).looked) == [Check.OFF_LIST, Check.UNCITED]
    for wrong, code in (
        ({"checks": ("没有",)}, "UNKNOWN_CHECK"),
        ({"rollout": "没有"}, "UNKNOWN_ROLLOUT"),
        ({"district": "没有"}, "UNKNOWN_UNIT"),
        ({"unit": "没有"}, "UNKNOWN_UNIT"),
    ):
        assert (await planted.page(**wrong)).code == code
