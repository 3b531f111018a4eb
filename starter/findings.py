"""How a file that cannot be taken says so: every finding at its place, before the one-line error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from starter.errors import printable
from starter.table import echo_json

if TYPE_CHECKING:
    from domain.refusal import Finding


def echo_findings(findings: Sequence[Finding], *, as_json: bool, **more: Any) -> None:
    """This will print findings, one in a line; as JSON under ``errors``, with ``more`` beside it."""
    if as_json:
        echo_json({"errors": [asdict(one) for one in findings], **more})
        return
    for one in findings:
        click.echo(printable(f"{one.place} [{one.code}] {one.sentence}"))
