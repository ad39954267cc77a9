"""DHCPv6 asked of real servers (dnsmasq, ISC dhcpd) on a link, on a VLAN, as another machine, through a relay and as one."""

import pytest

from bellrock.model import Verdict
from bellrock.probe import dhcp6_talk
from tests.cli.programs import wait_until
from tests.lab.services.dhcp_servers import Segment

pytestmark = pytest.mark.lab
QUICK = {"window": "0.3"}
RANGE = "--dhcp-range=fd09::100,fd09::200,64,1h"
SUBNETS = """subnet6 fd30::/64 {} subnet6 fd09::/64 { range6 fd09::300 fd09::400; }
             subnet6 fd20::/64 { range6 fd20::100 fd20::200; option dhcp6.bootfile-url "http://[fd20::1]/x.efi"; }"""
SERVER6 = "fd30::2"


@pytest.fixture(scope="module")
def segment():
    with Segment() as one:
        for host in one.hosts.values():
            wait_until(lambda host=host: "tentative" not in host.run("ip", "-6", "addr"), "an address stays tentative")
        yield one


@pytest.fixture
def started(segment):
    """Servers that end with the test."""
    before = list(segment._started)
    yield segment
    for program in [one for one in segment._started if one not in before]:
        segment.stop(program)
    for host in segment.hosts.values():
        host.run("nft", "flush ruleset")


def dnsmasq(segment, *arguments, inside=None):
    return segment.dnsmasq(*arguments, network="", port=547, inside=inside)


def test_dnsmasq_advertises_an_address(started):
    dnsmasq(started, RANGE)
    found = started.only("dhcpv6", **QUICK)
    assert found.verdict is Verdict.WORKS, found
    (advert,) = found.facts["adverts"]
    assert advert["addresses"][0]["address"].startswith("fd09::1")
    assert advert["duid"].startswith("0001")
    assert found.rtt_ms > 0


def test_isc_dhcpd_advertises_an_address(started):
    started.dhcpd6(SUBNETS, "eth0", "eth1")
    assert started.only("dhcpv6", **QUICK).verdict is Verdict.WORKS


def test_boot_urls_are_for_those_who_can_fetch_them(started):
    dnsmasq(
        started,
        RANGE,
        "--dhcp-option=option6:59,tftp://[fd09::1]/bootx64.efi",
        "--dhcp-option=option6:dns-server,[fd09::1]",
    )
    found = started.ask("dhcpv6", arch="plain,uefi-x64,uefi-x64-http", follow="no", **QUICK)
    assert found["plain"].verdict is Verdict.WORKS
    assert "names tftp://[fd09::1]/bootx64.efi for uefi-x64" in found["uefi-x64"].detail
    assert "it fetches by http or https" in found["uefi-x64-http"].detail
    tried = started.only("dhcpv6", arch="uefi-x64", **QUICK)
    assert tried.verdict is Verdict.DEGRADED
    assert tried.facts["reachable"] == {"dns fd09::1": False, "tftp fd09::1": False}


def test_without_a_boot_url(started):
    dnsmasq(started, RANGE)
    assert (
        "nobody names a boot file URL (option 59) for uefi-arm64"
        in started.only("dhcpv6", arch="uefi-arm64", **QUICK).detail
    )


def test_no_addresses_are_left(started):
    dnsmasq(started, "--dhcp-range=fd09::,static,64,1h")
    found = started.only("dhcpv6", **QUICK)
    assert found.verdict is Verdict.DEGRADED, found
    assert "offers no address" in found.detail


def test_no_server_is_silence(started):
    found = started.only("dhcpv6", within=1.5)
    assert found.verdict is Verdict.FILTERED
    assert "nobody advertises anything on eth0" in found.detail


@pytest.mark.parametrize("how", ["drop", "reject"])
def test_a_server_behind_its_own_firewall(started, how):
    """An ICMPv6 error about what was sent to a group is not sent (RFC 4443 §2.4)."""
    dnsmasq(started, RANGE)
    assert started.only("dhcpv6", **QUICK).verdict is Verdict.WORKS
    started.one.run(
        "nft",
        f"add table inet t; add chain inet t c {{ type filter hook input priority 0; }}; add rule inet t c udp dport 547 {how}",
    )
    assert started.only("dhcpv6", within=0.8).verdict is Verdict.FILTERED


