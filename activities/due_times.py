"""Due times of steps: the later of the backward schedule and the step's own working days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from activities.plan_shelf import PlanOnShelf
from contracts.registers import DueQuestion, StepDue
from domain.calendar import WorkCalendar, days_between
from domain.case_clock import clock_deadline, clock_rungs
from domain.case_limits import CaseLimit
from domain.day_words import spell_day
from domain.deadline import (
    Deadline,
    after_workdays,
    by_date,
    local_words,
    next_workday,
    same_day,
    workdays_before,
)
from domain.ladder import ladder


@dataclass(frozen=True)
class DueTimes:
    """Answers due questions for one plan under one calendar."""

    shelved: PlanOnShelf
    calendar: WorkCalendar

    def answer(self, question: DueQuestion) -> StepDue:
        """This will return a step's due time, its rule, and its ladder."""
        policy = self.shelved.plan.policy
        deadline = self.deadline(question)
        if question.clock is not None:
            rungs = clock_rungs(
                deadline,
                question.dispatched_at,
                limit=question.clock,
                remind=question.remind,
                remind_hours=question.remind_hours,
                escalate=question.escalate,
                policy=policy,
                calendar=self.calendar,
            )
            return StepDue(deadline=deadline, rungs=rungs)
        rungs = ladder(
            deadline,
            question.dispatched_at,
            remind=question.remind,
            escalate=question.escalate,
            policy=policy,
            calendar=self.calendar,
        )
        return StepDue(deadline=deadline, rungs=rungs)

    def deadline(self, question: DueQuestion) -> Deadline:
        """This will return when a step is due, as :class:`DueQuestion` says."""
        found = self._fresh(question)
        if question.standing is None or question.asked_at is None:
            return found
        day_end = self.shelved.plan.policy.day_end
        held = by_date(day=question.standing, calendar=self.calendar, day_end=day_end)
        if not found.due <= question.asked_at < held.due:
            return found
        return self._held(question, question.standing, found)

    def _held(self, question: DueQuestion, standing: date, found: Deadline) -> Deadline:
        """The date so far, moved on from a rest day: what counts back into the past is no due time.

        So it was on 2020-01-27: steps of 01-31, by then a holiday, were not overdue since 01-23.
        """
        day = next_workday(standing, self.calendar)
        if question.limit is not None:
            day = max(standing, min(day, question.limit))
        placed = by_date(day=day, calendar=self.calendar, day_end=self.shelved.plan.policy.day_end)
        kept = "顺延" if day != standing else "不变"
        said = (
            f"按新日历倒推为{spell_day(found.due_date)}，已经过去，不因此算作超期，"
            f"原时限{spell_day(standing)}{kept}；"
        )
        return replace(
            placed, rule=said + placed.rule, provisional=placed.provisional or found.provisional
        )

    def _fresh(self, question: DueQuestion) -> Deadline:
        day_end = self.shelved.plan.policy.day_end
        if question.by is not None:
            return by_date(day=question.by, calendar=self.calendar, day_end=day_end)
        if question.clock is not None:
            return self._clocked(question, question.clock, question.day_end or day_end)
        found = self._unlimited(question, day_end)
        if question.limit is None or found.due_date <= question.limit:
            return found
        last = by_date(day=question.limit, calendar=self.calendar, day_end=day_end)
        said = f"另计应为{spell_day(found.due_date)}，但不晚于本行完成时限；"
        return replace(last, rule=said + last.rule)

    def _clocked(self, question: DueQuestion, limit: CaseLimit, day_end: str) -> Deadline:
        """The clock of a case; who is asked after it ran out has time of their own."""
        trigger = question.trigger or question.dispatched_at
        found = clock_deadline(limit, trigger, self.calendar, day_end=day_end)
        if not question.workdays or found.due > question.dispatched_at:
            return found
        own = self._own(question, day_end)
        said = f"送达时{spell_day(found.due_date)}的期限已过，自送达起另计；"
        return replace(own, rule=said + own.rule)

    def _unlimited(self, question: DueQuestion, day_end: str) -> Deadline:
        own = self._own(question, day_end)
        planned = self._planned(question)
        if planned is None:
            return own
        placed = by_date(day=planned, calendar=self.calendar, day_end=day_end)
        if question.workdays and own.due > placed.due:
            said = (
                f"计划倒排为{spell_day(planned)}，自交办起不足{question.workdays}个工作日，另计；"
            )
            return replace(own, rule=said + own.rule)
        said = f"计划倒排“{question.step}”；"
        if not placed.provisional and self._is_doubtful(question, planned):
            said += "其后的放假通知尚未全部载入，本期限为暂定；"
            placed = replace(placed, provisional=True)
        if local := self._closures(question, planned):
            said += f"倒排时{local}；"
        return replace(placed, rule=said + placed.rule)

    def _own(self, question: DueQuestion, day_end: str) -> Deadline:
        if not question.workdays:
            return same_day(trigger=question.dispatched_at, calendar=self.calendar, day_end=day_end)
        return after_workdays(
            trigger=question.dispatched_at,
            count=question.workdays,
            calendar=self.calendar,
            day_end=day_end,
        )

    def _planned(self, question: DueQuestion) -> date | None:
        if question.row_id:
            found = self.shelved.planned_due(question.row_id, question.step, self.calendar)
            if found is not None:
                return found
        if question.anchor is None or not question.workdays_after:
            return question.anchor
        return workdays_before(question.anchor, question.workdays_after, self.calendar)

    def _is_doubtful(self, question: DueQuestion, planned: date) -> bool:
        """Whether a notice not yet loaded could move a date that was counted backwards."""
        return not all(map(self.calendar.covers, self._counted_back(question, planned)))

    def _closures(self, question: DueQuestion, planned: date) -> str:
        """The district's own days among those that were counted backwards, with their papers."""
        return local_words(self.calendar, self._counted_back(question, planned))

    def _counted_back(self, question: DueQuestion, planned: date) -> tuple[date, ...]:
        end = question.anchor
        if question.row_id:
            end = next((r.due for r in self.shelved.plan.rows if r.id == question.row_id), end)
        return () if end is None or end <= planned else tuple(days_between(planned, end))
