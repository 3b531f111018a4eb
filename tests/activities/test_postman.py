"""Notices on their way out: real database, real SMTP and HTTP receivers; the clock is passed in."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import socket
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activities.bulk import BulkActivities
from activities.courier import AppriseCourier, Parcel
from activities.desk import DeskActivities
from activities.plan_shelf import Shelf
from activities.postman import CLAIM, Postman
from activities.remind import RemindActivities
from activities.remind_orders import RemindOrderActivities
from contracts.desk import InboxQuestion, PlanRegistration
from contracts.remind import (
    ChannelEnd,
    ChannelOrder,
    ChannelTrial,
    RemindQuestion,
    letter_purpose,
)
from domain.calendar import load_builtin_calendar
from domain.day_words import SHANGHAI
from domain.notices import DEAD_AFTER
from runtime.seal import Seal, seal_letter
from storage.journal_store import write_page
from tests.activities.conftest import REGISTERED_AT
from tests.postgres import database_of_its_own

# apprise looks for a module that Python is about to drop, and makes its own where it is gone.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")

UNIT, ABOVE, BIANBAN = "滨河街道", "海勃湾区", "海勃湾区委编办"
COORDINATOR = "海勃湾区协调员"
SEAL = Seal(bytes(range(32)))
TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
async def database():
    """Postmen carry what any rollout left: a database of their own."""
    async with database_of_its_own("postbox") as opened:
        yield opened


class Recorder:
    """Keeps what is handed over; says what it is told to say."""

    def __init__(self) -> None:
        self.parcels: list[tuple[str, Parcel]] = []
        self.answer = ""

    def deliver(self, address: str, parcel: Parcel) -> str:
        """Keep it."""
        self.parcels.append((address, parcel))
        return self.answer


class Office:
    """A registered plan with its postman, channels and journal."""

    def __init__(self, database, rollout: str) -> None:
        self.database = database
        self.rollout = rollout
        self.courier = Recorder()
        self.orders = RemindOrderActivities(database, Shelf(), SEAL)
        self.reads = RemindActivities(database, SEAL)
        self.seq: Counter[str] = Counter()

    def postman(self, courier=None) -> Postman:
        """A worker's postman."""
        return Postman(
            self.database,
            courier or self.courier,
            SEAL,
            clock=lambda: TUESDAY,
            ui=("http://ui", "jiegai"),
        )

    async def once(self, now: datetime):
        """One turn."""
        return await self.postman().once(now)

    async def channel(self, address: str, *, unit: str = "", person: str = "", at=TUESDAY, by=""):
        """Set a channel as the command does."""
        asked = "asked"
        order = ChannelOrder(
            now=at - timedelta(hours=1),
            rollout=self.rollout,
            person=by or COORDINATOR,
            asked=asked,
            sealed=seal_letter(
                address.encode(), letter_purpose(self.rollout, asked), SEAL.address()
            ),
            for_unit=unit,
            for_person=person,
        )
        return await self.orders.set_channel(order)

    async def tell(
        self,
        level: str,
        *,
        at: datetime,
        item: str = "三定",
        unit: str = UNIT,
        to: str = "经办人",
        step: str = "起草",
        open_steps=("起草",),
        due: str = "2026-11-30",
        confirmed: bool = True,
        run: str = "r1",
        heals: bool = False,
        notice: bool = True,
    ) -> str:
        """A page of a procedure that leaves a notice."""
        workflow = f"{self.rollout}/{ABOVE}/{UNIT}/{item}"
        self.seq[workflow] += 1
        seq = self.seq[workflow]
        page = {
            "workflow_id": workflow,
            "run_id": run,
            "seq": seq,
            "rollout": self.rollout,
            "district": ABOVE,
            "unit": UNIT,
            "row_id": "M3-1",
            "item": item,
            "task": "制定三定",
            "procedure": "SandingDrafting",
            "board": {
                "status": "办理中",
                "open_steps": list(open_steps),
                "responsible": [UNIT],
                "next_due_at": None,
                "row_due_date": "2026-12-20",
                "row_due_at": None,
                "light": "黄",
                "provisional": False,
                "overdue_count": 0,
                "returned_count": 0,
                "extended_count": 0,
                "silent_count": 0,
                "started_at": REGISTERED_AT.isoformat(),
                "ended_at": None,
                "calendar_version": 1,
                "steps_done": 0,
                "steps_total": 7,
            },
            "entries": [
                {
                    "seq": seq,
                    "at": at.isoformat(),
                    "kind": level if level in ("提醒", "到期", "升级") else "办理",
                    "sentence": "一句",
                    "step": step,
                    "person": "",
                    "unit": unit,
                    "verb": "",
                    "code": "",
                    "action_id": "",
                    "detail": {},
                }
            ],
            "items": [
                {
                    "unit": UNIT,
                    "step": name,
                    "purpose": "办理",
                    "opened_at": REGISTERED_AT.isoformat(),
                    "due_at": f"{due}T16:00:00+00:00",
                    "due_date": due,
                    "original_due_date": due,
                    "provisional": False,
                    "rule": "",
                    "yellow_at": None,
                    "verbs": ["提交"],
                    "documents": [],
                    "waiting_for": "",
                    "urged": 0,
                    "note": "",
                    "due_basis": None,
                }
                for name in open_steps
            ],
            "notices": [
                {
                    "key": f"{workflow}:{run}:{seq}:0",
                    "seq": seq,
                    "at": at.isoformat(),
                    "unit": unit,
                    "to": to,
                    "level": level,
                    "step": step,
                    "text": "张三说：请尽快",
                }
            ]
            if notice
            else [],
            "settled": seq if confirmed else seq - 1,
            "heals": heals,
        }
        await write_page(self.database, json.dumps(page))
        return workflow

    async def messages(self, now: datetime):
        """What the desk says went out, and what waits."""
        return await self.reads.today(RemindQuestion(now=now, rollout=self.rollout))


