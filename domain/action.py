"""One action at a desk, and what is attached to it: the one envelope of everything people do.

Sources: design "The heart"; rows 0-06 (who and why), 0-36 (verdicts), 0-37 (opinions).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from domain.procedure import Verb
from domain.unit import Role

MAX_NOTE = 2_000
"""Longest note, in characters."""

MAX_EVIDENCE = 60
"""Most pieces of evidence in one action."""

MAX_FACTS = 40
"""Most facts stated in one action."""

MAX_NAME = 120
"""Longest name of a person, unit, step, document or 文号, in characters."""


class Keeping(StrEnum):
    """Where the file behind a piece of evidence is."""

    UNSAID = ""
    STORED = "入库"
    OFFLINE = "线下"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A document named as proof: a 文号, a file known by its sha256 (hex) and size in bytes, or both.

    ``kept`` 入库: the file is in the register of evidence under its sha256. 线下: the file stays
    with the unit; what is kept here proves which file it was.
    """

    name: str
    doc_no: str = ""
    sha256: str = ""
    size: int = 0
    filename: str = ""
    kept: Keeping = Keeping.UNSAID

    @property
    def text(self) -> str:
        """The evidence in one line, as logs and lists print it."""
        file = f"{self.filename} sha256:{self.sha256[:12]}".strip() if self.sha256 else ""
        what = " ".join(part for part in (self.doc_no, file, self.kept) if part)
        return f"{self.name}={what}" if what else self.name


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a person asks to do.

    ``action_id`` makes a repeated delivery the same action. ``step`` is the name of the open step,
    empty for verbs about the whole procedure (撤回, 终止). ``unit`` is the unit acted for; empty
    means the one of the person's units that fits. ``to`` is the step of a 退回, the person of a
    转办 or the unit of a 改派. ``new_due`` belongs to 申请延期. ``reopen`` are the units whose
    opinions are asked again after a 退回; the others stay. ``replies`` answer opinions by unit
    (意见反馈). ``happened_on`` is the day (Asia/Shanghai) on which it happened, where that is not
    the day of recording (补录); ``signature`` is room for signed actions. ``facts`` say by name what
    a case asks beside the note: elements of a 回告, who hands over, the item of the list.
    """

    action_id: str
    verb: Verb
    person: str
    step: str = ""
    unit: str = ""
    note: str = ""
    evidence: tuple[Evidence, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    to: str = ""
    new_due: date | None = None
    reopen: tuple[str, ...] = ()
    replies: dict[str, str] = field(default_factory=dict)
    happened_on: date | None = None
    signature: str = ""
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role that the directory gives a person in a unit, at the moment of asking.

    ``instead_of`` is the absent person whose post it is (代办); ``through`` the recording unit by
    which a 代录人 acts for an organ without a desk.
    """

    unit: str
    role: Role
    district: str = ""
    instead_of: str = ""
    through: str = ""


class Light(StrEnum):
    """Green: time left; yellow: the reminder ladder has begun; red: the due time has passed."""

    GREEN = "绿"
    YELLOW = "黄"
    RED = "红"


class Ending(StrEnum):
    """How a procedure ended."""

    DONE = "办结"
    TERMINATED = "终止"
    NOT_ADMITTED = "未受理"
