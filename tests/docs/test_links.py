"""The documents point at what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_to_a_file_leads_somewhere(page: Path):
    """A relative link or picture of a page is a file of the project."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    files = [link for link in links if "://" not in link]

    assert [link for link in files if not (page.parent / link).exists()] == []


def test_every_decision_is_in_their_table():
    """docs/adr/README.md lists each numbered page."""
    pages = {file.name for file in (ROOT / "docs" / "adr").glob("[0-9]*.md")}
    table = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", table)) == pages
