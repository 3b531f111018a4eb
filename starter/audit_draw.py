"""``jiegai audit draw``: whom a 随机抽查 has drawn, for the organiser alone until it is published (4-37).

The sample comes as a letter and is opened on this computer with the organiser's passphrase. Before the
draw nobody is told when it will be.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from starter.audit_key import audit_arguments
from starter.audit_passphrase import known_passphrase, reading_seal
from starter.errors import EXIT_REFUSED, UserError, printable
from starter.parameters import JSON_OPTION, PERSON_OPTION, SHANGHAI
from starter.table import echo_json, pasted, render, terminal_width, wrap
from starter.which_rollout import acting_person

if TYPE_CHECKING:
    from contracts.audit_draw import DrawAnswer
    from domain.audit import RunKey
    from domain.sampling import Deposit
    from starter.desk_client import Door


_KEPT = "备抽"


@click.command()
@audit_arguments
@click.option("--number", default="", metavar="公开数", help="抽取等待的公开数；给出后不能再改。")
@click.option(
    "--deposit",
    "deposit_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="文件.json",
    help="把存证写成文件，交督查室保管。",
)
@PERSON_OPTION
@JSON_OPTION
def draw(
    *,
    rollout: str,
    name: str,
    window: str,
    number: str,
    deposit_file: Path | None,
    person: str,
    as_json: bool,
) -> None:
    """查看随机抽查抽中的单位；只给主办单位和协调员，要输入抽样口令，每次查看都记录在案。

    例：jiegai audit draw 乌海2019 季度抽查 --as 李编办
    """
    from domain.audit import RunKey
    from domain.personal import personal_fault
    from starter.desk_client import run

    if fault := personal_fault(number):
        raise UserError(fault.code, fault.sentence)
    who = acting_person(person)
    if deposit_file is not None and deposit_file.exists():
        raise UserError("FILE_EXISTS", f"{deposit_file} 已经存在，不覆盖；请换一个文件名。")
    key = RunKey(rollout=rollout.strip(), plan=name.strip(), window=window.strip())
    answer = run(ask_draw(key, who, number.strip()))
    deposit = answer.deposit
    if deposit is None:
        raise AssertionError("a draw that is not refused has a deposit")
    if deposit_file is not None:
        write_text(deposit_file, deposit_text(deposit))
    state = _state(answer, deposit)
    if as_json:
        echo_json(state.as_json(deposit))
        return
    for line in (*_in_words(state, deposit, terminal_width()), *_kept(deposit, deposit_file)):
        click.echo(printable(line))


async def ask_draw(key: RunKey, person: str, number: str = "") -> DrawAnswer:
    """This will ask how a draw stands; with a number, give it first. Raises UserError as refused."""
    from contracts.audit_draw import DrawDesk, DrawQuestion, PublicNumber
    from starter.desk_client import opened

    async with opened() as door:
        now = datetime.now(UTC)
        if number:
            order = PublicNumber(now=now, key=key, person=person, number=number)
            given = await door.order(DrawDesk.give, order, f"draw-number-{secrets.token_hex(16)}")
            if given.code:
                raise UserError(given.code, given.sentence, EXIT_REFUSED)
        answer = await door.ask(DrawDesk.read, DrawQuestion(now=now, key=key, person=person))
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    return answer


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The units drawn, each with what recording a visit to it takes; and the day of the draw."""

    proofs: dict[str, str]
    drawn_on: date


async def sample_of(door: Door, key: RunKey, person: str) -> Sample | None:
    """What was drawn for an audit; None where it is no 随机抽查.

    Raises UserError: who may not read, AUDIT_NOT_DRAWN, PASSPHRASE_WRONG.
    """
    from contracts.audit_draw import DrawDesk, DrawQuestion
    from domain.draw_record import read_record
    from domain.refusal import Refused

    question = DrawQuestion(now=datetime.now(UTC), key=key, person=person)
    answer = await door.ask(DrawDesk.read, question)
    if answer.code == "DRAW_UNKNOWN":
        return None
    if answer.code:
        raise UserError(answer.code, answer.sentence, EXIT_REFUSED)
    if answer.record:
        record = read_record(answer.record)
        if isinstance(record, Refused):
            raise UserError(record.code, record.sentence, EXIT_REFUSED)
        proofs = {unit: record.prepared.visit_proof(unit) for unit in record.sample}
        return Sample(proofs=proofs, drawn_on=record.drawn_at.astimezone(SHANGHAI).date())
    if answer.deposit_only:
        sentence = f"“{key.plan}”由主办单位到访和登记，督查室只保管存证。"
        raise UserError("DRAW_DENIED", sentence, EXIT_REFUSED)
    if answer.deposit is None or answer.drawn_at is None or not answer.letter:
        sentence = f"“{key.plan}”{key.window}还没有抽取，没有可以登记的到访。"
        raise UserError("AUDIT_NOT_DRAWN", sentence, EXIT_REFUSED)
    said = _letter(answer.letter, answer.deposit)
    proofs = dict(zip(said["sample"], said["proofs"], strict=True))
    return Sample(proofs=proofs, drawn_on=answer.drawn_at.astimezone(SHANGHAI).date())


