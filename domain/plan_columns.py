"""The sheets and columns of a plan file, the same for xlsx and YAML.

《改革时间、任务、责任表》 has three words in its title, 时间, 任务 and 责任 (0-06, 2-19), and a named
person for each task (4-05); the other columns say how the work is routed. Headers are what
people know; each has a note that the template prints.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. ``empty_code`` is the error for an empty cell; '' lets it be empty.

    ``choices`` are the only words allowed; ``width`` is in characters, for the template.
    """

    name: str
    note: str
    empty_code: str = ""
    choices: tuple[str, ...] = ()
    width: int = 16
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One table of the file: a worksheet, or a top-level key in YAML.

    ``written`` are columns that the board adds when it gives the plan back with states filled
    in; a reader passes them over.
    """

    name: str
    columns: tuple[Column, ...]
    required: bool = True
    written: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)

    def column(self, header: str) -> Column | None:
        """This will find a column by its name or one of its other names; None if unknown."""
        for column in self.columns:
            if header == column.name or header in column.aliases:
                return column
        return None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One line of the 改革 sheet; ``default`` '' with ``required`` must be filled in."""

    name: str
    note: str
    required: bool = False
    default: str = ""


KINDS = ("方案", "三定", "修订", "五定", "挂牌", "转隶", "任务")
UNIT_KINDS = ("市", "区", "镇", "街道", "部门", "事业单位", "议事机构")
YES = "是"
STATIONS_STAY = "保留"
STATION_CHOICES = (STATIONS_STAY, "下放")

ITEM = "项目"
CONTENT = "内容"

REFORM = Sheet(
    name="改革",
    columns=(
        Column(name=ITEM, note="设置的名称", width=14),
        Column(name=CONTENT, note="设置的内容", width=44),
    ),
)

SETTINGS = (
    Setting(name="名称", note="这次改革的短名，也是工作流编号的开头，如 乌海2019", required=True),
    Setting(name="标题", note="责任表的全称", required=True),
    Setting(name="启动日期", note="T0：上级文件印发或改革启动的日期，T+… 由此起算", required=True),
    Setting(
        name="协调单位",
        note="牵头协调全部改革的单位（区委编办、改革专班），须有协调员",
        required=True,
    ),
    Setting(name="牵头领导", note="协调推进机制的牵头领导，只能一人（0-05）", required=True),
    Setting(name="工作日历", note="工作日历的编号", default="CN"),
    Setting(name="每日截止", note="一天的截止时刻：24:00，或下班时间如 17:30", default="24:00"),
    Setting(name="上班时间", note="提醒只在上班时间内发出：从", default="09:00"),
    Setting(name="下班时间", note="提醒只在上班时间内发出：到", default="17:30"),
    Setting(
        name="进驻考核街道占比",
        note="进驻执法人员的考核中街道评分占百分之几，如 50（3-11）；不填为未定",
    ),
    Setting(name="同日审核上限", note="一个单位同一天到期的审核超过此数时提示", default="10"),
)

UNITS = Sheet(
    name="单位",
    columns=(
        Column(
            name="名称", note="全表唯一，不超过30字，不含 / 和 #", empty_code="EMPTY_NAME", width=20
        ),
        Column(
            name="类别",
            note="市、区、镇、街道等",
            empty_code="EMPTY_CELL",
            choices=UNIT_KINDS,
            width=10,
        ),
        Column(name="所属区", note="所在的区；市级单位留空", width=12),
        Column(
            name="简称", note="任务和环节中使用的称呼，如 区委编办；可写几个，用、隔开", width=16
        ),
        Column(name="上级单位", note="不填即所属区；区的上级为市", width=14),
        Column(name="代码", note="统计用区划代码，可不填", width=12),
        Column(name="第一责任人", note="主要负责同志，一人（0-10、2-09）", width=18),
        Column(name="第一书记", note="街道、镇必填（0-11）", width=18),
        Column(name="分管区领导", note="部门必填（0-11）", width=18),
        Column(name="经办人", note="具体落实责任人，可多人（4-07）", width=30),
        Column(name="代办人", note="经办人不在岗时代办，可多人", width=18),
        Column(
            name="代录单位",
            note="没有办公桌的机关（区委编委、区委常委会、区领导、上级编办）由哪个单位代录其决定，如 区委编办；写了可以没有经办人",
            width=14,
        ),
        Column(name="协调员", note="协调单位必填，可多人", width=18),
        Column(
            name="成员单位",
            note="协调推进机制成员单位写“是”（0-07）",
            choices=(YES, "否"),
            width=10,
        ),
        Column(
            name="派驻机构",
            note="只由区填写：司法所、市场监管所“保留”原管理体制（2-36），或“下放”街道（0-48）；不填为未定",
            choices=STATION_CHOICES,
            width=10,
        ),
    ),
)

