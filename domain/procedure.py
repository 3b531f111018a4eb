"""The routes: which steps each kind of work has, in order, and what may be done at each.

This is the regulation as a table; the workflows in ``workflows/`` wait at these steps. A step's
unit, time and ladder are settings of the plan (环节); its verbs and its order are the rule.
Sources: 0-28, 2-18 (方案); 0-32…0-38 (三定); 2-03 (五定); 0-40, 2-33, 3-04 (挂牌); 0-51, 0-52
(转隶); 0-48, 0-49 (派驻机构的关系); A7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.plan import RowKind
from domain.unit import Role


class Verb(StrEnum):
    """Everything a person can do to a step; the words of the office."""

    SUBMIT = "提交"
    APPROVE = "通过"
    APPROVE_IN_PRINCIPLE = "原则通过"
    DEFER = "缓议"
    REJECT = "不通过"
    RETURN = "退回"
    OPINION = "反馈意见"
    COSIGN = "会签"
    RECEIVE = "签收"
    WITHDRAW = "撤回"
    ASSIGN = "转办"
    ASK_EXTENSION = "申请延期"
    GRANT_EXTENSION = "批准延期"
    DENY_EXTENSION = "驳回延期"
    ADD_NOTE = "补充说明"
    URGE = "催办"
    REASSIGN = "改派"
    TERMINATE = "终止"
    RECORD_SILENCE = "代记无意见"
    COUNTERSIGN = "复核同意"
    OBJECT = "复核不同意"
    ACCEPT = "接收"
    REFUSE = "拒收"
    REPLY = "回告"
    HAND_OVER = "移交"
    DESIGNATE = "指定"
    KEEP = "自办"
    ARRIVE = "报到"


CLOSING = frozenset(
    {
        Verb.SUBMIT,
        Verb.APPROVE,
        Verb.APPROVE_IN_PRINCIPLE,
        Verb.DEFER,
        Verb.REJECT,
        Verb.RETURN,
        Verb.OPINION,
        Verb.COSIGN,
        Verb.ACCEPT,
        Verb.REFUSE,
        Verb.REPLY,
        Verb.HAND_OVER,
        Verb.DESIGNATE,
        Verb.KEEP,
        Verb.ARRIVE,
    }
)
"""Verbs that are a unit's answer to a step; the last seven belong to cases (4-12…4-15, 0-47)."""

JOINT = frozenset({Verb.COSIGN, Verb.OPINION, Verb.ARRIVE})
"""Verbs that every unit of a step has to give before it closes."""

SIDE = frozenset({Verb.RECEIVE, Verb.ASSIGN, Verb.ASK_EXTENSION, Verb.ADD_NOTE})
"""Verbs that any responsible unit has on any open step of its own."""

COORDINATING = frozenset({Verb.URGE, Verb.REASSIGN, Verb.TERMINATE, Verb.RECORD_SILENCE})
"""Verbs that belong to the coordinator."""

SECONDING = frozenset({Verb.COUNTERSIGN, Verb.OBJECT})
"""Verbs of the second person where a coordinator acts on items of the coordinator's own unit."""

REVIEW_VERDICTS = ("政策性", "合法性", "合规性")
"""The three verdicts of each review round (0-36)."""

SOUND = "无误"
UNSOUND = "有误"

OWN = "本单位"
ABOVE = "上级"
LEAD = "牵头"
PARTNERS = "配合"


