"""The papers of a case laid out as official documents: ``case_paper_docx(paper)`` is the file.

交接单, 移送书 and 送达回证 are forms without a red head; 函 and 回告 are in the standard's letter format
(domain.md 8.4, "Mapping for the product").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import singledispatch
from typing import Final

from domain.action import Evidence
from domain.case_clocks import CaseClock
from domain.case_papers import (
    CasePaper,
    CrimeReferral,
    DispatchLetter,
    HandoverForm,
    ReceiptSlip,
    RefusalNotice,
    ReplyLetter,
    case_paper_findings,
    missing_evidence,
)
from domain.day_words import spell_instant
from domain.official_paper import (
    Block,
    Cell,
    Genre,
    Layout,
    OfficialPaper,
    Para,
    Row,
    Table,
    spell_date,
)
from domain.refusal import Finding
from starter.errors import UserError

_BY_HAND_DAY: Final = "　　年　月　日"
_BY_HAND_TIME: Final = "　年　月　日　时　分"
_WEEKDAY: Final = re.compile("（星期.）")


def case_paper_docx(paper: CasePaper) -> bytes:
    """This will write a paper of a case as the bytes of a .docx file.

    Raises UserError: PAPER_UNFIT with the first of its errors.
    """
    from starter.official_docx import official_docx

    laid_out = official_paper(paper)
    errors = [one for one in paper_findings(paper) if one.is_error]
    if errors:
        more = f"（另有{len(errors) - 1}处）" if len(errors) > 1 else ""
        raise UserError("PAPER_UNFIT", f"{laid_out.title}不能生成：{errors[0].sentence}{more}")
    return official_docx(laid_out)


def paper_findings(paper: CasePaper) -> tuple[Finding, ...]:
    """What the rules of cases and of documents say against a paper; warnings do not stop it."""
    return (*case_paper_findings(paper), *official_paper(paper).findings)


@singledispatch
def official_paper(paper: CasePaper) -> OfficialPaper:
    """This will lay a paper of a case out as an official document."""
    raise TypeError(type(paper).__name__)


@official_paper.register
def _(form: HandoverForm) -> OfficialPaper:
    rows = [
        _pair("案件编号", form.case_number, "案件类别", _joined(form.kind, form.urgency)),
        _wide("案件名称", form.title),
        _pair("移交单位", form.sender, "接收单位", form.receiver),
        _wide("清单事项", form.citation.text if form.citation else ""),
        _pair("发现时间", _moment(form.trigger_at), "案件来源", form.source),
        _pair("报告时间", _moment(form.reported_at), "报告方式", form.reported_by),
        _pair("送达时间", _moment(form.delivered_at), "地　　点", form.place),
        _wide("简要案情", form.facts, lines=2),
    ]
    # The hands stand on the first page, however long the lists after them.
    body: list[Block] = [
        Table(grid=_FORM, rows=tuple(rows)),
        Para(),
        _signatures("移交", "接收", form.officers, form.taken_by, form.received_at),
        *_evidence_table("移交材料清单", form.evidence, missing_evidence(form)),
        *_clock_table(form.clocks),
    ]
    if form.note:
        body.append(Para(text=form.note))
    return OfficialPaper(
        genre=Genre.HANDOVER_FORM,
        layout=Layout.FORM,
        title="案件交接单",
        body=tuple(body),
        dated=form.dated,
    )


@official_paper.register
def _(letter: DispatchLetter) -> OfficialPaper:
    came = f"{_moment(letter.received_at)}，" if letter.received_at else ""
    incoming = f"，来件编号{letter.incoming}" if letter.incoming else ""
    item = letter.citation.text if letter.citation else ""
    named = "、".join(letter.liaisons)
    hands = f"{letter.team}（{named}）" if letter.team and named else letter.team or named
    body = [
        Para(
            text=f"{came}我单位收到{letter.source or '群众投诉举报'}“{letter.title}”"
            f"（案件编号{letter.case_number}{incoming}）。现函告你单位，请予办理。"
        ),
        Para(level=1, heading="基本情况"),
        Para(text=letter.facts or letter.title),
        Para(level=1, heading="办理依据"),
        Para(text=f"{item}。{_sentence(letter.duty)}{_sentence(_share(letter))}"),
        Para(level=1, heading="办理要求"),
        Para(level=2, heading="明确专人。", text=f"请由你单位{hands or '专人专班'}办理。"),
        Para(level=2, heading="办结回告。", text=_reply_wanted(letter)),
        Para(
            level=2,
            heading="不予受理。",
            text="认为该事项不在清单之内或未经准入的，请书面说明理由。",
        ),
        Para(text="专此函达。"),
    ]
    return OfficialPaper(
        genre=Genre.LETTER,
        layout=Layout.LETTER,
        title=f"关于办理“{letter.title}”的函",
        body=tuple(body),
        mark=letter.sender,
        number=letter.number,
        to=(letter.receiver,),
        attachments=_names(letter.evidence),
        signers=(letter.sender,),
        dated=letter.dated,
        footnote=letter.contact,
        cc=letter.cc,
    )


@official_paper.register
def _(letter: ReplyLetter) -> OfficialPaper:
    asked = f"（{letter.in_reply_to}）" if letter.in_reply_to else ""
    body = [
        Para(
            text=f"你单位转来的“{letter.title}”{asked}收悉（案件编号{letter.case_number}）。"
            "现将办理情况回告如下："
        ),
        *(
            part
            for name, text in letter.elements
            for part in (Para(level=1, heading=name), *_paragraphs(text))
        ),
        Para(text="特此回告。"),
    ]
    return OfficialPaper(
        genre=Genre.LETTER,
        layout=Layout.LETTER,
        title=f"关于“{letter.title}”办理情况的函",
        body=tuple(body),
        mark=letter.sender,
        number=letter.number,
        to=(letter.receiver,),
        attachments=_names(letter.evidence),
        signers=(letter.sender,),
        dated=letter.dated,
        footnote=letter.contact,
        cc=letter.cc,
    )


@official_paper.register
def _(referral: CrimeReferral) -> OfficialPaper:
    approved = f"经{referral.approved_by}批准" if referral.approved_by else "经本单位负责人批准"
    when = f"（{_moment(referral.approved_at)}）" if referral.approved_at else ""
    body: list[Block] = [
        Para(
            text=f"我单位办理的“{referral.title}”（案件编号{referral.case_number}），"
            f"涉嫌{referral.charge}。依据{'、'.join(referral.basis)}，{approved}{when}，"
            "现移送你单位依法处理。"
        ),
        Para(level=1, heading="案件情况"),
        *_paragraphs(referral.facts),
        Para(level=1, heading="移送材料"),
        Para(text=f"共{len(referral.evidence)}件，见所附清单。"),
        Para(text="请将是否立案的决定书面告知我单位。"),
        *_evidence_table("移送材料清单", referral.evidence, ()),
        *_clock_table(referral.clocks),
        Para(),
        _signatures("移送", "接收", referral.officers, "", None),
    ]
    return OfficialPaper(
        genre=Genre.REFERRAL,
        layout=Layout.FORM,
        title="涉嫌犯罪案件移送书",
        body=tuple(body),
        number=referral.number,
        to=(referral.receiver,),
        signers=(referral.sender,),
        dated=referral.dated,
        cc=referral.cc,
    )


@official_paper.register
def _(slip: ReceiptSlip) -> OfficialPaper:
    papers = "\n".join(_joined(one.name, one.doc_no) for one in slip.papers)
    rows = (
        _pair("案件编号", slip.case_number, "案件名称", slip.title),
        _wide("送达文书\n名称及文号", papers, lines=2),
        _pair("送达单位", slip.sender, "受送达单位", slip.receiver),
        _pair("送达方式", slip.channel, "送达地点", slip.place),
        _pair(
            "送达人\n（两名签名）",
            "、".join(slip.officers),
            "送达时间",
            _moment(slip.delivered_at) or _BY_HAND_TIME,
            lines=3,
        ),
        _pair(
            "收件人\n（签章）",
            slip.taken_by,
            "收到时间",
            _moment(slip.received_at) or _BY_HAND_TIME,
            lines=3,
        ),
        _wide("拒收事由", slip.refusal, lines=3),
        _wide("备　　注", "", lines=3),
    )
    return OfficialPaper(
        genre=Genre.RECEIPT,
        layout=Layout.FORM,
        title="送达回证",
        body=(Table(grid=_FORM, rows=rows),),
        number=slip.number,
    )


@official_paper.register
def _(notice: RefusalNotice) -> OfficialPaper:
    by = f"（{notice.letter}）" if notice.letter else ""
    body = [
        Para(
            text=f"你单位送来的“{notice.title}”{by}收悉（案件编号{notice.case_number}）。"
            f"经研究，我单位{notice.verb}，说明如下："
        ),
        Para(level=1, heading="理由"),
        Para(text=_sentence(notice.ground)),
        *_paragraphs(notice.reason),
        Para(level=1, heading="依据"),
        Para(text=_sentence("；".join(_grounds(notice)))),
        Para(level=1, heading="后续处理"),
        Para(text=_afterwards(notice)),
        Para(text="特此说明。"),
    ]
    return OfficialPaper(
        genre=Genre.STATEMENT,
        layout=Layout.FORM,
        title=f"案件{notice.verb}说明",
        body=tuple(body),
        number=notice.number,
        to=(notice.receiver,),
        attachments=_names(notice.evidence),
        signers=(notice.sender,),
        dated=notice.dated,
    )


_FORM: Final = (7, 11, 7, 11)


def _pair(name: str, value: str, other: str, its: str, *, lines: float = 1.2) -> Row:
    cells = (
        Cell(text=name, label=True),
        Cell(text=value),
        Cell(text=other, label=True),
        Cell(text=its),
    )
    return Row(cells=cells, lines=lines)


def _wide(name: str, value: str, *, lines: float = 1.2) -> Row:
    return Row(cells=(Cell(text=name, label=True), Cell(text=value, span=3)), lines=lines)


def _heads(*names: str) -> Row:
    return Row(cells=tuple(Cell(text=name, label=True) for name in names), head=True)


def _evidence_table(
    caption: str, evidence: Iterable[Evidence], missing: Iterable[str]
) -> list[Block]:
    """What goes with the case, known by its 文号 or its sha256; what is missing says so."""
    rows = [
        (
            Cell(text=one.name),
            Cell(text=one.doc_no),
            Cell(text=_hash(one.sha256), fine=True),
            "随案",
        )
        for one in evidence
    ]
    rows += [(Cell(text=name), Cell(), Cell(), "缺") for name in missing]
    if not rows:
        return []
    made = (
        Row(cells=(Cell(text=str(n), centred=True), *cells, Cell(text=state, centred=True)))
        for n, (*cells, state) in enumerate(rows, start=1)
    )
    heads = _heads("序号", "材料名称", "文号", "文件校验值（sha256）", "随案")
    return [Table(grid=(2, 5, 5, 9, 2), rows=(heads, *made), caption=caption)]


def _clock_table(clocks: Iterable[CaseClock]) -> list[Block]:
    rows = tuple(
        Row(
            cells=(
                Cell(text=_joined(one.name, one.basis), label=True),
                Cell(text=_moment(one.started_at)),
                Cell(text=_due(one)),
                Cell(text=_stopped(one)),
                Cell(text=f"超期（{one.late_by}）" if one.late_by else "未超期", centred=True),
            )
        )
        for one in clocks
    )
    if not rows:
        return []
    heads = _heads("时限", "起算", "到期", "停止", "情况")
    return [Table(grid=(4, 6, 6, 6, 4), rows=(heads, *rows), caption="时限")]


def _due(clock: CaseClock) -> str:
    if clock.due.is_unlimited:
        return "不设时限"
    provisional = "（暂定）" if clock.due.provisional else ""
    return f"{_moment(clock.due.due)}{provisional}"


def _stopped(clock: CaseClock) -> str:
    if clock.stopped_at is None:
        return "进行中"
    return f"{_moment(clock.stopped_at)}{f'（{clock.by}）' if clock.by else ''}"


def _signatures(
    gives: str, takes: str, officers: tuple[str, ...], taken_by: str, at: datetime | None
) -> Table:
    """Both sides' seals and hands; the receiver's moment is what stops the clock of 4-12."""
    given = "、".join(officers) or "　"
    left = f"{gives}单位（盖章）：\n\n{gives}人（两名签名）：{given}\n\n日期：{_BY_HAND_DAY}"
    moment = _moment(at) or _BY_HAND_TIME
    right = f"{takes}单位（盖章）：\n\n{takes}人（签名）：{taken_by}\n\n签收时间：{moment}"
    row = Row(cells=(Cell(text=left), Cell(text=right)), lines=6)
    return Table(grid=(1, 1), rows=(row,))


def _share(letter: DispatchLetter) -> str:
    return f"该事项由你单位{letter.share}" if letter.share else ""


def _reply_wanted(letter: DispatchLetter) -> str:
    said = f"，写明{'、'.join(letter.wanted)}" if letter.wanted else ""
    day = f"于{spell_date(letter.wanted_by)}前（含当日）" if letter.wanted_by else "在办理完毕后"
    return f"请{day}书面回告我单位{said}。"


def _grounds(notice: RefusalNotice) -> tuple[str, ...]:
    return ((notice.citation.text,) if notice.citation else ()) + notice.basis


def _afterwards(notice: RefusalNotice) -> str:
    if not notice.arbiter:
        return "对本说明有异议的，请与我单位协商。"
    return f"对本说明有异议的，请与我单位协商；协商不成的，报请{notice.arbiter}指定。"


def _paragraphs(text: str) -> tuple[Para, ...]:
    return tuple(Para(text=line.strip()) for line in text.splitlines() if line.strip())


def _sentence(text: str) -> str:
    """Words with their full stop; nothing stays nothing."""
    return f"{text.rstrip('。')}。" if text else ""


def _names(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(f"{one.name}（{one.doc_no}）" if one.doc_no else one.name for one in evidence)


def _hash(sha256: str) -> str:
    return "\n".join(sha256[at : at + 32] for at in range(0, len(sha256), 32))


def _moment(at: datetime | None) -> str:
    """An instant as forms have it, without the day of the week."""
    return _WEEKDAY.sub("", spell_instant(at)) if at else ""


def _joined(*words: str) -> str:
    return " ".join(word for word in words if word)
