"""The lines of an archive's tables: a record, a notice, an event of a history, each in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from starter.archive_text import cell, in_line, stamp

if TYPE_CHECKING:
    from starter.archive_source import Run

OPENED: Final = "开启"
ACTED: Final = "办理"
REFUSED: Final = "拒绝"

LABELS: Final = {
    "capacity": "身份",
    "instead_of": "代谁办理",
    "through": "代录单位",
    "note": "意见",
    "to": "至",
    "new_due": "申请的新时限",
    "happened_on": "发生日期",
    "verdicts": "审核结论",
    "replies": "意见答复",
    "reopen": "重新征求",
    "evidence": "证据",
    "signature": "签名",
    "rule": "时限的规则",
    "calendar": "日历版本",
    "directory": "通讯录版本",
    "paper": "文号",
    "meeting": "会议",
    "visit": "第几次",
    "units": "承办单位",
    "due_date": "时限",
    "provisional": "时限暂定",
    "outcome": "结果",
    "outcome_to": "退至",
    "late": "是否按期",
    "move": "时限变动",
    "before": "由",
    "after": "改为",
    "original": "最初时限",
    "why": "原因",
    "version": "方案版本",
    "how": "处理",
}
"""Words for the names in a record's detail; another name stands as it is."""

_APART: Final = frozenset({"note", "happened_on", "evidence", "capacity", "superseded_by"})

RECORD_HEADERS: Final = (
    "序号",
    "记录时间",
    "发生日期",
    "补录",
    "类别",
    "环节",
    "单位",
    "办理人",
    "身份",
    "动作",
    "拒绝代码",
    "内容",
    "意见",
    "证据",
    "其他",
    "操作编号",
    "运行编号",
    "已确认",
    "被取代于",
)
NOTICE_HEADERS: Final = ("时间", "级别", "单位", "告知", "环节", "内容", "记录序号")
HISTORY_HEADERS: Final = ("段", "运行编号", "事件", "时间", "种类", "摘要", "内容")
_MOST_OF_AN_EVENT: Final = 8_000
"""Of an event in the table, whose cells hold 32,767 characters at most; the JSON has all of it."""


def happened_on(record: Mapping[str, Any]) -> str:
    """The day on which a record's action happened: as stated, else the day of recording."""
    stated = record.get("detail", {}).get("happened_on")
    return str(stated) if stated else stamp(record["at"])[:10]


def is_late_record(record: Mapping[str, Any]) -> bool:
    """Whether an action was recorded on a later day than it happened (补录)."""
    return happened_on(record) < stamp(record["at"])[:10]


def is_act(record: Mapping[str, Any]) -> bool:
    """Whether a record is of what a person did, accepted or refused."""
    return record["kind"] in (ACTED, REFUSED)


def capacity_of(record: Mapping[str, Any]) -> str:
    """In which capacity the person acted: 代录, 代办某某; empty for an own post."""
    return str(record.get("detail", {}).get("capacity", ""))


def who(record: Mapping[str, Any]) -> str:
    """Unit and person in one, with the capacity; a person named after the unit is not said twice."""
    unit, person = str(record["unit"]), str(record["person"])
    named = person if person.startswith(unit) else f"{unit}{person}"
    capacity = capacity_of(record)
    return f"{named}（{capacity}）" if capacity else named


def record_cells(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """This will put a record into the order of ``RECORD_HEADERS``."""
    detail = record.get("detail", {})
    acted = is_act(record)
    return (
        record["seq"],
        stamp(record["at"]),
        happened_on(record) if acted else "",
        "补录" if acted and is_late_record(record) else "",
        record["kind"],
        record["step"],
        record["unit"],
        record["person"],
        capacity_of(record),
        record["verb"],
        record["code"],
        record["sentence"],
        detail.get("note", ""),
        "；".join(evidence_text(piece) for piece in detail.get("evidence", ())),
        rest_of(detail),
        record["action_id"],
        record["run_id"],
        record["confirmed"],
        record.get("superseded_by") or "",
    )


def evidence_text(piece: Mapping[str, Any]) -> str:
    """This will say one piece of evidence in a line, with its whole hash."""
    parts = [str(piece.get(name, "")) for name in ("doc_no", "filename", "kept")]
    if piece.get("sha256"):
        parts.append(f"sha256:{piece['sha256']}")
    what = " ".join(part for part in parts if part)
    return f"{piece.get('name', '')}={what}" if what else str(piece.get("name", ""))


def rest_of(detail: Mapping[str, Any]) -> str:
    """This will say what else a record holds: rule, versions, verdicts, replies and so on."""
    return "；".join(
        f"{LABELS.get(name, name)}：{_words(value)}"
        for name, value in detail.items()
        if name not in _APART and value not in ("", None, [], {})
    )


def notice_cells(notice: Mapping[str, Any]) -> tuple[Any, ...]:
    """This will put a notice into the order of ``NOTICE_HEADERS``."""
    return (
        stamp(notice["at"]),
        notice["level"],
        notice["unit"],
        notice["recipient"],
        notice["step"],
        notice["text"],
        notice["seq"],
    )


def history_rows(runs: Iterable[Run]) -> Iterator[tuple[Any, ...]]:
    """This will list every event of every run: run, number, time, kind, and what it says."""
    for place, run in enumerate(runs, start=1):
        for number, event in enumerate(run.events):
            said: Any = next((v for name, v in event.items() if name.endswith("Attributes")), {})
            yield (
                place,
                run.run_id,
                event.get("eventId"),
                stamp(run.time_of(number)),
                str(event.get("eventType", "")).removeprefix("EVENT_TYPE_"),
                summary_of(event),
                in_line(_values_only(said))[:_MOST_OF_AN_EVENT],
            )


def summary_of(event: Mapping[str, Any]) -> str:
    """This will say what an event names: a signal, an update, an activity, its own summary."""
    summary = event.get("userMetadata", {}).get("summary", {}).get("json", "")
    said: Mapping[str, Any] = next((v for n, v in event.items() if n.endswith("Attributes")), {})
    names = (
        said.get("signalName"),
        said.get("activityType", {}).get("name"),
        said.get("workflowType", {}).get("name"),
        said.get("acceptedRequest", {}).get("input", {}).get("name"),
        said.get("markerName"),
    )
    return "；".join(str(each) for each in (*names, summary) if each)


def _values_only(value: Any) -> Any:
    """A history's value with each payload replaced by what it says."""
    if isinstance(value, list):
        return [_values_only(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "metadata" in value and "json" in value:
        return value["json"]
    return {name: _values_only(each) for name, each in value.items()}


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "、".join(f"{name}{_words(each)}" for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return "、".join(_words(each) for each in value)
    return cell(value).removeprefix("'")
