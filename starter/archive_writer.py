"""Writing an archive: everything of one rollout into one folder, complete or not at all.

It is written into a folder beside the target and takes its name at the end. A target that is
there already is replaced only if it is an older archive of the same rollout with nothing of
anybody else's in it. The same records give the same bytes; only the manifest says when and by whom
the archive was made.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starter.archive_case import FILE_HEADERS, STEP_HEADERS, Case, file_cells
from starter.archive_guide import guide
from starter.archive_pages import CATALOGUE_HEADERS, Entry, case_page, index_page
from starter.archive_record import (
    HISTORY_HEADERS,
    NOTICE_HEADERS,
    RECORD_HEADERS,
    history_rows,
    notice_cells,
    record_cells,
)
from starter.archive_registers import write_registers, write_rows
from starter.archive_text import (
    CASE_PAGE,
    CATALOGUE,
    FILES,
    FILES_TABLE,
    FORCED,
    FORMAT,
    HISTORY,
    HISTORY_TABLE,
    INDEX,
    MANIFEST,
    NOTICES_TABLE,
    READ_ME,
    RECORDS,
    RECORDS_TABLE,
    STEPS_TABLE,
    SUMS,
    TREE,
    Folder,
    as_json,
    case_folder,
    safe_file_name,
    safe_name,
    table,
)
from starter.errors import EXIT_REFUSED, UserError

if TYPE_CHECKING:
    from contracts.desk import BoardLine
    from starter.archive_source import Run, Source

AT_ONCE: Final = 4
"""Procedures read at the same time: a large rollout must not crowd out the desk's other readers."""


@dataclass(frozen=True, kw_only=True)
class Archived:
    """What was written: how many 案卷, what is still open, what is missing, the seal's hash."""

    folder: str
    rollout: str
    cases: int
    open: int
    files: int
    seal: str
    missing: tuple[str, ...] = ()


async def write_archive(source: Source, target: Path, *, person: str, at: datetime) -> Archived:
    """This will archive a rollout into ``target``; nothing is left behind if it fails.

    Raises UserError: ARCHIVE_TARGET (something else is there), NOT_FOUND (no such rollout).
    """
    replaces = _may_replace(target, source.rollout)
    building = target.parent / f".{target.name}.正在写"
    shutil.rmtree(building, ignore_errors=True)
    try:
        building.mkdir(parents=True)
        archived = await _Archive(source, Folder(building), person, at).write(target.name)
        _take_place(building, target, replaces=replaces)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return archived