@pytest.fixture
async def office(request, database, wuhai, run) -> Office:
    """乌海's plan under the test's own name."""
    plan = replace(wuhai, rollout=request.node.name)
    order = PlanRegistration(plan=plan, content_hash=plan.rollout, now=REGISTERED_AT)
    assert (await run(BulkActivities(database).register_plan, order)).created
    return Office(database, plan.rollout)


def at(day: int, clock: str, month: int = 11) -> datetime:
    """A moment of 2026 in Asia/Shanghai."""
    hour, _, minute = clock.partition(":")
    return datetime(2026, month, day, int(hour), int(minute), tzinfo=SHANGHAI)


async def test_a_morning_is_one_message_and_what_is_urgent_follows(office: Office):
    """Three reminders at nine are one digest at a quarter past; 到期 at noon goes, 提醒 waits."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    for item in ("三定", "挂牌", "转隶"):
        await office.tell("提醒", at=at(24, "9:00"), item=item)

    early = await office.once(at(24, "9:10"))
    morning = await office.once(at(24, "9:15"))
    again = await office.once(at(24, "9:20"))
    await office.tell("提醒", at=at(24, "11:00"), item="方案")
    await office.tell("到期", at=at(24, "12:00"), due="2026-11-23")
    noon = await office.once(at(24, "12:00"))
    later = await office.once(at(24, "17:00"))
    closed = await office.once(at(24, "17:30"))
    tomorrow = await office.once(at(25, "9:15"))

    made = [turn.made for turn in (early, morning, again, noon, later, closed, tomorrow)]
    assert [0, 1, 0, 1, 0, 0, 1] == made
    (_, digest), (_, urgent), (_, rest) = office.courier.parcels
    assert digest.subject == "【街改】滨河街道：3项"
    assert urgent.subject == "【街改】滨河街道：1项，其中超期1项"
    assert "已超期1天" in urgent.body and "【提醒】滨河街道/方案 起草" in rest.body
    assert "http://ui/namespaces/jiegai/workflows/" in urgent.body
    assert "张三" not in "".join(parcel.body for _, parcel in office.courier.parcels)


@pytest.mark.parametrize(
    "told, goes",
    [
        (at(14, "18:00", 2), at(24, "9:15", 2)),  # before 春节
        (at(7, "9:05", 2), at(9, "9:15", 2)),  # an ordinary Saturday
        (at(14, "8:00", 2), at(14, "9:15", 2)),  # a Saturday that is worked
    ],
)
async def test_only_in_working_hours(office: Office, told, goes):
    """Through 春节, over a weekend, and on a 调休 Saturday."""
    assert load_builtin_calendar().is_workday(at(14, "9:00", 2).date())
    await office.channel("json://127.0.0.1/hook", unit=UNIT, at=told)
    await office.tell("升级", at=told)

    hours = [told + timedelta(hours=n) for n in range(24 * 11)]
    sent = [moment for moment in hours if moment < goes and (await office.once(moment)).sent]
    assert not sent
    assert (await office.once(goes)).sent == 1


async def test_what_a_ghost_told_is_never_sent(office: Office):
    """An unconfirmed line waits; when its page turns out a ghost, its notice goes with it."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    workflow = await office.tell("到期", at=at(24, "10:00"), confirmed=False)

    waiting = await office.once(at(24, "10:01"))
    unrouted = (await office.messages(at(24, "10:01"))).unrouted
    office.seq[workflow] = 0
    await office.tell("提醒", at=at(24, "10:02"), confirmed=True, notice=False)
    after = await office.once(at(24, "10:03"))

    assert (waiting.routed, unrouted, after.routed, after.made) == (0, 1, 0, 0)


