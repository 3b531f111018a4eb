"""Evidence on the real stack: stored with an action, opened by the reviewer, closed to others."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from tests.acceptance.site import OFFICE, SOUND, Site, rows, sanding, until

ROLLOUT = "存证"
STREET = "一街道"
WID = sanding(ROLLOUT, STREET)
REVIEWER = f"{OFFICE}经办甲"
SIZE = 6 << 20
PIECES = "SELECT place, xmin::text AS written FROM evidence_piece WHERE sha256 = $1 ORDER BY place"


@pytest.fixture(scope="module")
async def site(stack) -> Site:
    """The shared stack, with a rollout of our own."""
    opened = Site(stack.settings.data_dir)
    await opened.start_plan(ROLLOUT)
    return opened


@pytest.fixture(scope="module")
def draft(tmp_path_factory) -> Path:
    """A draft of 6 MB that no compression makes smaller."""
    path = tmp_path_factory.mktemp("送审") / "三定草案.docx"
    path.write_bytes(random.Random(6).randbytes(SIZE))
    return path


async def test_a_reviewer_opens_what_was_sent_and_nobody_else_does(site, stack, draft, tmp_path):
    """Killed half way and resumed, submitted, fetched with the same bytes, refused to a stranger."""
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    put = ("evidence", "put", str(draft), "--item", WID, "--as", f"{STREET}经办甲")

    async def has_begun() -> bool:
        return len(await rows(stack.database_url, PIECES, digest)) >= 2

    first = await site.begin(*put)
    await until(has_begun)
    first.kill()
    await first.communicate()
    before = await rows(stack.database_url, PIECES, digest)
    stored = await site.jiegai(*put, "--json")
    after = await rows(stack.database_url, PIECES, digest)

    assert (stored.code, stored.json["sha256"], stored.json["created"]) == (0, digest, True)
    assert [one for one in after if one in before] == before
    assert 2 <= len(before) < len(after)

    submitted = await site.act(
        f"{WID}#起草", "提交", f"{STREET}经办甲", f"--evidence=草案=1号@{draft}"
    )
    assert submitted.code == 0, submitted.err
    assert await rows(stack.database_url, PIECES, digest) == after

    listed = (await site.jiegai("evidence", "list", WID, "--json")).json["lines"]
    assert [(one["name"], one["doc_no"], one["kept"], one["stored"]) for one in listed] == [
        ("草案", "1号", "入库", True)
    ]
    refused = await site.jiegai(
        "evidence", "get", WID, "草案", "--as", "二街道经办甲", "-o", str(tmp_path)
    )
    assert (refused.code, refused.error) == (3, "EVIDENCE_DENIED")
    assert list(tmp_path.iterdir()) == []
    got = await site.jiegai("evidence", "get", WID, "草案", "--as", REVIEWER, "-o", str(tmp_path))
    assert got.code == 0, got.err
    assert (tmp_path / "三定草案.docx").read_bytes() == draft.read_bytes()
    again = await site.jiegai("evidence", "get", WID, "--as", REVIEWER, "-o", str(tmp_path))
    assert (again.code, again.error) == (2, "FILE_EXISTS")
    approved = await site.act(f"{WID}#初审", "通过", REVIEWER, *SOUND)
    assert approved.code == 0, approved.err


async def test_a_marked_file_leaves_no_trace(site, stack, tmp_path):
    """Refused before anything is sent: no line in the log, nothing in the register."""
    wid = sanding(ROLLOUT, "二街道")
    path = tmp_path / "草案.txt"
    path.write_text("机密★5年\n三定草案", "utf-8")
    before = len(await site.log(wid))

    said = await site.act(f"{wid}#起草", "提交", "二街道经办甲", f"--evidence=草案={path}")

    assert (said.code, said.error) == (3, "SECRET_DOCUMENT")
    assert len(await site.log(wid)) == before
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert await rows(stack.database_url, PIECES, digest) == []


async def test_what_is_kept_offline_is_named_but_not_sent(site, stack, tmp_path):
    """线下: 文号 and fingerprint are in the log; who asks for the file is told where it is."""
    wid = sanding(ROLLOUT, "二街道")
    path = tmp_path / "草案.txt"
    path.write_text("三定草案，线下保管", "utf-8")

    done = await site.act(f"{wid}#起草", "提交", "二街道经办甲", f"--evidence=草案=线下:7号@{path}")
    asked = await site.jiegai("evidence", "get", wid, "--as", REVIEWER)

    assert done.code == 0, done.err
    assert (asked.code, asked.error) == (3, "EVIDENCE_OFFLINE")
    assert "二街道" in asked.err
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert await rows(stack.database_url, PIECES, digest) == []