@dataclass(frozen=True, kw_only=True)
class _State:
    """How the draw stands: 备抽 (to the 督查室), 尚未抽取, 等待公开数, 已抽取 or 已公布."""

    word: str
    drawn_at: datetime | None = None
    waits_for: str = ""
    number_day: date | None = None
    units: tuple[str, ...] = ()

    def as_json(self, deposit: Deposit) -> dict[str, Any]:
        """What ``--json`` prints."""
        return {
            "state": self.word,
            "window": deposit.key.window,
            "drawn_at": self.drawn_at,
            "waits_for": self.waits_for,
            "number_day": self.number_day,
            "units": self.units,
            "deposit": json.loads(deposit_text(deposit)),
        }


def _state(answer: DrawAnswer, deposit: Deposit) -> _State:
    if answer.record:
        units = tuple(json.loads(answer.record)["sample"])
        return _State(word="已公布", drawn_at=answer.drawn_at, units=units)
    if answer.deposit_only:
        return _State(word=_KEPT)
    if answer.waits_for:
        return _State(word="等待公开数", waits_for=answer.waits_for, number_day=answer.number_day)
    if answer.drawn_at is None:
        return _State(word="尚未抽取")
    units = tuple(_letter(answer.letter, deposit)["sample"])
    return _State(word="已抽取", drawn_at=answer.drawn_at, units=units)


def _letter(letter: str, deposit: Deposit) -> dict[str, Any]:
    """What a letter says. Raises UserError: PASSPHRASE_WRONG, DRAW_LETTER."""
    from contracts.audit_draw import sample_purpose

    key = deposit.key
    seal = reading_seal(key.rollout, key.plan, known_passphrase())
    content = seal.open(letter, sample_purpose(key))
    if content is None:
        raise UserError(
            "PASSPHRASE_WRONG",
            "样本打不开：口令不是安排这次抽查时设的那一个，请向主办单位设口令的人核对。",
            EXIT_REFUSED,
        )
    said: dict[str, Any] = json.loads(content)
    if said["commitment"] != deposit.commitment:
        raise UserError(
            "DRAW_LETTER", "样本与存证的承诺值不符，不能采用；请向运维报告。", EXIT_REFUSED
        )
    return said


def _in_words(state: _State, deposit: Deposit, width: int) -> list[str]:
    key = deposit.key
    lines = wrap(f"{key.rollout}  {key.plan}  {key.window}：{state.word}", width)
    named = f"{pasted(key.rollout)} {pasted(key.plan)} {pasted(key.window)}"
    if state.waits_for:
        said = (
            f"抽取等待公开数“{state.waits_for}”，以{state.number_day}公布的为准，"
            "用 --number 给出，只写数字；给出后不能再改。"
        )
        return [*lines, *wrap(said, width)]
    if state.word == _KEPT:
        return [*lines, *wrap("督查室只看存证；抽取和样本公布后任何人都能核验。", width)]
    if state.drawn_at is None:
        return [*lines, *wrap("何时抽取不预先告知；抽取后再看。", width)]
    when = f"{state.drawn_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    lines += [f"{when}抽取，抽中{len(state.units)}个单位，按抽取先后："]
    lines += render([(n, unit) for n, unit in enumerate(state.units, 1)], ("序", "单位")).split(
        "\n"
    )
    if state.word == "已公布":
        return [*lines, f"核验：jiegai audit verify {named} --as 姓名"]
    lines += wrap("到访之前请勿外传；本次查看已记录在案。到一个单位后登记：", width)
    return [*lines, f"  jiegai audit visit {named} --unit 单位 --as 姓名"]


def _kept(deposit: Deposit, file: Path | None) -> list[str]:
    made = f"{deposit.made_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    lines = [
        f"存证（{made}，抽取范围{deposit.population_size}个单位），请交督查室保管：",
        f"  {deposit.commitment}",
    ]
    return [*lines, f"已写出 {file}"] if file is not None else lines


def deposit_text(deposit: Deposit) -> str:
    """The deposit as it is kept, JSON."""
    from domain.draw_record import write_deposit

    return write_deposit(deposit)


def write_text(file: Path, text: str) -> None:
    """This will write a file that was not there. Raises UserError: FILE_EXISTS, FILE_UNWRITABLE."""
    from runtime.failure import why

    try:
        with file.open("x", encoding="utf-8", newline="\n") as output:
            output.write(text)
    except FileExistsError as error:
        raise UserError("FILE_EXISTS", f"{file} 已经存在，不覆盖；请换一个文件名。") from error
    except OSError as error:
        raise UserError("FILE_UNWRITABLE", f"不能写 {file}：{why(error)}。") from error
