"""The automatic checks of an audit: what they find at the units covered becomes problems (0-13, 0-15).

The pages are those of ``jiegai audit check``. What was entered once is not entered again, also where
it lasts longer by now.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Final

from temporalio import activity

from activities.audit import AuditActivities
from contracts.audit import AuditFinding, AuditQuestion
from domain.audit import AuditKind, AuditPlan
from domain.audit_check import Check
from domain.audit_flow import Discipline, Problem
from domain.audit_guard import source_of
from domain.audit_route import MOST_FOUND
from storage.audit_flow_store import NewProblem

CHECKER: Final = "自动检查"
"""Who has recorded what an automatic check found."""

OF_KIND: Final = {
    AuditKind.ANNUAL: tuple(Check),
    AuditKind.DISCIPLINE: (
        Check.SAME_REVIEWER,
        Check.UNREVIEWED,
        Check.PLATE,
        Check.LEDGER,
        Check.ROSTER,
        Check.SECONDED,
        Check.DEVOLUTION,
    ),
}
"""年度督查 makes all; 编制纪律检查 what 三定, ledger, structure and rosters can be asked (0-15)."""


@dataclass(kw_only=True)
class Found:
    """What the checks found: problems by source, and what was not taken over."""

    problems: dict[str, NewProblem] = field(default_factory=dict)
    findings: int = 0
    outside: int = 0
    over: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    checks: int = 0

    @property
    def sentence(self) -> str:
        """What came of the checks, but for how many problems are new."""
        more = []
        if self.outside:
            more.append(f"{self.outside}处不在本次检查的单位")
        if self.over:
            more.append(f"{self.over}处超过一次登记的上限{MOST_FOUND}个")
        said = f"{'、'.join(more)}，没有登记。" if more else ""
        if self.left_out:
            said += "没有查成：" + "；".join(
                f"{check}，{why.rstrip('。')}" for check, why in self.left_out.items()
            )
            said += "。"
        return said


async def find_problems(
    audits: AuditActivities, plan: AuditPlan, question: AuditQuestion, covers: Collection[str]
) -> Found:
    """This will make all checks of a kind, page by page, with a heartbeat between them."""
    checks = OF_KIND[plan.kind]
    found = Found(checks=len(checks))
    asked = replace(question, checks=tuple(str(check) for check in checks), district=plan.district)
    while True:
        page = await audits.check(asked)
        activity.heartbeat(page.stage, page.cursor)
        if page.code:
            found.left_out[page.code] = page.sentence
            return found
        for finding in page.findings:
            _take(found, finding, plan, covers)
        found.left_out |= page.left_out
        if not page.stage:
            return found
        asked = replace(asked, stage=page.stage, cursor=page.cursor)


def _take(found: Found, finding: AuditFinding, plan: AuditPlan, covers: Collection[str]) -> None:
    found.findings += 1
    if finding.unit not in covers:
        found.outside += 1
        return
    problem = Problem(
        unit=finding.unit,
        sentence=finding.sentence,
        rule=finding.rule,
        discipline=Discipline.ESTABLISHMENT if plan.kind is AuditKind.DISCIPLINE else "",
        found_by=finding.check,
        workflow_id=finding.workflow_id,
    )
    source = source_of(problem)
    if source in found.problems:
        return
    if len(found.problems) >= MOST_FOUND:
        found.over += 1
        return
    found.problems[source] = NewProblem(problem=problem, source=source)
