"""The free texts of a case, looked through for names of the register before any is sent (ADR 0012).

Who hands over, who took a call, who came and who handled it are office-holders acting, as ``--as`` is: their
names belong on the 交接单 and in the reply, and are not looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain.case_opening import OFFICERS_FACT
from starter.free_text import Written, evidence_texts, written_in

if TYPE_CHECKING:
    from domain.action import Action
    from domain.case import Opening

ACTING: Final = frozenset({OFFICERS_FACT, "承办人", "电话报告", "到场人员"})
"""Facts that name who acts."""


def opening_texts(opening: Opening) -> list[Written]:
    """What an opening says in words, by where it stands."""
    return [
        ("案由", opening.title),
        ("案情", opening.note),
        ("地点", opening.place),
        ("来件编号", opening.incoming),
        ("函号", opening.letter),
        ("案件编号", opening.number),
        *evidence_texts(opening.evidence),
    ]


def action_texts(action: Action) -> list[Written]:
    """What an action on a case says in words, its facts included."""
    facts = [(name, text) for name, text in action.facts.items() if name not in ACTING]
    return [*written_in(action), *facts]
