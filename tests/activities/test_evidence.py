"""Files of evidence: taken in pieces, kept once and for ever, given to whom they concern."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from temporalio.exceptions import ApplicationError

from activities.evidence import EvidenceActivities
from contracts.evidence import (
    PIECE_BYTES,
    EvidenceFetch,
    EvidenceKeeping,
    EvidenceOffer,
    EvidencePieceSent,
    EvidenceQuestion,
    EvidenceUse,
    proof_of,
)
from contracts.journal import BoardRow, DeskItem, EntryKind, LogEntry, Page
from storage.evidence_store import stored_among

STREET, OFFICE, OTHER = "滨河街道", "海勃湾区委编办", "千里山镇"
NOW = datetime(2019, 11, 20, 2, tzinfo=UTC)


@dataclass
class Desk:
    """One rollout's register of evidence, as a command uses it."""

    activities: EvidenceActivities
    rollout: str
    run: object

    def procedure(self, unit: str = STREET, district: str = "海勃湾区") -> str:
        """The id of a unit's 三定."""
        return f"{self.rollout}/{district}/{unit}/三定"

    def person(self, unit: str = STREET, place: str = "甲") -> str:
        """A handler of a unit."""
        return f"{unit}经办{place}"

    async def offer(self, content: bytes, **changes):
        """Say that a file is coming."""
        offer = EvidenceOffer(
            rollout=self.rollout,
            person=self.person(),
            sha256=digest(content),
            size=len(content),
            filename="草案.txt",
            now=NOW,
        )
        return await self.run(self.activities.offer, replace(offer, **changes))

    async def send(self, content: bytes, *places: int):
        """Send pieces; without a place, all that are missing."""
        wanted = places or (await self.offer(content)).missing
        for place in wanted:
            part = content[place * PIECE_BYTES : (place + 1) * PIECE_BYTES]
            sent = EvidencePieceSent(
                sha256=digest(content), place=place, content=base64.b64encode(part).decode()
            )
            await self.run(self.activities.take, sent)

    async def keep(self, content: bytes, person: str = "", uses=(), **changes):
        """Verify and keep it for the street's 三定."""
        person = person or self.person()
        uses = uses or (EvidenceUse(workflow_id=self.procedure(), name="草案"),)
        order = EvidenceKeeping(
            rollout=self.rollout,
            person=person,
            sha256=digest(content),
            proof=proof_of(self.rollout, person, [content]),
            uses=uses,
            now=NOW,
        )
        return await self.run(self.activities.keep, replace(order, **changes))

    async def put(self, content: bytes, **changes):
        """Offer, send, keep."""
        await self.offer(content)
        await self.send(content)
        return await self.keep(content, **changes)

    async def fetch(
        self, content: bytes, person: str, place: int = 0, workflow_id: str = "", **changes
    ):
        """Take a piece out."""
        question = EvidenceFetch(
            workflow_id=workflow_id or self.procedure(),
            sha256=digest(content),
            person=person,
            place=place,
            now=NOW + timedelta(hours=1),
        )
        return await self.run(self.activities.fetch, replace(question, **changes))


def digest(content: bytes) -> str:
    """The name under which a file is kept."""
    return hashlib.sha256(content).hexdigest()


