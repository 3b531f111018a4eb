"""The reconcile: what can be wrong between procedures and what is written of them, and when to look.

A procedure's action log is compared with what its history says: the Updates that came in and how they
were answered. Nothing here asks or writes; who does is in the activities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from domain.deadline import local_day

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")

NIGHT: Final = range(1, 5)
"""The hours (Asia/Shanghai) in which the daily reconcile works: nobody acts, no office begins."""

BROKEN_OFF: Final = "异常中止"
"""How the board shows a procedure that was ended from outside; nobody has decided anything."""


class FindingKind(StrEnum):
    """What a reconcile can find."""

    TERMINATED = "终止"
    UNREACHABLE = "失联"
    GHOST = "幽灵行"
    UNTOLD = "漏报"
    LOG = "日志不符"
    VIEW = "读模型不符"


def night_of(now: datetime) -> date | None:
    """The night that an instant belongs to; None by day.

    >>> from datetime import UTC
    >>> night_of(datetime(2026, 11, 21, 18, 30, tzinfo=UTC))
    datetime.date(2026, 11, 22)
    >>> night_of(datetime(2026, 11, 22, 3, 0, tzinfo=UTC)) is None
    True
    """
    return local_day(now) if now.astimezone(_SHANGHAI).hour in NIGHT else None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of the action log in force, as the register holds it."""

    seq: int
    run_id: str
    kind: str
    step: str
    person: str
    verb: str
    code: str
    action_id: str
    sentence: str
    confirmed: bool = True


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a history says of a line; an empty text says nothing of that part."""

    seq: int
    kind: str
    action_id: str = ""
    step: str = ""
    person: str = ""
    verb: str = ""
    code: str = ""
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Witness:
    """What the histories of a procedure's runs say: lines, known action ids, known runs."""

    told: Sequence[Told] = ()
    action_ids: AbstractSet[str] = frozenset()
    runs: AbstractSet[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class LogFault:
    """What is wrong with which line of the log."""

    seq: int
    sentence: str


_PARTS: Final[Mapping[str, str]] = {
    "kind": "类别",
    "action_id": "操作编号",
    "person": "办理人",
    "verb": "动作",
    "step": "环节",
    "code": "拒绝代码",
    "sentence": "内容",
}


def log_faults(lines: Sequence[Line], witness: Witness, written: int) -> list[LogFault]:
    """This will list where log and histories differ, by line.

    ``written`` is the newest line that the procedure knows to be in the log; later lines may still
    be on their way. A line that is provisional is the sweep's business, not a fault.
    """
    faults = [*_number_faults(lines, written), *_differences(lines, witness, written)]
    faults += _unheard_of(lines, witness)
    return sorted(set_of(faults), key=lambda fault: fault.seq)


def set_of(faults: Sequence[LogFault]) -> list[LogFault]:
    """The faults without repetition, in order."""
    return list({(fault.seq, fault.sentence): fault for fault in faults}.values())


def _number_faults(lines: Sequence[Line], written: int) -> Iterator[LogFault]:
    """In force are the numbers from 1 on, each once."""
    counts = Counter(line.seq for line in lines)
    for seq in range(1, written + 1):
        if not counts[seq]:
            yield LogFault(seq=seq, sentence=f"日志缺第{seq}条。")
    for seq, count in counts.items():
        if count > 1:
            yield LogFault(seq=seq, sentence=f"日志第{seq}条有{count}条同时有效。")


def _differences(lines: Sequence[Line], witness: Witness, written: int) -> Iterator[LogFault]:
    held = {line.seq: line for line in lines}
    for told in witness.told:
        line = held.get(told.seq)
        if line is None or told.seq > written:
            continue
        for part, name in _PARTS.items():
            should, does = getattr(told, part), getattr(line, part)
            if should and should.replace("\0", "") != does:
                yield LogFault(
                    seq=told.seq,
                    sentence=f"日志第{told.seq}条的{name}为“{does}”，历史中是“{should}”。",
                )


def _unheard_of(lines: Sequence[Line], witness: Witness) -> Iterator[LogFault]:
    """A line that says who acted, of a run that is known, whose action no history knows."""
    answered = {told.action_id for told in witness.told if told.action_id}
    for line in lines:
        if not line.action_id or not line.confirmed or line.run_id not in witness.runs:
            continue
        if line.action_id not in witness.action_ids | answered:
            yield LogFault(
                seq=line.seq,
                sentence=f"日志第{line.seq}条（{line.person}{line.verb}）在历史中没有这次操作。",
            )
