"""Evidence as it is typed, chosen and written: before anything is sent, after all has come."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.evidence import EvidenceLine
from domain.action import Evidence, Keeping
from starter import evidence_desk
from starter.errors import UserError
from starter.evidence import file_read, read_evidence
from starter.evidence_desk import chosen, of_step, safe_name, target
from starter.main import run

FULL = "乌海2019/海勃湾区/滨河街道/三定"
DIGEST = hashlib.sha256(b"draft").hexdigest()


@pytest.fixture
def folder(tmp_path) -> Path:
    """A directory with two files."""
    (tmp_path / "草案.txt").write_bytes(b"draft")
    (tmp_path / "甲@乙.txt").write_bytes(b"draft")
    return tmp_path


def evidence(**changes) -> Evidence:
    """草案 as a file that is stored."""
    given = {"sha256": DIGEST, "size": 5, "filename": "草案.txt", "kept": Keeping.STORED}
    return Evidence(name="草案", **{**given, **changes})


@pytest.mark.parametrize(
    "value, expected",
    [
        ("草案.txt", evidence()),
        ("1号@草案.txt", evidence(doc_no="1号")),
        ("线下:1号@草案.txt", evidence(doc_no="1号", kept=Keeping.OFFLINE)),
        ("线下：1号 @ 草案.txt", evidence(doc_no="1号", kept=Keeping.OFFLINE)),
        ("甲@乙.txt", evidence(filename="甲@乙.txt")),
        ("1号@甲@乙.txt", evidence(doc_no="1号", filename="甲@乙.txt")),
        (
            f"线下:1号@sha256:{DIGEST.upper()}",
            evidence(doc_no="1号", size=0, filename="", kept=Keeping.OFFLINE),
        ),
        (f"1号@sha256:{DIGEST}", evidence(doc_no="1号", size=0, filename="")),
        (f"sha256:{DIGEST}", evidence(size=0, filename="")),
        ("1号", Evidence(name="草案", doc_no="1号")),
    ],
)
def test_a_value_is_a_number_a_file_or_both_stored_or_offline(folder, value, expected):
    """A file is stored unless it is said to stay 线下; its 文号 stands before the @."""
    assert expected == read_evidence(f"草案={value}", folder)


@pytest.mark.parametrize(
    "value, code",
    [
        ("线下:1号", "EVIDENCE_FORM"),
        ("线下:草案.txt", "EVIDENCE_FORM"),
        ("线下:@草案.txt", "EVIDENCE_FORM"),
        ("线下:", "EVIDENCE_FORM"),
        ("1号@没有.txt", "EVIDENCE_MISSING"),
        ("1号@", "EVIDENCE_MISSING"),
        ("线下:1号@没有.txt", "EVIDENCE_MISSING"),
        ("1号@sha256:abc", "EVIDENCE_MISSING"),
        ("1号@.", "EVIDENCE_DIRECTORY"),
        ("秘密★1年", "SECRET_DOCUMENT"),
        ("【机密】1号@草案.txt", "SECRET_DOCUMENT"),
    ],
)
def test_a_value_that_cannot_be_meant_is_one_sentence(folder, value, code):
    """Half a 线下, a file that is not there, a marking."""
    with pytest.raises(UserError) as raised:
        read_evidence(f"草案={value}", folder)

    assert code == raised.value.code


@pytest.mark.parametrize("how", ["{}", "1号@{}", "线下:1号@{}"])
def test_a_marked_file_is_refused_however_it_is_kept(tmp_path, how):
    """By its text and by its name; 线下 is no way around."""
    (tmp_path / "草案.txt").write_text("秘密★1年\n三定", "utf-8")
    (tmp_path / "【秘密】草案.txt").write_text("三定", "utf-8")
    for name in ("草案.txt", "【秘密】草案.txt"):
        with pytest.raises(UserError) as raised:
            read_evidence(f"草案={how.format(name)}", tmp_path)
        assert (raised.value.code, raised.value.exit_code) == ("SECRET_DOCUMENT", 3)
        assert raised.value.sentence.startswith("涉密文件不得进入本系统")


def test_a_file_above_the_limit_is_told_to_stay_offline(tmp_path, monkeypatch):
    """The sentence is the one to paste; 线下 has no limit."""
    monkeypatch.setenv("JIEGAI_EVIDENCE_LIMIT_MB", "1")
    (tmp_path / "大.bin").write_bytes(b"\1" * ((1 << 20) + 1))

    with pytest.raises(UserError) as raised:
        read_evidence("草案=1号@大.bin", tmp_path)

    assert raised.value.code == "EVIDENCE_TOO_LARGE"
    assert f"草案=线下:1号@{tmp_path / '大.bin'}" in raised.value.sentence
    assert read_evidence("草案=线下:1号@大.bin", tmp_path).kept is Keeping.OFFLINE


def test_only_what_is_to_be_stored_waits_to_be_sent(tmp_path):
    """A file read for its fingerprint alone is not remembered."""
    (tmp_path / "甲").write_bytes(b"only here, stored")
    (tmp_path / "乙").write_bytes(b"only here, offline")

    stored = read_evidence("草案=甲", tmp_path)
    offline = read_evidence("草案=线下:1号@乙", tmp_path)

    assert file_read(stored.sha256) == tmp_path / "甲"
    assert file_read(offline.sha256) is None


def line(name: str = "草案", **changes) -> EvidenceLine:
    """A line of the list: a stored file."""
    given = {
        "workflow_id": FULL,
        "seq": 2,
        "at": datetime(2019, 11, 20, 2, tzinfo=UTC),
        "step": "起草",
        "verb": "提交",
        "person": "滨河街道经办甲",
        "unit": "滨河街道",
        "filename": "草案.docx",
        "size": 5,
        "sha256": DIGEST,
        "kept": "入库",
        "stored": True,
    }
    return EvidenceLine(name=name, **{**given, **changes})


def test_evidence_of_a_step_is_what_was_handed_in_there():
    """纪要 of 审议 is not the 纪要 of another step, visited once or twice; no step means all."""
    lines = (line(step="审议"), line(step="常委会审议", sha256="b" * 64))

    assert of_step(lines, f"{FULL}#审议") == of_step(lines, f"{FULL}#审议#2") == lines[:1]
    assert of_step(lines, FULL) == lines
    assert of_step(lines, f"{FULL}#印发") == ()


def test_evidence_is_chosen_by_name_by_hash_or_because_it_is_the_only_one():
    """The newest of a name; a hash from six digits on; several files need a name."""
    second = line(seq=9, sha256="b" * 64)
    offline = line("底稿", kept="线下", stored=False, doc_no="2号", sha256="c" * 64)
    lines = (line(), second, offline)

    assert chosen(lines, "草案", FULL) == second
    assert chosen(lines, DIGEST[:6], FULL) == line()
    assert chosen(lines, f"sha256:{'B' * 64}", FULL) == second
    assert chosen((line(), line(seq=7), offline), "", FULL).sha256 == DIGEST
    for which, code in (
        ("", "AMBIGUOUS"),
        ("没有", "NOT_FOUND"),
        (DIGEST[:5], "NOT_FOUND"),
        ("底稿", "EVIDENCE_OFFLINE"),
    ):
        with pytest.raises(UserError) as raised:
            chosen(lines, which, FULL)
        assert (which, code) == (which, raised.value.code)
    with pytest.raises(UserError) as raised:
        chosen((line(kept="", stored=False),), "草案", FULL)
    assert raised.value.code == "EVIDENCE_NOT_STORED"


@pytest.mark.parametrize(
    "stored, expected",
    [
        ("草案.docx", "草案.docx"),
        ("/etc/passwd", "passwd"),
        ("../../家/.bashrc", "bashrc"),
        ("C:\\甲\\草案.docx", "草案.docx"),
        ("..", DIGEST[:12] + ".bin"),
        ("", DIGEST[:12] + ".bin"),
        ("a\x00b\n\u202ecod.exe", "abcod.exe"),
        ("草" * 100 + ".docx", "草" * 65 + ".docx"),
    ],
)
def test_a_stored_name_never_leads_out_of_the_directory(stored, expected):
    """No folder, no hidden file, nothing that a terminal would obey, no name too long to write."""
    assert expected == safe_name(stored, DIGEST)


def test_a_fetched_file_overwrites_nothing(tmp_path, monkeypatch):
    """Neither a file nor a link that leads elsewhere; -o may be a directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "有.txt").write_text("x")
    (tmp_path / "链.txt").symlink_to(tmp_path / "别处")
    (tmp_path / "子").mkdir()

    assert target("新.txt", DIGEST, None) == Path("新.txt")
    assert target("新.txt", DIGEST, tmp_path / "子") == tmp_path / "子" / "新.txt"
    assert target("有.txt", DIGEST, tmp_path / "另.txt") == tmp_path / "另.txt"
    for name in ("有.txt", "链.txt"):
        with pytest.raises(UserError) as raised:
            target(name, DIGEST, None)
        assert raised.value.code == "FILE_EXISTS"
        with pytest.raises(UserError):
            evidence_desk._write(tmp_path / name, io.BytesIO(b"y"))
    assert not (tmp_path / "别处").exists()


