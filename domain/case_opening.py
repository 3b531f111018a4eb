"""What may be wrong with the opening of a case before any register is asked, and its first actions.

Sources: 4-11 (when it was found), 4-12 and 8.2 (two officers, a checklist, an organ hands over and
not an inner office), 4-13 (函件), 行政处罚法 arts. 27, 42.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from domain.action import MAX_EVIDENCE, MAX_NAME, MAX_NOTE, Action
from domain.case import UPWARD, CaseKind, Opening
from domain.case_limits import HANDOVER, CaseSettings
from domain.case_routes import FIRST_STEP, HANDOVER_SLIP
from domain.day_words import SHANGHAI, spell_instant
from domain.personal import personal_fault
from domain.procedure import Verb
from domain.refusal import Refused
from domain.secrecy import secret_names

MAX_AGE = timedelta(days=366 * 2)
"""The oldest trigger that is taken: two years, the usual end of 追责 (行政处罚法 art. 36)."""

SKEW = timedelta(minutes=5)
"""How far a caller's clock may be ahead of the server's."""

MAX_TITLE = 60
MAX_NUMBER = 60
_NOT_IN_IDS = "/#"
_INNER = ("科", "股", "中队", "大队", "办公室内设机构", "室")

ITEM_FACT = "事项"
OFFICERS_FACT = "执法人员"
GROUND_FACT = "拒收理由"
CALL_FACT = "电话报告"


def opening_fault(opening: Opening, now: datetime) -> Refused | None:
    """This will return the first thing wrong with what was stated; None if nothing is."""
    return next(_faults(opening, now), None)


def sayable(opening: Opening) -> Opening:
    """This will leave out of a refused opening what may stand in no register; the rest is kept.

    Too long, invisible or personal: what was tried stays known, not the words.
    """
    kept = {name: _said(getattr(opening, name)) for name in ("title", *_NAMED)}
    return replace(
        opening,
        **kept,  # type: ignore[arg-type]
        note=opening.note if _is_sayable(opening.note, MAX_NOTE) else _UNSAID,
        receivers=tuple(name for name in opening.receivers if _is_sayable(name)),
        officers=tuple(name for name in opening.officers if _is_sayable(name)),
        evidence=tuple(
            piece
            for piece in opening.evidence[:MAX_EVIDENCE]
            if all(map(_is_sayable, (piece.name, piece.doc_no, piece.filename)))
        ),
        trigger_at=_sayable_instant(opening.trigger_at),
        phone=None,
        signature="",
    )


def _said(text: str) -> str:
    return text if _is_sayable(text) else _UNSAID


_LAST_YEAR = 9999
_NAMED = ("person", "sender", "street", "item", "list_name", "letter", "incoming", "place")


_UNSAID = "（不予记载）"


def _is_sayable(text: str, most: int = MAX_NAME) -> bool:
    return len(text) <= most and not _has_control(text) and personal_fault(text) is None


def _has_control(text: str) -> bool:
    return any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in text)


def _sayable_instant(at: datetime) -> datetime:
    """An instant that can be told in Asia/Shanghai: with its zone, and not the last day of all."""
    if at.utcoffset() is None:
        return at.replace(tzinfo=SHANGHAI)
    return at - timedelta(days=1) if at.year == _LAST_YEAR else at


def _faults(opening: Opening, now: datetime) -> Iterator[Refused]:
    yield from _number_faults(opening.number)
    if not opening.title.strip() or len(opening.title) > MAX_TITLE:
        yield Refused(code="CASE_TITLE", sentence=f"案由须写明，且不超过{MAX_TITLE}字（--title）。")
    if not opening.person.strip():
        yield Refused(code="PERSON_MISSING", sentence="须写明办理人（--as 姓名）。")
    yield from _text_faults(opening)
    yield from _trigger_faults(opening, now)
    if opening.kind is CaseKind.DISPATCH and opening.channel is None:
        yield Refused(
            code="CASE_CHANNEL", sentence="派单须写明函件是线上还是线下送达（--channel）。"
        )
    if opening.handed_over and not opening.reported:
        yield Refused(code="CASE_ORDER", sentence="还没有报告的案件不能交接，请一并报告。")
    if opening.handed_over and opening.kind not in UPWARD:
        yield Refused(code="CASE_ORDER", sentence=f"“{opening.kind}”没有交接单，不用 --handover。")


def _number_faults(number: str) -> Iterator[Refused]:
    if not number.strip() or len(number) > MAX_NUMBER or any(c in number for c in _NOT_IN_IDS):
        yield Refused(
            code="CASE_NUMBER",
            sentence=f"案件编号须写明，不超过{MAX_NUMBER}字，不含“/”和“#”（--no）。",
        )


def _text_faults(opening: Opening) -> Iterator[Refused]:
    names = (
        opening.number,
        opening.title,
        opening.person,
        opening.sender,
        opening.street,
        opening.item,
        opening.list_name,
        opening.letter,
        opening.incoming,
        opening.place,
        *opening.receivers,
        *opening.officers,
        *((opening.phone.taken_by,) if opening.phone else ()),
        *(part for e in opening.evidence for part in (e.name, e.doc_no, e.filename)),
    )
    if any(len(name) > MAX_NAME for name in names):
        yield Refused(code="TOO_LONG", sentence=f"姓名、单位、事项、文号等不能超过{MAX_NAME}字。")
    if len(opening.note) > MAX_NOTE:
        yield Refused(
            code="NOTE_TOO_LONG", sentence=f"案情不能超过{MAX_NOTE}字，长文请作为证据附上。"
        )
    if len(opening.evidence) > MAX_EVIDENCE:
        yield Refused(
            code="TOO_MUCH_EVIDENCE", sentence=f"一次最多附{MAX_EVIDENCE}件证据，请分次补充。"
        )
    texts = (*names, opening.note)
    if any(map(_has_control, texts)):
        yield Refused(code="CONTROL_CHARACTER", sentence="文字里有不可见的控制字符，请删去后重试。")
    found = personal_fault(*texts) or secret_names(*names)
    if found is not None:
        yield found


def _trigger_faults(opening: Opening, now: datetime) -> Iterator[Refused]:
    at = opening.trigger_at
    if at.utcoffset() is None:
        yield Refused(code="NAIVE_TIME", sentence="发现（收到）的时刻没有时区。")
        return
    if at > now + SKEW:
        yield Refused(
            code="TRIGGER_FUTURE",
            sentence=f"发现（收到）的时刻{spell_instant(_sayable_instant(at))}还没有到。",
        )
    if at < now - MAX_AGE:
        yield Refused(
            code="TRIGGER_OLD",
            sentence=f"发现（收到）的时刻{spell_instant(_sayable_instant(at))}在两年以前，请核对；确属旧案请走其他程序。",
        )
    call = opening.phone
    if call is not None and not at <= call.at <= now + SKEW:
        yield Refused(
            code="CALL_TIME", sentence="电话报告的时刻须在发现之后、现在之前（--phone）。"
        )


def slip_fault(opening: Opening, settings: CaseSettings) -> Refused | None:
    """This will say what an opening with handover lacks: documents of the checklist, officers."""
    if not opening.handed_over:
        return None
    given = {e.name for e in opening.evidence if e.doc_no or e.sha256}
    missing = [d for d in (HANDOVER_SLIP, *settings.documents) if d not in given]
    if missing:
        return Refused(
            code="DOCUMENT_MISSING",
            sentence=f"交接还缺：{'、'.join(missing)}（--evidence {missing[0]}=文号或文件）。",
        )
    return officers_fault(opening.officers, settings.officers)


def officers_fault(officers: tuple[str, ...], needed: int) -> Refused | None:
    """This will say that too few hand over; the same name twice counts once."""
    if len({name.strip() for name in officers if name.strip()}) >= needed:
        return None
    return Refused(
        code="OFFICERS_FEW",
        sentence=f"须有{needed}名执法人员共同交接（--officers 甲、乙）。",
    )


def first_action(opening: Opening, sender: str) -> Action:
    """The action by which opening answers its first step; ``sender`` is the organ by its whole name."""
    facts = {
        "案由": opening.title,
        "来源": str(opening.source),
        "发现或收到": spell_instant(opening.trigger_at),
        "地点": opening.place,
        "来件编号": opening.incoming,
        "函号": opening.letter,
        "送达方式": str(opening.channel or ""),
        "要求": str(opening.share or ""),
        ITEM_FACT: opening.item,
        OFFICERS_FACT: "、".join(opening.officers),
        CALL_FACT: f"{spell_instant(opening.phone.at)} {opening.phone.taken_by}接"
        if opening.phone
        else "",
    }
    return Action(
        action_id=opening.action_id,
        verb=Verb.SUBMIT,
        person=opening.person,
        step=FIRST_STEP[opening.kind],
        unit=sender,
        note=opening.note,
        evidence=opening.evidence,
        facts={name: text for name, text in facts.items() if text},
        signature=opening.signature,
    )


def handover_action(opening: Opening, sender: str) -> Action:
    """The action by which the 交接单 that came with the report answers the handover."""
    facts = {ITEM_FACT: opening.item, OFFICERS_FACT: "、".join(opening.officers)}
    return Action(
        action_id=f"{opening.action_id}:{HANDOVER}",
        verb=Verb.SUBMIT,
        person=opening.person,
        step=HANDOVER,
        unit=sender,
        evidence=opening.evidence,
        facts={name: text for name, text in facts.items() if text},
        signature=opening.signature,
    )
