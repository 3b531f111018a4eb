"""A step at a desk (办理环节): an occurrence of a step, and what every action does to it.

Pure decisions: given what is open, who asks and what the registers say of that person, the
answer is a ``Ruling`` or a ``Refused``; nothing waits, reads or writes here. Time running out
never decides anything (design, "The heart"): it turns a light red and is counted.

Sources: 0-28, 0-35, 0-36 (two reviews, three verdicts, the 党工委 reports), 0-37 (opinions and
their feedback), 0-38 (joint issue under one 发文字号), 4-05 (a named person acts).
"""

# ruff: noqa: ARG001 - every rule has the same four arguments

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from domain.action import Action, Evidence, Grant, Light
from domain.deadline import Deadline, Rung
from domain.procedure import SOUND, Verb
from domain.refusal import Refused
from domain.requirement import TEMPLATE_DOCUMENT
from domain.unit import ACTING_ROLES, Role

WITHDRAWN = "撤回"
TERMINATED = "终止"
REMIND = "提醒"
DUE = "到期"
ESCALATE = "升级"


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One unit's answer to a step: who, when, with what."""

    unit: str
    person: str
    verb: Verb
    at: datetime
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    replies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExtensionAsked:
    """A pending request for a later due date, asked before the due time."""

    unit: str
    person: str
    new_due: date
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Step:
    """What an occurrence needs to know of its step; resolved from plan and route at the start.

    ``documents`` must be attached to close it; ``back_to`` are the steps a 退回 may name.
    ``approver`` is the unit that decides extensions. ``line`` are the names of the main line up to
    this step, so that a 退回 can say what is repeated. ``template`` is the text template in force
    that a draft must be made from (0-33); empty where the plan names none.
    """

    name: str
    verbs: tuple[Verb, ...]
    role: Role | None = None
    verdicts: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    back_to: tuple[str, ...] = ()
    approver: str = ""
    max_extensions: int = 1
    line: tuple[str, ...] = ()
    template: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One occurrence of a step. ``visit`` counts from 1; a returned step is visited again.

    ``units`` must act; ``answers`` are theirs so far. ``rungs`` are the reminders and escalations
    still to come, soonest first. ``not_by`` are persons who may not act here (0-35), by reason.
    ``due`` moves only with an approved extension or a new calendar; ``original_due_date`` never.
    ``closed_at`` None is open; ``outcome`` is then the deciding verb, ``outcome_to`` the step a
    退回 or 撤回 leads to.
    """

    step: Step
    visit: int
    units: tuple[str, ...]
    opened_at: datetime
    due: Deadline
    original_due_date: date
    rungs: tuple[Rung, ...] = ()
    not_by: dict[str, str] = field(default_factory=dict)
    answers: tuple[Answered, ...] = ()
    assignees: dict[str, str] = field(default_factory=dict)
    received_by: dict[str, str] = field(default_factory=dict)
    must_reply: tuple[str, ...] = ()
    extension: ExtensionAsked | None = None
    extensions: int = 0
    urged: int = 0
    light: Light = Light.GREEN
    closed_at: datetime | None = None
    outcome: str = ""
    outcome_to: str = ""
    reopen: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Name and visit: ``初审#2``."""
        return f"{self.step.name}#{self.visit}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return self.closed_at is None

    @property
    def waiting_units(self) -> tuple[str, ...]:
        """The responsible units that have not answered."""
        answered = {answer.unit for answer in self.answers}
        return tuple(unit for unit in self.units if unit not in answered)

    @property
    def actors(self) -> tuple[str, ...]:
        """The persons who answered, in order."""
        return tuple(answer.person for answer in self.answers)

    @property
    def doc_no(self) -> str:
        """The first 文号 given in the answers, empty if none."""
        numbers = (e.doc_no for answer in self.answers for e in answer.evidence if e.doc_no)
        return next(numbers, "")


