"""Routes of cases hold together, clocks say who held what, and nothing unsayable is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.action import Evidence
from domain.calendar import load_builtin_calendar
from domain.case import CaseFile, CaseKind, Opening, PhoneCall
from domain.case_clocks import clocks_of
from domain.case_limits import CaseSettings
from domain.case_opening import opening_fault, sayable
from domain.case_routes import CASE_ROUTES, FIRST_STEP
from domain.case_rules import recounted
from domain.deadline import Deadline, after_workdays
from domain.desk import Answered, Item, Step
from domain.procedure import Verb

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
STREET, RECEIVER, OTHER = "一街道", "文旅局", "城管局"
T2 = after_workdays(trigger=NOW, count=3, calendar=load_builtin_calendar())


@pytest.mark.parametrize("kind", CaseKind)
def test_a_route_opens_only_its_own_steps(kind: CaseKind) -> None:
    """What an answer may open is planned for this very kind, and every step can be reached."""
    shapes = CASE_ROUTES[kind]
    names = {shape.name for shape in shapes}
    opened = {name for shape in shapes for name in (*shape.opens, *shape.back_to)}
    assert opened <= names
    assert names - opened == {FIRST_STEP[kind]} or kind is CaseKind.DISPATCH
    assert len(names) == len(shapes)


def file(**more: Any) -> CaseFile:
    """An upward case."""
    return CaseFile(
        **{
            "number": "1",
            "kind": CaseKind.REPORT,
            "title": "无证经营",
            "district": "甲区",
            "sender": STREET,
            "street": STREET,
            "receiver": RECEIVER,
            "receivers": (RECEIVER,),
            "trigger_at": NOW,
            "opened_by": "甲",
            "settings": CaseSettings(),
            **more,
        }
    )


def item(
    name: str, *units: str, outcome: str = "", after: int = 0, to: str = "", due: Deadline = T2
) -> Item:
    """A step opened at once and closed so many hours after the trigger; 0 leaves it open."""
    at = NOW + timedelta(hours=after)
    answer = Answered(unit=units[0], person="甲", verb=Verb.SUBMIT, at=at, to=to)
    return Item(
        step=Step(name=name, verbs=()),
        visit=1,
        units=units,
        opened_at=NOW,
        due=due,
        original_due_date=due.due_date,
        answers=(answer,) if after else (),
        closed_at=at if after else None,
        outcome=outcome,
    )


def handed_over(*items: Item, hours: int = 0) -> Any:
    """The clock of the handover, looked at so many hours after the trigger."""
    found = clocks_of(file(), {i.key: i for i in items}, NOW + timedelta(hours=hours))
    return next(c for c in found if c.name == "正式交接")


SENT = item("交接", STREET, outcome="提交", after=1)


@pytest.mark.parametrize(
    "items,by,late_by",
    [
        ((item("交接", STREET),), "", STREET),
        ((item("交接", STREET, outcome="终止", after=200),), "终止", STREET),
        ((SENT, item("签收", RECEIVER)), "", RECEIVER),
        ((SENT, item("签收", OTHER)), "", OTHER),
        ((SENT, item("签收", RECEIVER, outcome="接收", after=9)), "签收", ""),
        ((SENT, item("签收", RECEIVER, outcome="接收", after=200)), "签收", RECEIVER),
        (
            (
                SENT,
                item("签收", RECEIVER, outcome="拒收", after=2),
                item("协商", STREET, RECEIVER, outcome="自办", after=200),
            ),
            "自办",
            f"{STREET}、{RECEIVER}",
        ),
        (
            (
                SENT,
                item("签收", RECEIVER, outcome="拒收", after=2),
                item("协商", STREET, RECEIVER, outcome="提交", after=3),
                item("指定", "司法局", outcome="指定", after=200, to=STREET),
            ),
            "指定",
            "司法局",
        ),
        (
            (SENT, item("签收", RECEIVER, outcome="终止", after=5)),
            "终止",
            "",
        ),
    ],
)
def test_the_handover_names_who_held_it(items: tuple[Item, ...], by: str, late_by: str) -> None:
    """4-12: who had it before them as it ran out, whoever ends it later."""
    clock = handed_over(*items, hours=300)
    assert (by, late_by) == (clock.by, clock.late_by)
    assert bool(clock.by) == (clock.stopped_at is not None)


def test_of_several_only_who_came_late_is_late() -> None:
    """0-47: of three called one arrived after the limit."""
    arrivals = tuple(
        Answered(unit=u, person="甲", verb=Verb.ARRIVE, at=T2.due + timedelta(hours=h))
        for u, h in ((RECEIVER, -2), (OTHER, 1))
    )
    step = replace(
        item("报到", RECEIVER, OTHER, outcome="报到", after=200),
        answers=arrivals,
        closed_at=T2.due + timedelta(hours=1),
    )
    case = file(kind=CaseKind.WHISTLE)
    [clock] = clocks_of(case, {step.key: step}, NOW + timedelta(hours=300))
    assert OTHER == clock.late_by


def test_the_receiver_follows_what_was_decided() -> None:
    """A reassigned signature, a designation and a transfer each name another."""
    signed = item("签收", OTHER, outcome="接收", after=2)
    assert OTHER == recounted(file(), {signed.key: signed}).receiver
    chosen = item("指定", "司法局", outcome="指定", after=3, to="市监局")
    assert "市监局" == recounted(file(), {i.key: i for i in (signed, chosen)}).receiver
    still_open = item("签收", OTHER)
    assert RECEIVER == recounted(file(), {still_open.key: still_open}).receiver


def opening(**more: Any) -> Opening:
    """A sound opening."""
    return Opening(
        **{
            "action_id": "1",
            "number": "一街道-1",
            "kind": CaseKind.REPORT,
            "title": "无证经营",
            "person": "甲",
            "sender": STREET,
            "street": STREET,
            "trigger_at": NOW,
            **more,
        }
    )


def test_what_is_sound_is_kept_and_the_rest_is_left_out() -> None:
    """The attempt stays known; long, invisible and personal words do not."""
    sound = opening(note="巡查发现" * 100, receivers=(RECEIVER,), evidence=(Evidence(name="照片"),))
    assert sound == sayable(sound)
    secret = "11010119900307123X"
    bad = opening(
        title="长" * 500,
        note=f"当事人{secret}",
        person="甲\x07",
        receivers=(RECEIVER, secret),
        officers=("张三", "李" * 200),
        evidence=(Evidence(name="照片", doc_no=secret),),
        phone=PhoneCall(at=NOW, taken_by=secret),
        trigger_at=datetime(9999, 12, 31, 23, tzinfo=UTC),
    )
    kept = sayable(bad)
    assert secret not in str(kept) and "\x07" not in str(kept) and len(str(kept)) < 2_000
    assert ("一街道-1", (RECEIVER,), ("张三",)) == (kept.number, kept.receivers, kept.officers)
    assert date(9999, 12, 30) == kept.trigger_at.date()
    fault = opening_fault(bad, NOW)
    assert fault is not None and fault.code == "CASE_TITLE"
