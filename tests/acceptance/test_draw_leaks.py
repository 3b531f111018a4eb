"""A sample, its salt and its hour, looked for wherever those who will be inspected can look (4-37).

An unannounced audit is arranged, drawn and read by the command line on a stack of its own. Then everything
that Temporal holds and shows (histories, standalone activities, Schedules, memos, its Web UI's answers,
its database), every log, every table of the registers and what other people's commands print are
searched. Street names stand in many places by right, so what gives a sample away is a difference: in
every place each street that was drawn stands as often as each that was not. At the end the units
are visited, the record is published, and verifies.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from openpyxl import Workbook
from temporalio.client import Client

from contracts.audit_flow import AuditFlowDesk, VisitOrder
from contracts.audit_run import audit_schedule_id
from contracts.names import BULK_QUEUE, DESK_NAMESPACE, NAMESPACE
from domain.audit import RunKey
from domain.audit_flow import Visit
from domain.day_words import SHANGHAI
from runtime.settings import Settings
from runtime.stack import EmbeddedStack
from starter.provision import what_to_provision
from tests.acceptance.late_draw import prepared_before
from tests.acceptance.site import ROOT, rows, until
from tests.acceptance.test_personal_data import Diligent, cells_of, forms

ROLLOUT, PLAN = "暗访", "不打招呼"
STREETS = tuple(
    f"{name}街道"
    for name in ("赤霞", "墨泉", "银杏", "碧溪", "紫薇", "金桥", "玉带", "丹枫", "雪松", "麦浪")
)
DRAWN = 3
FIRST = datetime.now(SHANGHAI).date() - timedelta(days=14)
PASSPHRASE = "暗访口令只有编办知道九个字"
EDITOR = ("--as", "甲区委编办经办甲")
NAMED = (ROLLOUT, PLAN)
PARTS = ("histories", "activities", "schedules", "web", "database", "logs", "registers", "commands")
UNITS = "".join(
    f"  - {{名称: {name}, 类别: 街道, 所属区: 甲区, 第一责任人: 负责人{n}, 第一书记: 书记{n},"
    f" 经办人: 经办甲{n}、经办乙{n}, 代办人: 代办{n}}}\n"
    for n, name in enumerate(STREETS)
)


@dataclass(frozen=True)
class Place:
    """What one place holds: a part of the system, and where in it."""

    part: str
    where: str
    content: bytes


@dataclass(frozen=True)
class Told:
    """All of one run: what could be looked at and when, what was drawn, and what proved it."""

    site: Diligent
    before: tuple[Place, ...]
    after: tuple[Place, ...]
    files: tuple[Place, ...]
    sample: tuple[str, ...]
    undrawn: str
    deposit: Path
    folder: Path

    @property
    def key(self) -> RunKey:
        """The window that was drawn."""
        said = json.loads(self.deposit.read_text("utf-8"))
        return RunKey(rollout=ROLLOUT, plan=PLAN, window=said["window"])


@pytest.fixture(scope="module")
async def stack(tmp_path_factory) -> AsyncIterator[EmbeddedStack]:
    """A stack whose files hold this run alone, and log all they can."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("unannounced"), port=0, ui_port=0, log_level="debug"
    )
    async with EmbeddedStack(settings, what_to_provision(settings)) as running:
        yield running