@dataclass(frozen=True, kw_only=True)
class Docket:
    """What a decision looks at: one procedure's items in the order they were opened.

    ``coordinators`` are the units whose 协调员 lead this procedure. ``known_units`` and
    ``other_grants`` answer for the unit or person named in ``to``. ``new_due`` is the due time of
    the date asked in an extension, with its ladder.
    """

    subject: str
    items: tuple[Item, ...]
    coordinators: tuple[str, ...] = ()
    known_units: tuple[str, ...] = ()
    other_grants: tuple[Grant, ...] = ()
    new_due: tuple[Deadline, tuple[Rung, ...]] | None = None

    def open_item(self, step: str) -> Item | None:
        """The open occurrence of a step; None if it is not open."""
        return next((i for i in self.items if i.is_open and i.step.name == step), None)

    @property
    def open_items(self) -> tuple[Item, ...]:
        """All open occurrences."""
        return tuple(i for i in self.items if i.is_open)


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message that a ruling sends to a unit (or a role or person in it)."""

    unit: str
    to: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """An action that was allowed: what is true now. ``sentence`` goes into the log."""

    sentence: str
    unit: str
    item: Item | None = None
    told: tuple[Told, ...] = ()
    terminated: str = ""


class Refusal(Exception):
    """Raised inside ``decide`` by the first rule that says no; turned into a value there."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def named(unit: str, person: str) -> str:
    """Unit and person in one; a person named after the unit is not said twice."""
    return person if person.startswith(unit) else f"{unit}{person}"


def is_overdue(item: Item, at: datetime) -> bool:
    """Whether an open item's due time has passed."""
    return item.is_open and at >= item.due.due


def next_wake(items: tuple[Item, ...]) -> datetime | None:
    """The next instant at which an open item has something to say; None if nothing is waiting."""
    return min((i.rungs[0].at for i in items if i.is_open and i.rungs), default=None)


def ring(item: Item, at: datetime) -> tuple[Item, tuple[Rung, ...]]:
    """This will take every rung whose time has come, and return those to speak of.

    After an outage several have passed: they collapse into the highest (升级 over 到期 over 提醒,
    later over earlier), one notice and not a flood; several persons told at that same instant
    are all told. Empty if none was due.
    """
    passed = tuple(r for r in item.rungs if r.at <= at)
    if not passed or not item.is_open:
        return item, ()
    rank = {REMIND: 0, DUE: 1, ESCALATE: 2}
    top = max((rank[r.kind], r.at) for r in passed)
    late = any(r.kind != REMIND for r in passed) or item.light is Light.RED
    rung = replace(
        item,
        rungs=tuple(r for r in item.rungs if r.at > at),
        light=Light.RED if late else Light.YELLOW,
    )
    return rung, tuple(r for r in passed if (rank[r.kind], r.at) == top)


def reschedule(item: Item, due: Deadline, rungs: tuple[Rung, ...], at: datetime) -> Item:
    """This will move an open item's due time; what was overdue stays red."""
    light = item.light if item.light is Light.RED else Light.GREEN
    return replace(item, due=due, rungs=tuple(r for r in rungs if r.at > at), light=light)


def light_of(items: tuple[Item, ...]) -> Light:
    """The worst light among open items; green if nothing is open."""
    order = (Light.RED, Light.YELLOW)
    lights = {i.light for i in items if i.is_open}
    return next((light for light in order if light in lights), Light.GREEN)


