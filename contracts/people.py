"""What the CLI asks about people and orders for them: posts, replacements, absences.

Reads are pages of at most 500 KB; every order is one commit that makes one new version of the
directory, or changes nothing. Refusals come back as values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from temporalio import activity

from domain.people_sheet import RawPost
from domain.refusal import Finding


@dataclass(frozen=True, kw_only=True)
class PeopleQuestion:
    """Who is where at ``now``, or on a day (at its end): all units, one unit, or one person's."""

    now: datetime
    rollout: str
    unit: str = ""
    person: str = ""
    on: date | None = None
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class PostLine:
    """One post. ``substitute`` is who acts instead today, empty while the person is there."""

    unit: str
    person: str
    role: str
    since: datetime
    until: datetime | None = None
    substitute: str = ""


@dataclass(frozen=True, kw_only=True)
class UnitLine:
    """One unit with its people; ``vacant`` are the posts that it must have and nobody holds.

    ``recorder`` is the unit that records for it, an organ without a desk.
    """

    unit: str
    kind: str
    district: str
    duty: str = ""
    recorder: str = ""
    posts: tuple[PostLine, ...] = ()
    vacant: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AbsenceLine:
    """One absence. ``substitute`` is who acts in the end, where ``by`` is away too.

    ``state`` is 未开始, 请假中, 已到期 or 已销假.
    """

    id: int
    person: str
    by: str
    substitute: str
    from_day: date
    to_day: date
    state: str
    reason: str = ""
    paper: str = ""
    recorded_at: datetime | None = None
    recorded_by: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """One version of the directory: when, who, what for, on which paper."""

    version: int
    at: datetime
    person: str
    reason: str
    paper: str = ""


@dataclass(frozen=True, kw_only=True)
class PeoplePage:
    """A page of units; absences and the latest changes come with the first.

    ``unknown`` names what was asked for and stands in no register.
    """

    rollout: str
    version: int
    units: tuple[UnitLine, ...] = ()
    absences: tuple[AbsenceLine, ...] = ()
    changes: tuple[ChangeLine, ...] = ()
    unknown: tuple[str, ...] = ()
    next_page: str = ""


@dataclass(frozen=True, kw_only=True)
class AbsenceQuestion:
    """The absences of a rollout that run or are to come; ``everything`` also those over."""

    now: datetime
    rollout: str
    everything: bool = False


@dataclass(frozen=True, kw_only=True)
class AbsencePage:
    """Absences by their first day; a list too long for one answer loses its oldest."""

    lines: tuple[AbsenceLine, ...] = ()
    total: int = 0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PeopleImport:
    """A sheet of people; ``content_key`` is of the sheet, ``only_compare`` changes nothing."""

    now: datetime
    rollout: str
    rows: tuple[RawPost, ...]
    content_key: str
    paper: str = ""
    person: str = ""
    only_compare: bool = False


@dataclass(frozen=True, kw_only=True)
class PostChange:
    """One difference: a post that begins (任职) or ends (免职)."""

    kind: str
    post: PostLine


@dataclass(frozen=True, kw_only=True)
class PeopleImported:
    """The differences, and the version that they made; ``applied`` False changed nothing.

    With an error among the findings there is a ``code``. A list too long for one answer is cut
    off; ``total`` counts all of it.
    """

    version: int
    changes: tuple[PostChange, ...] = ()
    total: int = 0
    findings: tuple[Finding, ...] = ()
    applied: bool = False
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """Put ``new`` into every post of ``old``, in one unit or (empty) in all."""

    now: datetime
    rollout: str
    old: str
    new: str
    content_key: str
    unit: str = ""
    paper: str = ""
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """The posts that went over, and how many open items ``new`` sees now."""

    version: int
    ended: tuple[PostLine, ...] = ()
    begun: tuple[PostLine, ...] = ()
    open_items: int = 0
    applied: bool = False
    warnings: tuple[str, ...] = ()
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class AbsenceOrder:
    """``absent`` is away from ``from_day`` to ``to_day`` (included), ``by`` acts instead."""

    now: datetime
    rollout: str
    absent: str
    by: str
    from_day: date
    to_day: date
    reason: str = ""
    paper: str = ""
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class AbsenceEnd:
    """``absent`` is back; ``from_day`` picks one of several absences."""

    now: datetime
    rollout: str
    absent: str
    from_day: date | None = None
    person: str = ""


@dataclass(frozen=True, kw_only=True)
class AbsenceKept:
    """An absence as it stands now; ``applied`` False: it was so before.

    ``warnings`` say whom to appoint (0-35). ``open_items`` is what the substitute sees now.
    """

    version: int = 0
    line: AbsenceLine | None = None
    warnings: tuple[str, ...] = ()
    open_items: int = 0
    applied: bool = False
    code: str = ""
    sentence: str = ""


class People(ABC):
    """Reads (queue ``desk``) and orders (queue ``bulk``)."""

    @activity.defn(name="read_people")
    @abstractmethod
    async def show(self, question: PeopleQuestion) -> PeoplePage:
        """This will list units with their people, absences and vacancies."""

    @activity.defn(name="read_absences")
    @abstractmethod
    async def absences(self, question: AbsenceQuestion) -> AbsencePage:
        """This will list who is away, and who acts instead."""

    @activity.defn(name="import_people")
    @abstractmethod
    async def import_people(self, order: PeopleImport) -> PeopleImported:
        """This will compare a sheet with the posts and put the differences in force."""

    @activity.defn(name="replace_person")
    @abstractmethod
    async def replace(self, order: Replacement) -> Replaced:
        """This will give every post of one person to another."""

    @activity.defn(name="add_absence")
    @abstractmethod
    async def add_absence(self, order: AbsenceOrder) -> AbsenceKept:
        """This will write that a person is away, and who acts instead."""

    @activity.defn(name="end_absence")
    @abstractmethod
    async def end_absence(self, order: AbsenceEnd) -> AbsenceKept:
        """This will write that a person is back before the last day."""
