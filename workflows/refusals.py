"""How many refusals of one person a procedure logs: a flood ends, and the next day begins anew.

A refusal is worth its 5 to 11 events as long as somebody may learn from it. What is beyond a day's
number is turned away before it leaves a trace; nobody is shut out for good (design, "The heart").
"""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureState
    from domain.deadline import local_day
    from domain.refusal import Refused


def count_refusal(state: ProcedureState, person: str) -> None:
    """This will count a refusal of today; those of an earlier day are forgotten."""
    today = local_day(workflow.now())
    if state.refusals_on != today:
        state.refusals, state.refusals_on = {}, today
    state.refusals[person] = state.refusals.get(person, 0) + 1


def flood_fault(state: ProcedureState, person: str, most: int) -> Refused | None:
    """Why nothing more is taken from a person today; None while it is."""
    if state.refusals_on != local_day(workflow.now()) or state.refusals.get(person, 0) < most:
        return None
    return Refused(
        code="TOO_MANY_REFUSALS",
        sentence=f"{person}今天在本事项上已有{most}次操作被拒绝，今天不再受理，明天可以再办；"
        "请先用 jiegai log 核对拒绝的原因。",
    )
