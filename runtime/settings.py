"""Settings: what the environment says about where things are.

Temporal's own variables (``TEMPORAL_ADDRESS``, ``TEMPORAL_PROFILE``, …) are not repeated here:
Temporal's environment configuration reads them, see ``connect``. Standard library only, since
every command reads its settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runtime.failure import BadSetting
from runtime.seal import read_key

LOG_LEVELS = ("debug", "info", "warning", "error")

MOST_MEGABYTES = 200
"""The database joins a file's pieces once to verify them; beyond this that is no longer cheap."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that ``jiegai`` reads from the environment.

    Attributes:
        data_dir: ``JIEGAI_DATA_DIR``; absolute; where the embedded stack keeps everything.
        database_url: ``JIEGAI_DATABASE_URL``; the registers' PostgreSQL, as
            ``postgresql://user:password@host:port/database``; None takes the embedded one.
        namespace: ``JIEGAI_NAMESPACE``; where the workflows live.
        desk_namespace: ``JIEGAI_DESK_NAMESPACE``; where reads and imports run.
        port: ``JIEGAI_PORT``; the embedded Temporal's port on 127.0.0.1; 0 takes a free one.
        ui_port: ``JIEGAI_UI_PORT``; the embedded Web UI's port; 0 takes a free one.
        ui_url: ``JIEGAI_UI_URL``; the Web UI of another deployment, for the links that
            ``jiegai web`` prints; None takes the embedded one.
        log_level: ``JIEGAI_LOG_LEVEL``; one of ``LOG_LEVELS``.
        log_file: ``JIEGAI_LOG_FILE``; where the worker logs; None is stderr.
        evidence_limit_mb: ``JIEGAI_EVIDENCE_LIMIT_MB``; the largest file of evidence that is
            stored, in megabytes; a larger one stays 线下.
        secret_key: ``JIEGAI_SECRET_KEY``; base64 of the 32 bytes that seal personal data; None
            takes the embedded stack's own, where there is one.
    """

    data_dir: Path
    database_url: str | None = None
    namespace: str = "jiegai"
    desk_namespace: str = "jiegai-desk"
    port: int = 7233
    ui_port: int = 8233
    ui_url: str | None = None
    log_level: str = "info"
    log_file: Path | None = None
    evidence_limit_mb: int = 20
    secret_key: bytes | None = field(default=None, repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """This will read the settings; ``environ`` None takes the process's own.

        An empty variable counts as absent, since compose files pass empty ones.

        Raises:
            BadSetting: a port that is no port, an unknown log level, a URL of another database, a
                limit out of bounds, a key that is none.
        """
        source = os.environ if environ is None else environ
        given = {name: value.strip() for name, value in source.items() if value.strip()}
        return cls(
            data_dir=Path(given.get("JIEGAI_DATA_DIR", ".jiegai")).expanduser().absolute(),
            database_url=_database_url(given.get("JIEGAI_DATABASE_URL")),
            namespace=given.get("JIEGAI_NAMESPACE", cls.namespace),
            desk_namespace=given.get("JIEGAI_DESK_NAMESPACE", cls.desk_namespace),
            port=_port("JIEGAI_PORT", given.get("JIEGAI_PORT"), cls.port),
            ui_port=_port("JIEGAI_UI_PORT", given.get("JIEGAI_UI_PORT"), cls.ui_port),
            ui_url=_without_slash(given.get("JIEGAI_UI_URL")),
            log_level=_log_level(given.get("JIEGAI_LOG_LEVEL")),
            log_file=Path(given["JIEGAI_LOG_FILE"]) if "JIEGAI_LOG_FILE" in given else None,
            evidence_limit_mb=_megabytes(given.get("JIEGAI_EVIDENCE_LIMIT_MB")),
            secret_key=_key(given.get("JIEGAI_SECRET_KEY")),
        )


def _port(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdecimal() or int(text) > 65_535:
        raise BadSetting(f"环境变量 {name} 应为 0 至 65535 的端口号，现为“{text}”。")
    return int(text)


def _megabytes(text: str | None) -> int:
    if text is None:
        return Settings.evidence_limit_mb
    if not text.isdecimal() or not 1 <= int(text) <= MOST_MEGABYTES:
        raise BadSetting(
            f"环境变量 JIEGAI_EVIDENCE_LIMIT_MB 应为 1 至 {MOST_MEGABYTES} 的整数，现为“{text}”。"
        )
    return int(text)


def _key(text: str | None) -> bytes | None:
    return None if text is None else read_key(text)


def _log_level(text: str | None) -> str:
    level = (text or Settings.log_level).lower()
    if level not in LOG_LEVELS:
        raise BadSetting(f"环境变量 JIEGAI_LOG_LEVEL 应为 {'、'.join(LOG_LEVELS)} 之一。")
    return level


def _database_url(text: str | None) -> str | None:
    if text is None:
        return None
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        # The value may hold a password: it is not repeated.
        raise BadSetting(
            "环境变量 JIEGAI_DATABASE_URL 应为 postgresql://用户:密码@主机:端口/库名。",
            code="DATABASE_URL",
        )
    return f"postgresql://{rest}"


def _without_slash(text: str | None) -> str | None:
    return text.rstrip("/") if text else None