def content_of(request, size: int = 1_000) -> bytes:
    """A file that no other test has."""
    start = request.node.name.encode() + b"\n"
    return (start * (size // len(start) + 1))[:size]


def page(rollout, unit: str, *entries: LogEntry, district: str = "海勃湾区") -> Page:
    """The 三定 of a unit, now at the 区委编办 for 初审."""
    row = next(r for r in rollout.plan.rows if r.item == "三定" and unit in r.targets)
    board = BoardRow(
        status="办理中",
        open_steps=("初审",),
        responsible=(OFFICE,) if unit == STREET else (unit,),
        next_due_at=NOW,
        row_due_date=row.due,
        light="绿",
        started_at=NOW,
        calendar_version=1,
        steps_total=7,
    )
    desk = DeskItem(
        unit=OFFICE if unit == STREET else unit,
        step="初审",
        purpose="办理",
        opened_at=NOW,
        due_at=NOW + timedelta(days=3),
        due_date=NOW.date(),
        original_due_date=NOW.date(),
        provisional=False,
        rule="",
        yellow_at=NOW,
        verbs=("通过",),
    )
    opened = LogEntry(seq=1, at=NOW, kind=EntryKind.OPENED, sentence="交办", step="初审")
    return Page(
        workflow_id=f"{rollout.key.rollout}/{district}/{unit}/三定",
        run_id="r1",
        seq=len(entries) + 1,
        rollout=rollout.key.rollout,
        district=district,
        unit=unit,
        row_id=row.id,
        item=row.item,
        task=row.task,
        procedure="SandingDrafting",
        board=board,
        entries=(opened, *entries),
        items=(desk,),
    )


def acted(seq: int, unit: str, kind: EntryKind = EntryKind.ACTED, **evidence) -> LogEntry:
    """A line of the log about a unit's action, with a piece of evidence."""
    return LogEntry(
        seq=seq,
        at=NOW,
        kind=kind,
        sentence="办理",
        step="起草",
        person=f"{unit}经办甲",
        unit=unit,
        verb="提交",
        detail={"evidence": [evidence]} if evidence else {},
    )


async def execute(database, statement: str, **given):
    """One statement past every program."""
    async with database.transaction() as connection:
        await connection.execute(text(statement), given)


@pytest.fixture
async def desk(rollout, run, database) -> Desk:
    """The register of evidence beside a registered plan with the street's 三定 at work."""
    await run(rollout.journal.write, page(rollout, STREET))
    return Desk(EvidenceActivities(database, limit_mb=1), rollout.key.rollout, run)


async def test_a_file_sent_in_pieces_is_kept_once_and_given_back_whole(request, desk, database):
    """Two and a half pieces in any order; the second time nothing is wanted."""
    content = content_of(request, PIECE_BYTES * 5 // 2)
    wanted = await desk.offer(content)
    assert wanted.missing == (0, 1, 2)
    await desk.send(content, 2, 0, 0, 1)

    kept = await desk.keep(content)
    again = await desk.offer(content)

    assert (kept.created, kept.code) == (True, "")
    assert (again.complete, again.missing) == (True, ())
    assert (await desk.keep(content)).created is False
    got = b""
    for place in range(3):
        piece = await desk.fetch(content, desk.person(OFFICE), place)
        assert (piece.code, piece.pieces, piece.filename) == ("", 3, "草案.txt")
        got += base64.b64decode(piece.content)
    assert got == content
    async with database.single() as connection:
        assert await stored_among(connection, [digest(content), "0" * 64]) == (digest(content),)
        assert await stored_among(connection, []) == ()


async def test_a_piece_is_smaller_than_a_page(request, desk):
    """A whole piece in its frame stays below 500 KB, there and back."""
    content = content_of(request, PIECE_BYTES)
    sent = EvidencePieceSent(
        sha256=digest(content), place=0, content=base64.b64encode(content).decode()
    )
    await desk.put(content)
    given = await desk.fetch(content, desk.person(OFFICE))

    assert len(TypeAdapter(EvidencePieceSent).dump_json(sent)) < 500_000
    assert len(TypeAdapter(type(given)).dump_json(given)) < 500_000


async def test_what_was_sent_before_a_cut_is_not_wanted_again(request, desk, database):
    """After a cut only the missing pieces are named; until all is there nothing is stored."""
    content = content_of(request, PIECE_BYTES * 2)
    await desk.offer(content)
    await desk.send(content, 1)

    wanted = await desk.offer(content)
    early = await desk.keep(content)

    assert wanted.missing == (0,)
    assert early.code == "EVIDENCE_DIFFERS"
    async with database.single() as connection:
        assert await stored_among(connection, [digest(content)]) == ()


async def test_content_that_is_not_its_fingerprint_is_thrown_away(request, desk):
    """A piece that somebody spoiled is not kept under another's name; sent anew it is."""
    content = content_of(request)
    await desk.offer(content)
    spoiled = EvidencePieceSent(
        sha256=digest(content), place=0, content=base64.b64encode(b"x" * 1_000).decode()
    )
    await desk.run(desk.activities.take, spoiled)

    refused = await desk.keep(content)
    assert refused.code == "EVIDENCE_DIFFERS"
    assert (await desk.offer(content)).missing == (0,)
    await desk.send(content)
    assert (await desk.keep(content)).created


@pytest.mark.parametrize("place, length", [(0, 999), (0, 1_001), (1, 1), (-1, 1_000), (0, 0)])
async def test_a_piece_of_the_wrong_length_is_no_piece(request, desk, place, length):
    """Neither too long, nor too short, nor beyond the end."""
    content = content_of(request)
    await desk.offer(content)
    sent = EvidencePieceSent(
        sha256=digest(content), place=place, content=base64.b64encode(b"x" * length).decode()
    )
    with pytest.raises(ApplicationError):
        await desk.run(desk.activities.take, sent)
    assert (await desk.offer(content)).missing == (0,)


async def test_a_marked_file_is_refused_and_nothing_of_it_stays(request, desk, database):
    """Whoever sends past the command line meets the same sentence; the pieces are gone."""
    content = content_of(request) + "\n秘密★1年\n".encode()

    refused = await desk.put(content)
    by_name = await desk.offer(content, filename="【机密】草案.txt")

    assert (refused.code, by_name.code) == ("SECRET_DOCUMENT", "SECRET_DOCUMENT")
    assert refused.sentence.startswith("涉密文件不得进入本系统")
    async with database.single() as connection:
        left = await connection.execute(
            text("SELECT count(*) FROM evidence_piece WHERE sha256 = :s"), {"s": digest(content)}
        )
        assert left.scalar_one() == 0


async def test_a_file_above_the_limit_is_refused_before_it_is_sent(desk):
    """The sentence says how to name it 线下."""
    refused = await desk.offer(b"x", size=(1 << 20) + 1)

    assert refused.code == "EVIDENCE_TOO_LARGE"
    assert "线下" in refused.sentence
    assert (await desk.offer(b"x", size=1 << 20)).code == ""


@pytest.mark.parametrize(
    "who, code",
    [
        (f"{STREET}经办乙", ""),
        (f"{STREET}负责人", ""),
        (f"{OFFICE}经办乙", ""),
        ("海勃湾区协调员", ""),
        ("海南区协调员", "EVIDENCE_DENIED"),
        ("乌海市协调员甲", ""),
        (f"{OTHER}经办甲", "EVIDENCE_DENIED"),
        ("凤凰岭街道经办甲", "EVIDENCE_DENIED"),
        ("无此人", "UNKNOWN_PERSON"),
    ],
)
async def test_only_whom_the_procedure_concerns_may_read(request, desk, rollout, who, code):
    """The uploader's unit, units with a step, coordinators; nobody else."""
    names = {person for unit in rollout.plan.units for person, _ in unit.appointments}
    assert who in names or code == "UNKNOWN_PERSON", sorted(n for n in names if "协调" in n)
    content = content_of(request)
    await desk.put(content)

    assert (await desk.fetch(content, who)).code == code


async def test_a_unit_that_had_a_step_may_read_and_a_refused_stranger_may_not(
    request, desk, rollout
):
    """An accepted action opens, also later; a refused one under another unit's name does not."""
    content = content_of(request)
    await desk.put(content)
    strange = acted(3, OTHER, EntryKind.REFUSED)
    await desk.run(
        rollout.journal.write, page(rollout, STREET, acted(2, "海勃湾区司法局"), strange)
    )

    assert (await desk.fetch(content, "海勃湾区司法局经办甲")).code == ""
    assert (await desk.fetch(content, f"{OTHER}经办甲")).code == "EVIDENCE_DENIED"


async def test_every_fetch_is_written_down_once(request, desk, database):
    """Who, for which unit and procedure, when; all pieces of one fetch are one line."""
    content = content_of(request, PIECE_BYTES + 1)
    await desk.put(content)
    for place in (0, 1, 1):
        await desk.fetch(content, desk.person(OFFICE), place)
    await desk.fetch(content, f"{OTHER}经办甲")

    question = text("SELECT person, unit, workflow_id FROM evidence_read WHERE sha256 = :s")
    async with database.single() as connection:
        lines = (await connection.execute(question, {"s": digest(content)})).all()
    assert [tuple(line) for line in lines] == [(desk.person(OFFICE), OFFICE, desk.procedure())]


async def test_a_fingerprint_alone_opens_nothing(request, desk, rollout):
    """Who knows the sha256 but has no bytes can neither keep the file for an own procedure nor read."""
    content = content_of(request)
    await desk.put(content)
    await desk.run(rollout.journal.write, page(rollout, "凤凰岭街道"))
    own = desk.procedure("凤凰岭街道")
    thief = "凤凰岭街道经办甲"
    uses = (EvidenceUse(workflow_id=own, name="草案"),)

    guessed = await desk.keep(content, thief, uses, proof="0" * 64)
    empty = await desk.keep(content, thief, uses, proof="")
    copied = await desk.keep(
        content, thief, uses, proof=proof_of(desk.rollout, desk.person(), [content])
    )

    codes = (guessed.code, empty.code, copied.code)
    assert codes == ("EVIDENCE_PROOF", "EVIDENCE_DENIED", "EVIDENCE_PROOF")
    assert (await desk.fetch(content, thief, 0, own)).code == "EVIDENCE_NOT_STORED"
    assert (await desk.keep(content, thief, uses)).code == ""
    assert (await desk.fetch(content, thief, 0, own)).code == ""
    assert (await desk.fetch(content, thief)).code == "EVIDENCE_DENIED"


async def test_who_may_read_a_file_may_pass_it_on(request, desk, rollout):
    """A reader names it for another procedure by its fingerprint, without sending it again."""
    content = content_of(request)
    await desk.put(content)
    await desk.run(rollout.journal.write, page(rollout, "凤凰岭街道"))
    uses = (EvidenceUse(workflow_id=desk.procedure("凤凰岭街道"), name="参考"),)

    passed = await desk.keep(content, desk.person(OFFICE), uses, proof="")

    assert (passed.code, passed.created) == ("", False)
    read = await desk.fetch(content, "凤凰岭街道经办甲", 0, desk.procedure("凤凰岭街道"))
    assert read.code == ""


async def test_nothing_is_kept_for_a_procedure_that_is_not_there(request, desk):
    """A mistyped procedure is refused; another rollout's is no business of this one."""
    content = content_of(request)
    await desk.offer(content)
    await desk.send(content)
    nowhere = (EvidenceUse(workflow_id=f"{desk.rollout}/海勃湾区/没有/三定", name="草案"),)
    elsewhere = (EvidenceUse(workflow_id="别处/海勃湾区/滨河街道/三定", name="草案"),)

    assert (await desk.keep(content, "", nowhere)).code == "NOT_FOUND"
    with pytest.raises(ApplicationError):
        await desk.keep(content, "", elsewhere)
    assert (await desk.offer(content)).complete is False


async def test_the_list_shows_what_accepted_actions_named(request, desk, rollout):
    """文号, file and keeping with who and when; refused actions and ghosts are left out."""
    content = content_of(request)
    await desk.put(content)
    named = {"name": "草案", "doc_no": "1号", "sha256": digest(content), "kept": "入库"}
    offline = {"name": "底稿", "doc_no": "2号", "sha256": "a" * 64, "kept": "线下", "size": 7}
    refused = acted(4, OTHER, EntryKind.REFUSED, name="不算", doc_no="3号")
    await desk.run(
        rollout.journal.write,
        page(rollout, STREET, acted(2, STREET, **named), acted(3, OFFICE, **offline), refused),
    )

    question = EvidenceQuestion(workflow_id=desk.procedure())
    shown = await desk.run(desk.activities.evidence, question)
    first = await desk.run(desk.activities.evidence, replace(question, limit=1))
    rest = await desk.run(desk.activities.evidence, replace(question, page=first.next_page))

    assert [(line.name, line.doc_no, line.kept, line.stored) for line in shown.lines] == [
        ("草案", "1号", "入库", True),
        ("底稿", "2号", "线下", False),
    ]
    assert (shown.lines[1].person, shown.lines[1].size) == (f"{OFFICE}经办甲", 7)
    assert (first.lines + rest.lines, rest.next_page) == (shown.lines, "")


async def test_what_is_stored_beforehand_is_listed_until_it_is_named(request, desk):
    """``put`` without an action shows as a line of its own."""
    content = content_of(request)
    await desk.put(content)

    question = EvidenceQuestion(workflow_id=desk.procedure())
    (line,) = (await desk.run(desk.activities.evidence, question)).lines

    assert (line.seq, line.name, line.unit, line.stored) == (0, "草案", STREET, True)


async def test_an_unfinished_file_is_forgotten_after_a_week(request, desk, database):
    """What was begun and left goes with a later offer; a complete file never does."""
    left, kept = content_of(request, 500), content_of(request, 600)
    await desk.offer(left)
    await desk.put(kept)

    await desk.offer(content_of(request, 700), now=NOW + timedelta(days=8))

    question = text("SELECT sha256 FROM evidence_file WHERE sha256 = ANY(:s)")
    async with database.single() as connection:
        there = await connection.execute(question, {"s": [digest(left), digest(kept)]})
        assert list(there.scalars()) == [digest(kept)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE evidence_file SET filename = 'x' WHERE sha256 = :s",
        "UPDATE evidence_file SET complete = false WHERE sha256 = :s",
        "DELETE FROM evidence_file WHERE sha256 = :s",
        "DELETE FROM evidence_piece WHERE sha256 = :s",
        "UPDATE evidence_piece SET content = 'x' WHERE sha256 = :s",
        "INSERT INTO evidence_piece VALUES (:s, 7, 'x')",
        "DELETE FROM evidence_place WHERE sha256 = :s",
        "UPDATE evidence_place SET unit = 'x' WHERE sha256 = :s",
        "DELETE FROM evidence_read WHERE sha256 = :s",
        "UPDATE evidence_read SET person = 'x' WHERE sha256 = :s",
        "TRUNCATE evidence_read",
        "TRUNCATE evidence_file, evidence_piece, evidence_place, evidence_read",
        "INSERT INTO evidence_file VALUES (repeat('a', 64), 1, 1, 'x', '2020-01-01', 'x', true)",
    ],
)
async def test_the_database_itself_keeps_what_is_complete(request, desk, database, statement):
    """Whoever writes: nothing of a complete file, its uses and its readings changes or goes."""
    content = content_of(request)
    await desk.put(content)
    await desk.fetch(content, desk.person(OFFICE))

    with pytest.raises(DBAPIError):
        await execute(database, statement, **({"s": digest(content)} if ":s" in statement else {}))


async def test_the_database_itself_compares_content_and_fingerprint(request, desk, database):
    """A program that completes a file without looking is stopped by the trigger."""
    content = content_of(request)
    await desk.offer(content)
    complete = "UPDATE evidence_file SET complete = true WHERE sha256 = :s"
    with pytest.raises(DBAPIError):
        await execute(database, complete, s=digest(content))
    other = "INSERT INTO evidence_piece VALUES (:s, 0, :c)"
    await execute(database, other, s=digest(content), c=b"y" * 1_000)

    with pytest.raises(DBAPIError, match="are not evidence"):
        await execute(database, complete, s=digest(content))


async def test_a_substitute_reads_for_the_absent(request, desk, database):
    """During an absence the substitute's posts are the absent person's, and no longer."""
    content = content_of(request)
    await desk.put(content)
    stranger = "凤凰岭街道经办甲"
    assert (await desk.fetch(content, stranger)).code == "EVIDENCE_DENIED"
    absent = (
        "INSERT INTO absence (rollout, person, by_person, from_day, to_day, reason, paper,"
        " recorded_at, recorded_by)"
        " VALUES (:rollout, :person, :stranger, :day, :day, '病假', '', :at, '协调员')"
    )
    given = {"person": desk.person(OFFICE), "day": NOW.date(), "at": NOW}
    await execute(database, absent, rollout=desk.rollout, stranger=stranger, **given)

    assert (await desk.fetch(content, stranger)).code == ""
    later = await desk.fetch(content, stranger, now=NOW + timedelta(days=1))
    assert later.code == "EVIDENCE_DENIED"
