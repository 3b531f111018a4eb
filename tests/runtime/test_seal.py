"""The seal of personal data: what opens, what does not, and where the key is."""

from __future__ import annotations

import base64
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.failure import BadSetting
from runtime.seal import KEY_FILE, Seal, ensure_key_file, find_seal, seal_letter, written_key
from runtime.settings import Settings

KEY = bytes(range(32))
SEAL = Seal(KEY)


def test_what_is_sealed_opens_for_its_purpose_alone():
    """Another purpose, another key, one changed letter, foreign text: None, never an exception."""
    text = SEAL.seal("张三".encode(), "甲")

    assert SEAL.open(text, "甲") == "张三".encode()
    assert SEAL.open(text, "乙") is None
    assert Seal(b"x" * 32).open(text, "甲") is None
    for other in ("", "1.", "1.AAAA", "张三", text[:-8], text[:9] + "AAAA" + text[13:]):
        assert SEAL.open(other, "甲") is None


def test_the_same_sealed_twice_looks_different_and_its_index_the_same():
    """Nobody sees in the database who is the same person, and the index cannot be computed."""
    assert SEAL.seal(b"a", "p") != SEAL.seal(b"a", "p")
    assert SEAL.blind(b"a", "p") == SEAL.blind(b"a", "p")
    assert (
        len({SEAL.blind(b"a", "p"), SEAL.blind(b"a", "q"), Seal(b"x" * 32).blind(b"a", "p")}) == 3
    )


def test_a_letter_opens_for_its_address_alone():
    """Whoever has no key seals for who has: nobody else, no other purpose, not twice the same."""
    letter = seal_letter("张三".encode(), "甲", SEAL.address())

    assert SEAL.open(letter, "甲") == "张三".encode()
    assert SEAL.open(letter, "乙") is None
    assert Seal(b"x" * 32).open(letter, "甲") is None
    assert letter != seal_letter("张三".encode(), "甲", SEAL.address())
    assert Seal(KEY).address() == SEAL.address() != Seal(b"x" * 32).address()
    for other in (
        "2.",
        "2.AAAA",
        letter[:-8],
        "1." + letter[2:],
        letter[:9] + "AAAA" + letter[13:],
    ):
        assert SEAL.open(other, "甲") is None


@pytest.mark.parametrize("text", ["abc", written_key(b"x" * 16), "钥匙", written_key(KEY) + "!"])
def test_a_key_that_is_none_is_refused_without_repeating_it(text):
    """Not base64, too short; the sentence says how to make one."""
    with pytest.raises(BadSetting) as failure:
        Settings.from_environ({"JIEGAI_SECRET_KEY": text})

    assert failure.value.code == "SECRET_KEY"
    assert text not in failure.value.sentence and "openssl" in failure.value.sentence


def test_the_settings_do_not_show_the_key():
    """They are printed in tracebacks."""
    settings = Settings.from_environ({"JIEGAI_SECRET_KEY": written_key(KEY)})

    assert settings.secret_key == KEY
    assert "secret_key" not in repr(settings)


def test_the_data_directory_keeps_one_key_for_ever(tmp_path: Path):
    """Made once, readable by its owner alone, found by commands and worker."""
    settings = Settings(data_dir=tmp_path)
    assert find_seal(settings) is None
    ensure_key_file(tmp_path)
    first = (tmp_path / KEY_FILE).read_text("ascii")
    ensure_key_file(tmp_path)

    assert (tmp_path / KEY_FILE).read_text("ascii") == first
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
    found = find_seal(settings)
    assert found is not None
    assert Seal(base64.b64decode(first)).open(found.seal(b"a", "p"), "p") == b"a"


def test_a_key_of_the_settings_goes_before_the_data_directorys(tmp_path: Path):
    """Who sets one means it; a file that holds none is said."""
    (tmp_path / KEY_FILE).write_text("坏", "utf-8")
    settings = Settings(data_dir=tmp_path, secret_key=KEY)
    found = find_seal(settings)

    assert found is not None and found.open(SEAL.seal(b"a", "p"), "p") == b"a"
    with pytest.raises(BadSetting, match=KEY_FILE):
        find_seal(replace(settings, secret_key=None))
