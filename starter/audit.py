"""``jiegai audit``: audits from their arrangement to their report, and checks by rule (F39, F40).

Its commands live in modules of their own, which are imported when they run.
"""

from __future__ import annotations

from typing import Final

import click

from starter.lazy_group import LazyGroup

_COMMANDS: Final = {
    "check": ("starter.audit_check:check", "自动检查：超期、审核、台账、案件、清单……逐条列出问题"),
    "plan": ("starter.audit_plan:plan", "安排一项督查或定期事项：什么、多久一次、查谁"),
    "list": ("starter.audit_list:listed", "安排一览，各期办得怎样"),
    "pause": ("starter.audit_list:pause", "暂停一项安排"),
    "resume": ("starter.audit_list:resume", "恢复一项安排"),
    "draw": ("starter.audit_draw:draw", "随机抽查抽中了谁：只给主办单位，要输入抽样口令"),
    "verify": ("starter.audit_verify:verify", "核验公布的抽样：重新计算，不连服务也行"),
    "template": ("starter.audit_visit:template", "写出空白的到访表、问题表，带到现场填"),
    "visit": ("starter.audit_visit:visit", "登记到访：哪个单位、怎样检查、结果和意见"),
    "finding": ("starter.audit_finding:finding", "登记问题：一个、一张表，或从自动检查选登"),
    "conclude": ("starter.audit_conclude:conclude", "对检查单的条目下结论"),
    "discipline": ("starter.audit_conclude:discipline", "载入“四个严禁”的条文"),
    "refer": ("starter.audit_refer:refer", "登记移送区纪委监委，以及后来的结果"),
    "show": ("starter.audit_show:show", "一次督查的全部记录"),
    "report": ("starter.audit_report:report", "写出督查报告（.docx）"),
}
"""Each command: where it lives (``module:attribute``) and its line in the help."""


@click.group(cls=LazyGroup, table=_COMMANDS)
def audit() -> None:
    """督查检查：自动检查、安排和抽取、到访、问题、结论、报告。"""
