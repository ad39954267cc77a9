"""The next version of Bellrock, made of this one: other software, a newer schema, and words that this one does not know."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import bellrock
from bellrock.region.store.migrating import known_versions

NEXT: Final = "0.2.0"
MIGRATION: Final = '''"""What a next version may add beside one that runs: a table, and columns that the older one does not fill."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("CREATE TABLE of_the_next (one integer PRIMARY KEY)")
    op.execute("ALTER TABLE agents ADD COLUMN of_the_next integer NOT NULL DEFAULT 0")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE members ADD COLUMN of_the_next text")
'''
CHANGES: Final = (
    # A batch of the feed with a field more.
    (
        "region/store/rows.py",
        "class Accepted(Struct, frozen=True, kw_only=True):\n",
        "class Accepted(Struct, frozen=True, kw_only=True):\n    of_the_next: dict[str, int] = {}\n",
    ),
    # A letter's word with a field more, and a word that is new, said with every pulse.
    (
        "region/cluster/words.py",
        "class Left(Struct, ",
        'class OfTheNext(Struct, frozen=True, tag="of-the-next"):\n    number: int\n\n\nclass Left(Struct, ',
    ),
    ("region/cluster/words.py", "Word = Nth | ", "Word = OfTheNext | Nth | "),
    (
        "region/cluster/words.py",
        "    since: float = 0.0\n",
        "    since: float = 0.0\n    of_the_next: tuple[int, ...] = (1, 2)\n",
    ),
    ("region/cluster/process.py", "import Event, Fresh, ", "import Event, Fresh, OfTheNext, "),
    (
        "region/cluster/process.py",
        "            if self._far is not None:\n",
        "            self._say_leader(OfTheNext(1))\n            if self._far is not None:\n",
    ),
)
"""(file, what is there once, what takes its place). If a file is laid out anew, so must this be."""


def make_next(directory: Path) -> Path:
    """A directory for PYTHONPATH with that version."""
    source = Path(bellrock.__file__).parent
    made = directory / "bellrock"
    shutil.copytree(source, made, ignore=shutil.ignore_patterns("__pycache__", "_page"))
    for name, before, after in CHANGES:
        path = made / name
        text = path.read_text()
        assert text.count(before) == 1, f"{name}: {before!r} is there {text.count(before)} times"
        path.write_text(text.replace(before, after))
    newest = known_versions()[0]
    revision = f"{int(newest) + 1:04}"
    migration = made / "region" / "store" / "migrations" / "versions" / f"v{revision}_next.py"
    migration.write_text(MIGRATION.format(revision=revision, before=newest))
    facts = directory / f"bellrock-{NEXT}.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bellrock\nVersion: {NEXT}\n")
    return directory