async def test_a_line_that_another_run_overtook_tells_nobody(office: Office):
    """After a reset the line of the same number is another: the old notice is not its."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    workflow = await office.tell("到期", at=at(24, "10:00"), confirmed=False)
    office.seq[workflow] = 0
    await office.tell("提醒", at=at(24, "10:05"), run="r2", notice=False)

    assert (await office.once(at(24, "10:10"))).made == 0


async def test_what_is_done_by_then_is_left_out(office: Office):
    """A reminder of a step that is no longer open is not sent; the inbox showed it."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    await office.tell("提醒", at=at(24, "9:00"))
    await office.tell("通过", at=at(24, "9:05"), open_steps=("初审",), notice=False)

    assert (await office.once(at(24, "9:15"))).made == 0
    assert not (await office.messages(at(24, "9:15"))).waiting


async def test_a_week_without_workers_is_one_digest(office: Office):
    """A hundred notices of a week collapse into one bounded message, shown once in the inbox."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    for n in range(100):
        level = "升级" if n % 3 else "到期"
        await office.tell(level, at=at(16, "9:00"), item=f"事项{n % 50}", due="2026-11-13")

    posted = await office.once(at(24, "10:00"))
    ((_, parcel),) = office.courier.parcels
    page = await DeskActivities(office.database).inbox(
        InboxQuestion(now=at(24, "10:00"), unit=UNIT, rollout=office.rollout)
    )

    assert (posted.routed, posted.made, posted.sent) == (100, 1, 1)
    assert "50项，其中超期50项" in parcel.subject
    assert len(parcel.body) <= 600 and "另有42项，见待办。" in parcel.body
    assert len(page.notices) == 20


async def test_two_postmen_at_once_send_once(office: Office):
    """Several workers route, make and send at the same moment: each channel gets one message."""
    for unit in (UNIT, ABOVE, BIANBAN):
        await office.channel("json://127.0.0.1/hook", unit=unit)
        await office.tell("升级", at=at(24, "9:00"), unit=unit, item=f"事项{unit}")

    turns = await asyncio.gather(*(office.postman().once(at(24, "10:00")) for _ in range(4)))
    assert sum(turn.sent for turn in turns) == 3
    assert len({parcel.message_id for _, parcel in office.courier.parcels}) == 3


async def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(office: Office):
    """The claim lapses; what the receiver gets twice has one id."""

    class Deadly(Recorder):
        def deliver(self, address: str, parcel: Parcel) -> str:
            super().deliver(address, parcel)
            raise RuntimeError

    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    await office.tell("到期", at=at(24, "10:00"), due="2026-11-23")
    deadly = Deadly()
    with pytest.raises(RuntimeError):
        await office.postman(deadly).once(at(24, "10:00"))

    held = await office.once(at(24, "10:04"))
    again = await office.once(at(24, "10:00") + CLAIM)

    assert (held.sent, again.sent) == (0, 1)
    assert deadly.parcels[0][1] == office.courier.parcels[0][1]
    assert (await office.once(at(24, "10:30"))).sent == 0


async def test_a_dead_channel_is_tried_daily_and_loses_nothing(office: Office):
    """1, 5, 15, 60 minutes, then dead and shown; a day later everything since is one digest."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    await office.tell("到期", at=at(24, "9:00"), due="2026-11-23")
    office.courier.answer = "连接被拒绝"
    now = at(24, "9:15")
    for minutes in (1, 5, 15, 60):
        assert (await office.once(now)).failed == 1
        assert (await office.once(now + timedelta(seconds=30))).failed == 0
        now += timedelta(minutes=minutes)
    assert (await office.once(now)).failed == 1
    (dead,) = (await office.messages(now)).dead
    assert (dead.failures, dead.last_error) == (DEAD_AFTER, "连接被拒绝")
    for item in ("挂牌", "转隶"):
        await office.tell("升级", at=at(24, "11:00"), item=item)
    assert (await office.once(at(24, "17:00"))).failed == 0
    assert [line.notices for line in (await office.messages(now)).waiting] == [2]

    office.courier.answer = ""
    revived = await office.once(at(25, "9:15"))
    following = await office.once(at(25, "9:20"))

    assert (revived.sent, following.made, following.sent) == (1, 1, 1)
    assert office.courier.parcels[-1][1].subject == "【街改】滨河街道：2项"
    assert (await office.reads.dead(RemindQuestion(now=now, rollout=office.rollout))) == 0


