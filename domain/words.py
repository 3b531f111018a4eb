"""Fitting words into the places that are too small for them."""

from __future__ import annotations


def within_bytes(text: str, limit: int) -> str:
    """This will cut a text to at most ``limit`` bytes of UTF-8, ending in … where it was cut.

    >>> within_bytes("滨河街道", 12), within_bytes("滨河街道三定", 12)
    ('滨河街道', '滨河街…')
    """
    if len(text.encode()) <= limit:
        return text
    room = limit - len("…".encode())
    return text.encode()[:room].decode(errors="ignore") + "…"
