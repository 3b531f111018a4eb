"""The papers of a case from its story: 交接单, 函, 回告, 移送书, 送达回证, 拒收说明 (4-12…4-14, 4-20, art. 27).

What nobody has stated stays empty, to be filled in by hand on the printed form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.action import Evidence, Keeping
from domain.case import Citation
from domain.case_clocks import CaseClock
from domain.case_limits import (
    CARRY_ON,
    DECIDE,
    HANDLE,
    HANDOVER,
    NO_LIMIT_DAY,
    REPLY,
    SIGN,
    TAKE_OVER,
    CaseSettings,
)
from domain.case_opening import GROUND_FACT, OFFICERS_FACT
from domain.case_papers import (
    CasePaper,
    CrimeReferral,
    DispatchLetter,
    HandoverForm,
    ReceiptSlip,
    RefusalNotice,
    ReplyLetter,
)
from domain.deadline import Deadline, local_day
from domain.directory import names_in
from starter.case_list import REPORTED
from starter.errors import UserError

if TYPE_CHECKING:
    from contracts.case import CaseLine, ClockLine
    from contracts.desk import LogLine
    from starter.case_story import Story
    from starter.desk_client import Door

SLIP, LETTER, REPLY_LETTER = "交接单", "函", "回告"
REFERRAL, RECEIPT, REFUSAL = "移送书", "送达回证", "拒收说明"
PAPERS: Final = (SLIP, LETTER, REPLY_LETTER, REFERRAL, RECEIPT, REFUSAL)
_FIRST: Final = {"派单": LETTER, "涉罪移送": REFERRAL, "上报": SLIP, "移送": SLIP}


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """What the registers add to a paper: the cited item with its 专人, and the district's settings."""

    duty: str = ""
    liaisons: tuple[str, ...] = ()
    team: str = ""
    settings: CaseSettings = field(default_factory=CaseSettings)


async def read_grounds(door: Door, line: CaseLine) -> Grounds:
    """This will ask for the item in the version that was cited, and for the settings in force."""
    from contracts.case import CaseReads, SettingsQuestion
    from contracts.duty import Duties, DutyQuestion

    page = line.page
    answer = await door.ask(CaseReads.case_settings, SettingsQuestion(rollout=line.rollout))
    grounds = Grounds(settings=answer.settings)
    if not page.list_name:
        return grounds
    question = DutyQuestion(
        now=datetime.now(UTC),
        rollout=line.rollout,
        name=page.list_name,
        version=page.list_version,
        number=page.item,
        street=page.street,
    )
    found = (await door.ask(Duties.items, question)).lines
    claims = [one for each in found for one in each.claims if one.street == page.street]
    return replace(
        grounds,
        duty=found[0].item.street_duty if found else "",
        liaisons=claims[0].liaisons if claims else (),
        team=claims[0].team if claims else "",
    )


def write_paper(
    story: Story, path: Path, name: str, number: str = "", grounds: Grounds | None = None
) -> dict[str, Any]:
    """This will write one paper of a case as .docx; returns its name and what a hand must add.

    Raises UserError: PAPER_UNKNOWN, PAPER_NOT_YET, PAPER_UNFIT, FILE_EXISTS, FILE_UNWRITABLE.
    """
    from runtime.failure import why
    from starter.case_papers import case_paper_docx, paper_findings

    chosen = name.strip() or _FIRST.get(story.line.page.kind, RECEIPT)
    if chosen not in PAPERS:
        raise UserError("PAPER_UNKNOWN", f"没有公文“{chosen}”，可写：{'、'.join(PAPERS)}。")
    paper = _MAKERS[chosen](story, number, grounds or Grounds())
    content = case_paper_docx(paper)
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise UserError("FILE_EXISTS", f"{path} 已经存在，没有覆盖，请换一个文件名。") from error
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"{path} 不能写入：{why(error)}。") from error
    warnings = [one.sentence for one in paper_findings(paper) if not one.is_error]
    return {"paper": chosen, "warnings": warnings}