async def test_a_new_address_takes_over_what_the_old_one_did_not_deliver(office: Office):
    """Replaced while a message is unsent: its notices go by the new one."""
    await office.channel("json://127.0.0.1/old", unit=UNIT)
    await office.tell("到期", at=at(24, "9:00"), due="2026-11-23")
    office.courier.answer = "连接被拒绝"
    await office.once(at(24, "9:15"))
    same = await office.channel("json://127.0.0.1/old", unit=UNIT)
    await office.channel("json://127.0.0.1/new", unit=UNIT, at=at(24, "12:00"))
    office.courier.answer = ""

    assert same.same
    assert (await office.once(at(24, "12:00"))).sent == 1
    assert office.courier.parcels[-1][0] == "json://127.0.0.1/new"


async def test_a_person_is_told_at_their_own_channel(office: Office, database):
    """By post, by name, for an absent person the substitute; one message for all their units."""
    for name in ("滨河街道经办甲", "滨河街道经办乙", "滨河街道负责人"):
        await office.channel(f"json://127.0.0.1/{name[-2:]}", person=name)
    await office.tell("升级", at=at(24, "9:00"), to="第一责任人", item="三定")
    await office.tell("催办", at=at(24, "9:00"), to="滨河街道经办乙", item="挂牌")
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "INSERT INTO absence (rollout, person, by_person, from_day, to_day, reason, paper,"
                " recorded_at, recorded_by) VALUES (:r, '滨河街道经办乙', '滨河街道经办甲',"
                " '2026-11-24', '2026-11-24', '', '', :at, 'x')"
            ),
            {"r": office.rollout, "at": at(23, "9:00")},
        )

    await office.once(at(24, "9:15"))
    told = {address[-2:]: parcel.subject for address, parcel in office.courier.parcels}
    assert told == {"经办甲"[-2:]: "【街改】滨河街道：1项", "责人": "【街改】滨河街道：1项"}


