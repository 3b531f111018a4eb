"""What the archive reads: every row that a rollout left in the registers, as it stands there.

One question names a *part* (a table, as far as it concerns the rollout) and gets a page of rows as
JSON values: instants in UTC, days as dates. Persons of the establishment are named by their keys
alone (ADR 0012). Nothing is chosen or worded here; that is the
archive's writer's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from temporalio import activity


class Part(StrEnum):
    """What can be asked for. Those of a procedure need a ``workflow_id``."""

    PROCEDURES = "事项"
    LOG = "办理记录"
    NOTICES = "通知"
    PLANS = "方案版本"
    PLAN_TEXT = "方案全文"
    DIRECTORIES = "通讯录版本"
    UNITS = "单位"
    POSTS = "任职"
    ABSENCES = "请假"
    CALENDARS = "日历版本"
    CALENDAR_TEXT = "日历全文"
    MEETINGS = "会议"
    DECISIONS = "会议决定"
    ATTENDANCE = "会议出席"
    AMENDMENTS = "方案修改"
    FILES = "证据文件"
    READS = "证据查阅"
    LOCK = "摸底锁定"
    LEDGER = "台账分录"
    LEDGER_REFUSALS = "台账拒绝"
    ROSTERS = "名册"
    ROSTER_PEOPLE = "名册人员"
    SECONDMENTS = "借调"
    DUTY_LISTS = "清单版本"
    DUTY_ITEMS = "清单事项"
    DUTY_CLAIMS = "清单认领"
    DUTY_TRIALS = "清单试运行"
    DUTY_VERDICTS = "清单合法性结论"
    DUTY_APPLICATIONS = "清单调整申请"
    DUTY_APPLICATION_TEXTS = "清单调整申请书"
    CASES = "案件"
    CASE_ATTEMPTS = "未受理的案件"
    CASE_SETTINGS = "办案设置"
    CASE_COMPLAINTS = "街道反映"
    CASE_COMPLAINT_REPLIES = "街道反映的答复"
    MEETING_ISSUES = "会议议题"
    MEETING_ISSUE_MOVES = "会议议题办理"
    AUDIT_PLANS = "督查安排"
    AUDIT_RUNS = "督查各期"
    AUDIT_DRAWS = "抽样记录"
    AUDITS = "督查"
    AUDIT_VISITS = "督查到访"
    AUDIT_PROBLEMS = "督查问题"
    AUDIT_MOVES = "督查问题处理"
    AUDIT_REFERRALS = "督查移送"
    AUDIT_CONCLUSIONS = "督查结论"
    DISCIPLINE = "四个严禁"


@dataclass(frozen=True, kw_only=True)
class ArchiveQuestion:
    """One page of one part; ``page`` is empty for the first."""

    part: Part
    rollout: str
    workflow_id: str = ""
    page: str = ""


@dataclass(frozen=True, kw_only=True)
class ArchivePage:
    """Rows in a fixed order; ``next_page`` is empty at the end."""

    rows: tuple[dict[str, Any], ...]
    next_page: str = ""


class Archives(ABC):
    """Reads for the archive (queue ``desk``)."""

    @activity.defn(name="read_archive")
    @abstractmethod
    async def read(self, question: ArchiveQuestion) -> ArchivePage:
        """This will read one page of a part."""
