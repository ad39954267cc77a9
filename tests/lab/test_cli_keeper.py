"""The keeper, in this process: what it is told, what it says, what is in force afterwards."""

import ctypes
import os
import socket
import subprocess
import sys
import threading

import pytest

from bellrock.cli import keeper, nft_table
from bellrock.cli.keeper import Event, Keeper, Order
from tests.lab.apart import apart
from tests.lab.applying import BEFORE

pytestmark = pytest.mark.lab

_libc = ctypes.CDLL(None, use_errno=True)
NEW = "table inet bellrock {}\ndelete table inet bellrock\ntable inet bellrock {\n\tchain new {\n\t}\n}\n"


class Told:
    """A keeper in a thread of the namespace that `apart` made, and both ends of its lines."""

    def __init__(self, directory, *, within=60.0, new=NEW):
        nft_table.load(nft_table.restoring("bellrock", BEFORE))
        self.before = nft_table.listing("bellrock")
        shown = nft_table.listing("bellrock", counters=False)
        self.order = Order(table="bellrock", new=new, shown=shown, within=within, directory=directory)
        self.line, theirs = socket.socketpair()
        self.end, ended = socket.socketpair()
        self.line.settimeout(20)
        self._space = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.thread = threading.Thread(target=self._run, args=(theirs, ended))
        self.thread.start()

    def _run(self, line, ended):
        assert _libc.setns(self._space, 0) == 0
        with line, ended:
            Keeper(self.order, line, ended).run()

    def hears(self, *events):
        assert [keeper.hear(self.line) for _ in events] == list(events)

    def says(self, word):
        keeper.say(self.line, word)

    def is_over(self, *, restored):
        self.thread.join(20)
        assert not self.thread.is_alive()
        listed = nft_table.listing("bellrock")
        assert (listed == self.before) is restored
        for one in (self.line, self.end):
            one.close()
        os.close(self._space)


def told(short_path, work, **more):
    apart(lambda: work(Told(short_path / "state", **more)))


SCRIPT = """
import os, pathlib, sys
from bellrock.cli import keeper
order = keeper.Order(table="bellrock", new=sys.argv[2], shown=None, within=60.0, directory=pathlib.Path(sys.argv[1]))
with keeper.arm(order) as line:
    for word in ("go", sys.argv[3]):
        print(keeper.hear(line).event)
        keeper.say(line, word)
    print(keeper.hear(line).event)
    print(keeper.hear(line))
print(os.popen("nft list tables").read(), end="")
"""


@pytest.mark.parametrize(
    ("word", "last", "left"), [("keep", "kept", ["table inet bellrock"]), ("restore", "restored", [])]
)
def test_armed_by_another_process(short_path, word, last, left):
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", SCRIPT, str(short_path / "state"), NEW, word],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["armed", "loaded", last, "None", *left]


def test_kept_here(short_path):
    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        it.hears(Event("loaded"))
        it.says("nonsense")
        it.says("keep")
        it.hears(Event("kept"), None)
        it.is_over(restored=False)

    told(short_path, work)


def test_put_back_when_asked(short_path):
    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        it.hears(Event("loaded"))
        it.says("restore")
        it.hears(Event("restored", "asked to"), None)
        it.is_over(restored=True)

    told(short_path, work)


def test_put_back_when_time_is_up_though_nobody_listens(short_path):
    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        it.hears(Event("loaded"))
        it.line.close()
        it.is_over(restored=True)

    told(short_path, work, within=0.5)


def test_put_back_when_told_to_end(short_path):
    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        it.hears(Event("loaded"))
        it.end.send(b"\x0f")
        it.hears(Event("restored", "the keeper was told to end"), None)
        it.is_over(restored=True)

    told(short_path, work)


