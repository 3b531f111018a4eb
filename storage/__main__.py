"""``python -m storage``: migrates the database named by ``JIEGAI_DATABASE_URL``, then ends."""

from __future__ import annotations

import asyncio
import os

from storage.migrate import upgrade

asyncio.run(upgrade(os.environ["JIEGAI_DATABASE_URL"]))
