"""The two pages of an archive: the index over all, and the page of one 案卷."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starter.archive_case import FILE_HEADERS, Case, StepAccount, file_cells
from starter.archive_html import Markup, facts, grid, link, page, paragraph, section
from starter.archive_record import (
    NOTICE_HEADERS,
    OPENED,
    evidence_text,
    happened_on,
    is_act,
    is_late_record,
    notice_cells,
    rest_of,
    who,
)
from starter.archive_text import (
    CASE_PAGE,
    CATALOGUE,
    FILES_TABLE,
    HISTORY_TABLE,
    MANIFEST,
    NOTICES_TABLE,
    READ_ME,
    RECORDS,
    RECORDS_TABLE,
    STEPS_TABLE,
    SUMS,
    stamp,
)

CATALOGUE_HEADERS: Final = (
    "编号",
    "区",
    "单位",
    "事项",
    "任务",
    "类型",
    "完成时限",
    "时限设定机关",
    "状态",
    "开始",
    "结束",
    "文号",
    "退回",
    "延期",
    "超期",
    "办理记录",
    "段数",
    "案卷",
    "事项全称",
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the index: a procedure, and its folder if it has one."""

    workflow_id: str
    row_id: str
    district: str
    unit: str
    item: str
    task: str
    kind: str = ""
    due: str = ""
    set_by: str = ""
    status: str
    started_at: str = ""
    ended_at: str = ""
    doc_no: str = ""
    returned: int = 0
    extended: int = 0
    overdue: int = 0
    records: int = 0
    runs: int = 0
    files: int = 0
    folder: str = ""
    missing: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[Any, ...]:
        """In the order of ``CATALOGUE_HEADERS``."""
        return (
            self.row_id,
            self.district,
            self.unit,
            self.item,
            self.task,
            self.kind,
            self.due,
            self.set_by,
            self.status,
            stamp(self.started_at),
            stamp(self.ended_at),
            self.doc_no,
            self.returned,
            self.extended,
            self.overdue,
            self.records,
            self.runs,
            self.folder,
            self.workflow_id,
        )


def index_page(
    title: str, told: Iterable[tuple[str, Any]], entries: Sequence[Entry], files: Sequence[str]
) -> str:
    """This will write the index: what the rollout was, its 案卷 by district, what is not closed."""
    closed = [entry for entry in entries if entry.folder]
    open_ones = [entry for entry in entries if not entry.folder]
    parts = [facts(told)]
    for district in dict.fromkeys(entry.district for entry in closed):
        mine = [entry for entry in closed if entry.district == district]
        parts.append(section(f"案卷：{district or '市级'}（{len(mine)}）", _listed(mine)))
    if open_ones:
        parts.append(section(f"未结、未办事项（{len(open_ones)}），没有案卷", _listed(open_ones)))
    for title_of, roots in _SHELVES.items():
        shelf = [name for name in files if name.split("/")[0] in roots and _is_for_people(name)]
        if shelf:
            parts.append(section(title_of, *(paragraph(link(name, name)) for name in shelf)))
    parts.append(
        section(
            "说明与核验",
            paragraph(link(READ_ME, READ_ME), "：每个文件、每一栏的含义和核验办法。"),
            paragraph(link(CATALOGUE, CATALOGUE), "：本页的表格形式。"),
            paragraph(link(MANIFEST, MANIFEST), "：归档时间、归档人、件数。"),
            paragraph(link(SUMS, SUMS), "：每个文件的 sha256。"),
        )
    )
    return page(title, *parts)


_SHELVES: Final = {
    "方案": ("方案",),
    "通讯录": ("通讯录",),
    "工作日历": ("日历",),
    "会议": ("会议",),
    "推进过程": ("推进",),
}


def _is_for_people(name: str) -> bool:
    return not name.endswith(".json")


_INDEX_HEADERS: Final = (
    "编号",
    "单位",
    "事项",
    "任务",
    "完成时限",
    "状态",
    "结束",
    "文号",
    "退回",
    "延期",
    "超期",
    "记录",
    "缺",
)


def _listed(entries: Iterable[Entry]) -> str:
    return grid(
        _INDEX_HEADERS,
        (
            (
                entry.row_id,
                entry.unit,
                link(f"{entry.folder}/{CASE_PAGE}", entry.item) if entry.folder else entry.item,
                entry.task,
                entry.due,
                entry.status,
                stamp(entry.ended_at)[:16],
                entry.doc_no,
                entry.returned or "",
                entry.extended or "",
                entry.overdue or "",
                entry.records or "",
                "；".join(entry.missing),
            )
            for entry in entries
        ),
    )


