"""``jiegai audit``: checks of everything that is live, each by a rule of the source texts (F39, F40).

Its commands live in modules of their own, which are imported when they run.
"""

from __future__ import annotations

import importlib
from typing import Final

import click

from starter.errors import UserError

_COMMANDS: Final = {
    "check": ("starter.audit_check:check", "自动检查：超期、审核、台账、案件、清单……逐条列出问题"),
}
"""Each command: where it lives (``module:attribute``) and its line in the help."""


class AuditGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """This will name the commands in the order of the table."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """This will import and return the command, or None for an unknown name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module_name, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name != module_name:
                raise
            raise UserError("NOT_YET", f"命令 audit {cmd_name} 在这个版本里还没有。") from error
        command: click.Command = getattr(module, attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """This will list the commands from the table, importing none of them."""
        del ctx
        with formatter.section("命令"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=AuditGroup)
def audit() -> None:
    """督查检查：对全部在办事项、登记和清单的自动检查，只读，不改任何数据。"""
