"""Offered servers tried on loopback: there, closed, silent, somebody else."""

import asyncio
import re
import socket
from contextlib import closing

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.source import Source
from bellrock.probe import dhcp_follow
from bellrock.probe.dhcp_follow import Once, Tried, Way, boot_url, follow, follow_all, name_server, proxy_wish
from bellrock.wire import dhcp
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Kind, Message
from tests.bootfiles import ARM64, uefi
from tests.probe.dhcp_offered import MAC, Script, four, net_of, offer, planned, proxy
from tests.probe.peers import udp_server

HERE = "127.0.0.1"


def way(seconds=0.2):
    return Way(net_of(), Source(), seconds)


def closed_port(kind=socket.SOCK_DGRAM):
    with closing(socket.socket(socket.AF_INET, kind)) as sock:
        sock.bind((HERE, 0))
        return sock.getsockname()[1]


@pytest.fixture
def ports(monkeypatch):
    """Have the servers' well-known ports elsewhere."""

    def move(**numbers):
        for name, number in numbers.items():
            monkeypatch.setattr(dhcp_follow, name, number)

    return move


@pytest.fixture(autouse=True)
def _loopback_needs_no_interface(monkeypatch):
    monkeypatch.setattr(dhcp_follow, "Source", lambda _: Source())


def followed(arch, offers, address="127.0.0.1", left=0.5):
    variant = planned(arch=arch).variants[0]
    return asyncio.run(follow(variant, Script(None, address), offers, net_of(), left, Once()))


TFTP = {"siaddr": HERE, "file": b"pxelinux.0"}
GAVE = b"\0\3\0\1" + b"x" * 512


def test_tftp_gives_and_is_told_that_it_is_enough(ports):
    heard = []

    def answer(payload, say):
        heard.append(payload)
        say(GAVE, True)

    with udp_server(answer) as port:
        ports(TFTP_PORT=port)
        found = followed("bios", [offer(**TFTP)])
    assert found.faults == []
    assert found.facts == {"reachable": {"tftp 127.0.0.1": True}}
    assert heard == [b"\0\1pxelinux.0\0octet\0"]


@pytest.mark.parametrize(
    ("begins", "faults"),
    [
        (uefi(ARM64)[:512], []),
        (uefi()[:512], ["'pxelinux.0' is a program for x86-64, and uefi-arm64 needs one for ARM64"]),
        (b"x" * 512, ["'pxelinux.0' is no UEFI program, and uefi-arm64 cannot start it"]),
    ],
    ids=["its own", "x64", "bios"],
)
def test_the_file_of_another_kind_of_machine(ports, begins, faults):
    with udp_server(lambda _, say: say(GAVE[:4] + begins)) as port:
        ports(TFTP_PORT=port)
        assert followed("uefi-arm64", [offer(**TFTP)]).faults == faults


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            b"\0\5\0\1File not found\0",
            "the boot server 127.0.0.1 does not give 'pxelinux.0': TFTP error 1, File not found",
        ),
        (b"HTTP", "what answers at 127.0.0.1 udp/69 is no TFTP server"),
        (b"", "what answers at 127.0.0.1 udp/69 is no TFTP server"),
    ],
    ids=["no file", "another protocol", "nothing"],
)
def test_tftp_that_does_not_give(ports, reply, words):
    with udp_server(lambda _, say: say(reply)) as port:
        ports(TFTP_PORT=port)
        found = followed("bios", [offer(**TFTP)])
    assert found.faults == [words]
    assert found.facts["reachable"] == {"tftp 127.0.0.1": True}


def test_tftp_that_nobody_listens_for(ports):
    ports(TFTP_PORT=closed_port())
    found = followed("bios", [offer(**TFTP)])
    assert found.facts["reachable"] == {"tftp 127.0.0.1": False}
    assert (
        "cannot be reached by TFTP from this link: nobody listens there, or a firewall rejects it: " in found.faults[0]
    )


def test_tftp_that_is_silent(ports):
    heard = []
    with udp_server(lambda payload, _: heard.append(payload)) as port:
        ports(TFTP_PORT=port)
        found = followed("bios", [offer(**TFTP)], left=0.2)
    assert "nothing comes back" in found.faults[0]
    assert len(heard) == dhcp_follow.TRIES


def test_what_cannot_be_asked_for():
    long = followed("bios", [offer(siaddr=HERE, more={option.BOOT_FILE: "ä".encode() * 255})])
    assert long.facts["reachable"] == {"tftp 127.0.0.1": None}
    assert "cannot be asked for: a request of" in long.faults[0]
    named = followed("bios", [offer(more={option.BOOT_FILE: b"x", option.TFTP_SERVER: b"rack.example"})])
    assert (named.faults, named.facts["reachable"]) == ([], {"tftp rack.example": None})