def case_page(case: Case, entry: Entry, runs: Sequence[tuple[str, str]]) -> str:
    """This will write one 案卷; ``runs`` are the files of its histories with their hashes."""
    up = "../" * (entry.folder.count("/") + 1)
    tables = (RECORDS_TABLE, RECORDS, STEPS_TABLE, NOTICES_TABLE, FILES_TABLE, HISTORY_TABLE)
    links: list[Any] = []
    for name in tables:
        links += [link(name, name), " "]
    return page(
        f"{entry.unit}　{entry.item}",
        paragraph(link(f"{up}索引.html", "返回索引"), "　", *links),
        facts(_facts(case, entry)),
        section("环节", grid(_STEP_HEADERS, map(_step, case.steps()))),
        section(
            "办理记录（被拒绝的也在内）",
            grid(_RECORD_HEADERS, map(_record, case.records)),
        ),
        section(
            "通知、提醒、升级", grid(NOTICE_HEADERS, (notice_cells(each) for each in case.notices))
        ),
        section("证据", grid(FILE_HEADERS, _files(case))),
        section(
            "完整过程（Temporal 事件历史）",
            grid(
                ("段", "运行编号", "事件数", "开始", "结束方式", "文件", "sha256"),
                _runs(case, runs),
                "历史已不在服务器上。",
            ),
        ),
    )


def _facts(case: Case, entry: Entry) -> Iterable[tuple[str, Any]]:
    row: Mapping[str, Any] = case.request.get("row", {})
    first: Mapping[str, Any] = case.first_request.get("row", {})
    plan: Mapping[str, Any] = case.request.get("plan", {})
    result = case.result
    was = f"（最初为 {first['due']}）" if first and first.get("due") != row.get("due") else ""
    by = row.get("set_by") or "本方案"
    return (
        ("事项全称", entry.workflow_id),
        ("任务", entry.task),
        ("编号", entry.row_id),
        ("类型", entry.kind),
        ("责任单位", entry.unit),
        ("责任人", row.get("responsible", "")),
        ("牵头单位", row.get("lead", "")),
        ("配合单位", "、".join(row.get("partners", ()))),
        ("完成时限", f"{entry.due}{was}，由{by}设定" if entry.due else ""),
        ("完成时限（原文）", row.get("due_text", "")),
        ("出处", "、".join(row.get("source", ()))),
        ("方案版本", f"第{plan['version']}版" if plan.get("version") else ""),
        ("办理规则", f"第{case.request['edition']}版" if case.request.get("edition") else ""),
        ("开始", stamp(entry.started_at)),
        ("结束", stamp(entry.ended_at)),
        ("结果", f"{entry.status}。{result.get('sentence', '')}"),
        ("文号", entry.doc_no),
        ("退回、延期、超期", f"{entry.returned}次、{entry.extended}次、{entry.overdue}次"),
        ("缺失", "；".join(entry.missing)),
    )


_STEP_HEADERS: Final = (
    "环节",
    "承办单位",
    "交办",
    "时限",
    "时限的规则",
    "时限变动",
    "办结",
    "结果",
    "按期",
    "办理人",
)
_RECORD_HEADERS: Final = (
    "序号",
    "时间",
    "类别",
    "环节",
    "办理人",
    "动作",
    "内容",
    "意见",
    "证据",
    "其他",
)


def _step(step: StepAccount) -> Sequence[Any]:
    """A step as the page shows it: what did not change is said once."""
    moved = step.due != step.original_due
    rule = step.rule
    if step.original_rule and step.original_rule != step.rule:
        rule = f"原：{step.original_rule}\n现：{step.rule}"
    closed = stamp(step.closed_at)[:16]
    if step.is_late_record:
        closed += f"\n{step.happened_on}发生（补录）"
    return (
        step.step if step.visit == 1 else f"{step.step}（第{step.visit}次）",
        step.units,
        stamp(step.opened_at)[:16],
        f"{step.due}\n（原{step.original_due}）" if moved else step.due,
        rule,
        "\n".join(step.changes),
        closed,
        step.outcome,
        step.on_time,
        step.people,
    )


def _record(record: Mapping[str, Any]) -> Sequence[Any]:
    """A record as the page shows it; numbers for machines stand in the table and the JSON."""
    late = is_act(record) and is_late_record(record)
    code = f"[{record['code']}] " if record["code"] else ""
    gone = f"（已被运行 {record['superseded_by']} 取代）" if record.get("superseded_by") else ""
    unsure = "" if record["confirmed"] or gone else "（待确认）"
    detail = record.get("detail", {})
    return (
        record["seq"],
        stamp(record["at"])[:16] + (f"\n{happened_on(record)}发生（补录）" if late else ""),
        record["kind"],
        record["step"],
        who(record),
        record["verb"],
        f"{code}{record['sentence']}{gone}{unsure}",
        detail.get("note", ""),
        "\n".join(evidence_text(piece) for piece in detail.get("evidence", ())),
        "" if record["kind"] == OPENED else rest_of(detail),
    )


def _files(case: Case) -> Iterable[Sequence[Any]]:
    for cells in file_cells(case):
        place = str(cells[-1])
        yield (*cells[:-1], link(place, place) if place else "")


def _runs(case: Case, runs: Sequence[tuple[str, str]]) -> Iterable[Sequence[Any]]:
    for place, (run, (name, sha256)) in enumerate(zip(case.runs, runs, strict=True), start=1):
        yield (
            place,
            run.run_id,
            len(run.events),
            stamp(run.time_of(0)),
            run.last.removeprefix("EVENT_TYPE_WORKFLOW_EXECUTION_"),
            link(name, name),
            Markup(f'<span class="small">{sha256}</span>'),
        )