STATE_COLUMNS = (
    "状态",
    "红",
    "黄",
    "绿",
    "未开始",
    "办结",
    "终止",
    "最近时限",
    "超期单位",
)
"""What ``jiegai board --xlsx`` adds to each row of the 任务 sheet."""

TASKS = Sheet(
    name="任务",
    written=STATE_COLUMNS,
    columns=(
        Column(name="编号", note="如 M3-1，全表唯一", empty_code="EMPTY_CELL", width=8),
        Column(
            name="事项",
            note="短名，不超过30字；同一单位的事项不能重名",
            empty_code="EMPTY_CELL",
            width=20,
        ),
        Column(
            name="任务",
            note="要完成的工作",
            empty_code="EMPTY_TASK",
            width=40,
            aliases=("工作任务", "改革任务"),
        ),
        Column(name="类型", note="决定办理环节", empty_code="EMPTY_CELL", choices=KINDS, width=8),
        Column(
            name="责任单位",
            note="各街道、各镇街、各区、全市、各部门、各成员单位、各事业单位、单位名称；可写 除…外",
            empty_code="EMPTY_UNIT",
            width=24,
            aliases=("承办单位",),
        ),
        Column(name="牵头单位", note="负责确认的单位，可写简称", width=14),
        Column(name="配合单位", note="可写几个，用、隔开", width=24),
        Column(
            name="责任人",
            note="姓名，或职务：第一责任人、第一书记、分管区领导、经办人（4-05）",
            empty_code="EMPTY_RESPONSIBLE",
            width=14,
        ),
        Column(
            name="完成时限",
            note="2019-12-20、12月20日前、12月底前、6月份、T+15个工作日、M2后5个工作日",
            empty_code="EMPTY_DUE",
            width=18,
            aliases=("时限", "完成时间"),
        ),
        Column(
            name="时限设定机关",
            note="时限由上级机关定的，写该机关的名称或简称，如 市委编办：只有它能再改；本级自定的不填",
            width=14,
        ),
        Column(name="前置任务", note="须先完成的任务编号，用、隔开", width=14),
        Column(name="必交材料", note="办结时必须附上的材料，用、隔开", width=20),
        Column(
            name="选项",
            note="键=值，用；隔开：模板、依据、牌子、修订、方式、审批、机构、下放、环节时限、说明",
            width=34,
        ),
        Column(name="依据条目", note="规则来源的行号，用、隔开", width=16),
    ),
)

STEPS = Sheet(
    name="环节",
    required=False,
    columns=(
        Column(name="类型", note="任务的类型", empty_code="EMPTY_CELL", choices=KINDS, width=8),
        Column(name="环节", note="该类型的一个环节", empty_code="EMPTY_CELL", width=14),
        Column(name="承办单位", note="本单位、上级、牵头、配合或简称；不填按规定路线", width=20),
        Column(name="工作日", note="本环节的办理时间，1以上", width=8),
        Column(name="延期批准", note="谁批准延期；不填为上级", width=12),
        Column(name="延期次数", note="最多可延期几次，0为不得延期", width=10),
        Column(name="提醒", note="到期前几个工作日提醒，用、隔开；0为当天", width=10),
        Column(name="升级", note="逾期几个工作日:告知谁，如 1:第一责任人、3:分管领导", width=34),
    ),
)

SHEETS = (REFORM, UNITS, TASKS, STEPS)
NOTES_SHEET = "说明"
PROGRESS_SHEET = "进度"
"""The sheet that ``jiegai board --xlsx`` adds: one line to a procedure."""

UNREAD_SHEETS = (NOTES_SHEET, PROGRESS_SHEET)
"""Sheets for people; no reader looks into them."""


def suggestion(word: str, known: tuple[str, ...] | list[str]) -> str:
    """This will return ``，最接近的是“滨河街道”`` for the nearest known word, or ''."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"，最接近的是“{near[0]}”" if near else ""
