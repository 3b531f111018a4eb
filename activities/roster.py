"""Who does which activities: every class of this room with its collaborators, by queue."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from temporalio.client import Client

from activities.amendment import AmendingActivities
from activities.amendment_shares import AmendmentActivities
from activities.archive import ArchiveActivities
from activities.audit import AuditActivities
from activities.audit_draw import DrawBook
from activities.audit_draw_desk import DrawActivities
from activities.audit_ending import AuditEnding, TemporalRollouts
from activities.audit_flow import AuditFlowActivities
from activities.audit_flow_desk import AuditFlowDeskActivities
from activities.audit_open import AuditOpener
from activities.audit_plan import AuditPlanActivities
from activities.audit_referral import ReferralActivities
from activities.audit_runs import AuditRunActivities
from activities.audit_watch import ScheduleWatch
from activities.bulk import BulkActivities
from activities.calendar_changes import CalendarChangeActivities, CalendarReadActivities
from activities.case_desk import CaseOrderActivities, CaseReadActivities
from activities.cases import CaseActivities
from activities.census import CensusActivities
from activities.complaint import ComplaintActivities
from activities.desk import DeskActivities, PublicationActivities
from activities.devolution import DevolutionActivities
from activities.duty import DutyOrderActivities
from activities.duty_desk import DutyActivities
from activities.duty_flow import DutyFlowActivities
from activities.duty_flow_desk import DutyFlowDeskActivities
from activities.evidence import EvidenceActivities
from activities.execution import ExecutionActivities
from activities.fanout import FanoutActivities
from activities.journal import JournalActivities
from activities.ledger import LedgerActivities
from activities.meeting import MeetingActivities
from activities.meeting_issue import MeetingIssueActivities
from activities.people import PeopleActivities
from activities.plan_copy import PlanCopyActivities
from activities.plan_shelf import Shelf
from activities.precheck import PrecheckActivities
from activities.reconcile import ReconcileActivities, ReconcileReadActivities
from activities.registers import RegistersActivities
from activities.remind import RemindActivities
from activities.remind_orders import RemindOrderActivities
from activities.sealed import SealedActivities
from activities.secondment import SecondmentActivities
from activities.staff import StaffActivities
from activities.temporal_schedules import TemporalSchedules
from activities.texts import TextActivities
from activities.transfer import TransferActivities
from activities.transfer_desk import TransferReads
from contracts.sealed import Sealing
from storage.engine import Database


@dataclass(frozen=True, kw_only=True)
class Staff:
    """The objects whose activities each queue serves; one may serve two."""

    procedures: tuple[object, ...]
    desk: tuple[object, ...]
    bulk: tuple[object, ...]


def staff(
    client: Client, database: Database, evidence_limit_mb: int, seal: Sealing | None = None
) -> Staff:
    """This will wire activities to their collaborators and bounds."""
    shelf = Shelf()
    draws = DrawBook(seal, secrets.token_bytes)
    watch = ScheduleWatch(TemporalSchedules(client))
    opener = AuditOpener(client, database, shelf)
    ending = AuditEnding(database, watch, TemporalRollouts(client))
    audits = AuditActivities(database, shelf, client)
    both = (
        MeetingActivities(database, shelf),
        MeetingIssueActivities(database, shelf),
        PeopleActivities(database, shelf),
        EvidenceActivities(database, evidence_limit_mb),
        LedgerActivities(database, shelf),
        CensusActivities(database, shelf, seal),
        StaffActivities(database, shelf, seal),
        SecondmentActivities(database, shelf, seal),
        DutyFlowDeskActivities(client, database, shelf),
        ComplaintActivities(database, shelf),
        DrawActivities(database, shelf, draws),
        AuditPlanActivities(
            database, shelf, opener, draws, watch, has_key=seal is not None, ending=ending
        ),
        AuditFlowDeskActivities(database, shelf, opener, draws),
        ReferralActivities(database, shelf),
    )
    return Staff(
        procedures=(
            RegistersActivities(database, shelf),
            JournalActivities(database),
            FanoutActivities(client),
            PublicationActivities(database),
            AmendmentActivities(database, shelf),
            TransferActivities(database),
            DevolutionActivities(database),
            CaseActivities(database, shelf),
            DutyFlowActivities(database),
            AuditFlowActivities(database, opener, audits, draws),
            AuditRunActivities(database, shelf, opener, draws, watch, ending=ending),
        ),
        desk=(
            DeskActivities(database, shelf),
            CalendarReadActivities(database),
            PlanCopyActivities(database, shelf),
            PrecheckActivities(database),
            ArchiveActivities(database),
            TransferReads(database),
            DevolutionActivities(database),
            CaseReadActivities(database),
            TextActivities(database, seal),
            DutyActivities(database),
            ReconcileReadActivities(database),
            ExecutionActivities(database),
            RemindActivities(database, seal),
            *both,
        ),
        bulk=(
            BulkActivities(database, shelf),
            AmendingActivities(database, shelf),
            CalendarChangeActivities(database, shelf),
            SealedActivities(database),
            ReconcileActivities(client, database),
            CaseOrderActivities(database, shelf),
            DutyOrderActivities(database, shelf, seal),
            RemindOrderActivities(database, shelf, seal),
            audits,
            *both,
        ),
    )
