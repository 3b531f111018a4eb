"""Lists of duties against a real database: one item at an instant, and nothing issued changes."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.duty import DutyItem, DutyList, ListKind, Side
from storage import duty_store as store
from storage.engine import Database

NOW = datetime(2026, 12, 1, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
NAME = "文旅市场属地管理清单"
TEN_MS = 0.01


def item(number: str = "1", **more: object) -> DutyItem:
    """An item that a department leads."""
    given = {
        "number": number,
        "category": "市场监管",
        "name": f"事项{number}",
        "district_duty": "查处。",
        "street_duty": "巡查、上报。",
        "basis": "《旅游法》第八十三条",
        "primary": "甲区文旅局",
        "support": "各街道",
        "primary_side": Side.DEPARTMENT,
        "departments": ("甲区文旅局",),
    }
    return DutyItem(**given | more)


def draft(*items: DutyItem, version: int = 1, name: str = NAME, **more: object) -> store.NewDraft:
    """A version of a list of 甲区."""
    content = DutyList(
        name=name,
        version=version,
        kind=ListKind.LOCAL,
        district="甲区",
        declared=len(items),
        items=items,
        **more,
    )
    return store.NewDraft(content=content, content_hash=f"{name}{version}{len(items)}")


async def issue(connection, rollout: str, new: store.NewDraft, at: datetime) -> None:
    """This will write a draft and put it in force."""
    await store.store_draft(connection, rollout, new, at=at, person="协调员")
    content = new.content
    done = await store.put_in_force(
        connection,
        rollout,
        content.name,
        content.version,
        paper=f"甲编办〔{content.version}〕号",
        at=at,
    )
    assert done is None


async def cited(connection, rollout: str, number: str = "1", *, at: datetime, street="一街道", **k):
    """The items in force, as (list, version)."""
    found = await store.item_in_force(
        connection, rollout, number, district="甲区", street=street, at=at, **k
    )
    return [(one.list_name, one.version) for one in found]


async def test_a_version_holds_until_the_next_begins(database: Database) -> None:
    """At the instant at which version 2 begins version 1 no longer holds, a moment before it does."""
    async with database.transaction() as connection:
        await issue(connection, "清单甲", draft(item()), NOW)
        await issue(connection, "清单甲", draft(item(), item("2"), version=2), LATER)

        assert await cited(connection, "清单甲", at=NOW - timedelta(seconds=1)) == []
        assert await cited(connection, "清单甲", at=NOW) == [(NAME, 1)]
        assert await cited(connection, "清单甲", at=LATER - timedelta(seconds=1)) == [(NAME, 1)]
        assert await cited(connection, "清单甲", at=LATER) == [(NAME, 2)]
        assert await cited(connection, "清单甲", "2", at=NOW) == []


async def test_a_number_in_several_lists_is_found_in_each(database: Database) -> None:
    """Lists of all streets and of this street count, another street's does not; a name picks one."""
    async with database.transaction() as connection:
        await issue(connection, "清单乙", draft(item()), NOW)
        for street in ("一街道", "二街道"):
            name = f"{street}基本履职清单"
            await issue(connection, "清单乙", draft(item(), name=name, street=street), NOW)
        own = ("一街道基本履职清单", 1)

        assert await cited(connection, "清单乙", at=NOW) == [own, (NAME, 1)]
        assert await cited(connection, "清单乙", at=NOW, list_name=NAME) == [(NAME, 1)]
        assert await cited(connection, "清单乙", at=NOW, list_name="没有") == []


async def test_a_draft_is_not_in_force(database: Database) -> None:
    """A draft may be written again and again, and nobody may cite it."""
    async with database.transaction() as connection:
        for count in (3, 2):
            new = draft(*(item(str(n)) for n in range(1, count + 1)))
            await store.store_draft(connection, "清单丙", new, at=NOW, person="协调员")

        assert await cited(connection, "清单丙", at=LATER) == []
        assert await cited(connection, "清单丙", "3", at=LATER) == []