@dataclass(frozen=True, kw_only=True)
class StepShape:
    """One step of a route.

    ``unit`` is who acts unless the plan's 环节 says otherwise (本单位, 上级, 牵头, 配合, or a duty;
    several with 、). ``verbs`` close it. ``role`` restricts who of the unit may act (报送 is the
    党工委's, 0-36). ``verdicts`` must all be given with 通过. ``not_by`` names the step whose actor
    may not act here (the second reviewer, 0-35). ``beside`` steps run beside the main line from
    ``opens_after`` on and must be complete before ``before``. ``documents`` are evidence names
    required to close it with 提交/通过/会签. ``back_to`` are the steps a 退回 may name, the first
    being the default. ``conditional`` steps are walked only when the decision before them asks
    for it (修改 after 原则通过); the backward schedule gives them the same due date as the step
    after them. ``opens`` names what an answer may open where that is not the order of the route
    (cases); ``elements`` what an answer has to say beside its note. ``joint``: every unit gives its
    own 提交 or 通过 before the step closes (4-29, 4-43).
    """

    name: str
    unit: str
    verbs: tuple[Verb, ...]
    workdays: int = 2
    role: Role | None = None
    verdicts: tuple[str, ...] = ()
    not_by: str = ""
    beside: bool = False
    opens_after: str = ""
    before: str = ""
    documents: tuple[str, ...] = ()
    back_to: tuple[str, ...] = ()
    conditional: bool = False
    opens: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    joint: bool = False


_REVIEW = (Verb.APPROVE, Verb.RETURN)
_DELIBERATE = (Verb.APPROVE, Verb.APPROVE_IN_PRINCIPLE, Verb.DEFER, Verb.REJECT)

SANDING = (
    StepShape(name="起草", unit=OWN, verbs=(Verb.SUBMIT,), workdays=4, documents=("草案",)),
    StepShape(
        name="初审",
        unit="区委编办",
        verbs=_REVIEW,
        workdays=2,
        verdicts=REVIEW_VERDICTS,
        back_to=("起草",),
    ),
    StepShape(
        name="复审",
        unit="区委编办",
        verbs=_REVIEW,
        workdays=2,
        verdicts=REVIEW_VERDICTS,
        not_by="初审",
        back_to=("起草", "初审"),
    ),
    StepShape(
        name="三方沟通",
        unit="区领导、配合",
        verbs=(Verb.OPINION,),
        workdays=2,
        beside=True,
        opens_after="起草",
        before="意见反馈",
    ),
    StepShape(
        name="意见反馈",
        unit="区委编办",
        verbs=(Verb.SUBMIT,),
        workdays=1,
        beside=True,
        opens_after="三方沟通",
        before="报送",
    ),
    StepShape(name="报送", unit=OWN, verbs=(Verb.SUBMIT,), workdays=1, role=Role.HEAD),
    StepShape(name="审议", unit="区委编委", verbs=_DELIBERATE, workdays=3, documents=("纪要",)),
    StepShape(
        name="修改",
        unit=OWN,
        verbs=(Verb.SUBMIT,),
        workdays=1,
        documents=("修改稿",),
        conditional=True,
    ),
    StepShape(
        name="印发",
        unit="区委办、区政府办",
        verbs=(Verb.COSIGN,),
        workdays=2,
        documents=("发文字号",),
    ),
)
"""三定 (0-32…0-38) and 五定 (2-03). 修改 is walked only after 原则通过."""

