"""``jiegai act`` before anything is sent: what was typed is read, or refused in one sentence."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from domain.action import Action, Evidence, Keeping
from domain.procedure import Verb
from starter.act import read_pairs, read_verdicts
from starter.actions import addressed, chosen
from starter.errors import UserError
from starter.evidence import read_evidence
from starter.main import run

FULL = "乌海2019/海勃湾区/滨河街道/三定"


def _action(verb=Verb.SUBMIT):
    return Action(action_id="1", verb=verb, person="甲")


def test_a_file_given_as_evidence_is_known_by_its_fingerprint_and_stored(tmp_path):
    """An existing file becomes sha256, size and name, and is 入库 unless said otherwise."""
    file = tmp_path / "三定 草案.docx"
    file.write_bytes(b"draft" * 1_000_000)

    read = read_evidence(f"草案={file}")

    digest = hashlib.sha256(b"draft" * 1_000_000).hexdigest()
    expected = Evidence(name="草案", sha256=digest, size=5_000_000, filename="三定 草案.docx")
    assert replace(expected, kept=Keeping.STORED) == read


def test_anything_that_is_no_file_is_a_document_number():
    """A 文号 may hold brackets, full stops and an equals sign."""
    assert Evidence(name="纪要", doc_no="乌编办〔2019〕1号") == read_evidence(
        "纪要=乌编办〔2019〕1号"
    )
    assert Evidence(name="纪要", doc_no="a=b") == read_evidence("纪要=a=b")
    assert Evidence(name="备案号", doc_no="2019.12") == read_evidence("备案号=2019.12")
    assert read_evidence("纪要=" + "长" * 3000).doc_no == "长" * 3000


@pytest.mark.parametrize(
    "text,code",
    [
        ("草案", "EVIDENCE_FORM"),
        ("=x", "EVIDENCE_FORM"),
        ("草案=", "EVIDENCE_FORM"),
        ("草案=没有的文件.docx", "EVIDENCE_MISSING"),
        ("草案=./没有", "EVIDENCE_MISSING"),
        ("草案=/没有/的/路径", "EVIDENCE_MISSING"),
        ("草案=目录", "EVIDENCE_DIRECTORY"),
        ("草案=空", "EVIDENCE_EMPTY"),
    ],
)
def test_evidence_that_cannot_be_meant_is_refused(tmp_path, text, code):
    """A mistyped path never becomes a 文号."""
    (tmp_path / "目录").mkdir()
    (tmp_path / "空").touch()

    with pytest.raises(UserError) as raised:
        read_evidence(text, tmp_path)

    assert code == raised.value.code


def test_verdicts_are_read_by_name():
    """A verdict is one of the three names, and no name comes twice."""
    assert read_verdicts(("政策性=无误", "合法性 = 有误")) == {"政策性": "无误", "合法性": "有误"}
    for wrong in (("政策=无误",), ("政策性",), ("政策性=无误", "政策性=有误")):
        with pytest.raises(UserError):
            read_verdicts(wrong)
    assert read_pairs(("司法局=采纳",), "REPLY_FORM", "意见反馈") == {"司法局": "采纳"}


def test_an_item_names_its_step_only_where_the_verb_is_about_a_step():
    """The step pasted with an item is not sent with 终止 or 撤回."""
    assert addressed(_action(), f"{FULL}#初审")[1].step == "初审"
    assert (addressed(_action(), FULL)[0], addressed(_action(), FULL)[1].step) == (FULL, "")
    assert addressed(_action(Verb.TERMINATE), f"{FULL}#初审")[1].step == ""
    for wrong in ("", "#初审", "/三定", "三定/"):
        with pytest.raises(UserError):
            addressed(_action(), wrong)


def test_a_suffix_is_chosen_at_a_slash_and_only_if_it_is_one():
    """街道/三定 does not choose 滨河街道/三定 where 街道/三定 exists; several are listed, up to five."""
    assert chosen("滨河街道/三定", [FULL]) == FULL
    assert (
        chosen("滨河街道/三定", ["a/b/小滨河街道/三定", "a/b/滨河街道/三定"]) == "a/b/滨河街道/三定"
    )
    many = [f"乌海2019/区/{n}街道/三定" for n in range(7)]
    with pytest.raises(UserError) as raised:
        chosen("三定", many)
    assert raised.value.code == "AMBIGUOUS"
    assert many[4] in raised.value.sentence
    assert many[5] not in raised.value.sentence
    with pytest.raises(UserError) as raised:
        chosen("三定", [])
    assert raised.value.code == "NOT_FOUND"


@pytest.mark.parametrize(
    "argv,code",
    [
        (["act"], "USAGE"),
        (["act", FULL], "USAGE"),
        (["act", FULL, "提交"], "USAGE"),
        (["act", FULL, "批示", "--as", "甲"], "USAGE"),
        (["act", FULL, "提交", "--as", "甲", "--new-due", "13月"], "USAGE"),
        (["act", FULL, "提交", "--as", "甲", "--on", "2019-02-30"], "USAGE"),
        (["act", FULL, "提交", "--as", "甲" * 200], "TOO_LONG"),
        (["act", FULL, "提交", "--as", "甲", "--note", "长" * 2001], "NOTE_TOO_LONG"),
        (["act", "--file", "没有.xlsx"], "FILE_MISSING"),
        (["act", FULL, "提交", "--file", "没有.xlsx"], "USAGE"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(argv, code, capsys):
    """What is wrong on this side of the wire needs no server to be refused."""
    assert run(argv) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"错误[{code}] ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize(
    "argv",
    [
        ["inbox"],
        ["board", "乌海2019"],
        ["log", FULL],
        ["log", "滨河街道/三定"],
        ["act", FULL, "提交", "--as", "甲"],
        ["act", "滨河街道/三定", "提交", "--as", "甲", "--json"],
        ["rollout", "list"],
        ["rollout", "show", "乌海2019"],
        ["rollout", "stop", "乌海2019", "--reason", "试", "--as", "甲"],
        ["calendar", "publish"],
        ["web"],
    ],
)
@pytest.mark.parametrize("address", ["", "127.0.0.1:1"])
def test_without_a_service_every_command_says_so_and_ends_with_4(
    argv, address, capsys, monkeypatch, tmp_path
):
    """No stack, or an address where nobody listens: one sentence, exit 4."""
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(tmp_path))
    if address:
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)

    assert run(argv) == 4

    captured = capsys.readouterr()
    assert captured.err.startswith("错误[SERVICE_UNREACHABLE] ")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