@pytest.mark.parametrize("servers", ["fd09::99", "00030001020000000001"])
def test_only_a_stranger_answers(started, servers):
    dnsmasq(started, RANGE)
    found = started.only("dhcpv6", servers=servers, **QUICK)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "is not one of the servers that should" in found.detail


def test_the_wanted_server_by_its_duid(started):
    dnsmasq(started, RANGE)
    duid = started.only("dhcpv6", **QUICK).facts["adverts"][0]["duid"]
    assert started.only("dhcpv6", servers=duid, **QUICK).verdict is Verdict.WORKS


def test_as_another_machine_by_frames_that_answer_for_their_address(started):
    dnsmasq(started, RANGE)
    found = started.only("dhcpv6", mac="02:00:00:00:00:09", **QUICK)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["asked_as"] == "02:00:00:00:00:09"
    assert found.facts["adverts"][0]["mac"]


def test_a_vlan_is_asked_by_tagged_frames(started):
    dnsmasq(started, "--dhcp-range=fd10::100,fd10::200,64,1h", inside=started.tagged)
    found = started.only("dhcpv6", vid="10", **QUICK)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["adverts"][0]["addresses"][0]["address"].startswith("fd10::1")
    assert started.only("dhcpv6", within=0.6).verdict is Verdict.FILTERED


def test_frames_need_the_right_to_them(started, monkeypatch):
    monkeypatch.setattr(dhcp6_talk, "can_raw", lambda: False)
    found = started.only("dhcpv6", vid="10")
    assert found.verdict is Verdict.NOT_CHECKED
    assert "setcap cap_net_raw" in found.detail


def test_through_a_relay(started):
    started.dhcpd6(SUBNETS, "eth0", "eth1")
    started.start(
        "dhcrelay",
        "-6",
        "-d",
        "--no-pid",
        "-l",
        "eth0",
        "-u",
        f"{SERVER6}%eth1",
        inside=started.relay,
        says="Sending on",
    )
    found = started.only("dhcpv6", vid="20", arch="uefi-arm64-http", **QUICK)
    assert found.verdict is Verdict.WORKS, found
    assert "http://[fd20::1]/x.efi" in found.detail


class TestAsARelay:
    def ask(self, segment, **options):
        return segment.only("dhcpv6", to=SERVER6, inside=segment.relay, window="0.2", **options)

    def test_for_a_link_that_the_server_has(self, started):
        started.dhcpd6(SUBNETS, "eth0", "eth1")
        found = self.ask(started, link="fd20::1")
        assert found.verdict is Verdict.WORKS, found
        assert found.target == f"[{SERVER6}]:547"
        assert self.ask(started, link="fd77::1", within=0.8).verdict is not Verdict.WORKS

    def test_nobody_listens(self, started):
        assert self.ask(started, link="fd20::1").verdict is Verdict.REFUSED

    @pytest.mark.parametrize(
        ("how", "verdict"),
        [("drop", Verdict.FILTERED), ("reject with icmpx admin-prohibited", Verdict.FILTERED)],
        ids=["drop", "reject"],
    )
    def test_blocked(self, started, how, verdict):
        started.dhcpd6(SUBNETS, "eth0", "eth1")
        started.one.run(
            "nft",
            f"add table inet t; add chain inet t c {{ type filter hook input priority 0; }}; add rule inet t c udp dport 547 {how}",
        )
        assert self.ask(started, link="fd20::1", within=0.8).verdict is verdict

    def test_another_server_on_the_port(self, started):
        path = started.directory / "named6.conf"
        path.write_text(
            f'options {{ directory "{started.directory}"; listen-on {{ none; }}; listen-on-v6 port 547 {{ any; }}; recursion no; pid-file none;'
            " session-keyfile none; }; controls {};"
        )
        started.start("named", "-g", "-6", "-c", path, "-n", "1", "-U", "1", inside=started.one, says="running")
        started.listens(547, "udp", inside=started.one)
        # To a name server the first octets of this link's address look like a question, those of the lab's own like an answer.
        found = self.ask(started, link="2001:db8::1")
        assert found.verdict is Verdict.WRONG_SERVICE, found

    def test_a_port_that_somebody_holds_is_named(self, started):
        started.start(
            "dhcrelay",
            "-6",
            "-d",
            "--no-pid",
            "-l",
            "eth0",
            "-u",
            f"{SERVER6}%eth1",
            inside=started.relay,
            says="Sending on",
        )
        found = self.ask(started)
        assert found.verdict is Verdict.NOT_CHECKED
        assert "dhcrelay (pid " in found.detail
