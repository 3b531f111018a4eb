"""Which server a command reaches, and how quickly it says that none is there."""

from __future__ import annotations

import time

import pytest

from runtime.connect import CONNECT_TIMEOUT, connect
from runtime.failure import BadSetting, ServiceUnavailable
from runtime.settings import Settings
from runtime.stackfile import StackFile, running_stack

NOWHERE = "127.0.0.1:9"


async def test_without_any_server_the_sentence_says_what_to_run(tmp_path):
    """A newcomer learns the next command from the error."""
    with pytest.raises(ServiceUnavailable, match="jiegai up") as failure:
        await connect(Settings(data_dir=tmp_path), environ={})

    assert (failure.value.code, failure.value.exit_code) == ("SERVICE_UNREACHABLE", 4)


async def test_a_server_that_does_not_answer_is_given_up_soon(tmp_path):
    """A person does not wait longer than the timeout, and the sentence names the address."""
    started = time.monotonic()
    with pytest.raises(ServiceUnavailable, match=NOWHERE):
        await connect(Settings(data_dir=tmp_path), environ={"TEMPORAL_ADDRESS": NOWHERE})

    assert time.monotonic() - started < CONNECT_TIMEOUT.total_seconds() + 1


async def test_the_users_own_configuration_wins_over_the_embedded_stack(stack):
    """Whoever sets TEMPORAL_ADDRESS means that deployment, also beside a running stack."""
    with pytest.raises(ServiceUnavailable, match=NOWHERE):
        await connect(stack.settings, environ={"TEMPORAL_ADDRESS": NOWHERE})


async def test_a_profile_of_the_configuration_file_is_used(stack, tmp_path):
    """TEMPORAL_CONFIG_FILE and TEMPORAL_PROFILE name another deployment."""
    file = tmp_path / "temporal.toml"
    file.write_text(f'[profile."区里"]\naddress = "{stack.address}"\n', "utf-8")

    client = await connect(
        Settings(data_dir=tmp_path),
        "jiegai-desk",
        environ={"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_PROFILE": "区里"},
    )

    assert client.service_client.config.target_host == stack.address
    assert client.namespace == "jiegai-desk"


async def test_a_configuration_file_that_cannot_be_read_is_bad_input(tmp_path):
    """Not a traceback, and not the wrong server."""
    file = tmp_path / "temporal.toml"
    file.write_text("[profile", "utf-8")

    with pytest.raises(BadSetting) as failure:
        await connect(Settings(data_dir=tmp_path), environ={"TEMPORAL_CONFIG_FILE": str(file)})

    assert (failure.value.code, failure.value.exit_code) == ("TEMPORAL_CONFIG", 2)


def test_the_file_of_a_killed_stack_is_not_believed(tmp_path):
    """Its port may belong to somebody else's server by now."""
    StackFile(address=NOWHERE, ui_url="", supervisor=1, started_at="").write(tmp_path)
    (tmp_path / "stack.lock").touch()

    assert running_stack(tmp_path) is None
