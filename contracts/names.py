"""Names on the Temporal boundary: namespaces, queues, search attributes, workflow ids.

Workflow ids are business keys that people read: ``乌海2019/海勃湾区/滨河街道/三定``. An *item* is an
open step of a procedure: its workflow id, ``#``, and the step's name.
"""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "jiegai"
NAMESPACE_RETENTION_DAYS: Final = 1_095
DESK_NAMESPACE: Final = "jiegai-desk"
DESK_RETENTION_DAYS: Final = 1

PROCEDURES_QUEUE: Final = "procedures"
DESK_QUEUE: Final = "desk"
BULK_QUEUE: Final = "bulk"

SEARCH_ATTRIBUTES: Final[dict[str, str]] = {
    "Rollout": "Keyword",
    "District": "Keyword",
    "Unit": "Keyword",
    "Procedure": "Keyword",
    "Light": "Keyword",
    "PlanRow": "Keyword",
    "CaseKind": "Keyword",
    "Outcome": "Keyword",
    "OpenSteps": "KeywordList",
    "ResponsibleUnits": "KeywordList",
    "BasisItems": "KeywordList",
    "NextDue": "Datetime",
    "CalendarVersion": "Int",
    "Provisional": "Bool",
}
"""Name to type. SQL stores allow 10 Keyword and 3 of each other kind; chosen once."""

ACT_UPDATE: Final = "act"
STOP_UPDATE: Final = "stop"
FACTS_SIGNAL: Final = "facts"
UNIT_REPORT_SIGNAL: Final = "unit_report"
STOP_SIGNAL: Final = "stop_order"
AMENDED_SIGNAL: Final = "plan_amended"
CALENDAR_SIGNAL: Final = "calendar_published"
REWRITE_SIGNAL: Final = "rewrite"
RESUMED_SIGNAL: Final = "procedure_resumed"
PROGRESS_QUERY: Final = "progress"
DEADLINE_QUERY: Final = "deadline"
GLANCE_QUERY: Final = "glance"
STANDING_QUERY: Final = "standing"

SEPARATOR: Final = "/"
ITEM_MARK: Final = "#"


def rollout_id(rollout: str) -> str:
    """The id of a rollout's top workflow."""
    return rollout


def area_id(rollout: str, area: str) -> str:
    """The id of the workflow of one area (a district, or a part of a large one)."""
    return f"{rollout}/{area}"


def unit_id(rollout: str, area: str, unit: str) -> str:
    """The id of the workflow of one unit; ``area`` is empty for units at city level."""
    return f"{rollout}/{area}/{unit}" if area else f"{rollout}/市级/{unit}"


def procedure_id(unit_workflow_id: str, item: str) -> str:
    """The id of one procedure of a unit; ``item`` is the plan row's 事项."""
    return f"{unit_workflow_id}/{item}"


def item_id(workflow_id: str, step: str) -> str:
    """The name of an open step that people type: ``乌海2019/海勃湾区/滨河街道/三定#初审``."""
    return f"{workflow_id}{ITEM_MARK}{step}"


def split_item(text: str) -> tuple[str, str]:
    """This will split an item into workflow id and step; the step is empty when none is named."""
    workflow_id, _, step = text.partition(ITEM_MARK)
    return workflow_id, step


def split_id(workflow_id: str) -> tuple[str, ...]:
    """The parts of a workflow id: rollout, area, unit, item, as far as it goes."""
    return tuple(workflow_id.split(SEPARATOR))