def test_kept_from_elsewhere(short_path):
    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        it.hears(Event("loaded"))
        with keeper.call(it.order.directory, "bellrock") as silent:
            silent.sendall(b"well\n")
        with keeper.call(it.order.directory, "bellrock") as line:
            keeper.say(line, "keep")
            assert keeper.hear(line) == Event("kept")
        it.hears(Event("kept"), None)
        it.is_over(restored=False)
        assert keeper.call(it.order.directory, "bellrock") is None
        assert keeper.call(it.order.directory / "none", "bellrock") is None

    told(short_path, work)


def test_whoever_armed_it_is_gone_before_saying_go(short_path):
    def work(it):
        it.hears(Event("armed"))
        it.line.close()
        it.is_over(restored=True)

    told(short_path, work)


def test_what_does_not_load(short_path):
    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        event = keeper.hear(it.line)
        assert event.event == "undone"
        assert "syntax error" in event.why
        it.is_over(restored=True)

    told(short_path, work, new="table inet\n")


def test_one_keeper_for_a_table(short_path):
    def work(it):
        it.hears(Event("armed"))
        second = Told(short_path / "state")
        second.hears(Event("busy"), None)
        second.is_over(restored=True)
        it.line.close()
        it.is_over(restored=True)

    told(short_path, work)


def test_a_directory_that_cannot_be_made(short_path):
    (short_path / "state").write_text("")

    def work(it):
        event = keeper.hear(it.line)
        assert (event.event, event.why) == ("failed", f"{short_path / 'state'}: File exists")
        it.is_over(restored=True)

    told(short_path, work)


def test_what_cannot_be_put_back_is_left_in_a_file(short_path, monkeypatch):
    monkeypatch.setattr(keeper, "_PAUSE", 0.01)

    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        it.hears(Event("loaded"))
        with monkeypatch.context() as broken:
            broken.setattr(nft_table, "load", lambda text, **_: "no memory")
            it.says("restore")
            event = keeper.hear(it.line)
        assert event.event == "stuck"
        (kept,) = it.order.directory.glob("*.before.nft")
        assert event.why == f"no memory. What was there is in {kept}; load it with: nft -f {kept}"
        assert kept.read_text() == nft_table.restoring("bellrock", it.before)
        it.is_over(restored=False)

    told(short_path, work)


def test_a_keeper_that_fails_puts_back(short_path, monkeypatch):
    monkeypatch.setattr(Keeper, "_decided", lambda *_: 1 / 0)
    failures = []
    monkeypatch.setattr(threading, "excepthook", lambda it: failures.append(it.exc_type))

    def work(it):
        it.hears(Event("armed"))
        it.says("go")
        it.hears(Event("loaded"))
        it.says("keep")
        it.hears(Event("restored", "the keeper failed"), None)
        it.is_over(restored=True)

    told(short_path, work)
    assert failures == [ZeroDivisionError]


def test_the_last_words_of_a_line_that_breaks(short_path):
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(b'{"event":"lo')
        theirs.close()
        assert keeper.hear(ours) is None
        keeper.say(ours, "nobody hears")


def test_a_socket_of_somebody_else_is_told(short_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keeper.os, "open", refuse)
    with pytest.raises(PermissionError):
        keeper.call(short_path, "bellrock")


def test_what_another_apply_has_not_had_confirmed_is_never_put_back(short_path):
    """The second one has shown its changes against the first one's rules, which have gone since."""

    def work(first):
        first.hears(Event("armed"))
        first.says("go")
        first.hears(Event("loaded"))
        shown = nft_table.listing("bellrock", counters=False)
        first.says("restore")
        first.hears(Event("restored", "asked to"), None)
        first.is_over(restored=True)
        order = Order(table="bellrock", new=NEW, shown=shown, within=60.0, directory=first.order.directory)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            Keeper(order, theirs, theirs).run()
            assert keeper.hear(ours).why.startswith("table bellrock has changed since the changes were shown")
        assert nft_table.listing("bellrock") == first.before

    told(short_path, work)
