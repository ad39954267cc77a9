"""Which schema versions are known."""

import asyncio

from alembic import command
from alembic.config import Config

from bellrock.model import Verdict, Wall
from bellrock.region.store import Change, Registration, open_store
from bellrock.region.store.database import _engine
from bellrock.region.store.days import DAY, days_of
from bellrock.region.store.migrating import MIGRATIONS, known_versions, version_flaw
from bellrock.region.store.postgres import make_engine, parse_url
from tests.region.stores import execute


def test_the_newest_comes_first_and_none_is_missing():
    known = known_versions()
    assert known == tuple(f"{number:04}" for number in range(len(known), 0, -1))


def test_what_is_wrong_with_a_version():
    newest = known_versions()[0]
    assert version_flaw(newest) is None
    assert version_flaw("0001") is None
    assert version_flaw("9999") == f"schema 9999 is newer than this Bellrock, which knows up to {newest}"
    assert version_flaw("ae1027a6acf") == "a database, but not a region's"


def upgrade(connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def test_history_is_moved_into_its_days_and_numbered_on(tmp_path, postgres):
    """As schema 0008 had it, with numbers that were given and are gone."""

    async def scene(where) -> tuple[list, list, list[int]]:
        shared = isinstance(where, str)
        engine = make_engine(parse_url(where)) if shared else _engine(where)
        async with engine.begin() as connection:
            await connection.run_sync(upgrade, "0008")
            for number, day in enumerate((3, 20_000, -5, 20_000, 20_001), 1):
                at = day * DAY + 5.0
                for statement in (
                    f"INSERT INTO journal (at, agent, seq, kind, body) VALUES ({at}, 'a', {number}, 'k', '{{}}')",
                    f"INSERT INTO probe_changes (at, agent, flow, body) VALUES ({at}, 'a', 'f{number}', '{{}}')",
                ):
                    await connection.exec_driver_sql(statement)
            await connection.exec_driver_sql("DELETE FROM journal WHERE id = 5")
        await engine.dispose()
        store = await open_store(where)
        try:
            moved = await store.journal()
            change = Change(at=Wall(20_002 * DAY), agent="b", flow="f", target="t", verdict=Verdict.WORKS, detail="")
            await store.probes.keep((), [change], ())
            await store.save_places(b"{}", [Registration(id="i", host="b", mac="m", name="n")], (), Wall(20_000 * DAY))
            async with store.snapshot() as connection:
                days = await connection.run_sync(days_of, "journal")
            flows = await execute(store, "SELECT id, flow FROM probe_changes ORDER BY id")
            return [row[:4] for row in moved], [*flows, (await store.journal(after=4))[0][0]], days
        finally:
            await store.close()

    url = postgres.empty()
    in_file, on_server = (asyncio.run(scene(where)) for where in (tmp_path / "a.sqlite", url))
    postgres.drop(url)
    assert in_file == on_server
    moved, numbered, days = in_file
    assert [(row[0], row[1], row[3]) for row in moved] == [
        (number, day * DAY + 5.0, number) for number, day in enumerate((3, 20_000, -5, 20_000), 1)
    ]
    assert numbered == [*((number, f"f{number}") for number in range(1, 6)), (6, "f"), 6]
    assert days == [0, 3, 20_000]