async def test_putting_in_force_twice_is_once(database: Database) -> None:
    """The same paper and day again change nothing; another paper or an earlier day is refused."""
    async with database.transaction() as connection:
        await issue(connection, "清单丁", draft(item()), NOW)
        again = await store.put_in_force(
            connection, "清单丁", NAME, 1, paper="甲编办〔1〕号", at=NOW
        )
        other = await store.put_in_force(connection, "清单丁", NAME, 1, paper="另文", at=NOW)
        none = await store.put_in_force(connection, "清单丁", NAME, 9, paper="另文", at=NOW)
        second = draft(item(), version=2)
        await store.store_draft(connection, "清单丁", second, at=NOW, person="协调员")
        early = await store.put_in_force(connection, "清单丁", NAME, 2, paper="另文", at=NOW)

    assert again is None
    assert [one.code for one in (other, none, early) if one] == [
        "DUTY_ISSUED",
        "DUTY_VERSION",
        "DUTY_PERIOD",
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE duty_item SET name = '改了' WHERE rollout = '清单戊'",
        "DELETE FROM duty_item WHERE rollout = '清单戊'",
        "UPDATE duty_list SET paper = '另文' WHERE rollout = '清单戊'",
        "UPDATE duty_list SET status = '草案' WHERE rollout = '清单戊'",
        "DELETE FROM duty_list WHERE rollout = '清单戊'",
        """INSERT INTO duty_item SELECT rollout, list, version, '99', 99, category, name,
           district_duty, street_duty, basis, primary_text, support_text, primary_side,
           departments, extra FROM duty_item WHERE rollout = '清单戊'""",
    ],
)
async def test_the_database_itself_keeps_what_is_issued(database: Database, change: str) -> None:
    """No statement edits a list that is issued (4-48)."""
    async with database.transaction() as connection:
        if not await cited(connection, "清单戊", at=NOW):
            await issue(connection, "清单戊", draft(item()), NOW)
    with pytest.raises(DBAPIError, match=r"issued|anew"):
        async with database.transaction() as connection:
            await connection.execute(text(change))


async def test_the_streets_claim_comes_with_the_item(database: Database) -> None:
    """The item says who at this street looks after it, and nothing of another street's people."""
    async with database.transaction() as connection:
        await issue(connection, "清单己", draft(item()), NOW)
        await connection.execute(
            text(
                "INSERT INTO duty_claim VALUES ('清单己', :list, '1', '一街道',"
                " ARRAY['张三', '李四'], '文旅专班', :at, '张三', NULL)"
            ),
            {"list": NAME, "at": NOW},
        )
        asked = {"district": "甲区", "at": NOW}
        (own,) = await store.item_in_force(connection, "清单己", "1", street="一街道", **asked)
        (other,) = await store.item_in_force(connection, "清单己", "1", street="二街道", **asked)

    assert (own.liaisons, own.team) == (("张三", "李四"), "文旅专班")
    assert (other.liaisons, other.team) == ((), "")
    assert own.departments == ("甲区文旅局",)
    assert own.primary_side is Side.DEPARTMENT


async def test_an_item_among_17000_is_found_at_once(database: Database) -> None:
    """With 50 lists of 340 items each, one look takes less than ten milliseconds."""
    items = [item(str(n)) for n in range(1, 341)]
    drafts = [draft(*items, name=f"清单{n}", street=f"街道{n}") for n in range(1, 51)]
    async with database.transaction() as connection:
        await store.store_drafts(connection, "清单庚", drafts, at=NOW, person="协调员")
        for new in drafts:
            await store.put_in_force(connection, "清单庚", new.content.name, 1, paper="文", at=NOW)
    async with database.single() as connection:
        seconds = []
        for n in range(1, 21):
            start = time.perf_counter()
            found = await cited(connection, "清单庚", "7", at=NOW, street=f"街道{n}")
            seconds.append(time.perf_counter() - start)
            assert found == [(f"清单{n}", 1)]
    assert sorted(seconds)[10] < TEN_MS


async def test_a_list_may_end_without_another(database: Database) -> None:
    """A withdrawn list is in force until it ends and keeps its filing number."""
    async with database.transaction() as connection:
        await issue(connection, "清单辛", draft(item()), NOW)
        assert await store.note_filing(connection, "清单辛", NAME, 1, "市编备1号")
        assert await store.withdraw(connection, "清单辛", NAME, LATER) == 1
        assert await store.withdraw(connection, "清单辛", NAME, LATER) is None

        assert await cited(connection, "清单辛", at=LATER - timedelta(seconds=1)) == [(NAME, 1)]
        assert await cited(connection, "清单辛", at=LATER) == []


async def test_hostile_texts_stay_texts(database: Database) -> None:
    """Quotes, backslashes and braces come back as they went in."""
    strange = replace(item(), name='\'; DROP TABLE x; --\\ {"a"}', extra={"委托书": "“甲”'文"})
    async with database.transaction() as connection:
        await issue(connection, "清单壬", draft(strange), NOW)
        (found,) = await store.item_in_force(
            connection, "清单壬", "1", district="甲区", street="一街道", at=NOW
        )
    assert found.name == strange.name
