"""What the CLI asks and orders about reminders: channels, messages, the call list, 督办单.

The address of a channel holds passwords and tokens: it goes sealed to the worker's own address
(``RemindDesk.key``), is kept sealed, and never comes back; ``shown`` is what may be read of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity


def letter_purpose(rollout: str, asked: str) -> str:
    """The purpose of an address on its way; ``asked`` is the command's own token."""
    return f"通道信/{rollout}/{asked}"


def channel_purpose(rollout: str, unit: str, person: str, kind: str) -> str:
    """The purpose of an address where it is kept."""
    return f"通道/{rollout}/{unit}/{person}/{kind}"


@dataclass(frozen=True, kw_only=True)
class KeyAnswer:
    """To whom an address is sealed; a refusal where the worker has no key."""

    address: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelOrder:
    """Set the channel of a unit or of a person; ``sealed`` is a letter with the address."""

    now: datetime
    rollout: str
    person: str
    asked: str
    sealed: str
    for_unit: str = ""
    for_person: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelEnd:
    """End the channels of a unit or of a person, or those of one kind."""

    now: datetime
    rollout: str
    person: str
    for_unit: str = ""
    for_person: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelTrial:
    """Send a test by the channels of a unit or of a person; ``asked`` makes it one test."""

    now: datetime
    rollout: str
    person: str
    asked: str
    for_unit: str = ""
    for_person: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelLine:
    """A channel as people may see it."""

    channel: int
    unit: str
    person: str
    kind: str
    shown: str
    set_by: str
    valid_from: datetime
    failures: int = 0
    dead_since: datetime | None = None
    last_ok_at: datetime | None = None
    last_error: str = ""


@dataclass(frozen=True, kw_only=True)
class ChannelDone:
    """What became of an order; ``same``: it was so before."""

    lines: tuple[ChannelLine, ...] = ()
    same: bool = False
    message_ids: tuple[str, ...] = ()
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class RemindQuestion:
    """Channels, messages or calls of a rollout; ``for_unit`` narrows them. As open as the inbox.

    ``message_ids`` asks for those messages alone, whenever they were made.
    """

    now: datetime
    rollout: str
    for_unit: str = ""
    page: str = ""
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChannelPage:
    """The channels in force."""

    lines: tuple[ChannelLine, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageLine:
    """A message made today, or still unsent; ``state`` is 待发, 重试, 已发 or 失效."""

    message_id: str
    unit: str
    person: str
    by: str
    kind: str
    state: str
    notices: int
    tries: int
    made_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    subject: str
    last_error: str = ""


@dataclass(frozen=True, kw_only=True)
class WaitingLine:
    """A channel at which notices wait for the next message; ``dead`` waits for it to live."""

    unit: str
    person: str
    by: str
    notices: int
    dead: bool


@dataclass(frozen=True, kw_only=True)
class RemindPage:
    """What went out today, what waits, which channels are dead."""

    messages: tuple[MessageLine, ...] = ()
    waiting: tuple[WaitingLine, ...] = ()
    dead: tuple[ChannelLine, ...] = ()
    unrouted: int = 0
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class CallLine:
    """Who is to be called about one open item; ``why`` is 无通道, 通道失效 or 超期.

    ``people`` are (name, post), those who act first; of an organ without a desk, who records for it.
    """

    unit: str
    people: tuple[tuple[str, str], ...]
    why: str
    item: str
    task: str
    due_date: date
    overdue_days: int
    urged: int = 0


@dataclass(frozen=True, kw_only=True)
class CallPage:
    """The call list, the longest overdue first."""

    lines: tuple[CallLine, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class SlipLine:
    """A 督办单; ``signed_at`` None: a draft, which nobody has got."""

    number: int
    colour: str
    item: str
    unit: str
    task: str
    due_date: date
    days: int
    targets: tuple[str, ...]
    body: str
    drafted_at: datetime
    drafted_by: str
    signed_at: datetime | None = None
    signed_by: str = ""
    signed_unit: str = ""
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class SlipQuestion:
    """The slips of a rollout, one by its number, or those of a unit."""

    now: datetime
    rollout: str
    number: int = 0
    for_unit: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class SlipPage:
    """Slips, newest first."""

    lines: tuple[SlipLine, ...] = ()
    next_page: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class SlipDraftOrder:
    """Draft slips of what is overdue: everything a person supervises, a unit's, or one item's.

    ``within`` are the working days in which a slip asks for the work; 0 names no day, since the
    source texts name none.
    """

    now: datetime
    rollout: str
    person: str
    for_unit: str = ""
    item: str = ""
    within: int = 0


@dataclass(frozen=True, kw_only=True)
class SlipSignOrder:
    """Sign a draft: only now does it go to those it is for. ``paper`` is its 文号, if it has one."""

    now: datetime
    rollout: str
    person: str
    number: int
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class SlipsDone:
    """The slips drafted or signed; ``same``: it was signed before."""

    lines: tuple[SlipLine, ...] = ()
    overdue: int = 0
    same: bool = False
    code: str = ""
    sentence: str = ""


class RemindDesk(ABC):
    """Reads about reminders (queue ``desk``)."""

    @activity.defn(name="reminder_key")
    @abstractmethod
    async def key(self, question: RemindQuestion) -> KeyAnswer:
        """This will say to whom the address of a channel is sealed."""

    @activity.defn(name="read_reminders")
    @abstractmethod
    async def today(self, question: RemindQuestion) -> RemindPage:
        """This will show today's messages, or those asked for, and what waits."""

    @activity.defn(name="read_channels")
    @abstractmethod
    async def channels(self, question: RemindQuestion) -> ChannelPage:
        """This will list channels in force."""

    @activity.defn(name="read_call_list")
    @abstractmethod
    async def calls(self, question: RemindQuestion) -> CallPage:
        """This will list who has to be told by telephone, and about what."""

    @activity.defn(name="read_slips")
    @abstractmethod
    async def slips(self, question: SlipQuestion) -> SlipPage:
        """This will list supervision slips."""

    @activity.defn(name="count_dead_channels")
    @abstractmethod
    async def dead(self, question: RemindQuestion) -> int:
        """This will count dead channels of a rollout, or of all."""


class RemindOrders(ABC):
    """Orders about reminders (queue ``bulk``)."""

    @activity.defn(name="set_channel")
    @abstractmethod
    async def set_channel(self, order: ChannelOrder) -> ChannelDone:
        """This will set a channel."""

    @activity.defn(name="end_channel")
    @abstractmethod
    async def end_channel(self, order: ChannelEnd) -> ChannelDone:
        """This will end channels."""

    @activity.defn(name="try_channel")
    @abstractmethod
    async def try_channel(self, order: ChannelTrial) -> ChannelDone:
        """This will put a test message into the outbox."""

    @activity.defn(name="draft_slips")
    @abstractmethod
    async def draft_slips(self, order: SlipDraftOrder) -> SlipsDone:
        """This will draft supervision slips of what is overdue."""

    @activity.defn(name="sign_slip")
    @abstractmethod
    async def sign_slip(self, order: SlipSignOrder) -> SlipsDone:
        """This will sign a slip and tell those it is for."""
