"""The search attributes, typed; chosen once (SQL stores allow few per type), no personal data."""

from __future__ import annotations

from typing import Final

from temporalio.common import SearchAttributeKey

ROLLOUT: Final = SearchAttributeKey.for_keyword("Rollout")
DISTRICT: Final = SearchAttributeKey.for_keyword("District")
UNIT: Final = SearchAttributeKey.for_keyword("Unit")
PROCEDURE: Final = SearchAttributeKey.for_keyword("Procedure")
LIGHT: Final = SearchAttributeKey.for_keyword("Light")
PLAN_ROW: Final = SearchAttributeKey.for_keyword("PlanRow")
CASE_KIND: Final = SearchAttributeKey.for_keyword("CaseKind")
BASIS_ITEMS: Final = SearchAttributeKey.for_keyword_list("BasisItems")
OUTCOME: Final = SearchAttributeKey.for_keyword("Outcome")
OPEN_STEPS: Final = SearchAttributeKey.for_keyword_list("OpenSteps")
RESPONSIBLE_UNITS: Final = SearchAttributeKey.for_keyword_list("ResponsibleUnits")
NEXT_DUE: Final = SearchAttributeKey.for_datetime("NextDue")
CALENDAR_VERSION: Final = SearchAttributeKey.for_int("CalendarVersion")
PROVISIONAL: Final = SearchAttributeKey.for_bool("Provisional")
