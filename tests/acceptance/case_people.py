"""People who handle cases as they please, from a seed; and what their log must then look like.

The table of what follows what is written here a second time, on purpose: from the source texts and
not from ``domain.case_routes``, so that a course which leaves it is found.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.action import Action, Evidence
from domain.case import CaseKind, Opening
from domain.procedure import Verb
from tests.cases import CULTURE, ELEMENTS, SLIP, dispatch, report

STREETS = ("一街道", "二街道")
URBAN = "甲区城管局"
POLICE, JUSTICE, REFORM = "甲区公安分局", "甲区司法局", "甲区委编办"
MAX_RETURNS = 2
UPWARD = (CaseKind.REPORT, CaseKind.REFERRAL)
END: tuple[str, ...] = ()

_UPWARD: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("报告", "提交"): ("交接",),
    ("交接", "提交"): ("签收",),
    ("签收", "接收"): ("办理",),
    ("签收", "拒收"): ("协商",),
    ("协商", "接收"): ("办理",),
    ("协商", "自办"): END,
    ("协商", "提交"): ("指定",),
    ("指定", "指定"): ("签收",),
    ("指定", "本街道"): END,
    ("办理", "提交"): END,
}
FOLLOWS: Mapping[CaseKind, Mapping[tuple[str, str], tuple[str, ...]]] = {
    CaseKind.REPORT: _UPWARD,
    CaseKind.REFERRAL: _UPWARD,
    CaseKind.DISPATCH: {
        ("派单", "提交"): ("签收",),
        ("签收", "接收"): ("办理",),
        ("签收", "拒收"): ("裁定",),
        ("裁定", "通过"): END,
        ("裁定", "不通过"): ("签收",),
        ("办理", "提交"): ("回告",),
        ("办理", "回告"): ("确认",),
        ("办理", "移交"): ("接收移交",),
        ("回告", "回告"): ("确认",),
        ("确认", "通过"): END,
        ("确认", "退回"): ("办理",),
        ("提级确认", "通过"): END,
        ("提级确认", "退回"): ("办理",),
        ("接收移交", "接收"): ("继续办理",),
        ("接收移交", "拒收"): ("协商",),
        ("协商", "接收"): ("继续办理",),
        ("协商", "自办"): ("回告",),
        ("协商", "提交"): ("指定",),
        ("指定", "指定"): ("接收移交",),
        ("指定", "本街道"): ("回告",),
        ("继续办理", "回告"): END,
    },
    CaseKind.CRIME: {
        ("拟移送", "提交"): ("决定",),
        ("决定", "通过"): ("移送",),
        ("决定", "不通过"): END,
        ("移送", "提交"): ("公安审查",),
        ("公安审查", "接收"): END,
        ("公安审查", "拒收"): END,
    },
    CaseKind.CITIZEN: {
        ("受理", "提交"): ("分流",),
        ("分流", "指定"): ("办理",),
        ("分流", "本街道"): ("办理",),
        ("办理", "回告"): ("回复",),
        ("回复", "回告"): END,
        ("回复", "退回"): ("办理",),
    },
    CaseKind.WHISTLE: {
        ("吹哨", "提交"): ("报到",),
        ("报到", "报到"): ("处置",),
        ("处置", "提交"): END,
    },
}
FIRST = {kind: next(iter(table))[0] for kind, table in FOLLOWS.items()}


def paper(*names: str) -> tuple[Evidence, ...]:
    """Documents by 文号."""
    return tuple(Evidence(name=name, doc_no="示例〔2026〕1号") for name in names)


@dataclass
class Play:
    """One case as its people play it: what it will do next, and who has it."""

    number: int
    rollout: str
    began: datetime
    opening: Opening = field(init=False)
    attempt: Opening | None = field(init=False, default=None)
    accepted: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)
    returns: int = 0
    receiver: str = ""
    turn: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(f"案件{self.number}")
        self.street = self.rng.choice(STREETS)
        self.opening = self._opening()
        if self.opening.kind is CaseKind.DISPATCH and self.rng.random() < 0.15:
            self.attempt = self._dispatch(item="99", action_id=f"越{self.number}")

    @property
    def kind(self) -> CaseKind:
        """The kind of the case."""
        return self.opening.kind

    @property
    def wid(self) -> str:
        """Its workflow id."""
        return f"{self.rollout}/案件/{self.opening.number}"

    @property
    def clerk(self) -> str:
        """The street's 专人."""
        return f"{self.street}经办甲"

    # --- opening ----------------------------------------------------------------------------

    def _opening(self) -> Opening:
        rng = self.rng
        kind = rng.choices(
            (
                CaseKind.REPORT,
                CaseKind.REFERRAL,
                CaseKind.DISPATCH,
                CaseKind.CRIME,
                CaseKind.CITIZEN,
                CaseKind.WHISTLE,
            ),
            (38, 8, 34, 6, 8, 6),
        )[0]
        if kind is CaseKind.DISPATCH:
            self.receiver = CULTURE
            return self._dispatch()
        more: dict[str, Any] = {"kind": kind, "item": ""}
        if kind in UPWARD:
            self.receiver = CULTURE if kind is CaseKind.REPORT else URBAN
            more["receivers"] = () if kind is CaseKind.REPORT else (URBAN,)
            more["item"] = "1" if kind is CaseKind.REPORT else ""
            stage = rng.random()
            more["reported"] = stage > 0.2
            if stage > 0.6:
                more |= {"handed_over": True, "evidence": (SLIP,)}
        elif kind is CaseKind.CRIME:
            self.receiver = POLICE
            more |= {"officers": ("张三", "李四"), "evidence": paper("移送书", "案卷")}
        elif kind is CaseKind.WHISTLE:
            more["receivers"] = (CULTURE, URBAN, POLICE)
            self.receiver = CULTURE
        return report(self._found(), **more, **self._self(), sender=self.street)

    def _dispatch(self, **more: Any) -> Opening:
        given = {**self._self(), "person": f"{CULTURE}经办甲", **more}
        return dispatch(self._found(), **given)

    def _self(self) -> dict[str, Any]:
        return {
            "action_id": f"开{self.number}",
            "number": f"风暴-{self.number}",
            "street": self.street,
            "person": self.clerk,
        }

    def _found(self) -> datetime:
        """Up to ten days ago: every second clock is overdue from the start."""
        return self.began - timedelta(minutes=self.rng.randrange(10 * 24 * 60))

    # --- acting -----------------------------------------------------------------------------

    def next(self, step: str) -> tuple[Action, str]:
        """What somebody does at a step, and how the table calls it; it may well be wrong."""
        self.turn += 1
        action_id = f"动{self.number}-{self.turn}"
        if self.rng.random() < 0.14:
            return self._wrong(step, action_id), ""
        if self.rng.random() < 0.015:
            return self._action(action_id, Verb.TERMINATE, "市协调员", "", note="并案"), "终止"
        verb, said, more = self._right(step)
        return self._action(action_id, verb, step=step, **more), said

    def _action(self, action_id: str, verb: Verb, person: str, step: str, **more: Any) -> Action:
        return Action(action_id=action_id, verb=verb, person=person, step=step, **more)

    def _wrong(self, step: str, action_id: str) -> Action:
        """A stranger, the other street, a verb of another step, an empty hand."""
        other = next(s for s in STREETS if s != self.street)
        verb, person = self.rng.choice(
            (
                (Verb.SUBMIT, "路人"),
                (Verb.ACCEPT, f"{other}经办甲"),
                (Verb.COSIGN, self.clerk),
                (Verb.REFUSE, f"{URBAN}主要负责人甲"),
                (Verb.KEEP, self.clerk),
                (Verb.DESIGNATE, f"{JUSTICE}经办甲"),
                (Verb.RETURN, f"{CULTURE}经办乙"),
            )
        )
        return self._action(action_id, verb, person, step)

    def _right(self, step: str) -> tuple[Verb, str, dict[str, Any]]:
        name = f"{step}@{self.kind}" if step in ("签收", "办理") else step
        choices = [c for c in self._choices(name) if self.turn < 30 or c[0] > 1]
        _, verb, person, more = self.rng.choices(choices, [c[0] for c in choices])[0]
        said = "本街道" if verb is Verb.DESIGNATE and more["to"] == self.street else str(verb)
        return verb, said, {"person": person, **more}

    def _choices(self, step: str) -> Sequence[tuple[int, Verb, str, dict[str, Any]]]:
        """Weight, verb, person and the rest; what only prolongs a case has the weight 1."""
        street, theirs = self.clerk, f"{self.receiver}经办甲"
        why = {"note": "理由在案"}
        replied = {"facts": ELEMENTS}
        if step.startswith("签收"):
            if self.kind is CaseKind.DISPATCH:
                ground = {**why, "facts": {"拒收理由": "其他"}}
                refuse = [] if self._ruled else [(1, Verb.REFUSE, street, ground)]
                return [(4, Verb.ACCEPT, f"{self.street}代办", {}), *refuse]
            refuse = [] if self._designated else [(2, Verb.REFUSE, theirs, why)]
            return [(5, Verb.ACCEPT, theirs, {}), *refuse]
        if step.startswith("办理"):
            if self.kind is CaseKind.DISPATCH:
                there = {**why, "to": self.rng.choice(("", URBAN)), "evidence": paper("案卷")}
                return [
                    (3, Verb.SUBMIT, street, {}),
                    (3, Verb.REPLY, street, replied),
                    (1, Verb.HAND_OVER, street, there),
                ]
            verb, more = (
                (Verb.REPLY, replied) if self.kind is CaseKind.CITIZEN else (Verb.SUBMIT, {})
            )
            return [(1, verb, theirs, more), (2, verb, theirs, more)]
        back = {"note": "材料不全"}
        decision = {"to": self._named(), "evidence": paper("指定决定")}
        waiting = [u for u in self.opening.receivers if u not in self.arrived] or [CULTURE]
        table: dict[str, Sequence[tuple[int, Verb, str, dict[str, Any]]]] = {
            "报告": [(2, Verb.SUBMIT, street, {})],
            "交接": [(2, Verb.SUBMIT, f"{self.street}经办乙", {"evidence": (SLIP,)})],
            "协商": [
                (2, Verb.ACCEPT, theirs, {}),
                (2, Verb.KEEP, street, why),
                (2, Verb.SUBMIT, self.rng.choice((street, theirs)), why),
            ],
            "指定": [(2, Verb.DESIGNATE, f"{JUSTICE}经办甲", decision)],
            "裁定": [
                (2, Verb.APPROVE, f"{REFORM}经办甲", {}),
                (2, Verb.REJECT, f"{REFORM}经办乙", why),
            ],
            "回告": [(2, Verb.REPLY, street, replied)],
            "确认": [(2, Verb.APPROVE, f"{CULTURE}经办甲", {})]
            + [(1, Verb.RETURN, f"{CULTURE}经办乙", back)] * 2,
            "提级确认": [
                (2, Verb.APPROVE, f"{REFORM}经办甲", {}),
                (1, Verb.RETURN, f"{REFORM}经办乙", back),
            ],
            "接收移交": [(3, Verb.ACCEPT, theirs, {})]
            + ([] if self._designated else [(2, Verb.REFUSE, theirs, why)]),
            "继续办理": [(2, Verb.REPLY, theirs, replied)],
            "决定": [
                (3, Verb.APPROVE, f"{self.street}主要负责人", {}),
                (2, Verb.REJECT, f"{self.street}主要负责人", why),
            ],
            "移送": [(2, Verb.SUBMIT, street, {"evidence": paper("移送清单")})],
            "公安审查": [
                (2, Verb.ACCEPT, f"{POLICE}经办甲", {}),
                (2, Verb.REFUSE, f"{POLICE}经办甲", why),
            ],
            "分流": [(2, Verb.DESIGNATE, street, {"to": self._named()})],
            "回复": [
                (3, Verb.REPLY, street, {"facts": {"回复日期": "今日", "回复方式": "电话"}}),
                (1, Verb.RETURN, street, back),
            ],
            "报到": [
                (
                    2,
                    Verb.ARRIVE,
                    f"{self.rng.choice(waiting)}经办甲",
                    {"facts": {"到场人员": "张三", "到场时间": "十时"}},
                )
            ],
            "处置": [(2, Verb.SUBMIT, street, {})],
        }
        return table[step]

    _ruled = False
    _designated = False

    def _named(self) -> str:
        return self.rng.choice((CULTURE, URBAN, self.street))

    def took(self, step: str, said: str, action: Action) -> str:
        """Note an accepted action; the step that must be open now, empty at the end."""
        self.accepted.append(action.action_id)
        if said == "终止":
            return ""
        self._ruled = self._ruled or step == "裁定"
        if step in ("指定", "分流"):
            self._designated = self._designated or step == "指定"
            self.receiver = action.to
        if said == "移交":
            self.receiver = action.to or CULTURE
        if said == "自办" and self.kind is CaseKind.DISPATCH:
            self.receiver = CULTURE
        if step == "接收移交" and said == "接收":
            self._designated = False
        self.returns += said == "退回"
        if step == "报到":
            self.arrived.add(action.person.removesuffix("经办甲"))
            if len(self.arrived) < len(self.opening.receivers):
                return step
        following = FOLLOWS[self.kind][step, said]
        if step in ("办理", "回告") and following == ("确认",) and self.returns >= MAX_RETURNS:
            return "提级确认"
        return following[0] if following else ""


