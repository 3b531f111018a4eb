"""``jiegai completion``: prints the script that lets a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from starter.errors import UserError


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """打印命令补全脚本。

    例如在 ~/.bashrc 里加一行：eval "$(jiegai completion bash)"
    """
    kind = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if kind is None:
        raise UserError("USAGE", f"不支持 {shell}。")
    click.echo(kind(root, {}, "jiegai", "_JIEGAI_COMPLETE").source())
