"""``jiegai audit finding --from-check``: the automatic checks of an audit's district, to choose from.

The pages are those of ``jiegai audit check``. Only what concerns a unit of this audit can become its
problem, since each problem goes to its unit's desk; the rest is counted and left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starter.audit_check import checks_of, make_checks
from starter.audit_finding import Entered, enter, same_as
from starter.audit_key import read_record, the_key
from starter.table import pasted, render, wrap

if TYPE_CHECKING:
    from contracts.audit import AuditFinding
    from contracts.audit_flow import AuditRecord
    from domain.audit import RunKey
    from domain.audit_flow import Problem
    from starter.audit_check import Checked
    from starter.desk_client import Door


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the checks found, and which of it may be entered."""

    key: RunKey
    checked: Checked
    problems: tuple[Problem, ...]
    there: int
    elsewhere: int

    def in_json(self) -> dict[str, Any]:
        """What may be taken over, for programs."""
        return {
            "key": asdict(self.key),
            "problems": [asdict(one) for one in self.problems],
            "already_entered": self.there,
            "of_other_units": self.elsewhere,
            "left_out": self.checked.left_out,
        }

    def in_words(self, width: int) -> Iterator[str]:
        """How many of each check, and how to take them over."""
        yield f"{self.key.plan} {self.key.window} 自动检查，尚未登记："
        counts = Counter((one.found_by, one.rule) for one in self.problems)
        rows = [
            (rule, check, number, _units(self.problems, check, rule))
            for (check, rule), number in counts.items()
        ]
        if rows:
            yield render(rows, ("条号", "检查", "问题", "单位"), width)
        else:
            yield "没有新的问题。"
        yield from said_of(self.there, self.elsewhere, width)
        for name, why in self.checked.left_out.items():
            yield from wrap(f"“{name}”没有查全：{why}", width)
        if rows:
            where = f"{pasted(self.key.rollout)} {pasted(self.key.plan)} {pasted(self.key.window)}"
            yield f"登记：jiegai audit finding {where} --from-check --only 类 --as 姓名"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What was entered, and what else there is to say."""

    entered: Entered
    said: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)


async def look(given: dict[str, Any]) -> Seen:
    """This will make every check and enter nothing."""
    from starter.desk_client import opened

    async with opened() as door:
        key = await the_key(door, given, datetime.now(UTC))
        record = await read_record(door, key)
        return await _seen(door, key, record, ())


async def take_over(given: dict[str, Any], person: str) -> Taken:
    """This will enter what the checks named find at units of the audit."""
    from starter.desk_client import opened

    checks = checks_of(given["only"])
    async with opened() as door:
        key = await the_key(door, given, datetime.now(UTC))
        record = await read_record(door, key)
        seen = await _seen(door, key, record, checks)
        entered = await enter(door, key, record, seen.problems, person)
    entered = replace(entered, before=entered.before + seen.there)
    told = [*said_of(0, seen.elsewhere, 120)]
    told += [f"“{name}”没有查全：{why}" for name, why in seen.checked.left_out.items()]
    return Taken(entered=entered, said=tuple(told), left_out=seen.checked.left_out)


async def _seen(door: Door, key: RunKey, record: AuditRecord, checks: tuple[str, ...]) -> Seen:
    from contracts.audit import AuditQuestion

    question = AuditQuestion(
        now=datetime.now(UTC),
        rollout=key.rollout,
        checks=checks,
        district=record.plan.district if record.plan else "",
    )
    checked = await make_checks(door, question)
    own = [one for one in checked.findings if one.unit in record.covers]
    there = {same_as(one) for one in record.problems}
    problems = {same_as(one): one for one in map(problem_of, own)}
    new = tuple(one for sign, one in problems.items() if sign not in there)
    return Seen(
        key=key,
        checked=checked,
        problems=new,
        there=len(problems) - len(new),
        elsewhere=len(checked.findings) - len(own),
    )


def problem_of(found: AuditFinding) -> Problem:
    """A finding as a problem of its unit, known by its check and procedure."""
    from domain.audit_flow import Problem

    return Problem(
        unit=found.unit,
        sentence=found.sentence,
        rule=found.rule,
        found_by=found.check,
        workflow_id=found.workflow_id,
    )


def said_of(there: int, elsewhere: int, width: int) -> Iterator[str]:
    """What was left, and why."""
    if there:
        yield f"{there}个此前已登记，不再列出。"
    if elsewhere:
        text = f"另有{elsewhere}个不属于这次督查的单位，见 jiegai audit check。"
        yield from wrap(text, width)


def _units(problems: Sequence[Problem], check: str, rule: str) -> str:
    """Each unit with its number, by name."""
    counts = Counter(one.unit for one in problems if (one.found_by, one.rule) == (check, rule))
    return "，".join(f"{unit} {counts[unit]}" for unit in sorted(counts))
