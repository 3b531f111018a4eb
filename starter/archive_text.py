"""The plain forms of an archive: names of files, tables, JSON, days and hours, hashes.

Standard library only: checking an archive must work where nothing else is installed. Everything
is written the same way each time, so that the same records are the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

BEIJING: Final = timezone(timedelta(hours=8), "北京时间")
"""China keeps one time all year since 1992; an archive needs no zone data."""

SUMS: Final = "SHA256SUMS"
MANIFEST: Final = "清单.json"
INDEX: Final = "索引.html"
CATALOGUE: Final = "目录.csv"
READ_ME: Final = "说明.txt"
CASES: Final = "案卷"
TREE: Final = "推进"
CASE_PAGE: Final = "案卷.html"
RECORDS: Final = "办理记录.json"
RECORDS_TABLE: Final = "办理记录.csv"
STEPS_TABLE: Final = "环节.csv"
NOTICES_TABLE: Final = "通知.csv"
FILES: Final = "文件"
FILES_TABLE: Final = "文件.csv"
HISTORY: Final = "历史"
HISTORY_TABLE: Final = "历史.csv"
FORCED: Final = "被强行结束"
"""The status of a procedure whose workflow was ended from outside."""

FORMAT: Final = 1
"""The form of the archive, told in its manifest; a later one adds, never changes."""

_CHUNK: Final = 1 << 20
_NAME_BYTES: Final = 90
_FORBIDDEN: Final = frozenset('\\/:*?"<>|')
_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"{d}{n}" for d in ("COM", "LPT") for n in range(1, 10))}
)


def safe_name(text: str) -> str:
    r"""This will turn a name into one that every file system takes; a changed one gets a mark.

    >>> safe_name("三定"), safe_name("../甲:乙")
    ('三定', '_甲_乙~7f8a05')
    """
    name = unicodedata.normalize("NFC", text)
    name = "".join("_" if c in _FORBIDDEN or unicodedata.category(c)[0] == "C" else c for c in name)
    name = name.strip(" .") or "_"
    while len(name.encode()) > _NAME_BYTES:
        name = name[:-1]
    if name.split(".")[0].upper() in _DEVICES:
        name = f"_{name}"
    if name == text:
        return name
    return f"{name}~{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def safe_file_name(sha256: str, filename: str) -> str:
    """This will name a stored file: the beginning of its hash, then its own name with its ending.

    >>> safe_file_name("ab" * 32, "三定草案.docx")
    'abababababab-三定草案.docx'
    """
    stem, dot, ending = filename.rpartition(".")
    if not dot or not ending.isascii() or not ending.isalnum() or len(ending) > 8:
        stem, ending = filename, ""
    name = safe_name(stem or "文件")
    return f"{sha256[:12]}-{name}{'.' + ending if ending else ''}"


def case_folder(workflow_id: str) -> str:
    """This will name a procedure's folder: 案卷/区/单位/事项.

    >>> case_folder("乌海2019/海勃湾区/滨河街道/三定")
    '案卷/海勃湾区/滨河街道/三定'
    """
    return "/".join([CASES, *(safe_name(part) for part in workflow_id.split("/")[1:])])


def as_json(value: Any) -> str:
    """This will write JSON as people can read it."""
    return json.dumps(value, ensure_ascii=False, indent=1, default=_plain) + "\n"


def in_line(value: Any) -> str:
    """This will write JSON in one line."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"not for an archive: {type(value).__name__}")


def table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """This will write a table as CSV that Excel opens: marked UTF-8, each cell plain text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(headers)
    writer.writerows([cell(each) for each in row] for row in rows)
    return "\ufeff" + out.getvalue()


def cell(value: Any) -> str:
    """This will write one cell; what Excel would compute gets an apostrophe before it.

    >>> cell("=HYPERLINK(1)"), cell(True), cell(None), cell(-3)
    ("'=HYPERLINK(1)", '是', '', '-3')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return stamp(value) if isinstance(value, datetime) else value.isoformat()
    text = value if isinstance(value, str) else in_line(value)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def read_table(text: str) -> list[dict[str, str]]:
    """This will read a table back, each row by its headers."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def instant(text: Any) -> datetime | None:
    """This will read an instant as JSON has it; None if there is none."""
    return datetime.fromisoformat(str(text)) if text else None


def stamp(at: datetime | str | None) -> str:
    """This will write an instant as people read it: Beijing time, to the second.

    >>> stamp("2019-11-12T01:00:00+00:00")
    '2019-11-12 09:00:00'
    """
    moment = instant(at) if isinstance(at, str) else at
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if moment else ""


def hash_of(path: Path) -> str:
    """This will return a file's sha256, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass
class Folder:
    """Writes files under one root and remembers each one's hash."""

    root: Path
    sums: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, content: str | bytes) -> None:
        """This will write one file, its folders with it; a name twice is a defect."""
        raw = content.encode() if isinstance(content, str) else content
        with self.place(name).open("xb") as file:
            file.write(raw)
        self.keep(name, hashlib.sha256(raw).hexdigest())

    def place(self, name: str) -> Path:
        """This will return where a file goes; its folder is there."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, name: str, sha256: str) -> None:
        """This will note the hash of a file that was written."""
        if name in self.sums:
            raise AssertionError(f"{name} is written twice")
        self.sums[name] = sha256

    def seal(self) -> str:
        """This will write the list of hashes and return its own."""
        lines = "".join(f"{self.sums[name]}  {name}\n" for name in sorted(self.sums))
        (self.root / SUMS).write_bytes(lines.encode())
        return hashlib.sha256(lines.encode()).hexdigest()