def _slip(story: Story, number: str, grounds: Grounds) -> CasePaper:
    del number
    page = story.line.page
    if page.kind not in ("上报", "移送"):
        raise _not_yet(f"“{page.kind}”没有交接单。")
    handed, signed = _answer(story, HANDOVER), _taken(story)
    # What was only registered is in the log as well; the clock knows what stopped it.
    reported = next((one for one in page.clocks if one.name == REPORTED), None)
    detail = handed.detail if handed else story.opening
    call = _facts(story.opening).get("电话报告", "")
    return HandoverForm(
        case_number=page.number,
        title=page.title,
        kind=page.kind,
        sender=page.sender,
        receiver=page.receiver,
        trigger_at=page.trigger_at,
        source=page.source,
        urgency=page.urgency,
        place=_facts(story.opening).get("地点", ""),
        facts=str(story.opening.get("note") or ""),
        citation=citation_of(story.line),
        reported_at=reported.stopped_at if reported else None,
        reported_by=f"电话（{call}）" if call else reported.by if reported else "",
        delivered_at=handed.at if handed else None,
        officers=_officers(detail) or _officers(story.opening),
        taken_by=signed.person if signed else "",
        received_at=signed.at if signed else None,
        evidence=_evidence(story.opening, detail),
        required=(SLIP, *grounds.settings.documents),
        clocks=_clocks(story.line.page.clocks),
        dated=local_day(handed.at) if handed else None,
    )


def _letter(story: Story, number: str, grounds: Grounds) -> CasePaper:
    page, facts = story.line.page, _facts(story.opening)
    if page.kind != "派单":
        raise _not_yet(f"“{page.kind}”没有派单的函。")
    return DispatchLetter(
        number=number or facts.get("函号", ""),
        case_number=page.number,
        title=page.title,
        sender=page.sender,
        receiver=page.street,
        citation=citation_of(story.line),
        facts=str(story.opening.get("note") or ""),
        duty=grounds.duty,
        share=facts.get("要求", ""),
        liaisons=grounds.liaisons,
        team=grounds.team,
        wanted=grounds.settings.elements,
        source=page.source,
        incoming=facts.get("来件编号", ""),
        received_at=page.trigger_at,
        evidence=_evidence(story.opening),
        dated=local_day(page.opened_at) if page.opened_at else None,
    )


def _reply(story: Story, number: str, grounds: Grounds) -> CasePaper:
    del grounds
    page = story.line.page
    said = _newest(story, "回告", REPLY, HANDLE, CARRY_ON, "回复")
    if said is None:
        raise _not_yet("这件案件还没有回告。")
    papers = _evidence(said.detail)
    return ReplyLetter(
        number=number or next((one.doc_no for one in papers if one.doc_no), ""),
        case_number=page.number,
        title=page.title,
        sender=said.unit,
        receiver=page.sender if page.sender != said.unit else page.receiver,
        elements=tuple(_facts(said.detail).items()),
        in_reply_to=_facts(story.opening).get("函号", ""),
        evidence=papers,
        dated=local_day(said.at),
    )


def _referral(story: Story, number: str, grounds: Grounds) -> CasePaper:
    del grounds
    page = story.line.page
    if page.kind != "涉罪移送":
        raise _not_yet(f"“{page.kind}”没有涉嫌犯罪案件移送书。")
    decided = _newest(story, "通过", DECIDE)
    papers = _evidence(story.opening)
    letter = next((one.doc_no for one in papers if one.name == REFERRAL), "")
    return CrimeReferral(
        number=number or letter,
        case_number=page.number,
        title=page.title,
        sender=page.sender,
        receiver=page.receiver,
        facts=str(story.opening.get("note") or page.title),
        charge=page.title.strip().removeprefix("涉嫌"),
        approved_by=decided.person if decided else "",
        approved_at=decided.at if decided else None,
        officers=_officers(story.opening),
        evidence=papers,
        clocks=_clocks(page.clocks),
        dated=local_day(decided.at) if decided else None,
    )