@pytest.mark.parametrize(
    ("address", "giaddr", "left", "why"),
    [("", "", 1.0, "no address"), (HERE, "10.2.0.1", 1.0, "as a relay"), (HERE, "", 0.05, "no time")],
    ids=["no address", "a relay", "no time"],
)
def test_not_followed(address, giaddr, left, why):
    talk = Script(None, address)
    talk.giaddr = giaddr
    found = asyncio.run(follow(planned(arch="bios").variants[0], talk, [offer(**TFTP)], net_of(), left, Once()))
    assert (found.faults, found.facts["reachable"]) == ([], {})
    assert why in found.facts["not_followed"]


def test_who_does_not_boot_has_only_dns_tried():
    assert followed("plain", [offer(**TFTP)]).facts == {"reachable": {}}
    assert followed("uefi-x64-http", [offer(**TFTP)]).facts == {"reachable": {}}
    assert followed("bios", [offer()]).facts == {"reachable": {}}


class TestUrls:
    @pytest.fixture
    def listener(self):
        with closing(socket.create_server((HERE, 0))) as sock:
            yield sock.getsockname()[1]

    def tried(self, url):
        return asyncio.run(boot_url(way(), url))

    def test_open_and_closed(self, listener):
        assert self.tried(f"http://127.0.0.1:{listener}/x") == Tried(f"http 127.0.0.1:{listener}", True)
        port = closed_port(socket.SOCK_STREAM)
        found = self.tried(f"https://127.0.0.1:{port}/x")
        assert (found.reached, found.fault) == (
            False, f"the offered boot server 127.0.0.1 tcp/{port} cannot be reached from this link: nobody listens there, or a firewall rejects it",
        )  # fmt: skip

    @pytest.mark.parametrize("url", ["http://rack.example/x", "nbd://127.0.0.1/x"], ids=["a name", "another scheme"])
    def test_not_tried(self, url):
        assert self.tried(url).reached is None
        assert self.tried(url).fault == ""

    @pytest.mark.parametrize("url", ["http://[x/", "http://127.0.0.1:99999/"], ids=["bracket", "port"])
    def test_none(self, url):
        assert self.tried(url).reached is None
        assert "is none" in self.tried(url).fault

    def test_by_tftp(self, ports):
        with udp_server(lambda _, say: say(GAVE)) as port:
            ports(TFTP_PORT=port)
            assert self.tried("tftp://127.0.0.1/a/b") == Tried("tftp 127.0.0.1", True, gave="a/b", begins=GAVE[4:])

    def test_the_url_of_an_offer(self, listener):
        url = f"http://127.0.0.1:{listener}/x".encode()
        found = followed("uefi-x64-http", [offer(more={option.BOOT_FILE: url})])
        assert found.facts["reachable"] == {f"http 127.0.0.1:{listener}": True}

    def test_silence(self, monkeypatch):
        async def never(*_, **__):
            await asyncio.Event().wait()

        one = way(0.01)
        monkeypatch.setattr(one._net, "connect", never)
        assert asyncio.run(boot_url(one, "http://127.0.0.1/x")).fault.endswith("nothing comes back")


class TestDns:
    def tried(self, monkeypatch, answer):
        with udp_server(answer) as port:
            one = way()
            real = one._net.datagrams
            monkeypatch.setattr(one._net, "datagrams", lambda _, **more: real(port, **more))
            return asyncio.run(name_server(one, HERE, 7))

    def test_any_answer_will_do(self, monkeypatch):
        assert self.tried(monkeypatch, lambda payload, say: say(payload[:2] + b"\x80\x05" + payload[4:])) == Tried(
            "dns 127.0.0.1", True
        )

    def test_somebody_else(self, monkeypatch):
        found = self.tried(monkeypatch, lambda _, say: say(b"\xff\xffno"))
        assert (found.reached, found.fault) == (True, "what answers at 127.0.0.1 udp/53 is no DNS server")

    def test_silence(self, monkeypatch):
        found = self.tried(monkeypatch, lambda *_: None)
        assert found.reached is False
        assert "cannot be reached from this link: nothing comes back" in found.fault

    def test_offered_ones_are_tried_once_each_and_only_four(self, monkeypatch):
        asked = []

        async def note(_, address, number):
            asked.append(address)
            return Tried(f"dns {address}", True)

        monkeypatch.setattr(dhcp_follow, "name_server", note)
        servers = [f"10.0.0.{number}" for number in (1, 2, 1, 3, 4, 5)]
        followed("plain", [offer(more={option.DNS_SERVERS: four(*servers)})])
        assert asked == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]


