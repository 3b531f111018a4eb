"""A transfer batch across the Temporal boundary: keys and counts, never a name or a list of people.

What the workflow asks between its steps is declared in ``Transfers``; what people look at, in
``TransferDesk``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from temporalio import activity

from domain.action import Evidence
from domain.transfer_person import PersonKind

PERSON_UPDATE: Final = "person"
PEOPLE_PAGE: Final = 500


@dataclass(frozen=True, kw_only=True)
class PersonAction:
    """What is recorded of persons of a batch, by their keys; all of them or none.

    ``happened_on`` is the day (Asia/Shanghai) where that is not the day of recording; ``to_unit``
    belongs to 调整.
    """

    action_id: str
    kind: PersonKind
    staff: tuple[str, ...]
    person: str
    unit: str = ""
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    happened_on: date | None = None
    to_unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Which roster of which procedure; ``version`` 0 is whatever is current."""

    rollout: str
    workflow_id: str
    unit: str
    number: str
    version: int = 0
    content_hash: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckQuestion:
    """Whether a step may be closed: 名册, 请示, 审批… or 转人员.

    At an approval the posting is tried and rolled back: ``stage``, ``paper`` and ``day`` are those of the
    answer that is being given.
    """

    batch: Batch
    step: str
    now: datetime
    stage: str = ""
    person: str = ""
    paper: str = ""
    special_paper: str = ""
    day: date | None = None


@dataclass(frozen=True, kw_only=True)
class CheckAnswer:
    """``code`` and ``sentence`` where it may not; else the roster as it was found."""

    code: str = ""
    sentence: str = ""
    version: int = 0
    content_hash: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Posting:
    """Post for everybody whom ``stage`` concerns, page by page.

    ``stage`` (``审批#1``) is part of each entry's key; ``step`` is the approval's name.
    """

    batch: Batch
    stage: str
    step: str
    person: str
    paper: str
    day: date
    now: datetime
    special_paper: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """How far it came: ``people`` now, ``refused`` who could not be posted, with the first reason."""

    code: str = ""
    sentence: str = ""
    people: int = 0
    refused: tuple[str, ...] = ()
    in_transit: int = 0
    astray: int = 0
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Change:
    """Freeze, thaw, or end a roster."""

    batch: Batch
    now: datetime


@dataclass(frozen=True, kw_only=True)
class PersonOrder:
    """A person action with what the workflow knows of the moment and of the actor."""

    batch: Batch
    action: PersonAction
    leads: bool
    units: tuple[str, ...]
    approved: bool
    moved: bool
    day: date
    now: datetime


@dataclass(frozen=True, kw_only=True)
class PersonAnswer:
    """Done, or refused as a whole with a code and a sentence."""

    accepted: bool
    sentence: str
    code: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(kw_only=True)
class BatchState:
    """What a batch knows of its roster, carried over continue-as-new.

    ``done`` holds by key (``请示#1:冻结``) how the work between two steps ended: the step to go back
    to, empty to go on. ``approved_on`` is the day from which posts are on their way. ``counts`` are
    persons by state. ``waiting`` are person actions to be settled once the database is back.
    ``correction`` is the 文号 by which the batch is ended after its 批复.
    """

    number: str = ""
    version: int = 0
    content_hash: str = ""
    frozen: bool = False
    sent: bool = False
    approved_on: date | None = None
    done: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    waiting: tuple[PersonOrder, ...] = ()
    correction: str = ""

    @property
    def line(self) -> str:
        """The batch in a line for the Web UI."""
        if not self.number:
            return ""
        people = "、".join(f"{state}{count}人" for state, count in self.counts.items())
        return f"名册：{self.number}（第{self.version}版{'，' + people if people else ''}）"


class Transfers(ABC):
    """Between the steps of a batch. Every method may be delivered twice and does its work once."""

    @activity.defn(name="check_transfer")
    @abstractmethod
    async def check(self, question: CheckQuestion) -> CheckAnswer:
        """This will say whether a step may be closed; nothing is written (local activity)."""

    @activity.defn(name="freeze_roster")
    @abstractmethod
    async def freeze(self, change: Change) -> CheckAnswer:
        """This will claim the roster for this procedure and freeze it (请示)."""

    @activity.defn(name="thaw_roster")
    @abstractmethod
    async def thaw(self, change: Change) -> CheckAnswer:
        """This will let the roster be drawn up again (退回); nobody may be on the way."""

    @activity.defn(name="send_posts")
    @abstractmethod
    async def send(self, posting: Posting) -> Posted:
        """This will put the posts of an approval on their way."""

    @activity.defn(name="register_people")
    @abstractmethod
    async def register(self, posting: Posting) -> Posted:
        """This will bring posts and people over, person by person."""

    @activity.defn(name="take_posts_back")
    @abstractmethod
    async def take_back(self, posting: Posting) -> Posted:
        """This will bring back every post still on its way, the last sent first."""

    @activity.defn(name="end_transfer")
    @abstractmethod
    async def end(self, posting: Posting) -> Posted:
        """This will end the batch (办结 in ``step``, or 撤销) and check that nothing is on its way."""

    @activity.defn(name="decide_person")
    @abstractmethod
    async def decide(self, order: PersonOrder) -> PersonAnswer:
        """This will decide one person action, once."""


@dataclass(frozen=True, kw_only=True)
class TransferQuestion:
    """Look at the batch of a procedure."""

    workflow_id: str
    now: datetime


@dataclass(frozen=True, kw_only=True)
class SumLine:
    """So many persons of one department, team, type and state."""

    from_unit: str
    to_unit: str
    team: str
    type: str
    state: str
    people: int


@dataclass(frozen=True, kw_only=True)
class TransferShown:
    """A batch: its roster, sums, open objections, and what the ledger has on its way for it."""

    workflow_id: str
    number: str = ""
    version: int = 0
    status: str = ""
    stage: str = ""
    people: int = 0
    in_transit: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    objections: dict[str, int] = field(default_factory=dict)
    sums: tuple[SumLine, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PeopleQuestion:
    """Persons of a batch by key; ``state`` a place or a stage of an objection."""

    workflow_id: str
    now: datetime
    state: str = ""
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class PersonLine:
    """One person by key; ``sink_mode`` where the roster says how the person goes down (3-11)."""

    staff: str
    from_unit: str
    to_unit: str
    team: str
    type: str
    state: str
    objection: str = ""
    outcome: str = ""
    sink_mode: str = ""


@dataclass(frozen=True, kw_only=True)
class PeoplePage:
    """``next_page`` is the last key where there may be more."""

    lines: tuple[PersonLine, ...] = ()
    next_page: str = ""
    found: bool = True


class TransferDesk(ABC):
    """Reads (queue ``desk``)."""

    @activity.defn(name="read_transfer")
    @abstractmethod
    async def show(self, question: TransferQuestion) -> TransferShown:
        """This will sum up a batch."""

    @activity.defn(name="read_transfer_people")
    @abstractmethod
    async def people(self, question: PeopleQuestion) -> PeoplePage:
        """This will list persons of a batch by key."""