def _receipt(story: Story, number: str, grounds: Grounds) -> CasePaper:
    del grounds
    page, facts = story.line.page, _facts(story.opening)
    handed, signed = _answer(story, HANDOVER), _taken(story)
    refused = _newest(story, "拒收", SIGN, TAKE_OVER)
    papers = _evidence(handed.detail) if handed else _evidence(story.opening)
    if facts.get("函号"):
        papers = (Evidence(name=LETTER, doc_no=facts["函号"]), *papers)
    return ReceiptSlip(
        case_number=page.number,
        title=page.title,
        sender=page.sender,
        receiver=page.street if page.kind == "派单" else page.receiver,
        papers=papers,
        channel=facts.get("送达方式", ""),
        place=facts.get("地点", ""),
        officers=_officers(handed.detail) if handed else _officers(story.opening),
        delivered_at=handed.at if handed else page.opened_at,
        taken_by=signed.person if signed else "",
        received_at=signed.at if signed else None,
        refusal=_reason(refused),
        number=number,
    )


def _refusal(story: Story, number: str, grounds: Grounds) -> CasePaper:
    page = story.line.page
    refused = _newest(story, "拒收", SIGN, TAKE_OVER, "公安审查")
    if refused is None:
        raise _not_yet("这件案件没有被拒收。")
    other = page.sender if refused.unit != page.sender else page.receiver
    return RefusalNotice(
        verb="拒收",
        case_number=page.number,
        title=page.title,
        sender=refused.unit,
        receiver=other,
        ground=_facts(refused.detail).get(GROUND_FACT, "") or "不属本单位办理",
        reason=_reason(refused),
        number=number,
        letter=_facts(story.opening).get("函号", ""),
        citation=citation_of(story.line),
        arbiter=grounds.settings.arbiter if page.kind == "派单" else grounds.settings.designator,
        evidence=_evidence(refused.detail),
        dated=local_day(refused.at),
    )


_MAKERS: Final[Mapping[str, Callable[[Story, str, Grounds], CasePaper]]] = {
    SLIP: _slip,
    LETTER: _letter,
    REPLY_LETTER: _reply,
    REFERRAL: _referral,
    RECEIPT: _receipt,
    REFUSAL: _refusal,
}


def citation_of(line: CaseLine) -> Citation | None:
    """The item that a case cites, with the version in force then (4-25)."""
    page = line.page
    if not (page.item and page.list_name):
        return None
    return Citation(
        list_name=page.list_name,
        version=page.list_version,
        number=page.item,
        name=page.item_name,
    )


def _not_yet(sentence: str) -> UserError:
    return UserError("PAPER_NOT_YET", sentence)


def _answer(story: Story, step: str) -> LogLine | None:
    acted = story.acts(step)
    return acted[-1] if acted else None


def _newest(story: Story, verb: str, *steps: str) -> LogLine | None:
    acted = [one for one in story.acts(*steps) if one.verb == verb]
    return acted[-1] if acted else None


def _taken(story: Story) -> LogLine | None:
    return _newest(story, "接收", SIGN, TAKE_OVER, "协商")


def _facts(detail: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(text) for name, text in (detail.get("facts") or {}).items()}


def _reason(line: LogLine | None) -> str:
    return str(line.detail.get("note") or "") if line else ""


def _officers(detail: Mapping[str, Any]) -> tuple[str, ...]:
    return names_in(_facts(detail).get(OFFICERS_FACT, ""))


def _evidence(*details: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """The evidence of these answers, each piece once; the log leaves empty parts out."""
    known = {one.name for one in fields(Evidence)}
    found: dict[Evidence, None] = {}
    for piece in (piece for detail in details for piece in detail.get("evidence") or ()):
        parts = {name: value for name, value in piece.items() if name in known}
        parts["kept"] = Keeping(parts.get("kept", ""))
        found[Evidence(**parts)] = None
    return tuple(found)


def _clocks(lines: Iterable[ClockLine]) -> tuple[CaseClock, ...]:
    return tuple(
        CaseClock(
            name=one.name,
            basis=one.basis,
            started_at=one.started_at,
            due=Deadline(
                due=one.due_at,
                due_date=one.due_date or NO_LIMIT_DAY,
                provisional=one.provisional,
                rule=one.rule,
                skipped=(),
                calendar="",
            ),
            stopped_at=one.stopped_at,
            by=one.by,
            delivered_at=one.delivered_at,
            late_by=one.late_by,
        )
        for one in lines
        if one.due_at is not None
    )
