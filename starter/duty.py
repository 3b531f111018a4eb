"""``jiegai duty``: lists of duties, from the workbook to the street's claim (F29–F31).

Its commands live in modules of their own, which are imported when they run.
"""

from __future__ import annotations

from typing import Final

import click

from starter.lazy_group import LazyGroup

_COMMANDS: Final = {
    "template": ("starter.duty_import:template", "写出空白的清单表（清单、事项两张）"),
    "check": ("starter.duty_import:check", "检查清单表；加 --rollout 与登记库核对"),
    "import": ("starter.duty_import:import_lists", "导入清单表：草案，或已印发的清单"),
    "list": ("starter.duty_show:list_", "列出清单和各版本：期间、文号、状态"),
    "show": ("starter.duty_show:show", "查看一个清单的事项，或其中一项的全文和认领"),
    "export": ("starter.duty_show:export", "把一个版本导出为 xlsx，格式与导入的相同"),
    "claim": ("starter.duty_claim:claim", "街道认领事项，落实专人专班；--status 看全区认领"),
    "trial": ("starter.duty_claim:trial", "登记各街道的试运行评估；--status 看覆盖"),
    "draft": ("starter.duty_flow:draft", "起草：征求意见、合法性审查、四部门审核、印发、备案"),
    "legality": ("starter.duty_flow:legality", "区司法局逐项登记草案的合法性结论"),
    "adjust": ("starter.duty_flow:adjust", "调整已印发的清单：申请、审核、备案通过后施行"),
    "application": ("starter.duty_application:application", "清单的调整申请：列出、查看"),
    "execution": ("starter.duty_execution:execution", "清单落实情况：年度考核用的数字和案件"),
}
"""Each command: where it lives (``module:attribute``) and its line in the help."""


@click.group(cls=LazyGroup, table=_COMMANDS)
def duty() -> None:
    """职责清单：属地管理、权责等清单的导入、查看、认领、试运行、起草和调整。

    已印发的清单不能直接改，只能调整（4-48）；有效的清单人人可查（4-39）。
    """