async def test_only_coordinators_set_channels_and_an_address_never_comes_back(office: Office):
    """A refusal repeats nothing; what is stored is sealed, what is shown is masked."""
    secret = "mailto://tixing:ma1lpass@10.0.0.5:25?from=t@wuhai.cn&to=binhe@wuhai.cn"
    done = await office.channel(secret, unit=UNIT)
    others = [
        await office.channel(secret, unit=UNIT, by="滨河街道经办甲"),
        await office.channel("file:///etc/ma1lpass", unit=UNIT),
        await office.channel(secret + "&pgpkey=/etc/ma1lpass", unit=UNIT),
        await office.channel(secret, unit="没有的街道"),
    ]
    async with office.database.single() as connection:
        rows = (await connection.execute(text("SELECT c::text FROM notice_channel c"))).scalars()
        stored = "".join(rows)

    assert [no.code for no in others] == [
        "NOT_COORDINATOR",
        "CHANNEL_ADDRESS",
        "CHANNEL_ADDRESS",
        "UNKNOWN_UNIT",
    ]
    assert done.lines[0].shown == "b***@wuhai.cn，经 10.0.0.5"
    assert "ma1lpass" not in f"{done}{others}{stored}"


async def test_a_test_goes_at_any_hour_and_once(office: Office):
    """At night, beside what waits; a failed one is not tried again and kills no channel."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    trial = ChannelTrial(
        now=at(24, "23:00"), rollout=office.rollout, person=COORDINATOR, asked="t1", for_unit=UNIT
    )
    first, again = await office.orders.try_channel(trial), await office.orders.try_channel(trial)
    sent = await office.once(at(24, "23:00"))
    await office.orders.try_channel(replace(trial, asked="t2"))
    office.courier.answer = "对方没有应答（超时）"
    failed = await office.once(at(24, "23:01"))
    page = await office.messages(at(24, "23:02"))

    assert first.message_ids == again.message_ids
    assert (sent.sent, failed.failed) == (1, 1)
    assert [(m.state, m.last_error) for m in page.messages] == [
        ("已发", ""),
        ("失效", "对方没有应答（超时）"),
    ]
    assert (await office.once(at(25, "10:00"))).failed == 0


async def test_an_ended_channel_sends_nothing_more(office: Office):
    """Its unsent message lapses."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    await office.tell("到期", at=at(24, "9:00"))
    office.courier.answer = "连接被拒绝"
    await office.once(at(24, "9:15"))
    end = ChannelEnd(now=at(24, "9:15"), rollout=office.rollout, person=COORDINATOR, for_unit=UNIT)
    ended, none = await office.orders.end_channel(end), await office.orders.end_channel(end)

    assert (await office.once(at(24, "12:00"))).failed == 0
    assert (len(ended.lines), none.code) == (1, "CHANNEL_NOT_FOUND")


@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE outbox SET body = '改' WHERE state = '已发'",
        "DELETE FROM outbox WHERE state = '已发'",
        "UPDATE notice_channel SET address = 'json://clear'",
        "UPDATE notice_channel SET unit = '', person = ''",
    ],
)
async def test_the_database_itself_refuses(office: Office, broken: str):
    """A sent message changed, an address in the clear, a channel of nobody."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    await office.tell("到期", at=at(24, "9:00"))
    await office.once(at(24, "9:15"))

    with pytest.raises(Exception, match=r"has been sent|violates"):
        async with office.database.transaction() as connection:
            await connection.execute(text(broken))


async def test_two_digests_of_a_day_cannot_be(office: Office):
    """One a channel and day, one unsent a channel: by the database's own indexes."""
    await office.channel("json://127.0.0.1/hook", unit=UNIT)
    await office.tell("提醒", at=at(24, "9:00"))
    await office.once(at(24, "9:15"))
    copy = (
        "INSERT INTO outbox (message_id, rollout, channel, kind, digest_day, subject, body,"
        " notices, state, tries, made_at, next_try_at, claimed_until, sent_at, last_error)"
        " SELECT message_id || 'x', rollout, channel, kind, digest_day, subject, body, notices,"
        " '待发', 0, made_at, made_at, NULL, NULL, '' FROM outbox WHERE rollout = :rollout"
    )
    with pytest.raises(IntegrityError, match="outbox_one_digest_a_day"):
        async with office.database.transaction() as connection:
            await connection.execute(text(copy), {"rollout": office.rollout})


