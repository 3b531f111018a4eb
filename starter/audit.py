"""``jiegai audit``: checks of everything that is live, each by a rule of the source texts (F39, F40).

Its commands live in modules of their own, which are imported when they run.
"""

from __future__ import annotations

from typing import Final

import click

from starter.lazy_group import LazyGroup

_COMMANDS: Final = {
    "check": ("starter.audit_check:check", "自动检查：超期、审核、台账、案件、清单……逐条列出问题"),
}
"""Each command: where it lives (``module:attribute``) and its line in the help."""


@click.group(cls=LazyGroup, table=_COMMANDS)
def audit() -> None:
    """督查检查：对全部在办事项、登记和清单的自动检查，只读，不改任何数据。"""
