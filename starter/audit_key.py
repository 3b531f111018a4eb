"""Which audit a command is about: the arrangement named, and its window, the newest if none is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from starter.errors import EXIT_REFUSED, UserError

if TYPE_CHECKING:
    from contracts.audit_flow import AuditRecord
    from contracts.audit_plan import RunLine
    from domain.audit import RunKey
    from starter.desk_client import Door

_Command = TypeVar("_Command", bound=Callable[..., Any])

_DRAWN: Final = "已抽取"
"""State of a window whose sample is to be visited; its audit opens with the first visit."""


def audit_arguments(command: _Command) -> _Command:
    """This will give a command 改革, 名称 and [期]."""
    for argument in (
        click.argument("window", metavar="[期]", default=""),
        click.argument("name", metavar="名称"),
        click.argument("rollout", metavar="改革"),
    ):
        command = argument(command)
    return command


async def the_key(
    door: Door, given: dict[str, Any], now: datetime, *, to_visit: bool = False
) -> RunKey:
    """The window named, else the newest with an audit; ``to_visit`` takes one just drawn too.

    Raises UserError: what listing the arrangement refuses, and NO_AUDIT_YET.
    """
    from domain.audit import RunKey

    rollout, name = given["rollout"].strip(), given["name"].strip()
    window = given["window"].strip() or await _newest(door, rollout, name, now, to_visit=to_visit)
    return RunKey(rollout=rollout, plan=name, window=window)


async def _newest(door: Door, rollout: str, name: str, now: datetime, *, to_visit: bool) -> str:
    from contracts.audit_plan import AuditListQuestion, AuditPlanDesk

    question = AuditListQuestion(now=now, rollout=rollout, plan=name)
    page = await door.ask(AuditPlanDesk.arrangements, question)
    if page.code:
        raise UserError(page.code, page.sentence, EXIT_REFUSED)
    runs: tuple[RunLine, ...] = next((one.runs for one in page.lines if one.plan.name == name), ())
    for run in runs:
        if run.workflow_id or (to_visit and run.state == _DRAWN):
            return run.window
    text = f"“{name}”还没有开展过；各期见 jiegai audit list {rollout} {name}。"
    raise UserError("NO_AUDIT_YET", text, EXIT_REFUSED)


async def read_record(door: Door, key: RunKey) -> AuditRecord:
    """The whole record of an audit, all pages. Raises UserError as the desk refuses."""
    from contracts.audit_flow import AuditFlowDesk, AuditRecordQuestion

    question = AuditRecordQuestion(now=datetime.now(UTC), key=key)
    page = await door.ask(AuditFlowDesk.record, question)
    whole = page
    while True:
        if page.code:
            raise UserError(page.code, page.sentence, EXIT_REFUSED)
        if not page.next_page:
            return replace(whole, next_page="")
        page = await door.ask(AuditFlowDesk.record, replace(question, page=page.next_page))
        whole = replace(
            whole,
            covers=whole.covers + page.covers,
            visits=whole.visits + page.visits,
            problems=whole.problems + page.problems,
            referrals=whole.referrals + page.referrals,
            conclusions=whole.conclusions + page.conclusions,
        )
