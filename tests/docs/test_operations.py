"""docs/operations.md says what code and compose file say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.names import DESK_RETENTION_DAYS, NAMESPACE_RETENTION_DAYS
from domain.action import MAX_EVIDENCE, MAX_NAME, MAX_NOTE
from runtime.settings import Settings
from runtime.workers import GRACE
from starter.plan_xlsx import MAX_ROWS
from workflows.policies import MAX_REFUSALS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
SOURCE = "\n".join(
    file.read_text(encoding="utf-8")
    for room in ("runtime", "starter", "storage")
    for file in sorted((ROOT / room).rglob("*.py"))
)
INTERNAL = {"JIEGAI_STACK"}
"""Set by the stack for its own parts; nobody else sets it."""


def table(head: str) -> list[list[str]]:
    """The rows of the table whose header begins so."""
    block = re.search(rf"^\| {re.escape(head)}.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert block is not None
    return [[c.strip(" `") for c in line.strip("|").split("|")] for line in block[1].splitlines()]


def test_the_settings_are_those_of_the_code_with_their_defaults():
    """Each setting stands in the table once, with the value an empty environment gives."""
    settings = Settings.from_environ({})
    shown = {row[0]: row[1] for row in table("variable | default")}
    fields = {f"JIEGAI_{name.upper()}": getattr(settings, name) for name in vars(settings)}

    defaults = {name: "–" if value is None else str(value) for name, value in fields.items()}
    defaults["JIEGAI_DATA_DIR"] = settings.data_dir.relative_to(Path.cwd()).as_posix()
    assert shown == defaults


def test_every_variable_that_is_read_is_explained():
    """No variable of code or compose file is missing from the page."""
    read = set(re.findall(r"\bJIEGAI_[A-Z_]+", SOURCE)) | set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))

    assert sorted(name for name in read - INTERNAL if f"`{name}`" not in TEXT) == []


def test_retention_is_what_is_provisioned():
    """The table of namespaces shows the days that the code sets."""
    shown = {row[0]: int(row[1]) for row in table("namespace |")}

    assert shown == {
        Settings.namespace: NAMESPACE_RETENTION_DAYS,
        Settings.desk_namespace: DESK_RETENTION_DAYS,
    }


def test_log_files_are_those_that_are_written():
    """Every file below logs/ is listed, and no other."""
    assert {row[0] for row in table("file |")} == set(re.findall(r'"logs" / "([\w.-]+)"', SOURCE))


def test_ports_are_the_defaults():
    """The table of ports begins with the settings' own."""
    assert [row[0] for row in table("port |")][:2] == [str(Settings.port), str(Settings.ui_port)]


@pytest.mark.parametrize(
    "phrase",
    [
        f"at most {MAX_EVIDENCE} pieces",
        f"notes of {MAX_NOTE} characters",
        f"names of {MAX_NAME};",
        f"after {MAX_REFUSALS} refused",
        f"at most {MAX_ROWS} rows",
        f"up to {GRACE.seconds} s",
    ],
)
def test_limits_are_those_of_the_code(phrase: str):
    """A number of the page is the constant's."""
    assert phrase in " ".join(TEXT.split())


@pytest.mark.parametrize(
    "service", re.findall(r"^  ([\w-]+):$", COMPOSE.split("services:")[1], re.MULTILINE)
)
def test_every_service_of_the_compose_file_is_named(service: str):
    """Who reads the page meets every container."""
    assert service in TEXT
