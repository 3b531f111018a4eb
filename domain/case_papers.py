"""The papers of a case as values: what each of them has to say, and what it lacks.

交接单 (4-12: the receiver's signature on it stops T2), 函 to a street's 专人/专班 (4-13), 回告 (4-14),
涉嫌犯罪案件移送书 (行政处罚法 art. 27), 送达回证, and the statement of a refusal (4-20, 3-27; 行政处罚法
art. 25). How they are laid out is ``starter.case_papers``; all of it but the dates is optional where
a hand may fill it in on the printed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from domain.action import Evidence
from domain.case import Citation
from domain.case_clocks import CaseClock
from domain.refusal import Finding

CRIME_BASIS = ("《中华人民共和国行政处罚法》第二十七条",)
REFUSAL_BASIS = ("《中华人民共和国行政处罚法》第二十五条",)


@dataclass(frozen=True, kw_only=True)
class HandoverForm:
    """案件交接单. ``required`` names the papers that have to be there (the district's checklist).

    ``officers`` are who hand over; ``reported_by`` is how T1 stopped (电话, 送达). ``received_at``
    None leaves place for the signature that stops T2.
    """

    case_number: str
    title: str
    kind: str
    sender: str
    receiver: str
    trigger_at: datetime
    source: str
    urgency: str = ""
    place: str = ""
    facts: str = ""
    citation: Citation | None = None
    reported_at: datetime | None = None
    reported_by: str = ""
    delivered_at: datetime | None = None
    officers: tuple[str, ...] = ()
    taken_by: str = ""
    received_at: datetime | None = None
    evidence: tuple[Evidence, ...] = ()
    required: tuple[str, ...] = ()
    clocks: tuple[CaseClock, ...] = ()
    dated: date | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class DispatchLetter:
    """函 by which a department hands a complaint to a street. ``wanted`` are the reply's elements."""

    number: str
    case_number: str
    title: str
    sender: str
    receiver: str
    citation: Citation | None
    facts: str = ""
    duty: str = ""
    share: str = ""
    source: str = ""
    incoming: str = ""
    received_at: datetime | None = None
    liaisons: tuple[str, ...] = ()
    team: str = ""
    wanted: tuple[str, ...] = ()
    wanted_by: date | None = None
    evidence: tuple[Evidence, ...] = ()
    contact: str = ""
    cc: tuple[str, ...] = ()
    dated: date | None = None


@dataclass(frozen=True, kw_only=True)
class ReplyLetter:
    """回告: what the street did. ``elements`` are (name, what it says), in the settings' order."""

    number: str
    case_number: str
    title: str
    sender: str
    receiver: str
    elements: tuple[tuple[str, str], ...]
    in_reply_to: str = ""
    evidence: tuple[Evidence, ...] = ()
    contact: str = ""
    cc: tuple[str, ...] = ()
    dated: date | None = None


@dataclass(frozen=True, kw_only=True)
class CrimeReferral:
    """涉嫌犯罪案件移送书: ``approved_by`` is the head who decided, ``charge`` what is suspected."""

    number: str
    case_number: str
    title: str
    sender: str
    receiver: str
    facts: str
    charge: str
    approved_by: str = ""
    approved_at: datetime | None = None
    basis: tuple[str, ...] = CRIME_BASIS
    officers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    clocks: tuple[CaseClock, ...] = ()
    cc: tuple[str, ...] = ()
    dated: date | None = None


@dataclass(frozen=True, kw_only=True)
class ReceiptSlip:
    """送达回证 for one or more papers. What is empty is written in by hand."""

    case_number: str
    title: str
    sender: str
    receiver: str
    papers: tuple[Evidence, ...]
    channel: str = ""
    place: str = ""
    officers: tuple[str, ...] = ()
    delivered_at: datetime | None = None
    taken_by: str = ""
    received_at: datetime | None = None
    refusal: str = ""
    number: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusalNotice:
    """What a receiver that does not take a case says to its sender. ``verb`` 不予受理 or 拒收.

    ``arbiter`` is who designates where negotiation fails (common superior, art. 25).
    """

    verb: str
    case_number: str
    title: str
    sender: str
    receiver: str
    ground: str
    reason: str
    number: str = ""
    letter: str = ""
    citation: Citation | None = None
    basis: tuple[str, ...] = REFUSAL_BASIS
    arbiter: str = ""
    evidence: tuple[Evidence, ...] = ()
    dated: date | None = None


CasePaper = (
    HandoverForm | DispatchLetter | ReplyLetter | CrimeReferral | ReceiptSlip | RefusalNotice
)


def missing_evidence(form: HandoverForm) -> tuple[str, ...]:
    """The names of the checklist that no attachment has."""
    there = {one.name for one in form.evidence}
    return tuple(name for name in form.required if name not in there)


def case_paper_findings(paper: CasePaper) -> tuple[Finding, ...]:
    """What a paper lacks that its rule asks for; what a hand can still add is a warning."""
    return (*_of_handing_over(paper), *_of_letters(paper))


def _of_handing_over(paper: CasePaper) -> Iterator[Finding]:
    if isinstance(paper, HandoverForm | CrimeReferral) and len(paper.officers) < 2:
        sentence = f"移交人应为两名，现有{len(paper.officers)}名，请在打印件上补签。"
        yield Finding(code="PAPER_OFFICERS", sentence=sentence, is_error=False)
    if isinstance(paper, HandoverForm):
        for name in missing_evidence(paper):
            sentence = f"附件清单要求的“{name}”没有随案。"
            yield Finding(code="PAPER_EVIDENCE", sentence=sentence, is_error=False)
        if paper.citation is None:
            sentence = "交接单没有写明清单事项（4-10）。"
            yield Finding(code="PAPER_ITEM", sentence=sentence, is_error=False)


def _of_letters(paper: CasePaper) -> Iterator[Finding]:
    if isinstance(paper, DispatchLetter):
        if paper.citation is None:
            yield Finding(code="PAPER_ITEM", sentence="派单函须写明清单事项（4-10、4-20）。")
        if not paper.liaisons and not paper.team:
            sentence = f"派单函没有写明{paper.receiver}的专人或专班（4-13）。"
            yield Finding(code="PAPER_LIAISON", sentence=sentence, is_error=False)
    if isinstance(paper, ReplyLetter):
        for name, text in paper.elements:
            if not text.strip():
                yield Finding(code="PAPER_ELEMENT", sentence=f"回告没有写“{name}”（4-14）。")
        if not paper.elements:
            yield Finding(code="PAPER_ELEMENT", sentence="回告没有内容（4-14）。")
    if isinstance(paper, RefusalNotice) and not paper.reason.strip():
        yield Finding(code="PAPER_REASON", sentence=f"{paper.verb}须写明理由（4-12、4-20）。")