PLAN_WUCHANG = (
    StepShape(
        name="起草",
        unit="区委编办",
        verbs=(Verb.SUBMIT,),
        workdays=5,
        documents=("模板对照", "政策依据", "区情材料", "意见采纳表", "条例合规说明"),
    ),
    StepShape(
        name="一上", unit="区委编办", verbs=(Verb.SUBMIT,), workdays=1, documents=("报送文件",)
    ),
    StepShape(
        name="一下",
        unit="市委编办",
        verbs=_REVIEW,
        workdays=3,
        documents=("书面反馈",),
        back_to=("起草",),
    ),
    StepShape(
        name="二上", unit="区委编办", verbs=(Verb.SUBMIT,), workdays=1, documents=("报送文件",)
    ),
    StepShape(
        name="二下",
        unit="市委编办",
        verbs=_REVIEW,
        workdays=3,
        documents=("书面反馈",),
        back_to=("起草", "二上"),
    ),
    StepShape(
        name="区委常委会审议",
        unit="区委常委会",
        verbs=_DELIBERATE,
        workdays=3,
        documents=("纪要",),
    ),
    StepShape(
        name="修改",
        unit="区委编办",
        verbs=(Verb.SUBMIT,),
        workdays=1,
        documents=("修改稿",),
        conditional=True,
    ),
    StepShape(
        name="省市审核",
        unit="市委编办",
        verbs=_REVIEW,
        workdays=5,
        documents=("审核意见",),
        back_to=("起草", "二上"),
    ),
    StepShape(
        name="备案", unit="市委编办", verbs=(Verb.SUBMIT,), workdays=2, documents=("备案号",)
    ),
    StepShape(
        name="印发",
        unit="区委办、区政府办",
        verbs=(Verb.COSIGN,),
        workdays=2,
        documents=("发文字号",),
    ),
)
"""方案, template 武昌 (0-27, 0-28): 二上二下, then 常委会, 省市审核, 备案 before 印发."""

PLAN_WUHAI = (
    StepShape(
        name="调研论证", unit=LEAD, verbs=(Verb.SUBMIT,), workdays=2, documents=("调研报告",)
    ),
    StepShape(
        name="征求意见", unit=LEAD, verbs=(Verb.SUBMIT,), workdays=2, documents=("意见采纳表",)
    ),
    StepShape(
        name="协调小组审议",
        unit="改革协调小组",
        verbs=_DELIBERATE,
        workdays=2,
        documents=("纪要",),
    ),
    StepShape(name="常委会审议", unit="常委会", verbs=_DELIBERATE, workdays=2, documents=("纪要",)),
    StepShape(
        name="修改",
        unit=LEAD,
        verbs=(Verb.SUBMIT,),
        workdays=1,
        documents=("修改稿",),
        conditional=True,
    ),
    StepShape(
        name="印发",
        unit="党委办、政府办",
        verbs=(Verb.COSIGN,),
        workdays=1,
        documents=("发文字号",),
    ),
)
"""方案, template 乌海 (2-17, 2-18): 协调小组 and 常委会 approve one after the other (分别)."""

NAMEPLATE = (
    StepShape(name="挂牌", unit=OWN, verbs=(Verb.SUBMIT,), workdays=3, documents=("依据文号",)),
    StepShape(name="核验", unit="区委编办", verbs=_REVIEW, workdays=2, back_to=("挂牌",)),
)
"""挂牌 (0-40, 2-33, 3-04): the unit hangs, the 编办 looks."""

TASK = (
    StepShape(name="办理", unit=OWN, verbs=(Verb.SUBMIT,), workdays=3),
    StepShape(name="确认", unit=LEAD, verbs=_REVIEW, workdays=2, back_to=("办理",)),
)
"""Any other row (0-07): submit evidence, then the lead unit confirms."""

ROSTER_STEP = "名册"
REQUEST_STEP = "请示"
APPROVAL_STEP = "审批"
APPROVAL_STEPS = ("审批·行政", "审批·事业")
"""The two approvals of a batch whose row asks for 分口审批; the second covers 事业 posts."""

MOVE_STEP = "转人员"
REGISTER_STEP = "编制实名登记"

_APPROVAL = StepShape(
    name=APPROVAL_STEP,
    unit="区委编委",
    verbs=_REVIEW,
    workdays=3,
    documents=("批复",),
    back_to=(REQUEST_STEP, ROSTER_STEP),
)


def _after_move(name: str, unit: str, *documents: str) -> StepShape:
    return StepShape(
        name=name,
        unit=unit,
        verbs=(Verb.SUBMIT,),
        workdays=5,
        beside=True,
        opens_after=MOVE_STEP,
        documents=documents,
    )


