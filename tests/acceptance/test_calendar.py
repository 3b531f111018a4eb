"""A district's calendar by the command line, on the real stack: a typhoon day, and taking it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.site import KICKOFF, PLAN, Site, until

ROLLOUT, DISTRICT, STREET = "换历", "历区", "历街道"
ITEM = f"{ROLLOUT}/{DISTRICT}/{STREET}/总结#办理"
LEADER = f"{DISTRICT}协调员"
PAPER = "历防指〔2026〕3号"


@pytest.fixture
def site(stack) -> Site:
    """The command line against the running stack."""
    return Site(stack.settings.data_dir)


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    """The small plan in a district that no other test has."""
    text = PLAN.read_text("utf-8").replace("名称: 两街道", f"名称: {ROLLOUT}", 1)
    text = text.replace("区协调员", LEADER).replace("甲区", DISTRICT)
    text = text.replace("一街道", STREET).replace("二街道", "历二街道")
    path = tmp_path / "方案.yaml"
    path.write_text(text, "utf-8")
    return path


async def test_a_typhoon_day_is_imported_published_and_taken_back(site: Site, plan_file) -> None:
    """Closing the very day on which 办理 is due moves it; the return shows the list reversed."""

    async def due() -> str:
        said = await site.jiegai("inbox", "--unit", STREET, "--rollout", ROLLOUT, "--json")
        dates = [line["due_date"] for line in said.json["lines"] if line["item"] == ITEM]
        return dates[0] if dates else ""

    async def has_work() -> bool:
        return bool(await due())

    assert (await site.jiegai("rollout", "start", str(plan_file), *KICKOFF)).code == 0
    await until(has_work)
    first = await due()

    words = ("--district", DISTRICT, "--off", first, "--name", "台风停工", "--paper", PAPER)
    refused = await site.jiegai("calendar", "import", *words, "--as", "路人")
    assert (refused.code, refused.error) == (3, "CALENDAR_NOT_YOURS")
    staged = await site.jiegai("calendar", "import", *words, "--as", LEADER)
    assert staged.code == 0, staged.err
    assert f"{DISTRICT}{first}休" in staged.out
    there = await publish(site)

    async def has_moved() -> bool:
        return await due() != first

    await until(has_moved)
    assert there[ITEM] == (first, await due())

    back = await site.jiegai("calendar", "rollback", "--as", LEADER)
    assert back.code == 0, back.err
    again = await publish(site)

    async def has_returned() -> bool:
        return await due() == first

    await until(has_returned)
    assert again == {item: (after, before) for item, (before, after) in there.items()}
    listed = (await site.jiegai("calendar", "versions", "--json")).json["lines"]
    assert [(v["kind"], v["district"], v["published_by"], v["in_force"]) for v in listed[:2]] == [
        ("回退", "", LEADER, True),
        ("地方", DISTRICT, LEADER, False),
    ]
    page = (await site.jiegai("calendar", "versions")).out
    assert f"撤回第{listed[1]['version']}版（{DISTRICT}：{PAPER}）" in page


async def publish(site: Site) -> dict[str, tuple[str, str]]:
    """Look at what a version moves in 历区, then put it in force."""
    shown = await site.jiegai("calendar", "publish", "--json")
    done = await site.jiegai("calendar", "publish", "--confirm", "--as", LEADER, "--json")
    assert done.code == 0, done.err
    assert shown.json["moved"] == done.json["moved"]
    return {one["item"]: (one["before"], one["after"]) for one in done.json["moved"]}
