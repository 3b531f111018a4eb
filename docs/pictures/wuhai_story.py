"""What is done in 乌海2019 up to 2019-12-15, day by day: made up along the plan's own dates.

The texts say what was to be done by when, not how it went. Here 海勃湾区 and 海南区 finish their
方案 in time, 乌达区 is late, a 三定 is sent back once, and some units are behind. Notes and document
numbers begin with 演示.
"""  # noqa: INP001 - beside a script, not a package

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.action import Evidence
from domain.procedure import Verb
from starter.demo_script import Scene, Story

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
CITY_PLAN = ("11-14 10:00", "11-15 15:00", "11-18 10:00", "11-19 11:00", "11-20 10:00")
AREA_PLANS = {
    "海勃湾区": ("11-25 16:00", "11-27 10:00", "12-02 15:00", "12-03 10:00", "12-04 09:30"),
    "海南区": ("11-28 16:00", "12-03 10:00", "12-05 15:00", "12-06 10:00", "12-10 09:30"),
}
"""When each step of a 方案 ended: 调研论证, 征求意见, 协调小组审议, 常委会审议, 印发."""

FIRST, SECOND = "委编办经办甲", "委编办经办乙"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One action and when it is taken."""

    at: datetime
    scene: Scene


class WuhaiStory(Story):
    """The demonstration's way of acting, with a day for every action."""

    def moments(self) -> tuple[Moment, ...]:
        """Everything that is done, in the order of time."""
        self._moments: list[datetime] = []
        self._now = datetime(2019, 11, 12, tzinfo=UTC)
        self._city()
        self._areas()
        self._haibowan()
        self._hainan()
        told = zip(self._moments, self._scenes, strict=True)
        found = (Moment(at=at, scene=scene) for at, scene in told)
        return tuple(sorted(found, key=lambda moment: moment.at))

    def _on(self, when: str) -> None:
        month, _, rest = when.partition("-")
        day, _, clock = rest.partition(" ")
        hour, _, minute = clock.partition(":")
        self._now = datetime(
            2019, int(month), int(day), int(hour), int(minute), tzinfo=SHANGHAI
        ).astimezone(UTC)

    def _act(self, *given: Any, **more: Any) -> None:
        super()._act(*given, **more)
        self._moments.append(self._now)

    def _city(self) -> None:
        self._plan_of("M1", "乌海市", CITY_PLAN)

    def _areas(self) -> None:
        """两区 in time, 海南区 with a 修改 after 原则通过; 乌达区 stands at 征求意见 since 12-06."""
        self._plan_of("M2", "海勃湾区", AREA_PLANS["海勃湾区"])
        self._plan_of("M2", "海南区", AREA_PLANS["海南区"], in_principle=True)
        self._on("12-05 16:30")
        self._act("M2", "乌达区", f"乌达区{FIRST}", "调研论证", Verb.SUBMIT)
        self._on("12-11 09:40")
        note = "三个街道对综合行政执法局派驻人数意见不一，正在协调"
        self._act("M2", "乌达区", f"乌达区{FIRST}", "征求意见", Verb.ADD_NOTE, note=note)

    def _plan_of(
        self, row_id: str, unit: str, days: Iterable[str], *, in_principle: bool = False
    ) -> None:
        researched, asked, group, committee, issued = days
        for when, step in ((researched, "调研论证"), (asked, "征求意见")):
            self._on(when)
            self._act(row_id, unit, f"{unit}{FIRST}", step, Verb.SUBMIT)
        self._on(group)
        organ = self._of(f"{unit}机构改革协调小组")
        self._act(row_id, unit, organ, "协调小组审议", Verb.APPROVE)
        self._on(committee)
        verb = Verb.APPROVE_IN_PRINCIPLE if in_principle else Verb.APPROVE
        said = "补充事业单位整合的人员安置" if in_principle else ""
        organ = self._of(f"{unit}委常委会")
        self._act(row_id, unit, organ, "常委会审议", verb, note=said)
        if in_principle:
            self._on("12-09 15:00")
            note = "已按常委会意见补充"
            self._act(row_id, unit, f"{unit}{FIRST}", "修改", Verb.SUBMIT, note=note)
        for office, minutes in (("委办", 0), ("政府办", 25)):
            self._on(f"{issued[:-2]}{int(issued[-2:]) + minutes:02}")
            self._act(row_id, unit, f"{unit}{office}经办甲", "印发", Verb.COSIGN)

    # --- 海勃湾区: ten days on ----------------------------------------------------------------

    def _haibowan(self) -> None:
        area = "海勃湾区"
        self._drafts("M3-1", area, "凤凰岭街道", "12-05 16:00", "12-06 11:00", "12-09 10:00")
        self._consulted("M3-1", area, "凤凰岭街道", ("12-10 10:00", "12-11 15:00"))
        self._on("12-12 10:00")
        replies = dict.fromkeys(self._parties_of("凤凰岭街道"), "演示：已反馈街道")
        self._act("M3-1", "凤凰岭街道", f"{area}{FIRST}", "意见反馈", Verb.SUBMIT, replies=replies)
        self._on("12-13 09:20")
        self._act("M3-1", "凤凰岭街道", "凤凰岭街道负责人", "报送", Verb.SUBMIT)
        self._sent_back(area, "滨河街道")
        self._drafts("M3-1", area, "海北街道", "12-09 11:00", "12-10 10:20", "12-11 10:30")
        self._drafts("M3-1", area, "新华街道", "12-10 16:20")
        self._drafts("M3-1", area, "千里山镇", "12-09 17:00", "12-11 09:30")
        self._extended(
            "M3-1", area, "新华西街道", ("12-09 09:30", "12-10 10:10"), date(2019, 12, 17)
        )
        self._drafts("M3-2", area, "凤凰岭街道", "12-06 10:00", "12-09 10:40", "12-10 11:00")
        self._drafts("M3-2", area, "滨河街道", "12-10 10:00", "12-11 10:00", "12-12 15:30")
        self._drafts("M3-2", area, "海北街道", "12-10 15:00", "12-11 15:00")
        self._drafts("M3-2", area, "新华街道", "12-13 16:00")
        self._drafts("M3-2", area, "新华西街道", "12-10 09:10", "12-11 16:00", "12-12 16:00")
        self._drafts("M3-2", area, "林荫街道", "12-12 14:30")
        self._task("M3-3", area, "千里山镇", "12-12 10:30", "12-13 15:00")
        self._plates("M4-2", area, "滨河街道", "12-10 14:00", "12-11 16:30")
        self._plates("M4-2", area, "凤凰岭街道", "12-11 10:00", "12-12 11:30")
        self._plates("M4-2", area, "海北街道", "12-13 10:30")
        self._plates("M4-3", area, "千里山镇", "12-12 09:30", "12-13 16:30")

    def _sent_back(self, area: str, street: str) -> None:
        """退回 once; whoever did 初审 is turned away at 复审 (0-33)."""
        self._on("12-06 15:00")
        self._act("M3-1", street, f"{street}经办甲", "起草", Verb.SUBMIT)
        self._on("12-09 15:40")
        note = "第三条与职责范本不一致，请修改"
        self._act("M3-1", street, f"{area}{FIRST}", "初审", Verb.RETURN, note=note)
        self._drafts("M3-1", area, street, "12-10 15:10", "12-11 10:50")
        self._on("12-11 11:00")
        self._act("M3-1", street, f"{area}{FIRST}", "复审", Verb.APPROVE, refused=True)
        self._on("12-12 09:50")
        self._act("M3-1", street, f"{area}{SECOND}", "复审", Verb.APPROVE)
        self._on("12-13 11:00")
        party = self._parties_of(street)[0]
        self._act("M3-1", street, self._of(party), "三方沟通", Verb.OPINION, note="无意见")

    # --- 海南区: five days on -----------------------------------------------------------------

    def _hainan(self) -> None:
        area = "海南区"
        self._drafts("M3-1", area, "拉僧仲街道", "12-11 16:00", "12-12 15:00", "12-13 14:30")
        self._drafts("M3-1", area, "西卓子山街道", "12-12 11:00", "12-13 10:00")
        self._drafts("M3-1", area, "巴音陶亥镇", "12-12 16:30")
        self._extended("M3-1", area, "拉僧庙镇", ("12-11 09:30", "12-11 15:30"), date(2019, 12, 16))
        self._drafts("M3-2", area, "拉僧仲街道", "12-12 10:00", "12-13 15:30")
        self._drafts("M3-2", area, "西卓子山街道", "12-12 15:10")
        self._task("M3-3", area, "公乌素镇", "12-13 11:20")
        self._plates("M4-2", area, "西卓子山街道", "12-12 16:00", "12-13 16:00")
        self._plates("M4-2", area, "公乌素镇", "12-13 17:00")

    # --- what offices do ----------------------------------------------------------------------

    def _drafts(self, row_id: str, area: str, unit: str, *days: str) -> None:
        """起草, 初审, 复审: as many of them as there are days."""
        first = (f"{unit}经办甲", "起草", Verb.SUBMIT)
        reviews = ((f"{area}{FIRST}", "初审"), (f"{area}{SECOND}", "复审"))
        acts = (first, *((person, step, Verb.APPROVE) for person, step in reviews))
        for when, (person, step, verb) in zip(days, acts, strict=False):
            self._on(when)
            self._act(row_id, unit, person, step, verb)

    def _consulted(self, row_id: str, area: str, unit: str, days: tuple[str, str]) -> None:
        """三方沟通: the departments on the first day, 区领导 on the second."""
        for party in self._parties_of(unit):
            self._on(days[party == f"{area}领导"])
            self._act(row_id, unit, self._of(party), "三方沟通", Verb.OPINION, note="无意见")

    def _extended(
        self, row_id: str, area: str, unit: str, days: tuple[str, str], new_due: date
    ) -> None:
        self._on(days[0])
        note = "班子成员调整，草案需再议一次"
        person = f"{unit}经办甲"
        self._act(row_id, unit, person, "起草", Verb.ASK_EXTENSION, note=note, new_due=new_due)
        self._on(days[1])
        self._act(row_id, unit, f"{area}{FIRST}", "起草", Verb.GRANT_EXTENSION)
        granted = self._scenes[-1]
        paper = Evidence(name="批准文号", doc_no=self._number(self._plan.row(row_id)))
        action = replace(granted.action, evidence=(paper,))
        self._scenes[-1] = replace(granted, action=action)

    def _task(self, row_id: str, area: str, unit: str, *days: str) -> None:
        self._two(row_id, unit, ("办理", f"{unit}经办甲"), ("确认", f"{area}{FIRST}"), days)

    def _plates(self, row_id: str, area: str, unit: str, *days: str) -> None:
        self._two(row_id, unit, ("挂牌", f"{unit}经办乙"), ("核验", f"{area}{FIRST}"), days)

    def _two(
        self,
        row_id: str,
        unit: str,
        own: tuple[str, str],
        other: tuple[str, str],
        days: tuple[str, ...],
    ) -> None:
        acts = ((*own, Verb.SUBMIT), (*other, Verb.APPROVE))
        for when, (step, person, verb) in zip(days, acts, strict=False):
            self._on(when)
            self._act(row_id, unit, person, step, verb)

    def _parties_of(self, unit: str) -> tuple[str, ...]:
        row = self._plan.row("M3-1")
        return tuple(self._directory.who(self._plan, row, unit, "区领导、配合"))
