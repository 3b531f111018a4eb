"""Changes of a list of duties: filed before they hold, and none lost where two come at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from domain.duty_change import ChangeKind
from domain.procedure import Verb
from tests.duty_flows import CITY, LEAD, Lists, culture_item, culture_sheet, lists_of
from tests.duty_lists import NAME
from tests.office import Office
from tests.small_plan import STREETS

ONE = STREETS[0]
REVISED = {"街道职责": "日常巡查，2小时内上报。"}


async def versions(lists: Lists) -> list[tuple[int, str, int]]:
    """Every version with its status and its declared total."""
    found = await lists.office.rows(
        "SELECT version, status, declared FROM duty_list WHERE rollout = :r ORDER BY version",
        r=lists.rollout,
    )
    return [(row["version"], row["status"], row["declared"]) for row in found]


async def test_the_old_version_is_cited_until_the_change_takes_effect(office: Office) -> None:
    """4-32, section 7: not after the review, not after 备案通过; from the instant of 实施 the new one."""
    lists = await lists_of(office, "调整引用")
    await lists.issued(culture_sheet(3))
    old = (await lists.cited())[0]
    filed = await lists.adjust(ChangeKind.REVISE, 1, culture_item(1, **REVISED))
    wid = filed.workflow_id
    assert (filed.number, filed.code) == (1, ""), filed.sentence
    assert wid == f"调整引用/甲区/清单/{NAME}/调整-1"
    assert filed.waiting == {
        "四部门审核": ("甲区委编办", "甲区司法局", "甲区财政局", "甲区行政审批局")
    }

    for bring_on in (lists.review, lists.file):
        await bring_on(wid)
        await office.pass_days(3)
        assert (await lists.cited())[0].version == 1
    before = await office.now()
    assert (await lists.cited(at=before))[0].street_duty == old.street_duty
    await lists.effect(wid)
    await office.client.get_workflow_handle(wid).result()

    (now,) = await lists.cited()
    assert (now.version, now.street_duty) == (2, REVISED["街道职责"])
    assert (await lists.cited(at=before))[0].version == 1
    assert await versions(lists) == [(1, "已替代", 3), (2, "有效", 3)]
    (told,) = await office.rows(
        "SELECT state, version FROM duty_application WHERE workflow_id = :w", w=wid
    )
    assert (told["state"], told["version"]) == ("已实施", 2)


async def test_a_change_may_hold_from_a_later_day(office: Office) -> None:
    """施行日期 lies ahead or is today: the day before the old version is cited; a past day is refused."""
    lists = await lists_of(office, "调整施行日")
    await lists.issued(culture_sheet(2))
    wid = (await lists.adjust(ChangeKind.ADD, 3, culture_item(3))).workflow_id
    await lists.review(wid)
    await lists.file(wid)
    await office.until_open(wid, "实施")
    today = await office.today()
    yesterday = {"施行日期": str(today - timedelta(days=1))}
    no = await office.act(wid, Verb.SUBMIT, f"{LEAD}经办甲", "实施", facts=yesterday)
    assert no.code == "DUTY_EFFECT_PAST"
    await lists.effect(wid, on=str(today + timedelta(days=30)))
    await office.client.get_workflow_handle(wid).result()

    assert await lists.cited(3) == ()
    later = await office.now() + timedelta(days=31)
    assert (await lists.cited(3, at=later))[0].version == 2


async def test_an_application_sent_back_is_written_anew(office: Office) -> None:
    """A 不通过 and a 退回 by the city lead to the applicant, who files a new text; others cannot."""
    lists = await lists_of(office, "调整退回")
    await lists.issued(culture_sheet(2))
    filed = await lists.adjust(ChangeKind.REMOVE, 2)
    wid = filed.workflow_id
    early = await lists.adjust(ChangeKind.REMOVE, 2, again=1, reason="已无此类场所")
    assert early.code == "DUTY_UNDER_REVIEW"
    no = {"note": "理由不足"}
    await office.done(wid, Verb.REJECT, "甲区财政局经办甲", "四部门审核", **no)
    await office.until_open(wid, "申请")
    street = await lists.adjust(ChangeKind.REMOVE, 2, again=1, person=f"{ONE}经办甲")
    assert street.code == "NOT_YOUR_UNIT"
    again = await lists.adjust(ChangeKind.REMOVE, 2, again=1, reason="辖区已无此类场所")
    assert (again.code, again.number, again.workflow_id) == ("", 1, wid)
    await lists.review(wid)
    await office.until_open(wid, "备案")
    back = {"note": "请补依据", "to": "申请"}
    await office.done(wid, Verb.RETURN, f"{CITY}经办甲", "备案", **back)
    await office.until_open(wid, "申请")
    await lists.adjust(ChangeKind.REMOVE, 2, again=1, basis="《旅游法》第九十五条")
    await lists.review(wid)
    await lists.file(wid)
    await lists.effect(wid)
    await office.client.get_workflow_handle(wid).result()

    assert await lists.cited(2) == ()
    assert await versions(lists) == [(1, "已替代", 2), (2, "有效", 1)]
    texts = await office.rows(
        "SELECT revision FROM duty_application_text WHERE rollout = '调整退回' ORDER BY revision"
    )
    assert [text["revision"] for text in texts] == [1, 2, 3]


async def test_two_changes_at_once_lose_nothing(office: Office) -> None:
    """Of different items both land, one on the other; of the same item the second is refused."""
    lists = await lists_of(office, "调整并行")
    await lists.issued(culture_sheet(3))
    one = (await lists.adjust(ChangeKind.REVISE, 1, culture_item(1, **REVISED))).workflow_id
    two = (await lists.adjust(ChangeKind.REMOVE, 2)).workflow_id
    same = (
        await lists.adjust(ChangeKind.REVISE, 1, culture_item(1, 街道职责="只上报。"))
    ).workflow_id
    for wid in (one, two, same):
        await lists.review(wid)
        await lists.file(wid)
        await office.until_open(wid, "实施")
    await lists.effect(one)
    await lists.effect(two)
    for wid in (one, two):
        await office.client.get_workflow_handle(wid).result()

    no = await office.act(same, Verb.SUBMIT, f"{LEAD}经办甲", "实施")
    assert (no.code, "第1版之后已由另一份申请改动" in no.sentence) == ("DUTY_ITEM_MOVED", True)
    assert await versions(lists) == [(1, "已替代", 3), (2, "已替代", 3), (3, "有效", 2)]
    assert (await lists.cited(1))[0].street_duty == REVISED["街道职责"]
    back = {"note": "按现行第3版重写", "to": "申请"}
    await office.done(same, Verb.RETURN, f"{LEAD}经办甲", "实施", **back)
    await office.until_open(same, "申请")
    fresh = culture_item(1, 街道职责="巡查并上报。")
    assert (await lists.adjust(ChangeKind.REVISE, 1, fresh, again=3)).code == ""


async def test_two_changes_of_one_item_race(office: Office) -> None:
    """Both take effect in the same moment: one makes the version, the other is back at 申请."""
    lists = await lists_of(office, "调整竞争")
    await lists.issued(culture_sheet(2))
    wids = []
    for duty in ("只上报。", "巡查并上报。"):
        new = culture_item(1, 街道职责=duty)
        wids.append((await lists.adjust(ChangeKind.REVISE, 1, new)).workflow_id)
    for wid in wids:
        await lists.review(wid)
        await lists.file(wid)
        await office.until_open(wid, "实施")
    both = [office.act(wid, Verb.SUBMIT, f"{LEAD}经办甲", "实施") for wid in wids]
    replies = await asyncio.gather(*both)
    for wid, reply in zip(wids, replies, strict=True):
        if not reply.accepted:
            assert reply.code == "DUTY_ITEM_MOVED"
            await office.done(wid, Verb.RETURN, f"{LEAD}经办甲", "实施", note="已由他件改动")

    for _ in range(200):
        found = await office.rows(
            "SELECT state FROM duty_application WHERE rollout = '调整竞争' ORDER BY state"
        )
        if [row["state"] for row in found] == ["已实施", "申请"]:
            break
        await asyncio.sleep(0.02)
    assert [row["state"] for row in found] == ["已实施", "申请"]
    assert await versions(lists) == [(1, "已替代", 2), (2, "有效", 2)]


async def test_who_may_apply_and_what_an_application_says(office: Office) -> None:
    """临县 2024, 4-32: four fields, by a department or a street; an item as whole as every item."""
    lists = await lists_of(office, "调整申请")
    await lists.issued(culture_sheet(2))

    async def code(*given: object, **more: object) -> str:
        return (await lists.adjust(*given, **more)).code

    remove = (ChangeKind.REMOVE, 2)
    assert await code(*remove, basis=" ") == "DUTY_APPLICATION_FIELDS"
    assert await code(*remove, paper="") == "PAPER_MISSING"
    assert await code(*remove, person=f"{CITY}经办甲") == "DUTY_APPLICANT"
    assert await code(*remove, unit=ONE) == "NOT_YOUR_UNIT"
    assert await code(*remove, reason="身份证110101199003070257") == "PERSONAL_DATA"
    assert await code(ChangeKind.ADD, 2, culture_item(2)) == "DUTY_NUMBER_TAKEN"
    assert await code(ChangeKind.REVISE, 9, culture_item(9)) == "DUTY_ITEM_GONE"
    assert await code(ChangeKind.REVISE, 1) == "DUTY_ITEM_MISSING"
    vague = await lists.adjust(ChangeKind.ADD, 3, culture_item(3, 法律法规及文件依据="有关规定"))
    assert (vague.code, vague.findings[0].code) == ("DUTY_INVALID", "DUTY_BASIS")
    assert (await lists.adjust(*remove, person=f"{ONE}经办甲")).code == ""
    once = {"action_id": "同一份申请"}
    first = await lists.adjust(*remove, **once)
    again = await lists.adjust(*remove, **once)
    assert (first.created, again.created, first.number) == (True, False, again.number)


async def test_a_change_goes_on_in_a_later_run(office: Office) -> None:
    """Continue-as-new files and puts in force once."""
    lists = await lists_of(office, "调整续办", history_limit=30)
    await lists.issued(culture_sheet(2))
    wid = (await lists.adjust(ChangeKind.ADD, 3, culture_item(3))).workflow_id
    await lists.review(wid)
    await lists.file(wid, "市编备〔2026〕6号")
    await lists.effect(wid)
    await office.client.get_workflow_handle(wid).result()
    runs = await office.rows("SELECT DISTINCT run_id FROM log_entry WHERE workflow_id = :w", w=wid)
    assert len(runs) > 1
    assert await versions(lists) == [(1, "已替代", 2), (2, "有效", 3)]
    posted = [e for e in await office.log(wid) if e["kind"] == "记账"]
    assert len(posted) == 1
