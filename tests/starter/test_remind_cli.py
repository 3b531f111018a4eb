"""``jiegai remind``: screens of both widths, and channels, calls and slips on the running stack."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from contracts.desk import BoardPage
from contracts.remind import CallLine, ChannelLine, MessageLine, RemindPage, WaitingLine
from starter.board import header
from starter.remind import calls_in_words, today_in_words
from starter.remind_channel import table_of_channels
from starter.table import display_width
from tests.acceptance.test_personal_data import found_in

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
SECRET = "Xq7-secret-Zw9"  # a channel's password
DEAD = ChannelLine(
    channel=1,
    unit="滨河街道",
    person="",
    kind="邮件",
    shown="b***@wuhai.cn，经 10.0.0.5",
    set_by="海勃湾区协调员",
    valid_from=NOW,
    failures=5,
    dead_since=NOW,
    last_error="连接被拒绝",
)


def message(state: str, kind: str = "汇总", error: str = "") -> MessageLine:
    """One message of today."""
    return MessageLine(
        message_id="a" * 32,
        unit="滨河街道",
        person="",
        by="邮件",
        kind=kind,
        state=state,
        notices=3,
        tries=1,
        made_at=NOW,
        sent_at=NOW if state == "已发" else None,
        next_try_at=None if state == "已发" else NOW,
        subject="题",
        last_error=error,
    )


@pytest.mark.parametrize("width", [80, 120])
def test_today_says_what_went_what_did_not_and_what_is_dead(width: int):
    """Tests do not count; every line fits."""
    page = RemindPage(
        messages=(message("已发"), message("已发", "测试"), message("重试", "即时", "连接被拒绝")),
        waiting=(WaitingLine(unit="滨河街道", person="", by="邮件", notices=4, dead=True),),
        dead=(DEAD,),
    )
    lines = today_in_words("乌海2019", page, NOW, width)

    assert lines[1] == "今日已发 1 条（3 项通知），未发出 1 条，等下一次汇总 4 项。"
    assert "滨河街道 邮件（b***@wuhai.cn" in lines[4]
    assert any("11-24 10:00  重试" in line and "连接被拒绝" in line for line in lines)
    assert ("类别" in "".join(lines)) is (width == 120)
    assert max(map(display_width, lines)) <= width
    assert max(map(display_width, table_of_channels((DEAD,), width).split("\n"))) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_the_call_list_is_unit_by_unit(width: int):
    """Whom, what, since when, and why by telephone."""
    line = CallLine(
        unit="滨河街道",
        people=(("滨河街道经办甲", "经办人"), ("滨河街道负责人", "第一责任人")),
        why="超期、无通道",
        item="乌海2019/海勃湾区/滨河街道/三定#起草",
        task="制定三定",
        due_date=date(2026, 11, 20),
        overdue_days=4,
    )
    lines = calls_in_words("乌海2019", [line], NOW, width)

    assert lines[2] == "□ 滨河街道：滨河街道经办甲（经办人）、滨河街道负责人（第一责任人）"
    assert (
        "".join(lines[3:])
        .replace("    ", "")
        .startswith("  - 滨河街道/三定 起草，时限 2026-11-20，已超期 4 天（超期、无通道）")
    )
    assert max(map(display_width, lines)) <= width
    assert calls_in_words("乌海2019", [], NOW, width)[1] == "没有要打电话通知的。"


def test_the_board_says_that_nobody_can_be_told():
    """Beside the counts, only while a channel is dead."""
    page = BoardPage(rollout="乌海2019", title="乌海2019", as_of=NOW, lines=(), dead_channels=2)

    assert header(page)[-1] == "2 个提醒通道失效，请打电话：jiegai remind --call-list"


class Mailbox:
    """A real SMTP receiver in a thread of its own, that knows one password."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.loop = asyncio.new_event_loop()
        self.port = self.loop.run_until_complete(self._listen())
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def _listen(self) -> int:
        from aiosmtpd.smtp import SMTP, AuthResult

        def known(_server, _session, _envelope, _mechanism, given) -> AuthResult:
            return AuthResult(success=given.password == SECRET.encode(), handled=False)

        self.server = await self.loop.create_server(
            lambda: SMTP(
                self, loop=self.loop, authenticator=known, auth_require_tls=False, hostname="mail"
            ),
            "127.0.0.1",
            0,
        )
        return self.server.sockets[0].getsockname()[1]

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802
        """Keep a mail."""
        self.mails.append(envelope.content)
        return "250 OK"

    def close(self) -> None:
        """Listen no more."""
        self.loop.call_soon_threadsafe(self.server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)


