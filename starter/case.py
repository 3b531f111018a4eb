"""``jiegai case``: cases between streets and departments, both ways (F24–F28, F33).

The commands are in modules of their own, each loaded when it is asked for: opening
(``case_report``), answering (``case_act``), reading (``case_show``, ``case_list``), sheets
(``case_file``) and what a district settles (``case_settings``).
"""

from __future__ import annotations

import click

from starter.lazy_group import LazyGroup

_COMMANDS = {
    "report": ("starter.case_report:report", "上报：街道发现、接到举报后向主管部门报告"),
    "refer": ("starter.case_report:refer", "移送：清单之外、街道不能办的事项送主管部门"),
    "crime": ("starter.case_report:crime", "涉罪移送：涉嫌犯罪的案件向公安机关移送"),
    "intake": ("starter.case_report:intake", "民呼我应：受理群众诉求"),
    "whistle": ("starter.case_report:whistle", "吹哨：街道请部门到场"),
    "dispatch": ("starter.case_report:dispatch", "派单：部门以函件交街道专人专班"),
    "handover": ("starter.case_act:handover", "交接：送出交接单（3个工作日内由对方签收）"),
    "sign": ("starter.case_act:sign", "签收：接收交接单、函件或移交的案件"),
    "refuse": ("starter.case_act:refuse", "拒收：写明理由"),
    "handle": ("starter.case_act:handle", "办结，或用 --progress 记办理进展"),
    "reply": ("starter.case_act:reply", "回告、回复：办理经过、结果、日期、承办人"),
    "confirm": ("starter.case_act:confirm", "确认回告，或用 --return 退回重办"),
    "transfer": ("starter.case_act:transfer", "移交：案件复杂、街道无法承担的交区级办理"),
    "negotiate": ("starter.case_act:negotiate", "协商：同意接收、街道自办或协商不成"),
    "designate": ("starter.case_act:designate", "指定：共同上级指定办理单位"),
    "rule": ("starter.case_act:rule", "裁定街道的拒收"),
    "divide": ("starter.case_act:divide", "分流：把群众诉求交给承办单位"),
    "arrive": ("starter.case_act:arrive", "报到：被吹哨部门到场"),
    "dispose": ("starter.case_act:dispose", "处置：吹哨事项处置完毕"),
    "decide": ("starter.case_act:decide", "决定：负责人决定涉罪案件是否移送"),
    "move": ("starter.case_act:move", "移送公安：附移送清单"),
    "template": ("starter.case_file:template", "写出空白的案件表或办案表"),
    "act": ("starter.case_file:act", "按办案表逐行签收、回告……"),
    "list": ("starter.case_list:list_", "案件列表：按单位、类别、是否超期"),
    "show": ("starter.case_show:show", "一件案件的全部经过和各个时限；可出公文"),
    "breaches": ("starter.case_list:breaches", "违规尝试和街道反映：没有清单依据的派单"),
    "complain": ("starter.case_complain:complain", "反映：部门在本软件之外转嫁职责；答复"),
    "settings": ("starter.case_settings:settings", "办案设置：时限、人数、材料、裁定机关"),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def case() -> None:
    """案件双向派单：街道上报、移送，部门派单，签收、办理、回告，每个时限都看得见。"""
