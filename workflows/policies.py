"""Every timeout and retry of the workflows, each with its reason.

# replay: the numbers shape no command order, but a change shows in new histories.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypedDict

from temporalio.common import RetryPolicy


class LocalOptions(TypedDict):
    """Options of a local activity."""

    schedule_to_close_timeout: timedelta
    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class ActivityOptions(TypedDict):
    """Options of a regular activity; no schedule-to-close, so it is retried for ever."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


ASK: Final[LocalOptions] = {
    # A person is waiting for the answer: after 8 s the action says 暂不可用 instead.
    "schedule_to_close_timeout": timedelta(seconds=8),
    "start_to_close_timeout": timedelta(seconds=4),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(milliseconds=200),
        maximum_interval=timedelta(seconds=2),
        # 7 s of tries that fail at once: they are not counted into the 8 s, which end one that hangs.
        maximum_attempts=7,
    ),
}

WRITE_ONCE: Final[LocalOptions] = {
    # One try while the person waits; the patient write takes over when it fails.
    "schedule_to_close_timeout": timedelta(seconds=4),
    "start_to_close_timeout": timedelta(seconds=4),
    "retry_policy": RetryPolicy(maximum_attempts=1),
}

PATIENT: Final[ActivityOptions] = {
    # The database may be away for a night; nothing decided is lost meanwhile.
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
    ),
}

FAN_OUT: Final[ActivityOptions] = {
    # Up to 100 starts or signals, each a call to the server.
    "start_to_close_timeout": timedelta(minutes=5),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
    ),
}

PAGES: Final[ActivityOptions] = {
    # Pages of 200 persons, with a heartbeat between two; each is about a second.
    "start_to_close_timeout": timedelta(minutes=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
    ),
}

CHECKS: Final[ActivityOptions] = {
    # The automatic checks of a district take a minute, with a heartbeat between pages. What is broken
    # for half an hour is said in the log, and the audit goes on without them.
    "start_to_close_timeout": timedelta(minutes=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(minutes=5),
        maximum_attempts=15,
    ),
}

PULSE: Final = timedelta(minutes=1)
"""A page that takes longer than this is taken for dead, and tried again."""

WATCH: Final[ActivityOptions] = {
    # A procedure may take months; each try waits a month, and another costs no event.
    "start_to_close_timeout": timedelta(days=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)
    ),
}

CLOSE_QUICKLY: Final = timedelta(seconds=8)
"""How long the last action of a procedure waits for the dossier before it answers without."""

MAX_REFUSALS: Final = 20
"""Refusals logged for one person in one procedure on one day; further ones leave no trace."""

PERSONS_A_REFUSAL: Final = 10
"""So many persons of a transfer batch allow one refusal more."""

MAX_REPLIES: Final = 1_000
"""Action ids remembered; the oldest are forgotten first."""

MAX_UPDATES: Final = 1_500
"""Updates in one run before continue-as-new; the server refuses the 2,001st."""

MAX_LINES: Final = 500
"""Lines of the log in one run before continue-as-new: some 4,000 events, where the server would suggest it."""

EVENTS_A_LINE: Final = 8
"""Events that a line of the log leaves, on the average."""