@pytest.fixture(scope="module")
async def told(stack, tmp_path_factory) -> AsyncIterator[Told]:
    """The run up to the moment when the organiser has read the sample."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JIEGAI_AUDIT_PASSPHRASE", PASSPHRASE)
        site, folder = Diligent(stack.settings.data_dir), tmp_path_factory.mktemp("papers")
        await begin(site, folder)
        deposit = folder / "存证.json"
        await arrange(site, folder, deposit)
        await prepared_before(stack, NAMED, FIRST, deposit)
        said = await site.done("audit", "draw", *NAMED, *EDITOR)
        assert "尚未抽取" in said
        before = await everything(site, stack)
        await tick(site)
        sample = await read(site)
        after = await everything(site, stack)
        files = raw_files(stack.settings.data_dir)
        yield Told(site, before, after, files, sample, said, deposit, folder)


@pytest.fixture(scope="module")
async def proof(told) -> Path:
    """The published record: the units drawn were visited, one after the other."""
    site, record = told.site, told.folder / "记录.json"
    ask = ("audit", "verify", *NAMED)
    for unit in told.sample:
        assert "DRAW_NOT_PUBLISHED" in await site.done(*ask, *EDITOR, code=3)
        how = ("--method", "实地查看", "--result", "良好")
        await site.done("audit", "visit", *NAMED, "--unit", unit, *how, *EDITOR)
    said = await site.done(*ask, "--save", str(record), "--as", "经办甲0")
    assert "核验通过" in said
    return record


async def begin(site: Diligent, folder: Path) -> None:
    """Start a rollout whose ten streets have nothing to do in it, on a day that is worked."""
    text = (ROOT / "tests" / "acceptance" / "两街道.yaml").read_text("utf-8")
    text = text.replace("名称: 两街道", f"名称: {ROLLOUT}", 1).replace("各街道", "一街道")
    plan = folder / "方案.yaml"
    plan.write_text(text.replace("\n任务:", f"{UNITS}\n任务:", 1), "utf-8")
    await site.done("rollout", "start", str(plan), "--as", "市协调员")
    today = datetime.now(SHANGHAI).date()
    for day in (today, today + timedelta(days=1)):
        # Nothing is drawn on a rest day. One that is worked anyway is refused.
        paper = ("--district", "甲区", "--work", str(day), "--name", "值班", "--paper", f"值{day}")
        if (await site.jiegai("calendar", "import", *paper, "--as", "区协调员")).code == 0:
            await site.done("calendar", "publish", "--confirm", "--as", "市协调员")


async def arrange(site: Diligent, folder: Path, deposit: Path) -> None:
    """Arrange a sampling whose window's days have passed: its draw would come in the days to come."""
    book = Workbook()
    book.active.append(("单位", "权重"))
    for weight, street in enumerate(STREETS, 1):
        book.active.append((street, weight))
    weights = folder / "权重.xlsx"
    book.save(weights)
    month = ("--every", "每月", "--day", str(FIRST.day), "--from", str(FIRST))
    when = (*month, "--at", "07:30", "--span", "3")
    whom = [word for street in STREETS for word in ("--cover", street)]
    how = ("--count", str(DRAWN), "--weights", str(weights), "--deposit", str(deposit))
    paper = ("--kind", "随机抽查", "--approval", "甲委督〔2026〕7号")
    await site.done("audit", "plan", *NAMED, *paper, *when, *whom, *how, *EDITOR)


async def tick(site: Diligent) -> None:
    """Have the rollout's own Schedule fire, and wait until the draw is made."""
    client = await site.connect()
    await client.get_schedule_handle(audit_schedule_id(ROLLOUT)).trigger()

    async def is_drawn() -> bool:
        return "尚未抽取" not in await site.done("audit", "draw", *NAMED, *EDITOR)

    await until(is_drawn)


async def read(site: Diligent) -> tuple[str, ...]:
    """The sample, read as the organiser reads it."""
    shown = json.loads(await site.done("audit", "draw", *NAMED, *EDITOR, "--json"))
    assert shown["state"] == "已抽取"
    return tuple(shown["units"])


# --- where to look ----------------------------------------------------------------------------


async def everything(site: Diligent, stack: EmbeddedStack) -> tuple[Place, ...]:
    """All that anybody but the organiser and the worker's memory has."""
    found = await of_commands(site)
    for namespace in (NAMESPACE, DESK_NAMESPACE):
        client = await site.connect(namespace)
        found += [one async for one in of_temporal(client)]
        found += [one async for one in of_web(client, str(stack.ui_url))]
    data_dir = stack.settings.data_dir
    for path in sorted((data_dir / "temporal").rglob("*")):
        if path.suffix in {".db", ".sqlite"}:
            found.append(Place("database", path.name, b"\n".join(cells_of(path))))
    for path in sorted((data_dir / "logs").iterdir()):
        found.append(Place("logs", path.name, path.read_bytes()))
    return (*found, *await of_registers(stack.database_url))


