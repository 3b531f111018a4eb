"""The people of a generated plan: who would act next on a procedure, and how."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from contracts.procedure import Progress
from contracts.registers import RowSlice
from domain.action import Action, Evidence
from domain.procedure import REVIEW_VERDICTS, SOUND, Verb
from domain.requirement import required_documents
from domain.schedule import PlannedStep
from domain.unit import Role

_FORWARD = (Verb.SUBMIT, Verb.APPROVE, Verb.OPINION, Verb.COSIGN)


def next_actions(progress: Progress, row: RowSlice) -> Iterator[Action]:
    """This will yield what each unit of the first open step does; nothing once all has ended."""
    planned = {step.name: step for step in row.steps}
    parties = next((s.units for s in progress.steps if s.step == "三方沟通"), ())
    for step in progress.steps:
        if step.closed_at is None:
            for unit in step.units:
                if unit not in step.answered_by:
                    yield forward(planned[step.step], row, progress.unit, unit, parties)
            return


def forward(
    step: PlannedStep, row: RowSlice, subject: str, unit: str, parties: tuple[str, ...] = ()
) -> Action:
    """The action by which ``unit`` answers a step of ``subject``'s procedure and lets it go on."""
    shape = step.shape
    person = f"{unit}主要负责人" if shape.role is Role.HEAD else f"{unit}经办甲"
    if shape.not_by:
        person = f"{unit}经办乙"
    verb = next(v for v in _FORWARD if v in shape.verbs)
    documents = required_documents(row.row, shape, subject)
    return Action(
        action_id=str(uuid4()),
        verb=verb,
        person=person,
        step=step.name,
        note="无意见" if verb is Verb.OPINION else "",
        verdicts=dict.fromkeys(REVIEW_VERDICTS, SOUND) if shape.verdicts else {},
        replies=dict.fromkeys(parties, "已知悉") if step.name == "意见反馈" else {},
        evidence=tuple(Evidence(name=name, doc_no="示例〔2026〕1号") for name in documents),
    )