def decide(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling | Refused:
    """This will say what an action does, or why it may not be done.

    ``grants`` are the person's posts now; ``at`` is the instant of the action, aware UTC. Nothing
    is changed: the ruling carries the new item.
    """
    try:
        return _RULES.get(action.verb, _answer)(docket, action, grants, at)
    except Refusal as no:
        return Refused(code=no.code, sentence=no.sentence)


# --- who, and on what -----------------------------------------------------------------------


def _item(docket: Docket, action: Action) -> Item:
    """The open item an action is about; a procedure with one open step needs no name."""
    open_items = docket.open_items
    if not action.step and len(open_items) == 1:
        return open_items[0]
    item = docket.open_item(action.step)
    if item is not None:
        return item
    names = "、".join(i.step.name for i in open_items) or "无"
    if any(i.step.name == action.step for i in docket.items):
        raise Refusal("STEP_CLOSED", f"环节“{action.step}”已经办结；现在待办的环节：{names}。")
    raise Refusal(
        "STEP_NOT_OPEN", f"环节“{action.step or '（未写）'}”没有打开；现在待办的环节：{names}。"
    )


def _posts(grants: tuple[Grant, ...], person: str) -> tuple[Grant, ...]:
    if not grants:
        raise Refusal("UNKNOWN_PERSON", f"通讯录里没有“{person}”，或其职务已经终止。")
    return grants


def _acting_unit(item: Item, action: Action, grants: tuple[Grant, ...]) -> str:
    """The responsible unit that the person acts for here."""
    posts = _posts(grants, action.person)
    able = {g.unit for g in posts if g.role in ACTING_ROLES}
    wanted = (action.unit,) if action.unit else item.units
    mine = tuple(u for u in item.units if u in able and u in wanted)
    if not mine:
        owners = "、".join(item.units)
        who = action.unit or "、".join(sorted({g.unit for g in posts}))
        raise Refusal(
            "NOT_YOUR_UNIT",
            f"环节“{item.step.name}”由{owners}办理，{action.person}（{who}）不能代其办理。",
        )
    waiting = tuple(u for u in mine if u in item.waiting_units)
    if not waiting:
        raise Refusal(
            "ALREADY_ANSWERED", f"{mine[0]}对环节“{item.step.name}”已经答复，不重复办理。"
        )
    if len(waiting) > 1:
        raise Refusal(
            "UNIT_AMBIGUOUS",
            f"{action.person}在{'、'.join(waiting)}都有职务，请用 --unit 写明代表哪个单位。",
        )
    return waiting[0]


def _check_person(item: Item, unit: str, action: Action, grants: tuple[Grant, ...]) -> None:
    """The rules about this very person: 报送's role, the other reviewer, a 转办."""
    role = item.step.role
    if role is not None and not any(g.unit == unit and g.role is role for g in grants):
        raise Refusal(
            "WRONG_ROLE",
            f"环节“{item.step.name}”只能由{unit}的{role}办理，{action.person}不是。",
        )
    if action.person in item.not_by:
        raise Refusal("SAME_REVIEWER", item.not_by[action.person])
    assignee = item.assignees.get(unit)
    if assignee and assignee != action.person:
        substitutes = any(g.unit == unit and g.role is Role.SUBSTITUTE for g in grants)
        if not substitutes:
            raise Refusal(
                "ASSIGNED_TO_OTHER",
                f"环节“{item.step.name}”已转办给{assignee}，由其本人或代办人办理。",
            )


def _coordinator_unit(docket: Docket, action: Action, grants: tuple[Grant, ...]) -> str:
    posts = _posts(grants, action.person)
    for grant in posts:
        if grant.role is Role.COORDINATOR and grant.unit in docket.coordinators:
            return grant.unit
    units = "、".join(docket.coordinators)
    raise Refusal(
        "NOT_COORDINATOR", f"“{action.verb}”只能由协调员（{units}）使用，{action.person}不是。"
    )


def _reason(action: Action, what: str) -> str:
    if not action.note.strip():
        raise Refusal("REASON_MISSING", f"{what}必须写明理由（--note）。")
    return action.note.strip()


# --- answers --------------------------------------------------------------------------------


def _answer(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """提交, 通过, 退回, 反馈意见, 会签 and 审议's verbs: a unit's answer to a step."""
    item = _item(docket, action)
    unit = _acting_unit(item, action, grants)
    if action.verb not in item.step.verbs:
        allowed = "、".join(item.step.verbs)
        raise Refusal("WRONG_VERB", f"环节“{item.step.name}”不能“{action.verb}”；可用：{allowed}。")
    _check_person(item, unit, action, grants)
    _check_content(item, action)
    answer = Answered(
        unit=unit,
        person=action.person,
        verb=action.verb,
        at=at,
        note=action.note,
        evidence=_signed_evidence(item, action),
        verdicts=dict(action.verdicts),
        replies=dict(action.replies),
    )
    answered = replace(item, answers=(*item.answers, answer))
    joint = action.verb in (Verb.COSIGN, Verb.OPINION) and answered.waiting_units
    told: tuple[Told, ...] = ()
    if not joint:
        answered = replace(
            answered,
            closed_at=at,
            outcome=action.verb,
            outcome_to=_return_target(item, action),
            reopen=action.reopen if action.verb is Verb.RETURN else (),
            extension=None,
        )
        told = _return_told(docket, answered, action)
    return Ruling(sentence=_answer_sentence(answered, answer), unit=unit, item=answered, told=told)


def _answer_sentence(item: Item, answer: Answered) -> str:
    text = f"{named(answer.unit, answer.person)}：{item.step.name}{answer.verb}"
    if item.outcome_to:
        text += f"至“{item.outcome_to}”"
    if item.is_open:
        text += f"，尚待{'、'.join(item.waiting_units)}"
    return text + (f"。{answer.note}" if answer.note else "。")


def _check_content(item: Item, action: Action) -> None:
    if action.verb is Verb.RETURN:
        _check_return(item, action)
        return
    if action.verb in (Verb.DEFER, Verb.REJECT):
        _reason(action, f"“{action.verb}”")
        return
    if action.verb is Verb.OPINION:
        _reason(action, "反馈意见时，意见或“无意见”")
        return
    _check_verdicts(item, action)
    _check_documents(item, action)
    missing = [u for u in item.must_reply if not action.replies.get(u, "").strip()]
    if missing:
        raise Refusal(
            "REPLY_MISSING",
            f"下列单位的意见还没有反馈：{'、'.join(missing)}（--reply 单位=采纳情况）。",
        )


def _check_return(item: Item, action: Action) -> None:
    _reason(action, "退回")
    target = action.to or (item.step.back_to[0] if item.step.back_to else "")
    if target not in item.step.back_to:
        allowed = "、".join(item.step.back_to)
        raise Refusal("RETURN_TARGET", f"不能退回到“{target}”；可以退回：{allowed}。")


def _check_verdicts(item: Item, action: Action) -> None:
    """0-36: every round passes only with all three verdicts sound."""
    missing = [v for v in item.step.verdicts if not action.verdicts.get(v)]
    if missing:
        raise Refusal(
            "VERDICT_MISSING",
            f"“通过”前须写明{'、'.join(missing)}的结论（--verdict {missing[0]}=无误）。",
        )
    unsound = [v for v in item.step.verdicts if action.verdicts[v] != SOUND]
    if unsound:
        raise Refusal(
            "VERDICT_UNSOUND", f"{'、'.join(unsound)}不是“无误”，不能通过，请退回并写明理由。"
        )


def _check_documents(item: Item, action: Action) -> None:
    given = {e.name for e in action.evidence if e.doc_no or e.sha256}
    earlier = {e.name for a in item.answers for e in a.evidence}
    missing = [d for d in item.step.documents if d not in given | earlier]
    if missing:
        raise Refusal(
            "DOCUMENT_MISSING",
            f"还缺：{'、'.join(missing)}（--evidence {missing[0]}=文号或文件）。",
        )
    template = item.step.template
    if template and not any(
        e.name == TEMPLATE_DOCUMENT and e.doc_no == template for e in action.evidence
    ):
        raise Refusal(
            "TEMPLATE_DIFFERS",
            f"草案须由现行模板生成（--evidence {TEMPLATE_DOCUMENT}={template}）。",
        )


def _signed_evidence(item: Item, action: Action) -> tuple[Evidence, ...]:
    """0-38: joint issue carries one 发文字号; a second signature may not bring another."""
    if action.verb is Verb.COSIGN:
        first = {e.name: e.doc_no for a in item.answers for e in a.evidence if e.doc_no}
        for piece in action.evidence:
            agreed = first.get(piece.name)
            if agreed and piece.doc_no and piece.doc_no != agreed:
                raise Refusal(
                    "DOC_NO_DIFFERS",
                    f"联合行文用同一个{piece.name}：已签的是{agreed}，不是{piece.doc_no}。",
                )
    return action.evidence


def _return_target(item: Item, action: Action) -> str:
    if action.verb is Verb.RETURN:
        return action.to or item.step.back_to[0]
    return ""


def _return_told(docket: Docket, item: Item, action: Action) -> tuple[Told, ...]:
    """A return says which steps repeat and which opinions stay."""
    if action.verb is not Verb.RETURN:
        return ()
    line = item.step.line
    again = line[line.index(item.outcome_to) :] if item.outcome_to in line else (item.outcome_to,)
    opinions = {a.unit for i in docket.items if Verb.OPINION in i.step.verbs for a in i.answers}
    kept = sorted(opinions - set(action.reopen))
    parts = [f"重新办理{'、'.join(again)}"]
    if action.reopen:
        parts.append(f"重新征求{'、'.join(action.reopen)}的意见")
    if kept:
        parts.append(f"保留{'、'.join(kept)}的意见")
    text = f"{item.step.name}退回至“{item.outcome_to}”：{action.note}（{'；'.join(parts)}）"
    return (Told(unit=docket.subject, to=Role.HANDLER, text=text),)


# --- side verbs -----------------------------------------------------------------------------


def _receive(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """签收: who has it in hand. The clock started at dispatch and is not touched."""
    item = _item(docket, action)
    unit = _acting_unit(item, action, grants)
    changed = replace(item, received_by={**item.received_by, unit: action.person})
    return Ruling(
        sentence=f"{named(unit, action.person)}：签收“{item.step.name}”。", unit=unit, item=changed
    )


def _assign(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """转办: to a person of the same unit; the unit stays responsible."""
    item = _item(docket, action)
    unit = _acting_unit(item, action, grants)
    if not action.to:
        raise Refusal("TARGET_MISSING", "转办须写明转给谁（--to 姓名）。")
    if not any(g.unit == unit and g.role in ACTING_ROLES for g in docket.other_grants):
        raise Refusal("NOT_OF_UNIT", f"{action.to}不是{unit}的经办人，不能转办。")
    if action.to in item.not_by:
        raise Refusal("SAME_REVIEWER", item.not_by[action.to])
    changed = replace(item, assignees={**item.assignees, unit: action.to})
    return Ruling(
        sentence=f"{named(unit, action.person)}：“{item.step.name}”转办给{action.to}。",
        unit=unit,
        item=changed,
        told=(Told(unit=unit, to=action.to, text=f"“{item.step.name}”已转办给您。"),),
    )


def _ask_extension(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling:
    """申请延期: before the due time, with a reason and a later date, as often as the plan allows."""
    item = _item(docket, action)
    unit = _acting_unit(item, action, grants)
    reason = _reason(action, "申请延期")
    if item.step.max_extensions <= item.extensions:
        raise Refusal(
            "EXTENSION_LIMIT", f"本环节最多延期{item.step.max_extensions}次，不能再申请。"
        )
    if item.extension is not None:
        raise Refusal("EXTENSION_PENDING", f"已有延期申请待{item.step.approver}审批。")
    if at >= item.due.due:
        raise Refusal("EXTENSION_LATE", "时限已过，不能再申请延期；超期如实记录，职责不变。")
    if action.new_due is None:
        raise Refusal("DATE_MISSING", "申请延期须写明新的时限（--new-due 日期）。")
    if action.new_due <= item.due.due_date:
        raise Refusal("DATE_NOT_LATER", f"新时限{action.new_due}不晚于现时限{item.due.due_date}。")
    asked = ExtensionAsked(
        unit=unit, person=action.person, new_due=action.new_due, reason=reason, at=at
    )
    return Ruling(
        sentence=(
            f"{named(unit, action.person)}：“{item.step.name}”申请延期至{action.new_due}，"
            f"待{item.step.approver}审批。理由：{reason}"
        ),
        unit=unit,
        item=replace(item, extension=asked),
        told=(
            Told(
                unit=item.step.approver,
                to=Role.HANDLER,
                text=f"{unit}就“{item.step.name}”申请延期至{action.new_due}：{reason}",
            ),
        ),
    )


def _rule_extension(
    docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime
) -> Ruling:
    """批准延期 / 驳回延期: by the unit above; the original date stays visible."""
    item = _item(docket, action)
    posts = _posts(grants, action.person)
    approver = item.step.approver
    if not any(g.unit == approver and g.role in ACTING_ROLES for g in posts):
        raise Refusal(
            "NOT_APPROVER",
            f"延期由{approver}审批，{action.person}不是其第一责任人、经办人或代办人。",
        )
    asked = item.extension
    if asked is None:
        raise Refusal("NO_EXTENSION", f"环节“{item.step.name}”没有待审批的延期申请。")
    if asked.person == action.person:
        raise Refusal("OWN_REQUEST", "不能审批自己提出的延期申请。")
    if action.verb is Verb.DENY_EXTENSION:
        reason = _reason(action, "驳回延期")
        changed = replace(item, extension=None)
        text = f"延期至{asked.new_due}的申请被驳回：{reason}"
    else:
        if docket.new_due is None:
            raise AssertionError("a granted extension needs its new due time")
        due, rungs = docket.new_due
        changed = replace(
            reschedule(item, due, rungs, at), extension=None, extensions=item.extensions + 1
        )
        text = f"“{item.step.name}”延期至{asked.new_due}（原时限{item.original_due_date}）"
    return Ruling(
        sentence=f"{named(approver, action.person)}：{action.verb}。{text}",
        unit=approver,
        item=changed,
        told=(Told(unit=asked.unit, to=asked.person, text=text),),
    )


def _withdraw(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """撤回: the unit that submitted takes it back while nobody has answered the next step.

    Only what was submitted on the main line: 意见反馈 beside it leads nowhere that one could go
    back to.
    """
    closed = [
        i
        for i in docket.items
        if i.step.line and not i.is_open and i.outcome in (Verb.SUBMIT, Verb.APPROVE)
    ]
    if not closed:
        raise Refusal("NOTHING_TO_WITHDRAW", "还没有提交过，不能撤回。")
    last = max(closed, key=lambda i: (i.closed_at or at, i.opened_at))
    if any(i.is_open and i.step.name == last.step.name for i in docket.items):
        raise Refusal(
            "NOTHING_TO_WITHDRAW", f"“{last.step.name}”正在待办，还没有再次提交，不能撤回。"
        )
    posts = _posts(grants, action.person)
    able = {g.unit for g in posts if g.role in ACTING_ROLES}
    sent = next((a for a in reversed(last.answers) if a.unit in able), None)
    if sent is None:
        raise Refusal(
            "NOT_YOUR_UNIT",
            f"最近一次“{last.step.name}”不是{action.person}所在单位提交的，不能撤回。",
        )
    following = [i for i in docket.items if i.opened_at >= (last.closed_at or at) and not i.answers]
    target = next((i for i in following if i.is_open), None)
    if target is None or any(i.answers for i in docket.items if i.opened_at > last.opened_at):
        raise Refusal("TOO_LATE_TO_WITHDRAW", "下一环节已经办理，不能撤回；可请对方退回。")
    changed = replace(target, closed_at=at, outcome=WITHDRAWN, outcome_to=last.step.name)
    return Ruling(
        sentence=f"{named(sent.unit, action.person)}：撤回“{last.step.name}”。{action.note}",
        unit=sent.unit,
        item=changed,
        told=tuple(
            Told(
                unit=u,
                to=Role.HANDLER,
                text=f"{sent.unit}撤回了“{last.step.name}”，本环节不再待办。",
            )
            for u in target.units
        ),
    )


def _add_note(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """补充说明: any unit that has or had a step here may add to the record."""
    note = _reason(action, "补充说明")
    posts = _posts(grants, action.person)
    involved = (
        {u for i in docket.items for u in i.units} | {docket.subject} | set(docket.coordinators)
    )
    unit = next((g.unit for g in posts if g.unit in involved), "")
    if not unit:
        raise Refusal("NOT_YOUR_UNIT", f"{action.person}所在单位与本事项无关，不能补充说明。")
    return Ruling(sentence=f"{named(unit, action.person)}：补充说明。{note}", unit=unit)


# --- the coordinator ------------------------------------------------------------------------


def _urge(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """催办: a notice to every unit that has not answered; counted."""
    item = _item(docket, action)
    unit = _coordinator_unit(docket, action, grants)
    note = f"：{action.note}" if action.note else ""
    return Ruling(
        sentence=f"{named(unit, action.person)}：催办“{item.step.name}”（第{item.urged + 1}次）{note}。",
        unit=unit,
        item=replace(item, urged=item.urged + 1),
        told=tuple(
            Told(unit=u, to=Role.HANDLER, text=f"催办“{item.step.name}”{note}")
            for u in item.waiting_units
        ),
    )


def _reassign(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """改派: the step goes to another unit, with a reason; the due time stays."""
    item = _item(docket, action)
    unit = _coordinator_unit(docket, action, grants)
    reason = _reason(action, "改派")
    old, _, new = action.to.rpartition("=")
    waiting = item.waiting_units
    if not old and len(waiting) != 1:
        raise Refusal(
            "UNIT_AMBIGUOUS", f"本环节待{'、'.join(waiting)}办理，请写 --to 原单位=新单位。"
        )
    old = old or waiting[0]
    if old not in waiting:
        raise Refusal("NOT_WAITING", f"{old}没有待办的“{item.step.name}”。")
    if not new or new not in docket.known_units:
        raise Refusal("UNKNOWN_UNIT", f"通讯录里没有单位“{new}”。")
    if new in item.units:
        raise Refusal("SAME_UNIT", f"{new}已经是本环节的办理单位。")
    changed = replace(item, units=tuple(new if u == old else u for u in item.units))
    return Ruling(
        sentence=f"{named(unit, action.person)}：“{item.step.name}”由{old}改派{new}。{reason}",
        unit=unit,
        item=changed,
        told=(
            Told(unit=new, to=Role.HANDLER, text=f"“{item.step.name}”改派给你单位：{reason}"),
            Told(unit=old, to=Role.HANDLER, text=f"“{item.step.name}”已改派{new}：{reason}"),
        ),
    )


def _terminate(docket: Docket, action: Action, grants: tuple[Grant, ...], at: datetime) -> Ruling:
    """终止: the whole procedure ends undone, with a reason."""
    unit = _coordinator_unit(docket, action, grants)
    reason = _reason(action, "终止")
    return Ruling(
        sentence=f"{named(unit, action.person)}：终止办理。{reason}",
        unit=unit,
        terminated=reason,
        told=tuple(
            Told(unit=u, to=Role.HANDLER, text=f"事项已终止：{reason}")
            for i in docket.open_items
            for u in i.waiting_units
        ),
    )


_RULES = {
    Verb.RECEIVE: _receive,
    Verb.ASSIGN: _assign,
    Verb.ASK_EXTENSION: _ask_extension,
    Verb.GRANT_EXTENSION: _rule_extension,
    Verb.DENY_EXTENSION: _rule_extension,
    Verb.WITHDRAW: _withdraw,
    Verb.ADD_NOTE: _add_note,
    Verb.URGE: _urge,
    Verb.REASSIGN: _reassign,
    Verb.TERMINATE: _terminate,
}
