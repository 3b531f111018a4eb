"""What a procedure shows and writes: log lines, pages for the journal, and the Web UI's details.

Nothing here decides or waits; it turns the state into words, rows and search attributes. An
upsert costs an event, so that one is made only when a value has changed.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

with workflow.unsafe.imports_passed_through():
    from contracts import search
    from contracts.case import CasePage
    from contracts.journal import BoardRow, DeskItem, EntryKind, LogEntry, Notice, Page
    from contracts.procedure import ProcedureRequest, ProcedureState, Progress, StepProgress
    from contracts.webpage import day_cell, table, unbroken
    from domain import desk
    from domain.action import Action, Light
    from domain.deadline import Deadline, local_day
    from domain.desk import Answered, Item, Move, SecondAsked
    from domain.procedure import SIDE, Verb
    from workflows.case_page import case_details, case_page
    from workflows.terms import Terms

SHANGHAI = ZoneInfo("Asia/Shanghai")
RUNNING = "办理中"
EXTENDING = "延期审批"
SECONDING = "复核"


class ProcedureView:
    """The words of one procedure; owns numbering of the log."""

    def __init__(self, request: ProcedureRequest, state: ProcedureState, terms: Terms) -> None:
        self._request = request
        self._state = state
        self._terms = terms
        self._touched = False
        self._heals = False
        self._task = 0
        self._settled = state.seq
        self._shown: dict[str, object] = {}
        self._last: Page | None = None
        self.opened: list[tuple[int, str]] = []

    # --- log --------------------------------------------------------------------------------

    @property
    def is_stale(self) -> bool:
        """Whether something has happened that is not written yet."""
        return bool(self._state.unwritten) or self._touched

    def touch(self) -> None:
        """The read models need writing though nothing was logged."""
        self._touched = True

    def heal(self) -> None:
        """The journal holds lines after ours: what it shows must be written anew."""
        self._touched = self._heals = True

    def settled(self) -> int:
        """The newest line that an earlier workflow task has brought into the history.

        What this task adds is lost with it if the server or the worker dies before it ends.
        """
        return self._state.seq if _task_now() > self._task else self._settled

    def log(
        self,
        kind: EntryKind,
        sentence: str,
        *,
        step: str = "",
        unit: str = "",
        action: Action | None = None,
        code: str = "",
        verb: str = "",
        person: str = "",
        action_id: str = "",
        detail: dict[str, object] | None = None,
    ) -> int:
        """This will add a line to the log and return its number."""
        self._settled, self._task = self.settled(), _task_now()
        self._state.seq += 1
        entry = LogEntry(
            seq=self._state.seq,
            at=workflow.now(),
            kind=kind,
            sentence=sentence,
            step=step,
            person=action.person if action else person,
            unit=unit or (action.unit if action else ""),
            verb=verb or (str(action.verb) if action else ""),
            code=code,
            action_id=action.action_id if action else action_id,
            detail={**(detail or {}), **(_attached(action) if action else {})},
        )
        self._state.unwritten = (*self._state.unwritten, entry)
        if kind is EntryKind.OPENED:
            self.opened.append((entry.seq, step))
        return entry.seq

    def log_move(self, item: Item, due: Deadline, move: Move) -> str:
        """This will log that a due date has moved, and return the sentence."""
        why = {
            desk.CALENDAR: f"工作日历更新（{move.paper}）",
            desk.AMENDED: f"方案修订（{move.paper}）",
        }
        text = f"{why[move.why]}，“{item.step.name}”时限由{move.before}改为{move.after}。"
        detail = {
            "visit": item.visit,
            "rule": due.rule,
            "calendar": due.calendar,
            "provisional": due.provisional,
            "move": move_detail(move, item),
        }
        self.log(EntryKind.RESCHEDULED, text, step=item.step.name, detail=detail)
        return text

    def tell(self, unit: str, to: str, text: str, *, step: str, level: str) -> None:
        """This will leave a notice for a unit, written once under its key."""
        number = len(self._state.notices)
        key = f"{workflow.info().workflow_id}:{workflow.info().run_id}:{self._state.seq}:{number}"
        notice = Notice(
            key=key,
            at=workflow.now(),
            unit=unit,
            to=str(to),
            text=text,
            step=step,
            level=level,
            seq=self._state.seq,
        )
        self._state.notices = (*self._state.notices, notice)
        self._touched = True

    def opened_since(self, seq: int) -> tuple[str, ...]:
        """The steps opened after a line of the log, in this run."""
        return tuple(step for number, step in self.opened if number > seq)

    # --- pages ------------------------------------------------------------------------------

    def page(self, ending: str = "") -> Page:
        """Everything not yet written, with the read models as they are now."""
        heals, self._heals, self._touched = self._heals, False, False
        page = self._page(ending, heals=heals)
        if ending:
            self._last = page
        return page

    def glance(self) -> Page:
        """The read models as a page would show them now; its last one, once it is over.

        Changes nothing: a query may ask.
        """
        return replace(self._last or self._page("", heals=False), entries=(), notices=())

    def _page(self, ending: str, *, heals: bool) -> Page:
        request, info = self._request, workflow.info()
        return Page(
            workflow_id=info.workflow_id,
            run_id=info.run_id,
            seq=self._state.seq,
            rollout=request.plan.rollout,
            district=self._terms.district,
            unit=request.unit,
            row_id=self._terms.row.id,
            item=self._terms.row.item,
            task=self._terms.row.task,
            procedure=info.workflow_type,
            board=self._board(ending),
            entries=self._state.unwritten,
            items=tuple(d for i in self._open_items() for d in self._desk_items(i)),
            notices=self._state.notices,
            settled=self.settled(),
            heals=heals,
            case=self._case_page(ending),
        )

    def _case_page(self, ending: str) -> CasePage | None:
        file, opening = self._state.case, self._request.opening
        if file is None or opening is None:
            return None
        return case_page(
            file,
            self._state.items,
            self._state.admission,
            ending=ending,
            action_id=opening.action_id,
            opened_at=self._state.started_at,
            now=workflow.now(),
        )

    def written(self, page: Page) -> None:
        """This will forget what a page carried; what came since stays."""
        self._state.unwritten = self._state.unwritten[len(page.entries) :]
        self._state.notices = self._state.notices[len(page.notices) :]

    def _open_items(self) -> list[Item]:
        return [i for i in self._state.items.values() if i.is_open]

    def _board(self, ending: str) -> BoardRow:
        open_items = self._open_items()
        state = self._state
        planned = [s for s in self._terms.steps if not s.shape.conditional and s.units]
        done = {i.step.name for i in state.items.values() if not i.is_open and not i.outcome_to}
        open_names = {i.step.name for i in open_items}
        limited = [i.due for i in open_items if not i.due.is_unlimited]
        next_due = min(limited, key=lambda d: d.due, default=None)
        return BoardRow(
            status=ending or RUNNING,
            open_steps=tuple(i.step.name for i in open_items),
            responsible=_units(open_items),
            next_due_at=next_due.due if next_due else None,
            row_due_date=self._terms.limit,
            light=str(desk.light_of(tuple(open_items))) if not ending else "",
            provisional=any(i.due.provisional for i in open_items),
            overdue_count=state.overdue_count,
            returned_count=state.returned_count,
            extended_count=state.extended_count,
            started_at=state.started_at,
            ended_at=workflow.now() if ending else None,
            calendar_version=state.calendar_version,
            steps_done=sum(s.name in done - open_names for s in planned),
            steps_total=len(planned),
            silent_count=state.silent_count,
        )

    def _desk_items(self, item: Item) -> list[DeskItem]:
        """One row per unit that still has to act, and one for whoever decides beside it."""
        rows = [self._desk_item(item, unit, "办理") for unit in item.waiting_units]
        if item.extension is not None:
            rows.append(self._desk_item(item, item.approver, EXTENDING))
        second = self._state.second
        if second is not None and item is self._item_seconded(second):
            rows.append(self._desk_item(item, second.unit, SECONDING))
        return rows

    def _item_seconded(self, second: SecondAsked) -> Item | None:
        """The open item beside which a second person is asked; for the whole, the first one."""
        items = self._open_items()
        return next((i for i in items if i.step.name == second.step), items[0] if items else None)

    def _desk_item(self, item: Item, unit: str, purpose: str) -> DeskItem:
        own = purpose == "办理"
        # 签收 beside an answer would be mistaken for the 接收 of a case.
        side = SIDE - {Verb.RECEIVE} if self._state.case else SIDE
        verbs = {
            EXTENDING: (Verb.GRANT_EXTENSION, Verb.DENY_EXTENSION),
            SECONDING: (Verb.COUNTERSIGN, Verb.OBJECT),
        }.get(purpose, (*item.step.verbs, *sorted(side)))
        return DeskItem(
            unit=unit,
            step=item.step.name,
            purpose=purpose,
            opened_at=item.opened_at,
            due_at=item.due.due,
            due_date=item.due.due_date,
            original_due_date=item.original_due_date,
            provisional=item.due.provisional,
            rule=item.due.rule,
            yellow_at=min((r.at for r in item.rungs if r.kind == desk.REMIND), default=None)
            if item.light is Light.GREEN
            else item.opened_at,
            verbs=tuple(str(v) for v in verbs),
            documents=item.step.documents if own else (),
            waiting_for=item.assignees.get(unit, "") if own else "",
            urged=item.urged,
            note=self._desk_note(item, purpose),
            due_basis=self._state.questions.get(item.key) if own else None,
        )

    def _desk_note(self, item: Item, purpose: str) -> str:
        asked, second = item.extension, self._state.second
        if purpose == SECONDING and second is not None:
            to = f"（{second.to}）" if second.to else ""
            return f"{second.person}提出{second.verb}{to}：{second.note}"
        return f"申请延期至{asked.new_due}：{asked.reason}" if asked else ""

    # --- the Web UI -------------------------------------------------------------------------

    def show(self, ending: str = "") -> None:
        """This will set the details page, and the search attributes whose value has changed."""
        workflow.set_current_details(self._details(ending))
        updates = self._search(ending)
        changed = [u for u in updates if self._shown.get(u.key.name, None) != u.value]
        if changed:
            workflow.upsert_search_attributes(changed)
            self._shown.update({u.key.name: u.value for u in changed})

    def _search(self, ending: str) -> list[SearchAttributeUpdate[Any]]:
        open_items = self._open_items()
        next_due = min((i.due.due for i in open_items if not i.due.is_unlimited), default=None)
        light = "" if ending else str(desk.light_of(tuple(open_items)))
        return [
            search.LIGHT.value_set(light or ending),
            search.OPEN_STEPS.value_set([i.step.name for i in open_items]),
            search.RESPONSIBLE_UNITS.value_set(list(_units(open_items))),
            search.NEXT_DUE.value_set(next_due) if next_due else search.NEXT_DUE.value_unset(),
            search.OUTCOME.value_set(ending or RUNNING),
            search.CALENDAR_VERSION.value_set(self._state.calendar_version),
            search.PROVISIONAL.value_set(any(i.due.provisional for i in open_items)),
            *self._case_search(),
        ]

    def _case_search(self) -> list[SearchAttributeUpdate[Any]]:
        file = self._state.case
        if file is None:
            return []
        cited = [f"{file.citation.list_name}#{file.citation.number}"] if file.citation else []
        return [
            search.DISTRICT.value_set(file.district),
            search.CASE_KIND.value_set(str(file.kind)),
            search.PLAN_ROW.value_set(self._terms.row.id),
            search.BASIS_ITEMS.value_set(cited),
        ]

    def _details(self, ending: str) -> str:
        row = self._terms.row
        now = [ending] if ending else [_standing(i) for i in self._open_items()]
        version = f"，方案第{self._state.plan_version}版" if self._state.plan_version else ""
        by = f"（{row.set_by}设定）" if row.set_by else ""
        lines = [
            f"**{self._request.unit} · {row.task}**（{row.id}{version}）",
            "",
            *([] if self._state.case else [f"- 完成时限：{row.due}{by}"]),
            *(f"- 现状：{each}" for each in now or ["准备中"]),
        ]
        if batch := self._state.transfer and self._state.transfer.line:
            lines.append(f"- {batch}")
        if self._state.case is not None:
            lines += case_details(
                self._state.case, self._state.items, self._state.admission, workflow.now()
            )
        if turns := self._turns():
            lines.append(f"- 经过：{turns}")
        steps = (_cells(item) for item in self._state.items.values())
        return "\n".join([*lines, "", table(("环节", "灯", "时限", "单位", "结果"), steps)])

    def _turns(self) -> str:
        counts = {
            "退回": self._state.returned_count,
            "延期": self._state.extended_count,
            "超期": self._state.overdue_count,
            "代记无意见": self._state.silent_count,
        }
        return "、".join(f"{what}{count}次" for what, count in counts.items() if count)

    def timer_summary(self) -> str:
        """What the pending timer waits for, in a line for the Web UI."""
        rungs = [(i.rungs[0], i.step.name) for i in self._open_items() if i.rungs]
        if not rungs:
            return "等待"
        rung, name = min(rungs, key=lambda pair: pair[0].at)
        return f"{name}：{rung.kind} {rung.at.astimezone(SHANGHAI):%m-%d %H:%M}"

    def progress(self, ending: str, written: int) -> Progress:
        """The state as the query answers it."""
        return Progress(
            unit=self._request.unit,
            task=self._terms.row.task,
            status=ending or RUNNING,
            steps=tuple(_step_progress(i) for i in self._state.items.values()),
            seq=self._state.seq,
            calendar_version=self._state.calendar_version,
            written=written,
            people=self._state.transfer.counts if self._state.transfer else {},
        )


def _task_now() -> int:
    """The workflow task at work, by the number of its first event; it only grows."""
    return workflow.info().get_current_history_length()


def _units(items: list[Item]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(u for i in items for u in i.waiting_units))


def _standing(item: Item) -> str:
    """An open step in a line: 绿灯，初审，待海勃湾区委编办，时限2026-11-24."""
    waiting = "、".join(item.waiting_units) or "、".join(item.units)
    limit = item.due.words if item.due.is_unlimited else f"时限{item.due.words}"
    return f"**{item.light}灯**，{_visit(item)}，待{waiting}，{limit}"


def _cells(item: Item) -> tuple[str, ...]:
    """A step as a row of the details; an open one stands out."""
    due = _local(item.due.due, day_cell(item.due.due_date))
    if item.due.is_unlimited:
        due = item.due.words
    if item.due.due_date != item.original_due_date:
        papers = "、".join(m.paper for m in item.moves if m.paper and m.why != desk.CALENDAR)
        due += f"（原{day_cell(item.original_due_date)}{'，' + papers if papers else ''}）"
    if item.due.provisional:
        due += "（暂定）"
    name = unbroken(_visit(item))
    name, light = (f"**{name}**", f"**{item.light}**") if item.is_open else (name, "—")
    return name, light, due, "、".join(item.units), _outcome(item)


def _visit(item: Item) -> str:
    return item.step.name if item.visit == 1 else f"第{item.visit}次{item.step.name}"


def _outcome(item: Item) -> str:
    if item.is_open:
        answered = "、".join(f"{a.unit}{a.verb}" for a in item.answers)
        return f"待办{'（' + answered + '）' if answered else ''}"
    sole = item.units[0] if len(item.units) == 1 else ""
    who = "、".join(_answerer(a, sole) for a in item.answers)
    late = "，超期" if item.is_late else ""
    to = f"至{item.outcome_to}" if item.outcome_to else ""
    return f"{item.outcome}{to}{'（' + who + '）' if who else ''}{late}"


def _answerer(answer: Answered, sole: str) -> str:
    """Who answered, in which capacity, and on which day where that was recorded later."""
    who = answer.person.removeprefix(sole) or answer.person
    on = f"{answer.on:%m-%d}，补录" if answer.on and answer.on < local_day(answer.at) else ""
    return "，".join(part for part in (f"{who}{answer.capacity}", on) if part)


def _local(at: datetime, day: str) -> str:
    clock = f"{at.astimezone(SHANGHAI):%H:%M}"
    return day if clock == "00:00" else f"{day} {clock}"


def _step_progress(item: Item) -> StepProgress:
    return StepProgress(
        step=item.step.name,
        visit=item.visit,
        units=item.units,
        light=str(item.light),
        due_at=item.due.due,
        due_date=item.due.due_date,
        original_due_date=item.original_due_date,
        provisional=item.due.provisional,
        opened_at=item.opened_at,
        closed_at=item.closed_at,
        outcome=item.outcome,
        answered_by={a.unit: a.person for a in item.answers},
        done_on=item.done_on,
        late=item.is_late,
        moves=item.moves,
    )


def move_detail(move: Move, item: Item) -> dict[str, object]:
    """A move of a due date as the log keeps it, the original beside it."""
    return {
        "before": move.before.isoformat(),
        "after": move.after.isoformat(),
        "original": item.original_due_date.isoformat(),
        "why": move.why,
        "paper": move.paper,
    }


def _attached(action: Action) -> dict[str, object]:
    """The parts of an action worth keeping beside its sentence; empty parts are left out."""
    parts = {
        "note": action.note,
        "to": action.to,
        "new_due": action.new_due.isoformat() if action.new_due else "",
        "happened_on": action.happened_on.isoformat() if action.happened_on else "",
        "verdicts": action.verdicts,
        "replies": action.replies,
        "reopen": list(action.reopen),
        "evidence": [{k: v for k, v in asdict(e).items() if v} for e in action.evidence],
        "signature": action.signature,
        "facts": action.facts,
    }
    return {name: value for name, value in parts.items() if value}
