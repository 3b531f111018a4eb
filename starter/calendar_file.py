"""Opening a yearly notice on disk; what it must say is ``domain.calendar_notice``'s business."""

from __future__ import annotations

from pathlib import Path

from domain.calendar import Notice, NoticeDay
from domain.calendar_local import parse_local_days
from domain.calendar_notice import parse_notice
from domain.refusal import Finding
from starter.errors import UserError

_LARGEST = 1_000_000
"""Bytes; a year's notice takes about 4 KB."""


def read_notice(path: str | Path, papers: tuple[str, ...] = ()) -> Notice:
    """This will read a notice from a JSON or CSV file (UTF-8 or GB18030).

    Raises UserError NOTICE_FILE if the file cannot be read, NOTICE_INVALID with every error
    found if it is not a whole notice.
    """
    found = parse_notice(_text(Path(path)), papers=papers)
    if isinstance(found, Notice):
        return found
    raise _invalid(path, found)


def read_local(path: str | Path, reason: str = "") -> tuple[NoticeDay, ...]:
    """This will read a district's days from a JSON or CSV file; ``reason`` is for days without one.

    Raises UserError as ``read_notice`` does.
    """
    found = parse_local_days(_text(Path(path)), reason=reason)
    days = tuple(day for day in found if isinstance(day, NoticeDay))
    if days:
        return days
    raise _invalid(path, tuple(wrong for wrong in found if isinstance(wrong, Finding)))


def _invalid(path: str | Path, found: tuple[Finding, ...]) -> UserError:
    wrong = "；".join(
        f"{finding.place}：{finding.sentence}" if finding.place else finding.sentence
        for finding in found
    ).replace("。；", "；")
    return UserError("NOTICE_INVALID", f"{path} 有{len(found)}处错误，没有载入：{wrong}")


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise UserError("NOTICE_FILE", f"{path} 是目录或设备，不是文件。")
        if path.stat().st_size > _LARGEST:
            raise UserError("NOTICE_FILE", f"{path} 太大，不像放假通知。")
        content = path.read_bytes()
    except OSError as error:
        reason = "文件不存在" if isinstance(error, FileNotFoundError) else "读不了"
        raise UserError("NOTICE_FILE", f"{path}：{reason}。") from error
    for encoding in ("utf-8-sig", "gb18030"):  # spreadsheets here save CSV as GB18030
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError("NOTICE_FILE", f"{path} 不是文本文件。")
