"""What an action must look like before a rule may look at it: bounds, not judgement.

A malformed action leaves no trace in a procedure; see design, "The heart".
"""

from __future__ import annotations

import unicodedata

from domain.action import MAX_EVIDENCE, MAX_NAME, MAX_NOTE, Action
from domain.refusal import Refused


def malformed(action: Action) -> Refused | None:
    """This will return why an action cannot be considered at all; None if it can."""
    names = (action.person, action.unit, action.step, action.to, *action.reopen, *action.replies)
    names += (*action.verdicts, *action.verdicts.values())
    names += tuple(part for e in action.evidence for part in (e.name, e.doc_no, e.filename))
    long_notes = (action.note, *action.replies.values())
    if not action.action_id or len(action.action_id) > MAX_NAME:
        return Refused(code="ACTION_ID", sentence=f"操作编号不能为空，也不能超过{MAX_NAME}字。")
    if not action.person.strip():
        return Refused(code="PERSON_MISSING", sentence="须写明办理人（--as 姓名）。")
    if any(len(name) > MAX_NAME for name in names):
        return Refused(code="TOO_LONG", sentence=f"姓名、单位、环节、文号等不能超过{MAX_NAME}字。")
    if any(len(note) > MAX_NOTE for note in long_notes):
        return Refused(
            code="NOTE_TOO_LONG", sentence=f"意见不能超过{MAX_NOTE}字，长文请作为证据附上。"
        )
    if len(action.evidence) > MAX_EVIDENCE:
        return Refused(
            code="TOO_MUCH_EVIDENCE", sentence=f"一次最多附{MAX_EVIDENCE}件证据，请分次补充。"
        )
    if any(_has_control(text) for text in (*names, *long_notes)):
        return Refused(
            code="CONTROL_CHARACTER", sentence="文字里有不可见的控制字符，请删去后重试。"
        )
    return None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text)