TRANSFER_BATCH = (
    StepShape(name=ROSTER_STEP, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=3, documents=("名册",)),
    StepShape(name="通知", unit=LEAD, verbs=(Verb.SUBMIT,), workdays=1, documents=("通知",)),
    StepShape(name=REQUEST_STEP, unit=LEAD, verbs=(Verb.SUBMIT,), workdays=1, documents=("请示",)),
    _APPROVAL,
    StepShape(name=MOVE_STEP, unit=OWN, verbs=(Verb.SUBMIT,), workdays=3, documents=("报到单",)),
    _after_move(REGISTER_STEP, "区委编办", "登记凭证"),
    _after_move("档案关系转移", "区委组织部", "转递单", "回执"),
    _after_move("财政经费划拨", "区财政局", "拨付文件"),
    _after_move("用车划转", "区机关事务中心", "交接单"),
    _after_move("用房划转", "区机关事务中心", "交接单"),
)
"""转隶 by roster (0-51, 0-52): no step opens before the one before it has its document; after
转人员 five follow beside each other, and the batch ends with the last of them."""

TRANSFER_SPLIT = tuple(
    shape
    for each in TRANSFER_BATCH
    for shape in (
        (
            replace(each, name=APPROVAL_STEPS[0]),
            replace(
                each,
                name=APPROVAL_STEPS[1],
                beside=True,
                opens_after=REQUEST_STEP,
                before=MOVE_STEP,
            ),
        )
        if each is _APPROVAL
        else (each,)
    )
)
"""The same with 行政 and 事业 posts approved apart."""

RELATION_STEPS = ("党组织关系", "薪酬待遇关系", "经费管理关系")
HANDOVER_STEP = "责任移交"

RELATIONS = (
    *(
        StepShape(
            name=name,
            unit=unit,
            verbs=(Verb.SUBMIT,),
            workdays=5,
            beside=True,
            before=HANDOVER_STEP,
            documents=("转接单",),
        )
        for name, unit in zip(RELATION_STEPS, ("区委组织部", "区人社局", "区财政局"), strict=True)
    ),
    StepShape(
        name=HANDOVER_STEP, unit=OWN, verbs=(Verb.SUBMIT,), workdays=3, documents=("移交书",)
    ),
    StepShape(
        name="确认",
        unit=LEAD,
        verbs=_REVIEW,
        workdays=2,
        back_to=(HANDOVER_STEP, *RELATION_STEPS),
    ),
)
"""转隶 of a station's relations (0-48, 0-49): three relations go over beside each other, then the
street takes charge of 日常管理、办公用房、考核评价. The documents are asked for each station."""

PLAN_TEMPLATES = {"武昌": PLAN_WUCHANG, "乌海": PLAN_WUHAI}

WAY = "方式"
BY_ROSTER = "名册"
BY_RELATION = "关系"
"""Option of a 转隶 row: by roster it goes person by person, by relation a whole 派驻机构 goes over;
without it, it is a plain task."""

APPROVED_BY = "审批"
APART = "分口"
"""Option of a 转隶 row by roster: 行政 and 事业 posts are approved apart."""


def route(
    kind: RowKind, template: str = "", *, way: str = "", approval: str = ""
) -> tuple[StepShape, ...]:
    """This will return the steps of a kind of work; ``template`` chooses between plan routes.

    ``way`` and ``approval`` choose between those of 转隶. Raises KeyError for a 方案 with an unknown
    template.
    """
    if kind is RowKind.PLAN:
        return PLAN_TEMPLATES[template or "武昌"]
    if kind is RowKind.TRANSFER and way == BY_ROSTER:
        return TRANSFER_SPLIT if approval == APART else TRANSFER_BATCH
    if kind is RowKind.TRANSFER and way == BY_RELATION:
        return RELATIONS
    return {
        RowKind.SANDING: SANDING,
        RowKind.REVISION: SANDING,
        RowKind.WUDING: SANDING,
        RowKind.NAMEPLATE: NAMEPLATE,
        RowKind.TRANSFER: TASK,
        RowKind.TASK: TASK,
    }[kind]