MENU = {option.VENDOR: bytes.fromhex("0807 8000 01 7f000001 0907 8000 04 426f6f74 ff")}
"""One boot server and one entry."""


class TestProxy:
    def followed(self, ports, answer, offered=None):
        with udp_server(answer) as port:
            ports(PROXY_PORT=port)
            return followed("bios", [offered or proxy(server=HERE, more=MENU)])

    @staticmethod
    def says(**fields):
        def answer(payload, say):
            asked = dhcp.decode(payload)
            say(dhcp.encode(Message(op=2, xid=asked.xid, kind=Kind.ACK, **fields)))

        return answer

    def test_it_names_the_file(self, ports):
        found = self.followed(ports, self.says(file=b"boot/pxelinux.0", siaddr="10.0.0.2"))
        assert found.faults == []
        assert found.facts == {
            "reachable": {"proxydhcp 127.0.0.1": True},
            "proxy_boot_file": "tftp://10.0.0.2/boot/pxelinux.0",
        }

    def test_without_a_menu_the_server_itself_is_asked(self, ports):
        assert (
            self.followed(ports, self.says(file=b"x"), proxy(server=HERE)).facts["proxy_boot_file"]
            == "tftp://127.0.0.1/x"
        )

    @pytest.mark.parametrize(
        ("answer", "reached", "words"),
        [
            (lambda _, say: say(b"no"), True, "is no DHCP server"),
            (lambda *_: None, False, "on port .* for the boot file of bios: nothing comes back"),
            ("no file", True, "without a boot file for bios"),
        ],
        ids=["garbage", "silence", "no file"],
    )
    def test_it_does_not(self, ports, answer, reached, words):
        found = self.followed(ports, self.says() if answer == "no file" else answer)
        assert found.facts["reachable"] == {"proxydhcp 127.0.0.1": reached}
        assert re.search(words, found.faults[0])

    def test_what_it_is_asked(self):
        variant = planned(arch="bios").variants[0]
        wish = proxy_wish(variant, MAC, "10.0.0.7", b"\x80\0")
        assert (wish.kind, wish.ciaddr, wish.broadcast, wish.options[option.VENDOR]) == (
            Kind.REQUEST,
            "10.0.0.7",
            False,
            bytes.fromhex("470480000000ff"),
        )
        assert wish.xid != variant.discover.xid
        assert option.VENDOR not in proxy_wish(variant, MAC, "10.0.0.7", b"").options


@pytest.mark.parametrize("obstacle", [Obstacle.LOCAL, Obstacle.OWN_FIREWALL])
def test_what_this_host_itself_hinders_says_nothing_of_a_server(monkeypatch, obstacle):
    one = way()

    async def hindered(*_, **__):
        raise Obstructed(obstacle, why="this host's own rules do not let it out")

    monkeypatch.setattr(Way, "ask", hindered)
    for attempt in (
        name_server(one, HERE, 7), boot_url(one, "tftp://127.0.0.1/x"),
        dhcp_follow._proxy(one, proxy(), planned(arch="bios").variants[0], Script(None, HERE)),
    ):  # fmt: skip
        found = asyncio.run(attempt)
        assert found.reached is None
        assert found.fault.endswith("could not be tried: this host's own rules do not let it out")
    monkeypatch.setattr(one._net, "connect", hindered)
    assert asyncio.run(boot_url(one, "http://127.0.0.1/x")).reached is None


def test_all_at_once_and_in_order():
    async def one():
        return Tried("a", False, "wrong")

    async def other():
        return Tried("b", True, file="f")

    found = asyncio.run(follow_all([one, other]))
    assert (found.faults, found.facts) == (["wrong"], {"reachable": {"a": False, "b": True}, "proxy_boot_file": "f"})


def test_what_two_machines_are_offered_is_tried_once():
    tried = []

    async def attempt():
        tried.append(1)
        await asyncio.sleep(0)
        return Tried("dns 10.0.0.1", True)

    async def work():
        once = Once()
        both = await asyncio.gather(once.of("dns 10.0.0.1", attempt)(), once.of("dns 10.0.0.1", attempt)())
        return [*both, await once.of("dns 10.0.0.2", attempt)()]

    assert asyncio.run(work()) == [Tried("dns 10.0.0.1", True)] * 3
    assert len(tried) == 2


def test_who_waits_for_another_is_not_left_waiting():
    async def fails():
        raise Obstructed(Obstacle.SILENCE)

    async def work():
        once = Once()
        return await asyncio.gather(once.of("a", fails)(), once.of("a", fails)(), return_exceptions=True)

    error, told = asyncio.run(work())
    assert isinstance(error, Obstructed)
    assert told == Tried("a", None)
