"""Checking an archive: nothing missing, added or altered, and its parts agree with each other.

Standard library only, and nothing outside the folder is asked. Every fault is told, not only the
first. That a whole archive was made anew by somebody cannot be seen from inside: for that, the
hash of ``SHA256SUMS`` stands on paper (``seal``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starter.archive_text import (
    CASE_PAGE,
    CASES,
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
    cell,
    hash_of,
    read_table,
)

_PARTS: Final = (
    CASE_PAGE,
    RECORDS,
    RECORDS_TABLE,
    STEPS_TABLE,
    NOTICES_TABLE,
    FILES_TABLE,
)
_ENDINGS: Final = ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELED", "TERMINATED")
_CLOSED: Final = frozenset(f"EVENT_TYPE_WORKFLOW_EXECUTION_{ending}" for ending in _ENDINGS)
_CONTINUED: Final = "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
_SAME: Final = {
    "序号": "seq",
    "类别": "kind",
    "环节": "step",
    "单位": "unit",
    "办理人": "person",
    "动作": "verb",
    "拒绝代码": "code",
    "内容": "sentence",
    "操作编号": "action_id",
    "运行编号": "run_id",
}
"""The columns of the records' table that must say what the JSON says."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with which file."""

    file: str
    code: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was checked and what was found; ``seal`` is the hash of the list of hashes."""

    folder: str
    rollout: str = ""
    cases: int = 0
    files: int = 0
    seal: str = ""
    faults: tuple[Fault, ...] = ()


class _Unreadable(Exception):
    """A file that cannot be read as what it should be; its fault is told where it is caught."""


def verify(root: Path) -> Verified:
    """This will check an archive and tell every fault."""
    faults: list[Fault] = []
    sums = _read_sums(root, faults)
    there = _files_of(root, faults)
    faults += _hash_faults(root, sums, there)
    manifest: dict[str, Any] = {}
    try:
        manifest = _mapping(root, MANIFEST)
        faults += _manifest_faults(root, manifest, sums)
        for entry in manifest["案卷"]:
            faults += _case_faults(root, entry)
        faults += _tree_faults(root)
    except _Unreadable as error:
        faults.append(_fault(MANIFEST, "UNREADABLE", str(error)))
    except (KeyError, TypeError, ValueError, AttributeError):
        faults.append(_fault(MANIFEST, "UNREADABLE", "清单里的内容不是应有的形式。"))
    return Verified(
        folder=str(root),
        rollout=str(manifest.get("改革", "")),
        cases=len(manifest.get("案卷", ())),
        files=len(there),
        seal=hash_of(root / SUMS) if SUMS in there else "",
        faults=tuple(dict.fromkeys(faults)),
    )


def _fault(file: str, code: str, sentence: str) -> Fault:
    return Fault(file=file, code=code, sentence=sentence)


# --- files and hashes -------------------------------------------------------------------------


def _read_sums(root: Path, faults: list[Fault]) -> dict[str, str]:
    sums: dict[str, str] = {}
    try:
        lines = (root / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        faults.append(_fault(SUMS, "UNREADABLE", "没有或读不出哈希清单。"))
        return sums
    for line in lines:
        digest, space, name = line.partition("  ")
        is_hash = len(digest) == 64 and not set(digest) - set("0123456789abcdef")
        if not (space and is_hash and name) or name in sums:
            faults.append(_fault(SUMS, "SUMS_LINE", f"读不懂这一行：{line[:80]}"))
        else:
            sums[name] = digest
    return sums


def _files_of(root: Path, faults: list[Fault]) -> set[str]:
    """Every file below; a link or device is a fault, as nothing is written so."""
    there = set()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            faults.append(_fault(name, "NOT_A_FILE", "不是普通文件（链接或设备）。"))
        elif path.is_file():
            there.add(name)
    return there


def _hash_faults(root: Path, sums: Mapping[str, str], there: set[str]) -> Iterator[Fault]:
    for name in sorted(set(sums) - there):
        yield _fault(name, "MISSING", "文件缺失。")
    for name in sorted(there - set(sums) - {SUMS}):
        yield _fault(name, "EXTRA", "不在哈希清单里，是归档以后加进来的。")
    for name in sorted(there & set(sums)):
        try:
            digest = hash_of(root / name)
        except OSError as error:
            yield _fault(name, "UNREADABLE", f"读不出：{error.strerror}。")
            continue
        if digest != sums[name]:
            yield _fault(name, "ALTERED", "内容与归档时不同（sha256 不符）。")


# --- the index --------------------------------------------------------------------------------


def _manifest_faults(
    root: Path, manifest: Mapping[str, Any], sums: Mapping[str, str]
) -> Iterator[Fault]:
    if manifest["格式"] != FORMAT:
        yield _fault(MANIFEST, "FORMAT", f"形式为第{manifest['格式']}种，本程序认第{FORMAT}种。")
    if manifest["文件数"] != len(sums):
        yield _fault(
            MANIFEST, "COUNT", f"清单写有{manifest['文件数']}个文件，哈希清单有{len(sums)}个。"
        )
    for text in manifest["缺失"]:
        yield _fault(MANIFEST, "INCOMPLETE", f"归档时就没有取到：{text}。")
    folders = {str(entry["folder"]) for entry in manifest["案卷"]}
    found = {p.parent.relative_to(root).as_posix() for p in (root / CASES).rglob(RECORDS)}
    for name in sorted(found - folders):
        yield _fault(name, "NOT_LISTED", "案卷不在清单里。")
    try:
        rows = read_table((root / CATALOGUE).read_text(encoding="utf-8"))
        page = (root / INDEX).read_text(encoding="utf-8")
        (root / READ_ME).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        yield _fault(CATALOGUE, "UNREADABLE", f"目录、索引或说明读不出：{type(error).__name__}。")
        return
    named = {row.get("事项全称") or "（没有写事项的一行）": row for row in rows}
    for entry in (*manifest["案卷"], *manifest["未结"]):
        row = named.pop(entry["workflow_id"], None)
        if row is None or row.get("案卷") != entry["folder"] or row.get("状态") != entry["status"]:
            yield _fault(CATALOGUE, "NOT_LISTED", f"目录与清单不一致：{entry['workflow_id']}。")
        if entry["folder"] and _address(f"{entry['folder']}/{CASE_PAGE}") not in page:
            yield _fault(INDEX, "NOT_LISTED", f"索引里没有 {entry['folder']}。")
    for workflow_id in sorted(named):
        yield _fault(CATALOGUE, "NOT_LISTED", f"目录里多出 {workflow_id}。")


def _address(name: str) -> str:
    from urllib.parse import quote

    return f'"{quote(name)}"'


# --- one 案卷 ---------------------------------------------------------------------------------


def _case_faults(root: Path, entry: Mapping[str, Any]) -> list[Fault]:
    folder = str(entry["folder"])
    path = root / folder
    if not path.is_dir() or ".." in folder.split("/"):
        return [_fault(folder, "MISSING", "清单里的案卷不存在。")]
    faults = [
        _fault(f"{folder}/{name}", "MISSING", "案卷缺这个文件。")
        for name in _PARTS
        if not (path / name).is_file()
    ]
    checks = (_record_faults, _evidence_faults, _run_faults)
    for check in checks:
        try:
            faults += check(path, folder, entry)
        except _Unreadable as error:
            faults.append(_fault(folder, "UNREADABLE", str(error)))
        except (KeyError, TypeError, ValueError, AttributeError):
            faults.append(_fault(folder, "UNREADABLE", "内容不是应有的形式。"))
    return faults


def _record_faults(path: Path, folder: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    records = _rows(path, RECORDS)
    name = f"{folder}/{RECORDS}"
    if len(records) != entry["records"]:
        yield _fault(name, "COUNT", f"清单写有{entry['records']}条记录，实有{len(records)}条。")
    valid = [record["seq"] for record in records if not record["superseded_by"]]
    if sorted(valid) != list(range(1, len(valid) + 1)):
        yield _fault(name, "GAP", "没有被取代的记录，序号应从1起不间断、不重复。")
    unsure = [str(r["seq"]) for r in records if not r["confirmed"] and not r["superseded_by"]]
    # Nobody vouches for the last lines of what was ended from outside; the table says so.
    if unsure and entry["status"] != FORCED:
        yield _fault(name, "PROVISIONAL", f"第{'、'.join(unsure)}条没有确认。")
    for record in records:
        if record["workflow_id"] != entry["workflow_id"]:
            yield _fault(name, "FOREIGN", f"第{record['seq']}条是别的事项的。")
    table = read_table((path / RECORDS_TABLE).read_text(encoding="utf-8"))
    if len(table) != len(records):
        yield _fault(
            f"{folder}/{RECORDS_TABLE}",
            "DISAGREES",
            f"表格有{len(table)}条，{RECORDS} 有{len(records)}条。",
        )
        return
    for row, record in zip(table, records, strict=True):
        if any(row.get(column) != cell(record[field]) for column, field in _SAME.items()):
            yield _fault(
                f"{folder}/{RECORDS_TABLE}",
                "DISAGREES",
                f"第{record['seq']}条与 {RECORDS} 不一致。",
            )


def _evidence_faults(path: Path, folder: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    """Each stored file has the hash that an action named; no other file is there."""
    del entry
    named = {
        str(piece["sha256"]): str(piece.get("filename", ""))
        for record in _rows(path, RECORDS)
        for piece in record["detail"].get("evidence", ())
        if piece.get("sha256") and piece.get("kept") == "入库"
    }
    files = path / FILES
    found = {hash_of(file): file.name for file in sorted(files.iterdir())} if files.is_dir() else {}
    for sha256, filename in sorted(named.items()):
        if sha256 not in found:
            yield _fault(
                f"{folder}/{FILES}",
                "EVIDENCE_MISSING",
                f"没有办理时入库的文件 {filename}（sha256 {sha256[:12]}…）。",
            )
    for sha256, name in sorted(found.items()):
        if sha256 not in named:
            yield _fault(
                f"{folder}/{FILES}/{name}", "EVIDENCE_UNNAMED", "没有一条办理记录入库过这个内容。"
            )


def _run_faults(path: Path, folder: str, entry: Mapping[str, Any]) -> Iterator[Fault]:
    runs, faults = _runs(path, folder)
    yield from faults
    if len(runs) != entry["runs"]:
        yield _fault(
            f"{folder}/{HISTORY}", "COUNT", f"清单写有{entry['runs']}段历史，实有{len(runs)}段。"
        )
    if not runs:
        yield _fault(f"{folder}/{HISTORY}", "HISTORY_MISSING", "没有历史。")
        return
    if runs[-1][1][-1].get("eventType") not in _CLOSED:
        yield _fault(f"{folder}/{HISTORY}", "HISTORY_CUT", "最后一段没有以结束事件收尾。")
    known = {run_id for run_id, _ in runs}
    for run_id in sorted({str(r["run_id"]) for r in _rows(path, RECORDS)} - known):
        yield _fault(f"{folder}/{HISTORY}", "HISTORY_MISSING", f"缺运行编号 {run_id} 的历史。")


def _tree_faults(root: Path) -> Iterator[Fault]:
    """The levels above may still run; their histories are whole as far as they go."""
    for table in sorted((root / TREE).rglob(HISTORY_TABLE)):
        folder = table.parent.relative_to(root).as_posix()
        try:
            yield from _runs(table.parent, folder)[1]
        except _Unreadable as error:
            yield _fault(folder, "UNREADABLE", str(error))


def _runs(
    path: Path, folder: str
) -> tuple[list[tuple[str, Sequence[Mapping[str, Any]]]], list[Fault]]:
    """The runs of a workflow, oldest first, and what does not fit together."""
    runs: list[tuple[str, Sequence[Mapping[str, Any]]]] = []
    faults: list[Fault] = []
    count = len(list((path / HISTORY).glob("第*段.json"))) if (path / HISTORY).is_dir() else 0
    for place in range(1, count + 1):
        name = f"{HISTORY}/第{place}段.json"
        run = _mapping(path, name)
        events = run.get("events")
        if not isinstance(events, list) or not events:
            raise _Unreadable(f"{name} 里没有事件。")
        numbers = [int(event.get("eventId", 0)) for event in events]
        if numbers != list(range(1, len(events) + 1)):
            faults.append(_fault(f"{folder}/{name}", "HISTORY_CUT", "事件编号应从1起不间断。"))
        runs.append((str(run.get("run_id", "")), events))
    faults += _link_faults(folder, runs)
    return runs, faults


def _link_faults(
    folder: str, runs: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
) -> Iterator[Fault]:
    """A run that continues is followed by the one it names; what was continued is there."""
    known = {run_id for run_id, _ in runs}
    for place, (_, events) in enumerate(runs, start=1):
        name = f"{folder}/{HISTORY}/第{place}段.json"
        started = events[0].get("workflowExecutionStartedEventAttributes", {})
        before = started.get("continuedExecutionRunId")
        if before and before not in known:
            yield _fault(name, "HISTORY_MISSING", f"缺它的前一段（{before}）。")
        ended = events[-1].get("workflowExecutionContinuedAsNewEventAttributes", {})
        after = ended.get("newExecutionRunId")
        if events[-1].get("eventType") == _CONTINUED and after not in known:
            yield _fault(name, "HISTORY_MISSING", f"缺它的后一段（{after}）。")


# --- reading ----------------------------------------------------------------------------------


def _mapping(path: Path, name: str) -> dict[str, Any]:
    value = _read(path, name)
    if not isinstance(value, dict):
        raise _Unreadable(f"{name} 的内容不是应有的形式。")
    return value


def _rows(path: Path, name: str) -> list[dict[str, Any]]:
    value = _read(path, name)
    if not isinstance(value, list):
        raise _Unreadable(f"{name} 的内容不是应有的形式。")
    return value


def _read(path: Path, name: str) -> Any:
    try:
        return json.loads((path / name).read_text(encoding="utf-8"))
    except OSError:
        raise _Unreadable(f"{name} 缺失或读不出。") from None
    except (ValueError, RecursionError):
        raise _Unreadable(f"{name} 不是完整的 JSON。") from None
