"""Reading a rollout's rows whole, table by table, for the archive; each page is one round trip.

Every part has a key in text that orders it the same on any machine (collation C), so that two
archives of the same rows are the same bytes, and a page goes on where the last one ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

KEY: Final = "archive_key"
"""The column that orders a page; not part of the row."""

_SEPARATOR: Final = "E'\\x1f'"


@dataclass(frozen=True, kw_only=True)
class Extract:
    """One part: which rows (a SELECT's tail) and the expressions that order them."""

    columns: str = "t.*"
    source: str
    key: tuple[str, ...]

    @property
    def statement(self) -> TextClause:
        """The page after ``:after``, of at most ``:limit`` rows."""
        key = f"concat_ws({_SEPARATOR}, {', '.join(self.key)})"
        # what is inserted are the constants below
        return text(
            f"""
            SELECT * FROM (SELECT {self.columns}, {key} COLLATE "C" AS {KEY} FROM {self.source}) p
            WHERE p.{KEY} > :after ORDER BY p.{KEY} LIMIT :limit
            """  # noqa: S608
        )


def _number(column: str) -> str:
    return f"lpad(CAST({column} AS text), 19, '0')"


def _instant(column: str) -> str:
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')"


_PIECE: Final = 100_000
"""Characters of a long document in one row: about 300 KB at most."""


def _pieces(table: str, where: str) -> str:
    """A table's ``document`` as text, cut into numbered pieces."""
    length = f"(length(CAST(t.document AS text)) - 1) / {_PIECE}"
    return f"{table} CROSS JOIN LATERAL generate_series(0, {length}) AS cut (piece) {where}"


_TEXT_COLUMNS: Final = (
    "t.version, cut.piece,"
    f" substr(CAST(t.document AS text), cut.piece * {_PIECE} + 1, {_PIECE}) AS text"
)
_OF_ROLLOUT: Final = "WHERE t.rollout = :rollout"
_USED: Final = "WHERE t.published_at IS NOT NULL"

EXTRACTS: Final[dict[str, Extract]] = {
    "事项": Extract(source=f"board_row t {_OF_ROLLOUT}", key=("t.workflow_id",)),
    "办理记录": Extract(
        source=f"log_entry t {_OF_ROLLOUT} AND t.workflow_id = :workflow_id",
        key=(_number("t.seq"), _instant("t.at"), "t.run_id"),
    ),
    "通知": Extract(
        # Not when it was routed: that is the outbox's, and would change an archive made before.
        columns=(
            "t.key, t.workflow_id, t.seq, t.rollout, t.at, t.unit, t.recipient, t.level, t.step,"
            " t.text"
        ),
        source=f"notice t {_OF_ROLLOUT} AND t.workflow_id = :workflow_id",
        key=(_instant("t.at"), _number("t.seq"), "t.key"),
    ),
    "方案版本": Extract(
        columns=(
            "p.rollout, t.version, t.content_hash, t.title, t.coordinator, t.kickoff, t.units,"
            " t.procedures, t.registered_at, t.registered_by, p.claimed_at, p.claimed_by"
        ),
        source="plan_version t JOIN plan p ON p.id = t.plan_id WHERE p.rollout = :rollout",
        key=(_number("t.version"),),
    ),
    "方案全文": Extract(
        columns=_TEXT_COLUMNS,
        source=_pieces(
            "plan_version t JOIN plan p ON p.id = t.plan_id", "WHERE p.rollout = :rollout"
        ),
        key=(_number("t.version"), _number("cut.piece")),
    ),
    "通讯录版本": Extract(source=f"directory_version t {_OF_ROLLOUT}", key=(_number("t.version"),)),
    "单位": Extract(
        source=f"directory_unit t {_OF_ROLLOUT}", key=(_number("t.position"), "t.name")
    ),
    "任职": Extract(
        source=f"appointment t {_OF_ROLLOUT}",
        key=("t.unit", "t.role", "t.person", _instant("t.valid_from")),
    ),
    "日历版本": Extract(
        columns=(
            "t.version, t.calendar_id, t.content_hash, t.year, t.paper, t.staged_at, t.staged_by,"
            " t.published_at, t.published_by"
        ),
        source=f"calendar_version t {_USED}",
        key=(_number("t.version"),),
    ),
    "日历全文": Extract(
        columns=_TEXT_COLUMNS,
        source=_pieces("calendar_version t", _USED),
        key=(_number("t.version"), _number("cut.piece")),
    ),
    "方案修改": Extract(
        columns=(
            "t.rollout, t.version, t.paper, t.issuer, t.person, t.at, t.redo, t.stop, t.counts,"
            " t.fates"
        ),
        source=f"plan_amendment t {_OF_ROLLOUT}",
        key=(_number("t.version"),),
    ),
    "请假": Extract(source=f"absence t {_OF_ROLLOUT}", key=(_number("t.id"),)),
    "会议": Extract(source=f"meeting t {_OF_ROLLOUT}", key=("CAST(t.held_on AS text)", "t.doc_no")),
    "会议决定": Extract(source=f"meeting_item t {_OF_ROLLOUT}", key=("t.doc_no", "t.item")),
    "会议出席": Extract(
        source=f"meeting_attendance t {_OF_ROLLOUT}", key=("t.doc_no", "t.unit", "t.person")
    ),
    "证据文件": Extract(
        source=f"evidence_place t {_OF_ROLLOUT} AND t.workflow_id = :workflow_id",
        key=(_instant("t.at"), "t.sha256", "t.unit"),
    ),
    # What the archive itself reads comes after the end and is not part of the 案卷.
    "证据查阅": Extract(
        columns="t.*",
        source=(
            "evidence_read t JOIN board_row b USING (workflow_id)"
            " WHERE b.rollout = :rollout AND t.workflow_id = :workflow_id AND t.at <= b.ended_at"
        ),
        key=(_instant("t.at"), "t.sha256", "t.person", "t.unit"),
    ),
    "摸底锁定": Extract(source=f"census_lock t {_OF_ROLLOUT}", key=("t.rollout",)),
    "台账分录": Extract(
        columns=(
            "t.rollout, t.number, t.kind, t.day, t.at, t.person, t.procedure, t.rule, t.paper,"
            " t.special_paper, t.note, p.line, p.unit, p.type, p.state, p.amount, p.toward, p.staff"
        ),
        source=f"ledger_transaction t JOIN ledger_posting p ON p.transaction = t.id {_OF_ROLLOUT}",
        key=(_number("t.number"), _number("p.line")),
    ),
    "台账拒绝": Extract(
        columns="t.rollout, t.at, t.person, t.kind, t.code, t.sentence",
        source=f"ledger_refusal t {_OF_ROLLOUT}",
        key=(_number("t.id"),),
    ),
    "名册": Extract(source=f"roster t {_OF_ROLLOUT}", key=("t.number", _number("t.version"))),
    "名册人员": Extract(
        source=f"roster_person t {_OF_ROLLOUT}",
        key=("t.number", _number("t.version"), "t.staff"),
    ),
    "借调": Extract(source=f"secondment t {_OF_ROLLOUT}", key=("CAST(t.since AS text)", "t.staff")),
    "清单版本": Extract(source=f"duty_list t {_OF_ROLLOUT}", key=("t.name", _number("t.version"))),
    "清单事项": Extract(
        source=f"duty_item t {_OF_ROLLOUT}",
        key=("t.list", _number("t.version"), _number("t.position")),
    ),
    "清单认领": Extract(
        source=f"duty_claim t {_OF_ROLLOUT}",
        key=("t.list", "t.number", "t.street", _instant("t.claimed_at")),
    ),
    "清单试运行": Extract(
        source=f"duty_trial t {_OF_ROLLOUT}",
        key=("t.list", "t.street", "CAST(t.evaluated_on AS text)"),
    ),
    "清单合法性结论": Extract(
        source=f"duty_verdict t {_OF_ROLLOUT}",
        key=("t.list", "t.number", _instant("t.judged_at")),
    ),
    "清单调整申请": Extract(
        source=f"duty_application t {_OF_ROLLOUT}", key=("t.list", _number("t.number"))
    ),
    "清单调整申请书": Extract(
        source=f"duty_application_text t {_OF_ROLLOUT}",
        key=("t.list", _number("t.number"), _number("t.revision")),
    ),
    "案件": Extract(
        source=f"case_row t {_OF_ROLLOUT} AND t.ended_at IS NOT NULL AND t.code = ''",
        key=(_instant("t.opened_at"), "t.workflow_id"),
    ),
    "未受理的案件": Extract(
        source=f"case_attempt t {_OF_ROLLOUT}",
        key=(_instant("t.at"), "t.workflow_id", "t.action_id"),
    ),
    "办案设置": Extract(source=f"case_setting t {_OF_ROLLOUT}", key=(_number("t.version"),)),
    "街道反映": Extract(source=f"case_complaint t {_OF_ROLLOUT}", key=(_number("t.number"),)),
    "街道反映的答复": Extract(
        source=f"case_complaint_reply t {_OF_ROLLOUT}",
        key=(_number("t.number"), _number("t.place")),
    ),
    "会议议题": Extract(source=f"meeting_issue t {_OF_ROLLOUT}", key=(_number("t.number"),)),
    "会议议题办理": Extract(
        source=f"meeting_issue_move t {_OF_ROLLOUT}",
        key=(_number("t.number"), _number("t.place")),
    ),
    "督查安排": Extract(source=f"audit_plan t {_OF_ROLLOUT}", key=("t.name", _number("t.version"))),
    "督查各期": Extract(source=f"audit_run t {_OF_ROLLOUT}", key=("t.plan", "t.label")),
    # Not what is sealed: a sample is told by its record, once that is published (4-37).
    "抽样记录": Extract(
        columns=(
            "t.rollout, t.plan, t.label, t.prepared_at, t.population_size, t.population_hash,"
            " t.rule_hash, t.commitment, t.public_source, t.public_number, t.drawn_at,"
            " t.published_at, t.record"
        ),
        source=f"audit_draw t {_OF_ROLLOUT} AND t.published_at IS NOT NULL",
        key=("t.plan", "t.label"),
    ),
    "督查": Extract(source=f"audit t {_OF_ROLLOUT}", key=("t.plan", "t.label")),
    "督查到访": Extract(
        source=f"audit_visit t {_OF_ROLLOUT}", key=("t.plan", "t.label", _number("t.number"))
    ),
    "督查问题": Extract(
        source=f"audit_problem t {_OF_ROLLOUT}", key=("t.plan", "t.label", _number("t.number"))
    ),
    "督查问题处理": Extract(
        source=f"audit_problem_move t {_OF_ROLLOUT}",
        key=("t.plan", "t.label", _number("t.number"), _number("t.place")),
    ),
    "督查移送": Extract(
        source=f"audit_referral t {_OF_ROLLOUT}",
        key=("t.plan", "t.label", _number("t.number"), _number("t.place")),
    ),
    "督查结论": Extract(
        source=f"audit_conclusion t {_OF_ROLLOUT}",
        key=("t.plan", "t.label", "t.item", _number("t.place")),
    ),
    "四个严禁": Extract(source=f"discipline_text t {_OF_ROLLOUT}", key=(_number("t.version"),)),
}
"""By the part's name in ``contracts.archive``; a part without an entry has no rows."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which page of which part; ``after`` is the key of the row before it."""

    part: str
    rollout: str
    workflow_id: str = ""
    after: str = ""
    limit: int = 500


async def read_part(connection: AsyncConnection, asked: Asked) -> Sequence[dict[str, Any]]:
    """This will read the rows of a part after a key, in the order of their keys."""
    extract = EXTRACTS.get(asked.part)
    if extract is None:
        return ()
    statement = extract.statement
    bound = {name: value for name, value in asdict(asked).items() if f":{name}" in statement.text}
    found = await connection.execute(statement, bound)
    return [dict(row) for row in found.mappings()]