@pytest.fixture
def mailbox():
    """A mailbox."""
    box = Mailbox()
    yield box
    box.close()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_from_a_channel_to_a_signed_slip(jiegai, stack, tmp_path, mailbox):
    """A mail arrives by the worker's own postman; the password is nowhere; a slip is signed."""
    name, leader = "提醒试", ("--as", "乌海市协调员甲")
    plan = tmp_path / "方案.yaml"
    text = (ROOT / "plans" / "乌海2019.yaml").read_text("utf-8")
    plan.write_text(text.replace("名称: 乌海2019", f"名称: {name}", 1), "utf-8")
    jiegai("rollout", "start", str(plan), *leader)
    there, unit = ("--rollout", name), ("--unit", "滨河街道")
    good = f"mailto://tixing:{SECRET}@127.0.0.1:{mailbox.port}?from=t@wuhai.cn&to=binhe@wuhai.cn"
    said = []

    def remind(*words: str, code: int = 0) -> str:
        done = jiegai("remind", *words, *there, code=code)
        said.append(done.stdout + done.stderr)
        return said[-1]

    def set_to(address: str, *more: str, code: int = 0) -> str:
        file = tmp_path / "地址.txt"
        file.write_text(address + "\n", "utf-8")
        return remind("channel", "set", "--file", str(file), *more, code=code)

    local = ("--as", "海勃湾区协调员")
    assert "NOT_COORDINATOR" in set_to(good, *unit, "--as", "滨河街道经办甲", code=3)
    assert "CHANNEL_ADDRESS" in set_to(f"ftp://{SECRET}", *unit, *local, code=2)
    assert "b***@wuhai.cn，经 127.0.0.1" in set_to(good, *unit, *local)
    assert "没有改动" in set_to(good, *unit, *local)
    assert "已送达" in remind("channel", "test", *unit, *local)
    assert "正常" in remind("channel", "list")
    wrong = good.replace(SECRET, f"{SECRET}x")
    assert "已设置" in set_to(wrong, *unit, *local)
    assert "用户名或密码被拒绝" in remind("channel", "test", *unit, *local, code=3)
    assert "已停用" in remind("channel", "end", *unit, *local)
    assert b"X-Jiegai-Message" in mailbox.mails[0] and len(mailbox.mails) == 1

    calls = tmp_path / "电话.xlsx"
    assert "1 项" in remind("--call-list", "--xlsx", str(calls))
    assert "乌海市委编办" == load_workbook(calls).active["A2"].value
    assert "起草 1 份" in remind("slip", "draft", *leader)
    assert "NOT_SUPERVISOR" in remind("slip", "sign", "1", "--as", "滨河街道经办甲", code=3)
    assert "已签发" in remind("slip", "sign", "1", *leader)
    assert "已写出" in remind("slip", "show", "1", "--docx", str(tmp_path / "单.docx"))
    assert json.loads(remind("slip", "list", "--json"))[0]["signed_by"] == leader[1]
    notices = json.loads(jiegai("inbox", *there, "--json").stdout)["notices"]
    assert [one["level"] for one in notices if one["level"] == "督办"] == ["督办", "督办"]
    assert "没有" not in remind()

    files = [path for path in stack.settings.data_dir.rglob("*") if path.is_file()]
    kept = [path.name for path in files if found_in(path.read_bytes(), [SECRET])]
    assert kept == [] and SECRET not in "".join(said)
