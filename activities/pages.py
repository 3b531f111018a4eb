"""Pages of an answer: small enough for one payload, with a place to go on from.

A place is opaque to who asks; it is the key of the last line, so that a page stays right while
rows come and go.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Final, TypeVar

from pydantic import TypeAdapter
from temporalio.exceptions import ApplicationError

MOST_BYTES: Final = 450_000
"""Of 500 KB that a page may have; the rest is for its frame."""

_T = TypeVar("_T")


def how_many_fit(lines: Sequence[_T], adapter: TypeAdapter[_T], room: int = MOST_BYTES) -> int:
    """This will count the lines, from the first, that fit into a page; one always does."""
    used = 0
    for count, line in enumerate(lines):
        used += len(adapter.dump_json(line)) + 1
        if used > room and count:
            return count
    return len(lines)


def place_of(*key: str | int) -> str:
    """This will pack the key of a page's last line."""
    packed = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode()


def key_of(place: str, length: int) -> list[str]:
    """This will unpack a place into its ``length`` parts; a foreign text is refused."""
    try:
        key = json.loads(base64.urlsafe_b64decode(place.encode()))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or len(key) != length:
        raise ApplicationError("页码不对，请从头读起", type="BAD_PAGE", non_retryable=True)
    return [str(part) for part in key]