@pytest.mark.parametrize(
    "argv, code, exit_code",
    [
        (["get", FULL], "USAGE", 2),
        (["put", "草案.txt", "--item", FULL], "USAGE", 2),
        (["put", "没有.txt", "--item", FULL, "--as", "甲"], "EVIDENCE_MISSING", 2),
        (["put", "空.txt", "--item", FULL, "--as", "甲"], "EVIDENCE_EMPTY", 2),
        (["put", ".", "--item", FULL, "--as", "甲"], "EVIDENCE_DIRECTORY", 2),
        (["put", "密.txt", "--item", FULL, "--as", "甲"], "SECRET_DOCUMENT", 3),
        (["put", "草案.txt", "--item", FULL, "--as", "甲"], "SERVICE_UNREACHABLE", 4),
        (["list", FULL], "SERVICE_UNREACHABLE", 4),
        (["get", FULL, "--as", "甲"], "SERVICE_UNREACHABLE", 4),
    ],
)
def test_what_is_wrong_is_one_line(folder, monkeypatch, capsys, *, argv, code, exit_code):
    """Bad input, a marked file, no service: a sentence each, and nothing on stdout."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("JIEGAI_DATA_DIR", str(folder))
    (folder / "空.txt").touch()
    (folder / "密.txt").write_text("机密\n三定", "utf-8")

    assert run(["evidence", *argv]) == exit_code

    captured = capsys.readouterr()
    assert captured.err.startswith(f"错误[{code}] ")
    assert (captured.err.count("\n"), captured.out) == (1, "")
