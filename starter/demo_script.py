"""What the demonstration's handlers (演示) do, in order: a story in the words of the office.

Everything said here goes through the same door as a person's ``jiegai act``; notes and document
numbers begin with 演示, so that nobody takes them for decisions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date

from contracts.names import procedure_id, unit_id
from domain.action import Action, Evidence, Keeping
from domain.directory import Directory
from domain.plan import Plan, Row
from domain.procedure import CLOSING, REVIEW_VERDICTS, SOUND, Verb
from domain.requirement import TEMPLATE_DOCUMENT, required_documents, text_template
from domain.schedule import route_of
from domain.slices import areas

STREET = "滨河街道"
DISTRICT = "海勃湾区"
CITY = "乌海市"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One action of the story; ``refused`` scenes are meant to be turned away by a rule.

    A ``recorded`` one is entered for an organ without a desk: it needs the day of the decision,
    which is the day of the demonstration.
    """

    workflow_id: str
    action: Action
    refused: bool = False
    recorded: bool = False


@dataclass(frozen=True, kw_only=True)
class _Recorded:
    """What an organ without a desk decided, and who enters it."""

    organ: str
    person: str


def _on_paper(piece: Evidence) -> Evidence:
    """The same document with its file, which stays with the organ."""
    content = f"演示：{piece.name} {piece.doc_no}".encode()
    return replace(
        piece,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        filename=f"{piece.name}.txt",
        kept=Keeping.OFFLINE,
    )