async def of_commands(site: Diligent) -> list[Place]:
    """What commands print to whoever types them."""
    asked = (
        ("inbox", "--rollout", ROLLOUT, "--json"),
        ("board", ROLLOUT, "--json"),
        ("audit", "list", ROLLOUT, "--json"),
        ("audit", "list", *NAMED),
        ("audit", "check", ROLLOUT, "--json"),
        ("audit", "show", *NAMED, "--json"),
        ("audit", "draw", *NAMED, "--as", "经办甲0"),
        ("audit", "verify", *NAMED, "--as", "经办甲0"),
        ("log", ROLLOUT, "--json"),
    )
    found = []
    for words in asked:
        said = await site.jiegai(*words)
        found.append(Place("commands", " ".join(words), (said.out + said.err).encode()))
    return found


async def of_temporal(client: Client) -> AsyncIterator[Place]:
    """Every history, activity and Schedule of a namespace, as its API gives it."""
    async for one in client.list_workflows():
        handle = client.get_workflow_handle(one.id, run_id=one.run_id)
        events = (await handle.fetch_history()).events
        parts = [event.SerializeToString() for event in events]
        parts.append((await handle.describe()).raw_description.SerializeToString())
        yield Place("histories", f"{client.namespace}:{one.id}", plain(parts))
    async for each in client.list_activities(query=""):
        handle = client.get_activity_handle(each.activity_id, run_id=each.activity_run_id)
        described = await handle.describe(
            include_input=True, include_outcome=True, include_last_failure=True
        )
        parts = [
            part.SerializeToString()
            for part in (described.raw_info, described.raw_input, described.raw_outcome)
            if part is not None
        ]
        yield Place("activities", f"{client.namespace}:{each.activity_type}", plain(parts))
    async for schedule in await client.list_schedules():
        parts = [schedule.raw_entry.SerializeToString()]
        described = await client.get_schedule_handle(schedule.id).describe()
        parts.append(described.raw_description.SerializeToString())
        yield Place("schedules", f"{client.namespace}:{schedule.id}", plain(parts))


async def of_web(client: Client, ui: str) -> AsyncIterator[Place]:
    """The answers from which the Web UI makes its pages."""
    base = f"{ui}/api/v1/namespaces/{client.namespace}"
    for path in ("workflows", "schedules", "workflow-count"):
        yield Place("web", f"{client.namespace}:{path}", fetched(f"{base}/{path}"))
    async for schedule in await client.list_schedules():
        path = f"schedules/{quote(schedule.id, safe='')}"
        yield Place("web", f"{client.namespace}:{path}", fetched(f"{base}/{path}"))
    async for one in client.list_workflows():
        path = f"workflows/{quote(one.id, safe='')}/history?execution.runId={one.run_id}"
        yield Place("web", f"{client.namespace}:{one.id}", fetched(f"{base}/{path}"))


async def of_registers(url: str) -> list[Place]:
    """Every row of every table."""
    tables = await rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found = []
    for table in sorted(one["tablename"] for one in tables):
        lines = await rows(url, f'SELECT t::text AS line FROM "{table}" t')
        content = "\n".join(one["line"] for one in lines).encode()
        found.append(Place("registers", table, content))
    return found


def raw_files(data_dir: Path) -> tuple[Place, ...]:
    """The bytes of both databases, with what they hold of the past."""
    return tuple(
        Place("files", str(path.relative_to(data_dir)), path.read_bytes())
        for folder in ("temporal", "postgres")
        for path in sorted((data_dir / folder).rglob("*"))
        if path.is_file()
    )


def fetched(url: str) -> bytes:
    """An answer of the Web UI, and what its payloads hold."""
    with urllib.request.urlopen(url, timeout=20) as answer:
        content: bytes = answer.read()
    return content + b"\n" + b"\n".join(unpacked(json.loads(content)))


def unpacked(value: object) -> Iterator[bytes]:
    """Every text of a JSON document that is base64, taken out of it."""
    if isinstance(value, str):
        try:
            yield base64.b64decode(value, validate=True)
        except ValueError:
            return
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from unpacked(one)