class _Archive:
    """One archive being written."""

    def __init__(self, source: Source, folder: Folder, person: str, at: datetime) -> None:
        self._source = source
        self._folder = folder
        self._person = person
        self._at = at
        self._missing: list[str] = []
        self._is_over = False

    async def write(self, name: str) -> Archived:
        board = await self._source.board()
        registers = await write_registers(self._source, self._folder)
        if "方案/版本" not in registers:
            raise UserError("NOT_FOUND", f"没有登记名为“{self._source.rollout}”的改革。")
        self._is_over = await self._source.is_running(self._source.rollout) is False
        entries = await self._cases(board)
        await self._tree([entry.workflow_id for entry in entries], registers)
        seal = self._finish(entries, registers["方案/版本"])
        return Archived(
            folder=name,
            rollout=self._source.rollout,
            cases=sum(bool(entry.folder) for entry in entries),
            open=sum(not entry.folder for entry in entries),
            files=len(self._folder.sums) + 1,
            seal=seal,
            missing=tuple(self._missing),
        )

    # --- procedures -------------------------------------------------------------------------

    async def _cases(self, board: Sequence[BoardLine]) -> list[Entry]:
        """Every procedure of the rollout in the board's order, those that left the plan last."""
        from contracts.archive import Part

        rows = {row["workflow_id"]: row for row in await self._source.rows(Part.PROCEDURES)}
        order = list(dict.fromkeys([*(line.workflow_id for line in board), *rows]))
        lines = {line.workflow_id: line for line in board}
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(workflow_id: str) -> Entry:
            async with gate:
                row = rows.get(workflow_id)
                if row is None:
                    return _waiting(lines[workflow_id], is_over=self._is_over)
                return await self._one(row)

        return list(await asyncio.gather(*(one(workflow_id) for workflow_id in order)))

    async def _one(self, row: dict[str, Any]) -> Entry:
        workflow_id = row["workflow_id"]
        is_running = await self._source.is_running(workflow_id)
        if is_running or (is_running is None and not row["ended_at"]):
            return _entry(row)
        return await self._case(row)

    async def _case(self, row: dict[str, Any]) -> Entry:
        from contracts.archive import Part

        workflow_id = row["workflow_id"]
        folder = case_folder(workflow_id)
        records = await self._source.rows(Part.LOG, workflow_id)
        notices = await self._source.rows(Part.NOTICES, workflow_id)
        run_ids = tuple(dict.fromkeys(str(record["run_id"]) for record in records))
        runs = await self._source.runs(workflow_id, run_ids)
        places: dict[str, str] = {}
        case = Case(
            workflow_id=workflow_id,
            row=row,
            records=records,
            notices=notices,
            runs=runs,
            progress=await self._source.progress(workflow_id) if runs else None,
            places=places,
        )
        missing = [
            f"{workflow_id}：第{run_id}段历史已不在服务器上"
            for run_id in run_ids
            if run_id not in {run.run_id for run in runs}
        ]
        missing += await self._files(case, folder)
        entry = _entry(row, case, folder, tuple(text.split("：", 1)[1] for text in missing))
        self._missing += missing
        await self._tables(case, folder)
        histories = self._histories(folder, runs)
        self._folder.write(f"{folder}/{CASE_PAGE}", case_page(case, entry, histories))
        return entry

    async def _tables(self, case: Case, folder: str) -> None:
        from contracts.archive import Part

        keep = self._folder.write
        keep(f"{folder}/{RECORDS}", as_json(case.records))
        keep(f"{folder}/{RECORDS_TABLE}", table(RECORD_HEADERS, map(record_cells, case.records)))
        keep(f"{folder}/{STEPS_TABLE}", table(STEP_HEADERS, (s.cells for s in case.steps())))
        keep(f"{folder}/{NOTICES_TABLE}", table(NOTICE_HEADERS, map(notice_cells, case.notices)))
        keep(f"{folder}/{FILES_TABLE}", table(FILE_HEADERS, file_cells(case)))
        for part, name in ((Part.FILES, "入库"), (Part.READS, "查阅")):
            rows = await self._source.rows(part, case.workflow_id)
            if rows:
                write_rows(self._folder, f"{folder}/{name}", rows)

    async def _files(self, case: Case, folder: str) -> list[str]:
        """Fetch what is stored; say what could not be had."""
        missing = []
        for sha256, filename in sorted(case.stored_files.items()):
            place = f"{FILES}/{safe_file_name(sha256, filename)}"
            path = self._folder.place(f"{folder}/{place}")
            why = await self._source.fetch(case.workflow_id, sha256, self._person, path)
            if why:
                path.unlink(missing_ok=True)
                missing.append(f"{case.workflow_id}：证据文件{filename}没有取到（{why}）")
                continue
            self._folder.keep(f"{folder}/{place}", sha256)
            case.places[sha256] = place
        return missing

    def _histories(self, folder: str, runs: Sequence[Run]) -> list[tuple[str, str]]:
        """Each run as JSON, and all events as one table; the files with their hashes."""
        written = []
        for place, run in enumerate(runs, start=1):
            name = f"{HISTORY}/第{place}段.json"
            self._folder.write(
                f"{folder}/{name}", as_json({"run_id": run.run_id, "events": run.events})
            )
            written.append((name, self._folder.sums[f"{folder}/{name}"]))
        if runs:
            rows = table(HISTORY_HEADERS, history_rows(runs))
            self._folder.write(f"{folder}/{HISTORY_TABLE}", rows)
        return written

    # --- the levels above, and the whole ----------------------------------------------------

    async def _tree(
        self, procedures: Sequence[str], registers: dict[str, list[dict[str, Any]]]
    ) -> None:
        """The histories of rollout, areas, units, amendments, and the calendars' publications."""
        from contracts.calendar import publication_id

        levels: dict[str, None] = {self._source.rollout: None}
        for workflow_id in procedures:
            parts = workflow_id.split("/")
            levels |= {"/".join(parts[:length]): None for length in range(2, len(parts))}
        amended = (row["version"] for row in registers["方案/版本"] if row["version"] > 1)
        levels |= {f"{self._source.rollout}/修订/{version}": None for version in amended}
        versions = (row["version"] for row in registers.get("日历/版本", ()))
        levels |= {publication_id(version): None for version in versions}
        for workflow_id in sorted(levels):
            runs = await self._source.runs(workflow_id)
            if runs:
                place = "/".join([TREE, *(safe_name(part) for part in workflow_id.split("/"))])
                self._histories(place, runs)

    def _finish(self, entries: Sequence[Entry], plans: Sequence[dict[str, Any]]) -> str:
        newest = plans[-1]
        rollout, title = self._source.rollout, str(newest["title"])
        counts: dict[str, int] = {}
        for entry in entries:
            counts[entry.status] = counts.get(entry.status, 0) + 1
        self._folder.write(READ_ME, guide(rollout, title))
        self._folder.write(CATALOGUE, table(CATALOGUE_HEADERS, (entry.cells for entry in entries)))
        told = (
            ("改革", rollout),
            ("状态", "已结束" if self._is_over else "进行中，本档案只含已办结的事项"),
            ("牵头单位", newest["coordinator"]),
            ("启动日", newest["kickoff"]),
            ("方案", f"第{newest['version']}版，sha256 {newest['content_hash']}"),
            ("事项", "，".join(f"{status}{count}" for status, count in sorted(counts.items()))),
        )
        files = sorted([*self._folder.sums, MANIFEST, INDEX])
        page = index_page(f"{title}　档案", told, entries, files)
        self._folder.write(INDEX, page)
        manifest = {
            "格式": FORMAT,
            "改革": rollout,
            "标题": title,
            "归档时间": self._at,
            "归档人": self._person,
            "事项数": counts,
            "案卷": [asdict(entry) for entry in entries if entry.folder],
            "未结": [asdict(entry) for entry in entries if not entry.folder],
            "缺失": self._missing,
            "文件数": len(self._folder.sums) + 1,
        }
        self._folder.write(MANIFEST, as_json(manifest))
        return self._folder.seal()


