"""Every workflow type of the application, for the worker and for replaying histories."""

from __future__ import annotations

from workflows.area_reform import AreaReform
from workflows.audit import Audit
from workflows.calendar_publication import CalendarPublication
from workflows.case_handover import CaseHandover
from workflows.duty_list_adjustment import DutyListAdjustment
from workflows.duty_list_drafting import DutyListDrafting
from workflows.nameplate_hanging import NameplateHanging
from workflows.personnel_transfer import PersonnelTransfer
from workflows.plan_amendment import PlanAmendment
from workflows.plan_approval import PlanApproval
from workflows.reform_rollout import ReformRollout
from workflows.relation_transfer import RelationTransfer
from workflows.sanding_drafting import SandingDrafting
from workflows.scheduled_audit import ScheduledAudit
from workflows.task_milestone import TaskMilestone
from workflows.unit_reform import UnitReform

WORKFLOWS: tuple[type, ...] = (
    ReformRollout,
    AreaReform,
    UnitReform,
    SandingDrafting,
    NameplateHanging,
    PlanApproval,
    TaskMilestone,
    CalendarPublication,
    PlanAmendment,
    PersonnelTransfer,
    RelationTransfer,
    CaseHandover,
    DutyListDrafting,
    DutyListAdjustment,
    ScheduledAudit,
    Audit,
)
