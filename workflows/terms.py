"""The terms of one procedure: its row and its planned steps, as the plan has them now.

They are those of the start until the plan is amended; what was amended lives in the state, so that
it goes along when the procedure continues as new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from contracts.procedure import ProcedureRequest, ProcedureState, RowAmended
    from domain.plan import Row
    from domain.procedure import StepShape
    from domain.schedule import PlannedStep


class Terms:
    """What the companions of a procedure ask instead of its request."""

    def __init__(self, request: ProcedureRequest, state: ProcedureState) -> None:
        self._request = request
        self._state = state

    @property
    def row(self) -> Row:
        """The plan's row as it stands."""
        return self._state.row or self._request.row

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The planned steps as they stand."""
        return self._state.steps or self._request.steps

    @property
    def planned(self) -> Mapping[str, PlannedStep]:
        """The planned steps by name."""
        return {step.name: step for step in self.steps}

    @property
    def route(self) -> tuple[StepShape, ...]:
        """The shapes of the steps, in order."""
        return tuple(step.shape for step in self.steps)

    @property
    def limit(self) -> date:
        """The row's 完成时限, or the later date of an approved extension."""
        return self._state.limit or self.row.due

    @property
    def district(self) -> str:
        """The district whose calendar counts; a case learns it when it is admitted."""
        return self._state.case.district if self._state.case else self._request.district

    @property
    def coordinators(self) -> tuple[str, ...]:
        """The units whose 协调员 lead the procedure."""
        if self._state.case is not None:
            return self._state.case.coordinators
        return self._request.coordinators

    def amend(self, note: RowAmended) -> None:
        """This will take over the row and steps of an amended plan; a new date is the new limit."""
        if note.row is not None:
            if note.row.due != self.row.due:
                self._state.limit = None
            self._state.row = note.row
        if note.steps:
            self._state.steps = note.steps
        self._state.plan_version = note.version
