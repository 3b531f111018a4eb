"""The one place where a Temporal client is opened, so that converter and address cannot differ.

Which server: Temporal's own environment configuration where the user set one; else the embedded
stack that runs on the data directory; else the default profile of Temporal's configuration file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from runtime.failure import BadSetting, ServiceUnavailable
from runtime.settings import Settings
from runtime.stackfile import running_stack

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.envconfig import ClientConnectConfig

CONNECT_TIMEOUT = timedelta(seconds=4)
"""A person waits for this: a server that answers at all does so in milliseconds."""

_CHOOSERS = ("TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")
"""Setting one of these means: not the embedded stack."""


async def connect(
    settings: Settings,
    namespace: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
) -> Client:
    """This will open a client with the pydantic converter.

    Args:
        settings: says which data directory to look in.
        namespace: None takes the workflows' namespace.
        environ: where Temporal's variables are read; None takes the process's own.

    Raises:
        ServiceUnavailable: no server is known, or it did not answer within CONNECT_TIMEOUT.
        BadSetting: Temporal's configuration cannot be read.
    """
    from temporalio.client import Client

    from runtime.converter import data_converter

    config = _where(settings, os.environ if environ is None else environ)
    config["namespace"] = namespace or settings.namespace
    address = config.get("target_host", "")
    try:
        return await asyncio.wait_for(
            Client.connect(**config, data_converter=data_converter),
            CONNECT_TIMEOUT.total_seconds(),
        )
    except (RuntimeError, TimeoutError, OSError, ValueError) as error:
        raise ServiceUnavailable(
            f"连不上 Temporal（{address}）：请确认服务已启动、地址和证书正确。"
        ) from error


@cache
def quiet_core() -> None:
    """This will keep Temporal's core from writing its retries between a command's own lines."""
    from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

    only_errors = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    Runtime.set_default(
        Runtime(telemetry=TelemetryConfig(logging=only_errors)), error_if_already_set=False
    )


def ui_url(settings: Settings) -> str | None:
    """This will say where the Web UI is: the setting, else the running embedded stack's."""
    stack = running_stack(settings.data_dir)
    return settings.ui_url or (stack.ui_url if stack else None)


def _where(settings: Settings, environ: Mapping[str, str]) -> ClientConnectConfig:
    if not any(environ.get(name) for name in _CHOOSERS):
        stack = running_stack(settings.data_dir)
        if stack is not None:
            return {"target_host": stack.address}
    from temporalio.envconfig import ClientConfigProfile

    try:
        profile = ClientConfigProfile.load(override_env_vars=dict(environ))
        config = profile.to_client_connect_config()
    except (RuntimeError, OSError, ValueError) as error:
        raise BadSetting(f"Temporal 的环境配置读不懂：{error}", code="TEMPORAL_CONFIG") from error
    if not config.get("target_host"):
        raise ServiceUnavailable(
            f"没有正在运行的服务（数据目录 {settings.data_dir}）："
            "请先运行 jiegai up，或用 TEMPORAL_ADDRESS 指定服务地址。"
        )
    return config
