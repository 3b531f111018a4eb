"""What an audit's workflow says in its log: the words at each step, and the approval of 立项 (3-30)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from starter.desk_client import Door

_MAKING: Final = ("提交", "通过")
"""Verbs that do a step; what is said with them belongs to the step's work."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """``notes`` by step in their order, ``approval`` the number given at 立项."""

    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    approval: str = ""


async def read_said(door: Door, workflow_id: str) -> Said:
    """This will read the log of an audit; refused actions are left out."""
    from contracts.desk import Desk, LogQuestion
    from domain.audit_flow import REGISTER
    from domain.audit_route import APPROVAL_NO

    notes: dict[str, list[str]] = {}
    approval = ""
    question = LogQuestion(workflow_id=workflow_id)
    while workflow_id:
        page = await door.ask(Desk.log, question)
        for line in page.lines:
            if line.workflow_id != workflow_id or line.verb not in _MAKING or line.code:
                continue
            if note := str(line.detail.get("note") or "").strip():
                notes.setdefault(line.step, []).append(note)
            if line.step == REGISTER:
                approval = _paper(line.detail, APPROVAL_NO) or approval
        if not page.next_page:
            break
        question = replace(question, page=page.next_page)
    return Said(notes={step: tuple(said) for step, said in notes.items()}, approval=approval)


def _paper(detail: Mapping[str, Any], name: str) -> str:
    """The 文号 of a piece of evidence of that name."""
    found = [one for one in detail.get("evidence") or () if one.get("name") == name]
    return str(found[0].get("doc_no") or "") if found else ""