def _waiting(line: BoardLine, *, is_over: bool) -> Entry:
    """A row of the plan that has not begun; once the rollout is over, it never will."""
    from starter.board import NEVER, WAITING

    return Entry(
        workflow_id=line.workflow_id,
        row_id=line.row_id,
        district=line.district,
        unit=line.unit,
        item=line.item,
        task=line.task,
        due=line.due_date.isoformat() if line.due_date else "",
        status=NEVER if is_over and line.status == WAITING else line.status,
    )


def _entry(
    row: dict[str, Any], case: Case | None = None, folder: str = "", missing: tuple[str, ...] = ()
) -> Entry:
    planned = case.request.get("row", {}) if case else {}
    is_forced = case is not None and not row["ended_at"]
    return Entry(
        workflow_id=row["workflow_id"],
        row_id=row["row_id"],
        district=row["district"],
        unit=row["unit"],
        item=row["item"],
        task=row["task"],
        kind=str(planned.get("kind", "")),
        due=str(row["row_due_date"] or ""),
        set_by=str(planned.get("set_by", "")),
        status=FORCED if is_forced else row["status"],
        started_at=row["started_at"] or "",
        ended_at=row["ended_at"] or "",
        doc_no=str(case.result.get("doc_no", "")) if case else "",
        returned=row["returned_count"],
        extended=row["extended_count"],
        overdue=row["overdue_count"],
        records=len(case.records) if case else 0,
        runs=len(case.runs) if case else 0,
        files=len(case.places) if case else 0,
        folder=folder,
        missing=missing,
    )


def _may_replace(target: Path, rollout: str) -> bool:
    """Whether an older archive is there; anything else that is not empty is refused."""
    if not target.exists() and not target.is_symlink():
        return False
    if not target.is_dir() or target.is_symlink():
        raise UserError("ARCHIVE_TARGET", f"{target} 已存在，而且不是目录；请另写 --output。")
    if not any(target.iterdir()):
        return True
    try:
        manifest = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        listed = {
            line.split("  ", 1)[1]
            for line in (target / SUMS).read_text(encoding="utf-8").splitlines()
        }
        is_same = manifest["改革"] == rollout
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        is_same, listed = False, set()
    if not is_same:
        raise UserError(
            "ARCHIVE_TARGET",
            f"目录 {target} 里已有别的内容，没有改动；请用 --output 另指一个目录。",
            EXIT_REFUSED,
        )
    there = {str(p.relative_to(target)) for p in target.rglob("*") if not p.is_dir()}
    if foreign := sorted(there - listed - {SUMS}):
        raise UserError(
            "ARCHIVE_TARGET",
            f"旧档案 {target} 里有{len(foreign)}个不属于它的文件（{foreign[0]}），"
            "没有改动；请移走后再归档，或用 --output 另指一个目录。",
            EXIT_REFUSED,
        )
    return True


def _take_place(building: Path, target: Path, *, replaces: bool) -> None:
    """Give the new archive its name; the old one goes only when the new one is in place."""
    if not replaces:
        building.rename(target)
        return
    old = target.parent / f".{target.name}.旧"
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)
    try:
        building.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old)
