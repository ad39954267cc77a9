"""Schema versions: which ones this Bellrock knows, and bringing a database to the newest."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS: Final = Path(__file__).parent / "migrations"


@cache
def known_versions() -> tuple[str, ...]:
    """All, the newest first."""
    return tuple(step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def version_flaw(found: str) -> str | None:
    """What is wrong with a database's schema version, which this Bellrock may be too old for; None: nothing."""
    if found in known_versions():
        return None
    if re.fullmatch(r"\d{4}", found):
        return f"schema {found} is newer than this Bellrock, which knows up to {known_versions()[0]}"
    return "a database, but not a region's"


def migrate(connection: Connection) -> None:
    """Make the tables, or bring them to the newest version, within the transaction that runs."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
