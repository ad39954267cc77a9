"""What `bellrock flows lint` reads and how it tells it; on real processes in tests/lab/test_cli_flowlint.py."""

import os
import signal
from pathlib import Path

import pytest

from bellrock.cli import flowlint
from bellrock.cli.flowlint import Sight, document, judge, look, told
from bellrock.cli.output import Failure
from bellrock.flows.lint import Kind
from bellrock.flows.values import Role
from bellrock.link.device import LinkError
from bellrock.link.listeners import Listening
from bellrock.link.watch import Watched
from tests.flows.lint.scenes import listener, scene, site, talk

NGINX = listener("tcp", 80, name="nginx")
ADDRESSES = (("lo", "127.0.0.1/8"), ("eth0", "10.20.0.2/24"), ("eth1", "fe80::1/64"))


@pytest.fixture
def host(monkeypatch):
    """A host with two interfaces and one server; what is changed by name takes the place of what it has."""

    has = {"listening": lambda: Listening(here=(NGINX,)), "connections": lambda: None, "addresses": lambda: ADDRESSES}

    def change(**changed):
        for name, what in (has | changed).items():
            monkeypatch.setattr(flowlint, name, what)

    change()
    return change


def test_a_host_beside_a_site(host):
    there, sight = look(site(), Path("site.toml"), None, None)
    assert there.roles == (Role.RACK,)
    assert [address.text for address in there.addresses] == ["127.0.0.1/8", "10.20.0.2/24", "fe80::1/64"]
    assert (there.listeners, there.conversations, there.file) == ((NGINX,), None, "site.toml")
    assert (sight.tracked, sight.watched) == (False, None)


def test_roles_by_name(host):
    assert look(site(), Path("f"), "ntp, log,ntp", None)[0].roles == (Role.NTP, Role.LOG)
    with pytest.raises(Failure, match=r"--for no role 'nt'; did you mean") as failure:
        look(site(), Path("f"), "rack,nt", None)
    assert failure.value.exit_code == 2


def test_traffic_is_what_was_watched_and_what_the_kernel_tracks(host):
    tracked, seen = talk("10.20.0.9", 1, "10.20.0.2", 2), talk("10.20.0.9", 3, "10.20.0.2", 4)
    host(connections=lambda: (tracked,))
    there, sight = look(site(), Path("f"), None, None)
    assert (there.conversations, sight.tracked) == ((tracked,), True)
    host(
        connections=lambda: (tracked,),
        watch=lambda seconds, stop: Watched(conversations=(seen,), seconds=seconds, frames=1),
    )
    there, sight = look(site(), Path("f"), None, 5.0)
    assert there.conversations == (seen, tracked)
    assert sight.watched.seconds == 5.0


def test_what_cannot_be_read_is_one_line(host):
    def fails(*_):
        raise LinkError("no raw frames can be received: the capability CAP_NET_RAW is missing")

    host(watch=fails)
    with pytest.raises(Failure, match="--watch: no raw frames") as failure:
        look(site(), Path("f"), None, 1.0)
    assert failure.value.exit_code == 3

    def refused():
        raise PermissionError(1, "Operation not permitted")

    host(addresses=refused)
    with pytest.raises(Failure, match="the kernel does not tell of its addresses: Operation not permitted") as failure:
        look(site(), Path("f"), None, None)
    assert failure.value.exit_code == 3


def test_an_interrupt_ends_the_look_and_not_the_command(host):
    before = signal.getsignal(signal.SIGINT)

    def watch(seconds, stop):
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        return Watched(conversations=(), seconds=0.1, frames=0)

    host(watch=watch)
    there, _ = look(site(), Path("f"), None, 60.0)
    assert there.conversations == ()
    assert signal.getsignal(signal.SIGINT) is before


def test_lines_for_people():
    there = scene(NGINX, conversations=(talk("10.20.0.50", 2070, "10.20.0.2", 69, packets=4),))
    lines = list(told(there, judge(there), Sight(found=Listening(here=(NGINX,)), tracked=True)))
    assert lines[0] == "this host (10.20.0.2 on eth0) plays rack; 1 socket listens here"
    assert lines[1] == "✓ http-boot: nginx (pid 7, 0.0.0.0:80) on tcp/80"
    at = lines.index("✗ the site says rack serves tftp on udp/69 here, nothing listens")
    assert lines[at + 1].startswith("    no socket")
    assert lines[at + 2].startswith("    → start it")
    assert "· the site says rack serves ssh on tcp/22 here, nothing listens" in lines
    assert "seen: tftp 4 (packets)" in lines
    assert "not checked from here: 9 conditions (--json tells them and why)" in lines
    assert lines[-1] == "4 complaints, 2 hints"
    assert [line for line in lines if line.startswith("?")] == [
        "? of traffic only the kernel's table of connections was read: --watch SECONDS looks at it"
    ]


def test_what_was_not_seen_is_told():
    there = scene(listener("tcp", 80), roles=())
    watched = Watched(conversations=(), seconds=1.0, frames=9, dropped=2, forgotten=3)
    found = Listening(here=(listener("tcp", 80),), hidden=1, namespaces_left=4)
    lines = list(told(there, judge(there), Sight(found=found, watched=watched)))
    assert lines[0].startswith("this host (10.20.0.2 on eth0) plays no role")
    assert [line for line in lines if line.startswith("?")] == [
        "? the owners of 1 socket cannot be seen by this user (1 process may not be looked into); run as root to have them named",
        "? 4 more network namespaces were not looked into",
        "? 2 frames came too fast to be counted",
        "? 3 packets belong to more conversations than are kept",
    ]
    assert lines[-1] == "1 complaint, 0 hints"
    unwatched = list(told(there, judge(there), Sight(found=Listening(here=(listener("tcp", 80),)))))
    assert "? the owners of 1 socket cannot be seen by this user; run as root to have them named" in unwatched
    assert "? traffic was not looked at: --watch SECONDS looks at it" in unwatched


def test_a_document_for_programs():
    there = scene(NGINX, conversations=(talk("10.20.0.50", 2070, "10.20.0.2", 69),))
    watched = Watched(conversations=there.conversations, seconds=1.0, frames=1)
    told = document(judge(there), Sight(found=Listening(here=(NGINX,)), watched=watched))
    assert told["roles"] == ["rack"]
    assert told["served"] == [{"flow": "http-boot", "by": "nginx (pid 7, 0.0.0.0:80) on tcp/80"}]
    assert told["seen"] == [{"flow": "tftp", "packets": 1}]
    assert told["sight"]["watched"]["conversations"] == 1
    assert told["sight"]["owners_hidden"] == 0
    assert {remark["kind"] for remark in told["remarks"]} == {Kind.SILENT.value}
    assert set(told["remarks"][0]) == {"kind", "weight", "flow", "sentence", "proof", "advice"}
    assert set(told["unchecked"][0]) == {"flow", "sentence", "why"}
    assert document(judge(there), Sight(found=Listening(here=())))["sight"]["watched"] is None
