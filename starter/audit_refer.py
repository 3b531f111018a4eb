"""``jiegai audit refer``: a breach of discipline handed to the 区纪委监委, and what came of it (0-14)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from starter.audit_key import audit_arguments, the_key
from starter.audit_visit import fingerprint, once
from starter.errors import EXIT_REFUSED, UserError
from starter.parameters import DAY, JSON_OPTION, PERSON_OPTION, SHANGHAI
from starter.table import echo_json
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.audit_referral import ReferralRecorded
    from domain.audit_referral import Referral


@click.command()
@audit_arguments
@click.option(
    "--problem",
    "number",
    required=True,
    type=click.IntRange(1, 1_000_000),
    metavar="号",
    help="第几号问题；见 audit show。",
)
@click.option("--paper", default="", metavar="文号", help="移送文书的文号。")
@click.option("--on", "day", type=DAY, help="移送或得到结果的日期；不写是今天。")
@click.option("--outcome", default="", metavar="结果", help="移送以后的结果；不写被处理人的姓名。")
@click.option("--outcome-paper", default="", metavar="文号", help="结果的文号；可不写。")
@PERSON_OPTION
@JSON_OPTION
def refer(**given: Any) -> None:
    """登记把违反纪律的问题移送区纪委监委，以及后来的结果。是否移送由人决定（0-14）。

    例：jiegai audit refer 乌海2019 编制纪律 --problem 3 --paper 海编办移〔2026〕1号 --as 张三

    jiegai audit refer 乌海2019 编制纪律 --problem 3 --outcome 责令检查 --as 张三
    """
    from starter.desk_client import run

    person = acting_person(given["person"])
    answer = run(_refer(_entry(given), given, person))
    if given["as_json"]:
        echo_json(asdict(answer))
        return
    if answer.entry is not None:
        from domain.audit_referral import in_words

        again = "（此前已登记，没有重复）" if answer.again else ""
        click.echo(f"已登记：第{answer.entry.number}号问题，{in_words(answer.entry)}{again}。")


def _entry(given: dict[str, Any]) -> Referral:
    from domain.audit_referral import Referral, ReferralKind, referral_fault

    paper, outcome, outcome_paper = (
        given[name].strip() for name in ("paper", "outcome", "outcome_paper")
    )
    if bool(paper) == bool(outcome) or (outcome_paper and not outcome):
        text = "请写一种：--paper 文号 登记移送；--outcome 结果 [--outcome-paper 文号] 登记结果。"
        raise UserError("USAGE", text)
    today = datetime.now(UTC).astimezone(SHANGHAI).date()
    entry = Referral(
        number=given["number"],
        kind=ReferralKind.OUTCOME if outcome else ReferralKind.REFERRED,
        on=given["day"] or today,
        paper=outcome_paper if outcome else paper,
        outcome=outcome,
    )
    if no := referral_fault(entry, today):
        raise UserError(no.code, no.sentence)
    return entry


async def _refer(entry: Referral, given: dict[str, Any], person: str) -> ReferralRecorded:
    from contracts.audit_referral import ReferralDesk, ReferralOrder
    from starter.desk_client import opened
    from starter.free_text import refuse_names

    now = datetime.now(UTC)
    async with opened() as door:
        key = await the_key(door, given, now)
        await refuse_names(door, key.rollout, [("文号", entry.paper), ("结果", entry.outcome)])
        action_id = fingerprint("refer", key, entry)
        order = ReferralOrder(now=now, key=key, person=person, action_id=action_id, entry=entry)
        answer = await door.order(ReferralDesk.refer, order, once("refer", action_id, now))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    return answer