def plain(parts: Iterable[bytes]) -> bytes:
    """Parts of an answer, one after the other."""
    return b"\n".join(parts)


# --- what gives it away -----------------------------------------------------------------------


def counts(content: bytes) -> dict[str, int]:
    """How often each street stands in a content, in any form."""
    return {street: sum(content.count(form) for form in set(forms(street))) for street in STREETS}


def uneven(places: Iterable[Place]) -> dict[str, Mapping[str, int]]:
    """Where one street stands more often than another, by part and place."""
    found = {}
    for place in places:
        counted = counts(place.content)
        if len(set(counted.values())) > 1:
            found[f"{place.part} {place.where}"] = counted
    return found


def secrets_of(record: dict[str, str]) -> dict[str, set[bytes]]:
    """The salt and the hour, in the forms in which they could be written."""
    salt = bytes.fromhex(record["salt"])
    hour = datetime.fromisoformat(record["fire_at"])
    local = hour.astimezone(SHANGHAI)
    seconds = int(hour.timestamp())
    texts = [
        *(f"{one:%Y-%m-%d{mark}%H:%M}" for one in (hour, local) for mark in (" ", "T")),
        *(f"{local.month}月{local.day}日{week}{local:%H:%M}" for week in ("", " ")),
        f"{seconds}",
    ]
    varint = bytes(
        (seconds >> shift & 0x7F) | (0x80 if shift < 28 else 0) for shift in range(0, 35, 7)
    )
    return {
        "salt": {salt, *forms(record["salt"]), *forms(base64.b64encode(salt).decode())},
        "hour": {b"\x08" + varint, *(form for text in texts for form in forms(text))},
    }


def holding(places: Iterable[Place], secret: set[bytes]) -> list[str]:
    """Where a secret stands."""
    return [
        f"{place.part} {place.where}"
        for place in places
        if any(form in place.content for form in secret)
    ]


# --- the claims -------------------------------------------------------------------------------


def test_everything_was_looked_at(told) -> None:
    """Each part of the system is there with the arrangement in it, so that nothing found means something."""
    by_part = {part: b"\n".join(p.content for p in told.after if p.part == part) for part in PARTS}
    assert all(by_part.values())
    without = [part for part, content in by_part.items() if PLAN.encode() not in content]
    # Nothing about a draw stands in any Schedule (ADR 0015), not even that there will be one.
    # A log names the arrangement only where something had to be said of its workflow.
    assert [part for part in without if part != "logs"] == ["schedules"]
    assert ROLLOUT.encode() in by_part["schedules"]
    assert b"ScheduledAudit" in by_part["histories"]
    assert {p.where for p in told.after if p.part == "registers"} >= {
        "audit_draw",
        "audit_draw_read",
        "audit_plan",
        "audit_run",
        "notice",
        "log_entry",
        "board_row",
        "desk_item",
    }


def test_no_place_tells_the_drawn_from_the_others(told) -> None:
    """Before the draw and after it each of the ten streets stands equally often wherever one does."""
    assert DRAWN == len(set(told.sample))
    assert set(told.sample) < set(STREETS)
    assert uneven(told.before) == {}
    assert uneven(told.after) == {}


async def test_only_who_knows_the_passphrase_reads_the_sample(told, monkeypatch) -> None:
    """Another passphrase opens nothing, in one sentence; a street's handler is not even asked for it."""
    assert "何时抽取不预先告知" in told.undrawn
    monkeypatch.setenv("JIEGAI_AUDIT_PASSPHRASE", "不知道口令的人乱猜的一句话")
    said = await told.site.jiegai("audit", "draw", *NAMED, *EDITOR)
    assert (said.code, said.error, said.out) == (3, "PASSPHRASE_WRONG", "")
    said = await told.site.jiegai("audit", "draw", *NAMED, "--as", "经办甲0")
    assert (said.code, said.error, said.out) == (3, "DRAW_DENIED", "")