def told_as(line: Mapping[str, Any], street: str) -> str:
    """An accepted line of the log as the table calls it."""
    if line["verb"] == "指定" and line["detail"].get("to") == street:
        return "本街道"
    return str(line["verb"])


def walked(
    kind: CaseKind, street: str, called: Sequence[str], lines: Iterable[Mapping[str, Any]]
) -> str:
    """This will walk a log along the table; the last step if it ended there, else it fails."""
    expected, open_step, returns, arrived = FIRST[kind], "", 0, 0
    for line in lines:
        if line["kind"] == "开启":
            assert not open_step and line["step"] == expected, (expected, line)
            open_step = expected
        elif line["kind"] == "办理" and line["verb"] == "终止":
            return "终止"
        elif line["kind"] == "办理" and line["verb"] == "登记":
            assert line["step"] == open_step == "报告"
        elif line["kind"] == "办理":
            assert line["step"] == open_step, (open_step, line)
            said = told_as(line, street)
            returns += said == "退回"
            arrived += said == "报到"
            if said == "报到" and arrived < len(called):
                continue
            following = FOLLOWS[kind][open_step, said]
            if not following:
                return open_step
            expected = following[0]
            if expected == "确认" and returns >= MAX_RETURNS:
                expected = "提级确认"
            open_step = ""
    raise AssertionError(f"the log does not come to an end: {open_step or expected}")
