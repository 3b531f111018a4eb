"""``jiegai audit verify``: recompute a published draw, and say how to do it without this software (4-37).

With ``--file`` it asks nobody: no service, no settings, no key.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from starter.audit_draw import ask_draw, write_text
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION
from starter.table import display_width, echo_json, terminal_width, wrap
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain.draw_record import Check, DrawRecord
    from domain.refusal import Refused
    from domain.sampling import Deposit

_Read = TypeVar("_Read")

MOST_BYTES: Final = 8_000_000
"""Of a record; the whole country's 街道 take less than two."""

HOW: Final = (
    (
        "散列：若干行文字（UTF-8，行间一个换行符，末行后没有）的 SHA-256，写成小写十六进制；"
        "第1行都是 jiegai-draw-1，第2行是名目，其余各行如下。"
    ),
    "紧凑写法：JSON，键按字符编码排序，没有空格和换行，汉字照写不转义。",
    "抽取范围 population_hash：名目 population；population 按 unit 的字符编码排序，紧凑写法。",
    "抽取规则 rule_hash：名目 rule；salt；rule 的紧凑写法。",
    (
        "承诺值 commitment：名目 commitment；salt；population_hash；rule_hash；"
        "由 days、plan、rollout、window 四项组成的紧凑写法。"
    ),
    (
        "随机数：名目 number；种子；序号（从0起）。取散列前16位当作十六进制数；要0至n-1中的一个时，"
        "不小于“2的64次方整除n再乘n”的跳过，其余除以n取余数。"
    ),
    (
        "抽取时刻 fire_at：种子是名目 fire；salt；commitment。n＝天数×480，"
        "余数整除480是第几天（从0起），除以480的余数是9:00起的第几分钟（北京时间）。"
    ),
    (
        "样本 sample：种子是名目 seed；salt；commitment；public_number（没有的是空行）。"
        "剩下的单位按字符编码排好，各占 weights 那么多个号（没写的1个），号从0起，n＝号的总数；"
        "取到哪个号就抽哪个单位并移出，随机数接着往下取，抽满 count 个。"
        "有 strata 的，按类别 type 的字符编码顺序一类一类抽，随机数不重新开始。"
    ),
)
"""How to recompute by hand; docs/抽样核验.md says the same, with a program of twenty lines."""


NOT_KEPT: Final = (
    "未与抽取前保管的存证对照（--deposit 存证.json）：记录若是事后整份另造的，要有它才看得出。"
)


@dataclass(frozen=True, kw_only=True)
class _Proof:
    """A record and how it came out."""

    record: DrawRecord
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that do not hold."""
        return tuple(one.name for one in self.checks if not one.holds)


@click.command()
@click.argument("rollout", metavar="[改革]", default="")
@click.argument("name", metavar="[名称]", default="")
@click.argument("window", metavar="[期]", default="")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="记录.json",
    help="核验一个文件，不连任何服务。",
)
@click.option(
    "--deposit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="存证.json",
    help="与抽取之前交督查室保管的存证对照。",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="记录.json",
    help="把公布的记录写成文件，供任何人核验。",
)
@PERSON_OPTION
@JSON_OPTION
def verify(
    *,
    rollout: str,
    name: str,
    window: str,
    file: Path | None,
    deposit: Path | None,
    save: Path | None,
    person: str,
    as_json: bool,
) -> None:
    """核验随机抽查：重新计算公布的抽样记录，并说明怎样不用本软件自己算。

    例：jiegai audit verify --file 记录.json --deposit 存证.json
    """
    from domain.draw_record import KEPT, ON_FILE, read_deposit, read_record
    from domain.draw_record import verify as verified

    kept = None if deposit is None else _parsed(read_deposit, deposit)
    if file is not None:
        if rollout or save is not None:
            raise UserError("USAGE", "写了 --file，就不再写改革、名称和 --save。")
        record, on_file = _parsed(read_record, file), None
    else:
        record, on_file = _published((rollout, name, window), person, save)
    checks = verified(record, kept or on_file, KEPT if kept else ON_FILE)
    proof = _Proof(record=record, checks=checks)
    _show(proof, kept, as_json=as_json)
    if proof.failed:
        raise UserError(
            "DRAW_NOT_PROVEN",
            f"核验不通过：{'、'.join(proof.failed)}与记录不符，这份记录不能作为抽取的证明。",
            EXIT_REFUSED,
        )


def _published(
    named: tuple[str, str, str], person: str, save: Path | None
) -> tuple[DrawRecord, Deposit | None]:
    """The record as it was published, and the register's own deposit.

    Raises UserError: DRAW_NOT_PUBLISHED.
    """
    from domain.audit import RunKey
    from domain.draw_record import read_record
    from starter.desk_client import run

    rollout, name, window = (word.strip() for word in named)
    if not rollout or not name:
        raise UserError("USAGE", "请写明改革和名称，或用 --file 写明记录文件。")
    key = RunKey(rollout=rollout, plan=name, window=window)
    answer = run(ask_draw(key, acting_person(person)))
    if not answer.record:
        raise UserError(
            "DRAW_NOT_PUBLISHED",
            f"“{name}”的抽样记录尚未公布：全部到访或督查结束后公布。",
            EXIT_REFUSED,
        )
    if save is not None:
        write_text(save, answer.record)
        click.echo(f"已写出 {save}", err=True)
    return _sound(read_record(answer.record)), answer.deposit


def _parsed(reading: Callable[[str], _Read | Refused], file: Path) -> _Read:
    from runtime.failure import why

    try:
        if file.stat().st_size > MOST_BYTES:
            raise UserError("FILE_UNREADABLE", f"{file} 过大，不是抽样记录。")
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError("FILE_UNREADABLE", f"{file} 不是 UTF-8 文字。") from error
    except OSError as error:
        raise UserError("FILE_UNREADABLE", f"{file} 不能读取：{why(error)}。") from error
    return _sound(reading(text))


def _sound(read: _Read | Refused) -> _Read:
    from domain.refusal import Refused

    if isinstance(read, Refused):
        raise UserError(read.code, read.sentence)
    return read


def _show(proof: _Proof, kept: Deposit | None, *, as_json: bool) -> None:
    key = proof.record.prepared.key
    if as_json:
        checks = [asdict(check) for check in proof.checks]
        echo_json({"key": asdict(key), "holds": not proof.failed, "checks": checks})
        return
    width = terminal_width()
    for check in proof.checks:
        mark = "相符" if check.holds else "不符"
        for line in _hanging(f"{mark}  {check.name}：", check.sentence, width):
            click.echo(printable(line))
    if not proof.failed:
        click.echo()
        click.echo(f"核验通过：{printable(f'{key.rollout}  {key.plan}  {key.window}')}")
    if kept is None:
        for line in wrap(NOT_KEPT, width):
            click.echo(line)
    click.echo()
    click.echo("不用本软件自己算（用 sha256sum 或任何语言）：")
    for number, said in enumerate(HOW, 1):
        for line in _hanging(f"{number}. ", said, width):
            click.echo(line)


def _hanging(head: str, text: str, width: int) -> list[str]:
    """A text beside its head, its further lines below its first."""
    indent = display_width(head)
    first, *more = (line.strip() for line in wrap(text, width - indent))
    return [head + first, *(" " * indent + line for line in more)]
