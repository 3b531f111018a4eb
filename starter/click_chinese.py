"""Click's own sentences in Chinese.

Click looks its messages up with gettext under the names ``_`` and ``ngettext`` of each of its
modules. Compiled catalogues would depend on the user's locale variables, and a machine with
``LANG=C`` would answer in English; so the two names are replaced. A message that is not in the
table stays English, and ``tests/starter/test_main.py`` lists those that a user can meet.
"""

from __future__ import annotations

import importlib
import sys

import click

from starter.table import display_width, wrap

_SENTENCES = {
    "Usage:": "用法:",
    "Options": "选项",
    "Commands": "命令",
    "Positional arguments": "参数",
    "Error: {message}": "错误[USAGE] {message}",
    "Aborted!": "已中止。",
    "Missing command.": "缺少子命令。",
    "Missing argument": "缺少参数",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing {param_type}": "缺少 {param_type}",
    "Missing parameter: {param_name}": "缺少参数 {param_name}",
    "Try '{command} {option}' for help.": "用“{command} {option}”查看帮助。",
    "Invalid value: {message}": "值不正确：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值不正确：{message}",
    "No such option {name!r}.": "没有选项 {name}。",
    "No such command {name!r}.": "没有命令 {name}。",
    "Did you mean {possibility}?": "是否想用 {possibility}？",
    "(Did you mean one of: {possibilities}?)": "是否想用 {possibilities} 之一？",
    "Could not open file {filename!r}: {message}": "打不开文件 {filename}：{message}",
    "unknown error": "原因不明",
    "Argument {name!r} takes {nargs} values.": "参数 {name} 需要 {nargs} 个值。",
    "Option {name!r} does not take a value.": "选项 {name} 不带值。",
    "Option {name!r} requires an argument.": "选项 {name} 需要一个值。",
    "Option {name!r} requires {nargs} arguments.": "选项 {name} 需要 {nargs} 个值。",
    "Got unexpected extra argument ({args})": "多余的参数：{args}。",
    "Got unexpected extra arguments ({args})": "多余的参数：{args}。",
    "Takes {nargs} values but 1 was given.": "需要 {nargs} 个值，只给了 1 个。",
    "Takes {nargs} values but {len} were given.": "需要 {nargs} 个值，给了 {len} 个。",
    "Choose from:\n\t{choices}": "可选：{choices}",
    "{value!r} is not {choice}.": "{value} 不可用，只能是 {choice}。",
    "{value!r} is not one of {choices}.": "{value} 不在可选之列：{choices}。",
    "{value!r} does not match the format {format}.": "{value} 不符合格式 {format}。",
    "{value!r} does not match the formats {formats}.": "{value} 不符合格式 {formats}。",
    "{value!r} is not a valid {number_type}.": "{value} 不是有效的数。",
    "{value} is not in the range {range}.": "{value} 不在范围 {range} 内。",
    "{value!r} is not a valid boolean. Recognized values: {states}": "{value} 不是“是/否”值。",
    "file": "文件",
    "directory": "目录",
    "path": "路径",
    "{name} {filename!r} does not exist.": "{name} {filename} 不存在。",
    "{name} {filename!r} is a file.": "{name} {filename} 是文件。",
    "{name} {filename!r} is a directory.": "{name} {filename} 是目录。",
    "{name} {filename!r} is not readable.": "{name} {filename} 不可读。",
    "{name} {filename!r} is not writable.": "{name} {filename} 不可写。",
    "{name} {filename!r} is not executable.": "{name} {filename} 不可执行。",
    "env var: {var}": "环境变量：{var}",
    "default: {default}": "默认：{default}",
    "(dynamic)": "（随环境而定）",
    "required": "必填",
    "Do you want to continue?": "继续吗？",
    "%(prog)s, version %(version)s": "%(prog)s %(version)s",
    "Show the version and exit.": "显示版本。",
    "Show this message and exit.": "显示帮助。",
}

_PLACEHOLDERS = {"[OPTIONS]": "[选项]", "COMMAND": "命令", "[ARGS]": "[参数]"}

_MODULES = (
    "core",
    "decorators",
    "exceptions",
    "formatting",
    "parser",
    "shell_completion",
    "termui",
    "types",
)


class ChineseFormatter(click.HelpFormatter):
    """Click's help layout with the usage line's placeholders in Chinese."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """This will write ``用法: …`` without English placeholders."""
        for english, chinese in _PLACEHOLDERS.items():
            args = args.replace(english, chinese)
        super().write_usage(prog, args, prefix)


def translate(message: str) -> str:
    """This will give the Chinese sentence for one of Click's, or the message unchanged."""
    return _SENTENCES.get(message, message)


def install() -> None:
    """This will make every module of Click speak Chinese; doing it twice changes nothing.

    Help is measured in terminal columns as well, where Click counts characters.
    """
    for name in ("click.formatting", "click._textwrap"):
        layout = importlib.import_module(name)
        layout.term_len = _columns  # type: ignore[attr-defined]
        if hasattr(layout, "_truncate_visible"):
            layout._truncate_visible = _first_columns  # type: ignore[attr-defined]  # noqa: SLF001
    click.Context.formatter_class = ChineseFormatter
    for name in _MODULES:
        module = sys.modules.get(f"click.{name}")
        if module is None:
            continue
        if hasattr(module, "_"):
            module._ = translate  # type: ignore[attr-defined]
        if hasattr(module, "ngettext"):
            module.ngettext = _plural  # type: ignore[attr-defined]


def _columns(text: str) -> int:
    return display_width(click.unstyle(text))


def _first_columns(text: str, columns: int) -> str:
    return wrap(text, max(columns, 2))[0] if columns > 0 else ""


def _plural(one: str, many: str, count: int) -> str:
    return translate(one if count == 1 else many)
