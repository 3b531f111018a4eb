"""The deployment's files say the same as the code: images, ports, variables."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from runtime.settings import Settings
from runtime.temporal_server import executable
from runtime.workers import GRACE

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]
SETTINGS_SOURCE = (ROOT / "runtime" / "settings.py").read_text("utf-8")


def seconds(text: str) -> int:
    """A compose duration such as ``40s``."""
    return int(text.removesuffix("s"))


def test_every_image_has_a_full_version():
    """A tag that moves would change a running deployment behind its operator's back."""
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)

    assert [image for image in images if not re.search(r":\d+\.\d+(\.\d+)?(-\w+)*$", image)] == []


def test_the_servers_are_those_of_the_embedded_stack():
    """What was rehearsed with `jiegai up` is what runs in the deployment."""
    printed = subprocess.run(
        [executable(), "--version"], capture_output=True, text=True, check=True
    )
    server, ui = re.findall(r"(?:Server|UI) ([\d.]+)", printed.stdout)

    assert SERVICES["temporal"]["image"] == f"temporalio/server:{server}"
    assert SERVICES["temporal-schema"]["image"] == f"temporalio/admin-tools:{server}"
    assert SERVICES["ui"]["image"] == f"temporalio/ui:{ui}"


def test_every_variable_for_the_worker_is_one_that_the_settings_read():
    """A misspelt variable would silently leave the default in force."""
    given = [name for name in SERVICES["worker"]["environment"] if name.startswith("JIEGAI_")]

    assert given
    assert [name for name in given if f'"{name}"' not in SETTINGS_SOURCE] == []


def test_defaults_of_ports_and_namespaces_are_those_of_the_settings():
    """The CLI finds the deployment where it would find the embedded stack."""
    settings = Settings(data_dir=ROOT)
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE))

    assert defaults == {
        "JIEGAI_BIND": "127.0.0.1",
        "JIEGAI_PORT": str(settings.port),
        "JIEGAI_UI_PORT": str(settings.ui_port),
        "JIEGAI_NAMESPACE": settings.namespace,
        "JIEGAI_DESK_NAMESPACE": settings.desk_namespace,
        "JIEGAI_LOG_LEVEL": settings.log_level,
        "JIEGAI_EVIDENCE_LIMIT_MB": str(settings.evidence_limit_mb),
        # Absent: census and rosters are refused, everything else works.
        "JIEGAI_SECRET_KEY": "",
        # Absent: messages carry no link.
        "JIEGAI_UI_URL": "",
    }


def test_the_key_is_given_to_the_worker_alone():
    """No other container could open personal data."""
    holders = [n for n, s in SERVICES.items() if "JIEGAI_SECRET_KEY" in s.get("environment", {})]

    assert holders == ["worker"]


def test_the_worker_may_finish_before_it_is_killed():
    """Compose waits longer than the worker's own grace."""
    assert seconds(SERVICES["worker"]["stop_grace_period"]) > GRACE.total_seconds()


def test_no_secret_has_a_default():
    """Whoever forgets the password gets an error, not a known password."""
    secrets = re.findall(r"(?:PASSWORD|PWD)\w*: (.*)", COMPOSE)

    assert secrets
    assert {*secrets} == {"${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}"}


@pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="docker-compose is not installed"
)
@pytest.mark.parametrize("password,code", [("abc", 0), (None, 1)])
def test_docker_compose_accepts_the_file_only_with_a_password(password, code, monkeypatch):
    """The file is valid for the oldest compose that Debian ships."""
    monkeypatch.delenv("POSTGRES_PASSWORD", raising=False)
    if password:
        monkeypatch.setenv("POSTGRES_PASSWORD", password)
    done = subprocess.run(
        ["docker-compose", "config"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == code, done.stderr
