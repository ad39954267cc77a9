"""Disks that are full, at agents and at PostgreSQL: nothing is acknowledged that is not kept, and all goes on when there is room."""

from __future__ import annotations

import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.judge import judge
from tests.faults.world import until, world
from tests.postgres import Server

pytestmark = pytest.mark.lab

AGENTS = 4
RATE = 10.0
BLOCK = bytes(65536)


@contextmanager
def small(path, size):
    """A file system of so much, in memory."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "bellrock-small", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def fill(path):
    """Leave no room at all."""
    try:
        with path.open("ab", buffering=0) as file:
            while file.write(BLOCK):
                pass
    except OSError:
        pass


def test_at_agents(tmp_path, record_property):
    with small(tmp_path / "small", "16m") as disk, world(tmp_path) as there:
        there.region()
        fleet = there.fleet(AGENTS, rate=RATE, spools=disk / "spools")
        there.right_again(time.monotonic())
        fill(disk / "ballast")
        until(lambda: fleet.ask("status")["pending"] > AGENTS, lambda: fleet.ask("status"))
        assert "free space or mend the disk" in fleet.log.read_text()
        began = time.monotonic()
        (disk / "ballast").unlink()
        took = there.right_again(began)
        record_property("agents_disk_full_seconds", round(took, 2))
        print(f"agents' disk full: right again after {took:.2f} s")
        there.still()
        assert judge(there).wrong == []


def test_at_postgresql(tmp_path, record_property):
    # PostgreSQL runs as another user, who may not go where pytest keeps things.
    with tempfile.TemporaryDirectory(prefix="bellrock-full-") as shown, small(Path(shown, "d"), "160m") as disk:
        Path(shown).chmod(0o755)
        disk.chmod(0o755)
        server = Server(disk / "pg", durable=True, settings={"max_wal_size": "32MB", "min_wal_size": "32MB"})
        server.make()
        server.start()
        try:
            _at_postgresql(tmp_path, server, disk, record_property)
        finally:
            server.stop()


def _at_postgresql(tmp_path, server, disk, record_property):
    with world(tmp_path, postgres=server) as there:
        for _ in range(2):
            there.region()
        fleet = there.fleet(AGENTS, rate=RATE)
        there.right_again(time.monotonic())
        fleet.rate(20 * RATE)
        fill(disk / "ballast")
        # Either it says so of a table (53100), or ends because it can write no log of its own: what is certain is that agents wait.
        until(lambda: fleet.ask("status")["waiting"] > 50 * AGENTS, lambda: fleet.ask("status"))
        assert any("store-full" in one.log.read_text() or "store-away" in one.log.read_text() for one in there.regions)
        fleet.rate(RATE)
        began = time.monotonic()
        (disk / "ballast").unlink()
        if not server.runs:
            server.stop()
            server.start()
        took = there.right_again(began)
        record_property("postgresql_disk_full_seconds", round(took, 2))
        print(f"PostgreSQL's disk full: right again after {took:.2f} s")
        there.still()
        # History gives way where a disk stays full; what holds does not.
        assert judge(there, history=False).wrong == []