# --- the real courier ---------------------------------------------------------------------------


@pytest.fixture
async def smtp():
    """A real SMTP receiver on loopback, with the mails it took."""
    from aiosmtpd.smtp import SMTP

    class Taker:
        def __init__(self) -> None:
            self.mails: list[tuple[list[str], email.message.EmailMessage]] = []

        async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
            mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
            self.mails.append((envelope.rcpt_tos, mail))
            return "250 OK"

    taker = Taker()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(taker, loop=loop), "127.0.0.1", 0)
    taker.port = server.sockets[0].getsockname()[1]
    yield taker
    server.close()


@pytest.fixture
def http():
    """A real HTTP receiver on loopback: what came, and with which status it answers."""

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.server.taken.append((self.path, dict(self.headers), content))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    server.taken, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


async def test_a_mail_arrives_at_a_real_server(office: Office, smtp):
    """Subject, text and the message's id as a header; nobody but the recipient."""
    address = f"mailto://127.0.0.1:{smtp.port}?from=tixing@wuhai.cn&to=binhe@wuhai.cn"
    await office.channel(address, unit=UNIT)
    await office.tell("到期", at=at(24, "10:00"), due="2026-11-23")

    posted = await office.postman(AppriseCourier()).once(at(24, "10:00"))
    ((recipients, mail),) = smtp.mails
    (line,) = (await office.messages(at(24, "10:00"))).messages

    assert (posted.sent, recipients) == (1, ["binhe@wuhai.cn"])
    assert mail["Subject"] == "【街改】滨河街道：1项，其中超期1项"
    assert mail["X-Jiegai-Message"] == line.message_id
    assert "时限2026-11-23（已超期1天）：请提交。" in mail.get_content()


async def test_hooks_arrive_at_a_real_receiver(office: Office, http):
    """JSON and form posts with the id as header and field; a gateway's own field names."""
    place = f"127.0.0.1:{http.server_port}/sms"
    await office.channel(f"json://{place}?+X-Key=k3y&:phone=123", unit=UNIT)
    await office.channel(f"form://{place}?:message=content", unit=ABOVE)
    for unit in (UNIT, ABOVE):
        await office.tell("升级", at=at(24, "10:00"), unit=unit, item=f"事项{unit}")

    assert (await office.postman(AppriseCourier()).once(at(24, "10:00"))).sent == 2
    posted = {
        kind: (path, headers, body)
        for path, headers, body in http.taken
        for kind in [headers["Content-Type"]]
    }
    path, headers, body = posted["application/json"]
    said = json.loads(body)
    assert (path, headers["X-Key"], said["phone"]) == ("/sms", "k3y", "123")
    assert headers["X-Jiegai-Message"] == said["id"]
    assert "滨河街道" in said["title"]
    assert "content=" in posted["application/x-www-form-urlencoded"][2]


async def test_what_goes_wrong_is_said_without_the_address(http, smtp):
    """Refused, an error answer, silence; nothing of path, token or password is repeated."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        closed = listener.getsockname()[1]
    http.status = 503
    parcel = Parcel(message_id="a" * 32, subject="题", body="文")
    courier = AppriseCourier()
    said = [
        await asyncio.to_thread(courier.deliver, address, parcel)
        for address in (
            f"json://127.0.0.1:{closed}/s3cret",
            f"mailto://u:s3cret@127.0.0.1:{closed}?from=t@w.cn&to=b@w.cn",
            f"json://127.0.0.1:{http.server_port}/s3cret",
            f"mailto://u:s3cret@127.0.0.1:{smtp.port}?from=t@w.cn&to=b@w.cn",
            "windows://s3cret",
        )
    ]
    assert said[:3] == ["连接被拒绝", "连接被拒绝", "对方答复 503"]
    assert said[4] == "通道地址用不了，请重新设置"
    assert all(said) and "s3cret" not in "".join(said)
