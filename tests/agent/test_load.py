"""What an agent costs its host, told so that only what matters is news."""

import os

import pytest

from bellrock.agent import load as module
from bellrock.agent.load import Gauge, agents


def process(root, pid, *words, parent=1, namespace=77):
    directory = root / str(pid)
    (directory / "ns").mkdir(parents=True)
    (directory / "cmdline").write_text("\0".join(words) + "\0")
    (directory / "stat").write_text(f"{pid} (a) b) S {parent} 0 0")
    (directory / "ns" / "net").symlink_to(f"net:[{namespace}]")


@pytest.fixture
def proc(tmp_path):
    process(tmp_path, "thread-self", "x")
    return tmp_path


@pytest.mark.parametrize(
    ("made", "count"),
    [
        ([(10, ("/usr/bin/bellrock", "rack"), {})], 1),
        ([(10, ("python3", "/opt/bellrock", "rack"), {}), (11, ("bellrock", "up"), {})], 2),
        ([(10, ("bellrock", "rack"), {}), (11, ("bellrock", "rack"), {"parent": 10})], 1),
        ([(10, ("bellrock", "rack"), {"namespace": 78})], 0),
        ([(10, ("bellrock", "check"), {}), (12, ("vim", "rack", "bellrock"), {}), (13, ("bellrock",), {})], 0),
    ],
    ids=["one", "two", "its companion", "of another namespace", "no agents"],
)
def test_agents_of_this_namespace(proc, made, count):
    for pid, words, more in made:
        process(proc, pid, *words, **more)
    assert agents(proc) == count


def test_where_nothing_may_be_looked_at_nothing_is_known(tmp_path):
    assert agents(tmp_path) is None


def test_this_process_now():
    one = Gauge().load(waiting=5312)
    assert (one.cpu, one.waiting) == (None, 5000), "no share of no time"
    assert one.memory is not None
    assert one.memory % (16 << 20) == 0
    assert one.processes is not None
    assert one.processes >= 1


def test_shares_are_of_the_time_since_the_last_look(monkeypatch):
    clock = iter((100.0, 160.0))
    used = iter((1.0, 31.0))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(module.time, "process_time", lambda: next(used))
    one = Gauge().load()
    assert (one.cpu, one.over) == (0.5, 60.0)


def test_children_and_memory_of_processes_that_go_meanwhile(proc):
    process(proc, 10, "x", parent=os.getpid())
    (proc / "10" / "statm").write_text("100 4096 x")
    process(proc, 11, "y", parent=os.getpid())
    (proc / "11" / "stat").write_text("gone")
    one = Gauge(proc).load()
    assert one.processes == 2
    assert one.memory == -(-4096 * os.sysconf("SC_PAGE_SIZE") // (16 << 20)) * (16 << 20)
