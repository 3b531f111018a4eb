"""Calendar versions of three kinds: a notice, a district's overlay, a return to an earlier one.

What a rollback stages has the content of an earlier version, so content may recur now.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    "ALTER TABLE calendar_version DROP CONSTRAINT calendar_content_once",
    """
    ALTER TABLE calendar_version
        ADD COLUMN kind text,
        ADD COLUMN district text,
        ADD COLUMN basis integer
    """,
    "UPDATE calendar_version SET kind = '通知', district = '', basis = version - 1",
    """
    ALTER TABLE calendar_version
        ALTER COLUMN kind SET NOT NULL,
        ALTER COLUMN district SET NOT NULL,
        ALTER COLUMN basis SET NOT NULL,
        ADD CONSTRAINT calendar_kind_known CHECK (kind IN ('通知', '地方', '回退')),
        ADD CONSTRAINT calendar_overlay_has_district CHECK ((kind = '地方') = (district <> '')),
        ADD CONSTRAINT calendar_overlay_has_paper CHECK (kind <> '地方' OR paper <> ''),
        ADD CONSTRAINT calendar_change_has_person CHECK (kind = '通知' OR staged_by <> ''),
        ADD CONSTRAINT calendar_builds_on_earlier CHECK (basis >= 0 AND basis < version)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
