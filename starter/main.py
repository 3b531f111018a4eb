"""The ``jiegai`` command: names its subcommands, loads the one that is asked for, reports errors.

Help must appear at once, so nothing but Click is imported here: each command is named with its
module, and its one-line help stands in the table instead of in the module.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys
from typing import Any, NamedTuple

import click

from starter import click_chinese
from starter.errors import (
    EXIT_BAD_INPUT,
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_UNREACHABLE,
    UserError,
)

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Entry(NamedTuple):
    """One command: where it lives (``module:attribute``) and its line in ``jiegai --help``."""

    target: str
    help: str


COMMANDS: dict[str, Entry] = {
    "up": Entry("starter.up:up", "在本机启动全部服务：Temporal、PostgreSQL、执行程序"),
    "demo": Entry("starter.demo:demo", "演示：以今天为起点跑一遍乌海2019年街道改革"),
    "plan": Entry("starter.plan:plan", "改革方案（时间、任务、责任表）：模板、检查"),
    "rollout": Entry("starter.rollout:rollout", "改革实施：启动、列表、查看、修订、终止"),
    "inbox": Entry("starter.inbox:inbox", "待办事项：按单位、按人、按超期"),
    "act": Entry("starter.act:act", "办理：提交、通过、退回、签收、申请延期……"),
    "evidence": Entry("starter.evidence_desk:evidence", "证据文件：入库、查看、取出"),
    "meeting": Entry("starter.meeting:meeting", "会议纪要：一次会议的各项决定逐项落到事项"),
    "people": Entry("starter.people:people", "通讯录：导入、更换、查看办理人"),
    "absence": Entry("starter.absence:absence", "请假代办：登记、查看、销假"),
    "census": Entry("starter.census:census", "清查：编制和人员底数的导入、签字、锁定"),
    "staff": Entry("starter.staff:staff", "人员：查看登记的人员（默认遮住）、查阅记录"),
    "roster": Entry("starter.staff_roster:roster", "名册：转隶人员名册的导入、查看、检查"),
    "transfer": Entry("starter.transfer:transfer", "转隶批次：查看进度，逐人记录异议和决定"),
    "secondment": Entry(
        "starter.secondment:secondment", "借调清退：机关抽调的街道人员，登记、列出、归还"
    ),
    "ledger": Entry("starter.ledger:ledger", "编制台账：查看、明细、核对、导出、调整"),
    "duty": Entry("starter.duty:duty", "职责清单：导入、检查、起草印发、认领、试运行、调整"),
    "case": Entry("starter.case:case", "案件双向派单：上报、派单、交接、签收、办理、回告"),
    "remind": Entry("starter.remind:remind", "提醒督办：今日提醒、电话通知单、通道、督办单"),
    "audit": Entry("starter.audit:audit", "督查检查：安排、抽取、到访、问题、报告，和自动检查"),
    "board": Entry("starter.board:board", "挂图作战：各单位各任务的红黄绿灯"),
    "report": Entry(
        "starter.report:report", "督查通报、调研报告：公文格式，带数字、图表和流程编号"
    ),
    "web": Entry("starter.web:web", "打印 Temporal 网页的查询链接"),
    "archive": Entry("starter.archive:archive", "归档：办结事项的案卷，离开本软件也能读"),
    "log": Entry("starter.log:log", "办理记录：谁在何时做了什么，被拒绝的也在内"),
    "calendar": Entry("starter.calendar:calendar", "工作日历：推算期限、查看、导入、发布、回退"),
    "rebuild": Entry("starter.rebuild:rebuild", "重建和核对：重写待办和看板，核对办理记录"),
    "health": Entry("starter.health:health", "检查服务：Temporal 是否应答，执行程序是否在接活"),
    "provision": Entry("starter.provision:provision", "在已有的 Temporal 上建立命名空间和检索字段"),
    "completion": Entry("starter.completion:completion", "打印命令补全脚本（bash、zsh、fish）"),
}

_LASTING = frozenset({"up", "demo"})
"""Commands that stay: they keep Python's own garbage collection and orderly end."""


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """This will name the commands in the order of the table: as a rollout uses them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """This will import and return the command, or None for an unknown name."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module_name, _, attribute = entry.target.partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name != module_name:
                raise
            raise UserError("NOT_YET", f"命令 {cmd_name} 在这个版本里还没有。") from error
        click_chinese.install()
        command: click.Command = getattr(module, attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """This will list the commands from the table, importing none of them."""
        del ctx
        with formatter.section("命令"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """This will complete command names from the table, importing none of them."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=entry.help)
            for name, entry in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names or click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """This will find the command, suggesting near names from the table for an unknown one."""
        known = args[0] in COMMANDS or args[0].startswith("-")
        if not known and not ctx.resilient_parsing:
            raise click.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"jiegai {version('jiegai')}")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings=CONTEXT_SETTINGS)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="显示版本。",
)
def cli() -> None:
    """街改：街道管理体制改革的计划、办理与督办。"""


def main(argv: list[str] | None = None) -> None:
    """This will run one command and exit with its code; the entry point of ``jiegai``."""
    arguments = sys.argv[1:] if argv is None else argv
    if _LASTING.isdisjoint(arguments[:1]):
        # A command lives for a second: collecting garbage during its imports took a tenth of it.
        gc.disable()
        _leave(run(arguments))
    sys.exit(run(arguments))


def _leave(code: int) -> None:
    """This will end the process now: tearing down Temporal's threads took a tenth of a second."""
    for stream in (sys.stdout, sys.stderr):
        try:
            # None where the caller had closed it.
            if stream is not None:
                stream.flush()
        except OSError:
            code = code or EXIT_INTERNAL
    os._exit(code)


def run(argv: list[str]) -> int:
    """This will run one command and return its exit code, printing at most one error line."""
    click_chinese.install()
    _speak_utf8()
    try:
        arguments = [_in_unicode(argument) for argument in argv]
        result = cli.main(args=arguments, prog_name="jiegai", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return EXIT_BAD_INPUT
    except click.ClickException as error:
        return _fail(UserError("USAGE", _tidy(error.format_message()), EXIT_BAD_INPUT))
    except (click.Abort, KeyboardInterrupt):
        click.echo("已中止。", err=True)
        return EXIT_INTERRUPTED
    except UserError as error:
        return _fail(error)
    except BrokenPipeError:
        # `jiegai board | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_INTERNAL
    except Exception as error:
        if os.environ.get("JIEGAI_DEBUG"):
            raise
        return _fail(_as_user_error(error))
    return result if isinstance(result, int) else 0


def _fail(error: UserError) -> int:
    click.echo(error.line, err=True)
    return error.exit_code


def _in_unicode(argument: str) -> str:
    """The argument as text: bytes that the locale did not know are UTF-8, or a file's name."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        from pathlib import Path

        raw = os.fsencode(argument)
        if Path(argument).exists():
            return argument
        try:
            return raw.decode()
        except UnicodeDecodeError:
            shown = raw.decode(errors="replace")
            raise UserError(
                "NOT_UTF8", f"“{shown}”里有不是 UTF-8 编码的文字，请检查终端的编码后重新输入。"
            ) from None
    return argument


def _tidy(message: str) -> str:
    """Click quotes names with ' and ends some sentences with an English full stop."""
    sentence = message.replace("'", "").replace("。 ", "。").removesuffix(".")
    return sentence if sentence.endswith(("。", "？", "）")) else f"{sentence}。"


def _as_user_error(error: Exception) -> UserError:
    # The edge's own errors carry code, sentence and exit code; runtime may not import starter.
    code = getattr(error, "code", None)
    sentence = getattr(error, "sentence", None)
    exit_code = getattr(error, "exit_code", None)
    if isinstance(code, str) and isinstance(sentence, str) and isinstance(exit_code, int):
        return UserError(code, sentence, exit_code)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return UserError(
            "DISK_FULL", "磁盘已满，结果没有写完；请腾出空间后再执行一次。", EXIT_INTERNAL
        )
    if _is_lost_connection(error):
        return UserError(
            "SERVICE_UNREACHABLE",
            "Temporal 中途没有应答，请确认服务仍在运行后重试。",
            EXIT_UNREACHABLE,
        )
    where = _write_crash_report(error)
    return UserError("INTERNAL", f"程序内部错误（{type(error).__name__}），{where}", EXIT_INTERNAL)


def _is_lost_connection(error: Exception) -> bool:
    service = sys.modules.get("temporalio.service")
    if service is None or not isinstance(error, service.RPCError):
        return False
    code = service.RPCStatusCode
    return error.status in {code.UNAVAILABLE, code.DEADLINE_EXCEEDED, code.CANCELLED}


def _write_crash_report(error: Exception) -> str:
    import traceback
    from datetime import UTC, datetime
    from pathlib import Path

    folder = Path(os.environ.get("JIEGAI_DATA_DIR") or ".jiegai")
    report = folder / "logs" / "cli-error.log"
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        with report.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {sys.argv[1:]}\n")
            file.writelines(traceback.format_exception(error))
    except OSError:
        return "设 JIEGAI_DEBUG=1 再运行一次可看到详情。"
    return f"详情见 {report}。"


def _speak_utf8() -> None:
    """This will print Chinese even where the locale says ASCII (LANG=C over ssh, cron)."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    main()