class Story:
    """The scenes of one rollout of 乌海2019, built from the plan that was started."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._area = {unit: area.name for area in areas(plan) for unit in area.units}
        self._directory = Directory.of(plan.units)
        self._scenes: list[Scene] = []

    def scenes(self) -> tuple[Scene, ...]:
        """市方案, one 区方案, a 三定 that is returned once, a nameplate; the rest is left to wait."""
        self._approve_plan("M1", CITY, "乌海市")
        self._approve_plan("M2", DISTRICT, DISTRICT)
        self._sanding()
        self._nameplate()
        self._left_waiting()
        return tuple(self._scenes)

    def _approve_plan(self, row_id: str, unit: str, prefix: str) -> None:
        for step in ("调研论证", "征求意见"):
            self._act(row_id, unit, f"{prefix}委编办经办甲", step, Verb.SUBMIT)
        for step, organ in (("协调小组审议", "机构改革协调小组"), ("常委会审议", "委常委会")):
            self._act(row_id, unit, self._of(f"{prefix}{organ}"), step, Verb.APPROVE)
        for office in ("委办", "政府办"):
            self._act(row_id, unit, f"{prefix}{office}经办甲", "印发", Verb.COSIGN)

    def _sanding(self) -> None:
        first, second = f"{DISTRICT}委编办经办甲", f"{DISTRICT}委编办经办乙"
        drafter = f"{STREET}经办甲"
        self._act("M3-1", STREET, drafter, "起草", Verb.SUBMIT)
        self._act("M3-1", STREET, first, "初审", Verb.RETURN, note="第三条与模板不一致，请修改")
        self._act("M3-1", STREET, drafter, "起草", Verb.SUBMIT, note="已按初审意见修改")
        self._act("M3-1", STREET, first, "初审", Verb.APPROVE)
        self._act("M3-1", STREET, first, "复审", Verb.APPROVE, refused=True)
        self._act("M3-1", STREET, second, "复审", Verb.APPROVE)
        parties = self._parties()
        for party in parties:
            self._act("M3-1", STREET, self._of(party), "三方沟通", Verb.OPINION, note="无意见")
        replies = dict.fromkeys(parties, "演示：已反馈街道")
        self._act("M3-1", STREET, first, "意见反馈", Verb.SUBMIT, replies=replies)
        self._act("M3-1", STREET, f"{STREET}负责人", "报送", Verb.SUBMIT)
        self._act("M3-1", STREET, self._of(f"{DISTRICT}委编委"), "审议", Verb.APPROVE)
        for office in ("委办", "政府办"):
            self._act("M3-1", STREET, f"{DISTRICT}{office}经办甲", "印发", Verb.COSIGN)

    def _nameplate(self) -> None:
        self._act("M4-2", STREET, f"{STREET}经办乙", "挂牌", Verb.SUBMIT)
        self._act("M4-2", STREET, f"{DISTRICT}委编办经办甲", "核验", Verb.APPROVE)

    def _left_waiting(self) -> None:
        """Something on the 编办's desk: a draft to review, a plate to check, an extension to rule."""
        self._act("M3-1", "凤凰岭街道", "凤凰岭街道经办甲", "起草", Verb.SUBMIT)
        self._act("M4-2", "海北街道", "海北街道经办甲", "挂牌", Verb.SUBMIT)
        later = self._plan.row("M3-1").due
        note = "班子成员调整，需再议一次"
        self._act(
            "M3-1",
            "林荫街道",
            "林荫街道经办甲",
            "起草",
            Verb.ASK_EXTENSION,
            note=note,
            new_due=later,
        )

    def _of(self, organ: str) -> _Recorded | str:
        """Who acts for a unit: its own first handler, or that of the unit that records for it."""
        unit = self._directory.by_name[organ]
        recorder = self._directory.find(unit.recorder, unit.district) if unit.recorder else None
        if recorder is None:
            return unit.handlers[0]
        return _Recorded(organ=organ, person=recorder.handlers[0])

    def _parties(self) -> tuple[str, ...]:
        row = self._plan.row("M3-1")
        units = self._directory.who(self._plan, row, STREET, "区领导、配合")
        return tuple(units)

    def _act(
        self,
        row_id: str,
        unit: str,
        by: _Recorded | str,
        step: str,
        verb: Verb,
        *,
        note: str = "",
        refused: bool = False,
        replies: dict[str, str] | None = None,
        new_due: date | None = None,
    ) -> None:
        row = self._plan.row(row_id)
        closes = verb in CLOSING - {Verb.RETURN, Verb.OPINION}
        shape = next(s for s in route_of(row) if s.name == step)
        action = Action(
            action_id=f"演示-{self._plan.rollout}-{len(self._scenes) + 1}",
            verb=verb,
            person=by if isinstance(by, str) else by.person,
            step=step,
            note=f"演示：{note}" if note else "",
            replies=replies or {},
            new_due=new_due,
        )
        if closes:
            action = replace(action, evidence=self._evidence(row, step, unit))
        if isinstance(by, _Recorded):
            papers = action.evidence or (Evidence(name="书面意见", doc_no=self._number(row)),)
            kept = tuple(_on_paper(piece) for piece in papers)
            action = replace(action, unit=by.organ, evidence=kept)
        if verb is Verb.APPROVE and shape.verdicts:
            action = replace(action, verdicts=dict.fromkeys(REVIEW_VERDICTS, SOUND))
        self._scenes.append(
            Scene(
                workflow_id=self._workflow_id(row, unit),
                action=action,
                refused=refused,
                recorded=isinstance(by, _Recorded),
            )
        )

    def _evidence(self, row: Row, step: str, unit: str) -> tuple[Evidence, ...]:
        shape = next(s for s in route_of(row) if s.name == step)
        names = required_documents(row, shape, unit)
        number = self._number(row)
        template = text_template(row, shape)
        return tuple(
            Evidence(name=name, doc_no=template if name == TEMPLATE_DOCUMENT else number)
            for name in names
        )

    def _number(self, row: Row) -> str:
        return f"演示〔{self._plan.kickoff.year}〕{row.id}号"

    def _workflow_id(self, row: Row, unit: str) -> str:
        above = unit_id(self._plan.rollout, self._area.get(unit, ""), unit)
        return procedure_id(above, row.item)
