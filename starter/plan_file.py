"""Plans as files: which reader a path needs, and the checked plan (F01, F03).

``read_plan`` is what every command uses that takes a plan.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from domain.calendar import WorkCalendar, load_builtin_calendar
from domain.plan_check import CheckedPlan, check
from domain.plan_draft import PlanDraft
from runtime.failure import why
from starter.errors import UserError

MAX_BYTES = 20 * 1024 * 1024
"""A plan of 5,000 rows is under 2 MB; more is not a plan."""


def read_plan(
    path: str | Path, kickoff: date | None = None, calendar: WorkCalendar | None = None
) -> CheckedPlan:
    """This will read and check a plan file (.xlsx, .yaml, .yml).

    ``kickoff`` re-bases the plan to another first day. Raises UserError where the file cannot
    be read at all; everything else is in the result's findings.
    """
    return check(read_draft(path), calendar or load_builtin_calendar(), kickoff=kickoff)


def read_draft(path: str | Path) -> PlanDraft:
    """This will read a plan file without judging it. Raises UserError as ``read_plan``."""
    file = Path(path)
    suffix = file.suffix.lower()
    _refuse_early(file, suffix)
    try:
        if suffix == ".xlsx":
            from starter.plan_xlsx import read_xlsx

            return read_xlsx(file)
        from starter.plan_yaml import read_yaml

        return read_yaml(file)
    except OSError as error:
        raise UserError("FILE_UNREADABLE", f"读不了 {file}：{why(error)}。") from None


def _refuse_early(file: Path, suffix: str) -> None:
    if suffix in {".xlsm", ".xltm", ".xlsb"}:
        raise UserError("FILE_MACRO", f"{file.name} 可能带宏，请另存为 .xlsx。")
    if suffix == ".xls":
        raise UserError("FILE_TYPE", f"{file.name} 是旧格式，请另存为 .xlsx。")
    if suffix not in {".xlsx", ".yaml", ".yml"}:
        raise UserError("FILE_TYPE", f"{file.name} 不是计划文件，只读 .xlsx、.yaml。")
    if file.is_dir():
        raise UserError("FILE_UNREADABLE", f"{file} 是目录，不是文件。")
    if not file.exists():
        raise UserError("FILE_NOT_FOUND", f"找不到文件 {file}。")
    if not file.is_file():
        raise UserError("FILE_UNREADABLE", f"{file} 不是普通文件。")
    if file.stat().st_size > MAX_BYTES:
        raise UserError(
            "FILE_TOO_BIG", f"{file.name} 超过{MAX_BYTES // 1024 // 1024}MB，不像是计划。"
        )