async def test_asking_for_one_street_after_the_other_tells_nothing(told) -> None:
    """Who sends a visit in the organiser's name, without the letter, hears the same of every street."""
    client = await told.site.connect(DESK_NAMESPACE)
    now = datetime.now(UTC)
    heard = set()
    for street in STREETS:
        visit = Visit(unit=street, on=now.astimezone(SHANGHAI).date(), methods=("实地查看",))
        order = VisitOrder(
            now=now, key=told.key, person=EDITOR[1], action_id=f"试{street}", visit=visit
        )
        answer = await client.execute_activity_method(
            AuditFlowDesk.visit,
            order,
            id=f"try-{street}",
            task_queue=BULK_QUEUE,
            schedule_to_close_timeout=timedelta(seconds=60),
        )
        heard.add((answer.code, answer.sentence.replace(street, "某街道"), answer.numbers))

    assert [("AUDIT_NOT_COVERED", ())] == [(code, numbers) for code, _, numbers in heard]


def test_neither_salt_nor_hour_stand_anywhere(told, proof) -> None:
    """Not in any form, neither before the draw nor after it, nor in the raw files of both databases."""
    record = json.loads(proof.read_text("utf-8"))
    assert list(told.sample) == record["sample"]

    for name, secret in secrets_of(record).items():
        assert holding((*told.before, *told.after), secret) == [], name
    salt = record["salt"]
    raw = {salt.encode(), bytes.fromhex(salt), base64.b64encode(bytes.fromhex(salt))}
    assert holding(told.files, raw | {record["fire_at"][:16].encode()}) == []


def test_the_sample_stands_nowhere_as_a_list(told) -> None:
    """Not in its order, whatever stands between the names, nor in the raw files of both databases."""
    # Two that were drawn one after the other may stand so by right, where all are listed.
    by_right = {*pairwise(STREETS), *pairwise(sorted(STREETS))}
    for pair in set(pairwise(told.sample)) - by_right:
        for mark in ("、", '","', '", "', ",", " ", "\n", "，"):
            assert holding((*told.before, *told.after), set(forms(mark.join(pair)))) == []
            assert holding(told.files, {mark.join(pair).encode()}) == []
    assert holding(told.files, {told.sample[0].encode()}) != []


@pytest.mark.parametrize("part", PARTS)
def test_a_leak_in_any_place_would_be_found(told, part) -> None:
    """The sample once more in any one place, plain or in base64, shows as a difference."""
    there = next(place for place in told.after if place.part == part)
    said = json.dumps({"sample": told.sample}, ensure_ascii=False).encode()
    for leak in (said, base64.b64encode(b"x" + said), json.dumps(told.sample).encode()):
        assert uneven([replace(there, content=there.content + leak)]) != {}


async def test_a_real_leak_is_found(told, stack) -> None:
    """Written into a notice and into the note of a Schedule, the sample is found in both, and in the UI."""
    words = "、".join(told.sample)
    await rows(
        stack.database_url,
        "INSERT INTO notice (key, workflow_id, seq, rollout, at, unit, recipient, level, step, text)"
        " VALUES ('漏', $1, 0, $1, $2, '甲区委编办', '', '提醒', '', $3)",
        ROLLOUT,
        datetime.now(UTC),
        words,
    )
    client = await told.site.connect()
    await client.get_schedule_handle(audit_schedule_id(ROLLOUT)).pause(note=words)

    parts = {place.split()[0] for place in uneven(await everything(told.site, stack))}

    assert parts >= {"registers", "schedules", "web", "database"}


async def test_the_record_is_proved_without_any_service(told, proof, monkeypatch) -> None:
    """By the file and the deposit alone; a tampered record, or another's deposit, is not."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    kept = ("--deposit", str(told.deposit))
    said = await told.site.done("audit", "verify", "--file", str(proof), *kept)
    assert all(word in said for word in ("相符  存证", "核验通过", "sha256sum"))

    record = json.loads(proof.read_text("utf-8"))
    for change in ({"sample": record["sample"][::-1]}, {"salt": "00" * 32}, {"days": []}):
        forged = told.folder / "伪造.json"
        forged.write_text(json.dumps(record | change, ensure_ascii=False), "utf-8")
        said = await told.site.jiegai("audit", "verify", "--file", str(forged), *kept)
        assert said.error in {"DRAW_NOT_PROVEN", "DRAW_RECORD_INVALID"}
        assert "核验通过" not in said.out
