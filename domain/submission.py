"""What an action must look like before a rule may look at it: bounds, not judgement.

A malformed action leaves no trace in a procedure; see design, "The heart".
"""

from __future__ import annotations

import re
import unicodedata

from domain.action import MAX_EVIDENCE, MAX_FACTS, MAX_NAME, MAX_NOTE, Action, Keeping
from domain.personal import personal_fault
from domain.refusal import Refused
from domain.secrecy import secret_names

_SHA256 = re.compile(r"[0-9a-f]{64}")


def malformed(action: Action) -> Refused | None:
    """This will return why an action cannot be considered at all; None if it can."""
    names = (action.person, action.unit, action.step, action.to, *action.reopen, *action.replies)
    names += (*action.verdicts, *action.verdicts.values(), *action.facts)
    names += tuple(part for e in action.evidence for part in (e.name, e.doc_no, e.filename))
    long_notes = (action.note, *action.replies.values(), *action.facts.values())
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
    if len(action.facts) > MAX_FACTS:
        return Refused(code="TOO_MANY_FACTS", sentence=f"一次最多写明{MAX_FACTS}项内容，请归并。")
    if any(_has_control(text) for text in (*names, *long_notes)):
        return Refused(
            code="CONTROL_CHARACTER", sentence="文字里有不可见的控制字符，请删去后重试。"
        )
    return personal_fault(*names, *long_notes) or _evidence_fault(action)


def _evidence_fault(action: Action) -> Refused | None:
    """What is marked 秘密 or above may not enter; a file kept 线下 is known by 文号 and sha256."""
    names = (part for e in action.evidence for part in (e.name, e.doc_no, e.filename))
    if secret := secret_names(*names):
        return secret
    for piece in action.evidence:
        if piece.sha256 and not _SHA256.fullmatch(piece.sha256):
            return Refused(
                code="EVIDENCE_HASH",
                sentence=f"证据“{piece.name}”的 sha256 应为64位十六进制数字。",
            )
        if piece.kept is Keeping.OFFLINE and not (piece.doc_no and piece.sha256):
            return Refused(
                code="EVIDENCE_OFFLINE",
                sentence=f"线下证据“{piece.name}”须写明文号和 sha256。",
            )
    return None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text)
