"""Settings: what the environment may say, and the one sentence when it says nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.failure import BadSetting
from runtime.settings import Settings


def test_an_empty_environment_gives_the_documented_defaults():
    """Nothing has to be set to start."""
    settings = Settings.from_environ({})

    assert settings == Settings(data_dir=Path.cwd() / ".jiegai")


def test_an_empty_variable_counts_as_absent():
    """Compose files pass variables that are not set as empty ones."""
    settings = Settings.from_environ({"JIEGAI_DATABASE_URL": " ", "JIEGAI_PORT": ""})

    assert (settings.database_url, settings.port) == (None, 7233)


@pytest.mark.parametrize("text", ["70000", "-1", "七", "1.5", "0x10"])
def test_a_port_that_is_none_is_refused_with_its_variable(text):
    """The sentence names the variable and what it holds."""
    with pytest.raises(BadSetting) as failure:
        Settings.from_environ({"JIEGAI_UI_PORT": text})

    assert "JIEGAI_UI_PORT" in failure.value.sentence
    assert text in failure.value.sentence


@pytest.mark.parametrize("text", ["mysql://u:geheim@h/d", "geheim", "sqlite:///geheim"])
def test_another_database_is_refused_without_repeating_the_password(text):
    """An error line ends up in tickets and chats."""
    with pytest.raises(BadSetting) as failure:
        Settings.from_environ({"JIEGAI_DATABASE_URL": text})

    assert failure.value.code == "DATABASE_URL"
    assert "geheim" not in failure.value.sentence


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_spelling_of_the_scheme_means_the_same_database(scheme):
    """Hosting panels print all three."""
    settings = Settings.from_environ({"JIEGAI_DATABASE_URL": f"{scheme}://u:p@h:1/d"})

    assert settings.database_url == "postgresql://u:p@h:1/d"


def test_the_data_directory_is_absolute_and_knows_the_home(monkeypatch):
    """The worker runs elsewhere, so a relative path would mean another place to it."""
    monkeypatch.setenv("HOME", "/home/某人")

    settings = Settings.from_environ({"JIEGAI_DATA_DIR": "~/街 改"})

    assert settings.data_dir == Path("/home/某人/街 改")


def test_an_unknown_log_level_is_refused():
    """A typing error must not silence the log."""
    with pytest.raises(BadSetting, match="JIEGAI_LOG_LEVEL"):
        Settings.from_environ({"JIEGAI_LOG_LEVEL": "loud"})
