"""Temporal's histories as an archive keeps them: readable JSON, and a list of events as a table.

A payload is kept decoded, ``{"metadata": …, "json": value}``, where writing the value again gives
the very same bytes; else as the bytes in base64 (``"data"``). So nothing is lost: ``restored``
gives back the form that Temporal's own tools replay.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

_JSON_ENCODING: Final = "json/plain"


def decoded(events: Iterable[Any]) -> list[dict[str, Any]]:
    """This will turn events of the API into JSON values with their payloads decoded."""
    from google.protobuf.json_format import MessageToDict

    return [_opened(MessageToDict(event)) for event in events]


def restored(events: list[dict[str, Any]]) -> dict[str, Any]:
    """This will give back the history as Temporal's tools read it."""
    return {"events": [_closed(event) for event in events]}


def values_of(payloads: Any) -> list[Any]:
    """This will return the values of a ``{"payloads": […]}``, None for what is not JSON."""
    if not isinstance(payloads, Mapping):
        return []
    return [each.get("json") for each in payloads.get("payloads", ())]


def _opened(value: Any) -> Any:
    if isinstance(value, list):
        return [_opened(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "metadata" in value and set(value) <= {"metadata", "data"}:
        return _payload(value)
    # The API's maps come in no order.
    return {name: _opened(value[name]) for name in sorted(value)}


def _payload(payload: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: _text(each) for name, each in sorted(payload["metadata"].items())}
    if None in metadata.values():
        return payload
    if metadata.get("encoding") != _JSON_ENCODING or "data" not in payload:
        return {**payload, "metadata": metadata, "plain": True}
    raw = base64.b64decode(payload["data"])
    try:
        value = json.loads(raw)
    except ValueError:
        return {**payload, "metadata": metadata, "plain": True}
    if _compact(value) == raw:
        return {"metadata": metadata, "json": value}
    # The value for people, the bytes for the proof.
    return {"metadata": metadata, "json": value, "data": payload["data"]}


def _closed(value: Any) -> Any:
    if isinstance(value, list):
        return [_closed(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "metadata" in value and ("json" in value or value.get("plain") is True):
        metadata = {n: _packed(each.encode()) for n, each in value["metadata"].items()}
        if "data" in value:
            return {"metadata": metadata, "data": value["data"]}
        if "json" in value:
            return {"metadata": metadata, "data": _packed(_compact(value["json"]))}
        return {"metadata": metadata}
    return {name: _closed(each) for name, each in value.items()}


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _packed(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _text(packed: str) -> str | None:
    try:
        return base64.b64decode(packed, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
