"""DHCP asked of real servers (kea, dnsmasq, ISC dhcpd) on a link, on a VLAN, without an address, through a relay and as one."""

import json
import re
import socket
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bellrock.model import Verdict
from bellrock.probe import dhcp_talk
from tests.cli.programs import wait_until
from tests.lab.services.dhcp_servers import MACHINE, ONE, RELAY, TAGGED, TWO, UPSTREAM, Segment, classes, pool

pytestmark = pytest.mark.lab
QUICK = {"window": "0.3"}
ARCHITECTURES = {
    "bios": "tftp://10.9.0.1/lpxelinux.0",
    "uefi-x64": "tftp://10.9.0.1/bootx64.efi",
    "uefi-arm64": "tftp://10.9.0.1/grubaa64.efi",
    "uefi-x64-http": "http://10.9.0.1/bootx64.efi",
    "uefi-arm64-http": "http://10.9.0.1/grubaa64.efi",
}
"""What the lab's kea gives to whom."""


@pytest.fixture(scope="module")
def segment():
    with Segment() as one:
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


def test_kea_gives_each_architecture_its_file(started):
    started.kea(pool("10.9.0"), **{"client-classes": classes(ONE)})
    started.tftp("lpxelinux.0", "bootx64.efi", "grubaa64.efi")
    started.start("python3", "-m", "http.server", "80", inside=started.one)
    started.listens(80, inside=started.one)
    found = started.ask(**QUICK)
    assert {name: one.verdict for name, one in found.items()} == dict.fromkeys(ARCHITECTURES, Verdict.WORKS), found
    for name, url in ARCHITECTURES.items():
        assert url in found[name].detail
        (offer,) = found[name].facts["offers"]
        assert offer["server"] == ONE
        assert offer["options"]["routers"] == [ONE]
        assert found[name].rtt_ms > 0
        assert [step.direction for step in found[name].evidence[:2]] == ["sent", "received"]
    assert found["bios"].facts["reachable"] == {"tftp 10.9.0.1": True}
    assert found["uefi-x64-http"].facts["reachable"] == {"http 10.9.0.1:80": True}


def test_asking_takes_no_lease(started):
    started.kea(pool("10.9.0", pools=[{"pool": "10.9.0.100 - 10.9.0.101"}]))
    for _ in range(5):
        assert started.only(arch="plain", follow="no", window="0").verdict is Verdict.WORKS


def test_a_lease_is_taken_only_where_asked_for_and_given_back(started):
    kea = started.kea(pool("10.9.0", pools=[{"pool": "10.9.0.100 - 10.9.0.100"}]))
    found = started.ask(arch="plain", lease="yes", follow="no", **QUICK)["lease"]
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["address"] == "10.9.0.100"
    assert found.facts["lease_time_s"] == 3600
    kea.says("DHCP4_RELEASE ")
    other = started.only(arch="plain", mac="02:00:00:00:00:44", follow="no", **QUICK)
    assert other.facts["address"] == "10.9.0.100", "the only address is free again"


def test_the_lease_that_this_host_lives_by_is_left_to_it(started):
    own = "10.9.0.120"
    (mac,) = re.findall(r"link/ether (\S+)", started.machine.run("ip", "link", "show", "eth0"))
    leases = Path(started.directory) / "own.leases"
    leases.write_text(f"{int(time.time()) + 3600} {mac} {own} machine ff:{mac}\n")
    server = started.dnsmasq("--log-dhcp", name="own")
    started.machine.run("ip", "address", "add", f"{own}/24", "dev", "eth0")
    try:
        found = started.ask(arch="plain", lease="yes", follow="no", **QUICK)
        server.says("DHCPRELEASE")
    finally:
        started.machine.run("ip", "address", "del", f"{own}/24", "dev", "eth0")
    assert found["plain"].facts["address"] == own, "the server knows it"
    assert found["lease"].verdict is Verdict.WORKS, found["lease"]
    assert found["lease"].facts["address"] != own
    wait_until(lambda: found["lease"].facts["address"] not in leases.read_text(), "the lease was not given back")
    assert f" {mac} {own} " in leases.read_text()


def test_no_server_is_silence(started):
    found = started.only(arch="plain", within=1.5)
    assert found.verdict is Verdict.FILTERED
    assert found.rtt_ms is None
    assert "nobody offers anything on eth0" in found.detail
    assert {step.direction for step in found.evidence} == {"sent"}


@pytest.mark.parametrize("server", ["dnsmasq", "kea"])
@pytest.mark.parametrize("options", [{}, {"servers": ONE}], ids=["whoever serves", "as the site says"])
def test_a_server_does_not_hear_what_its_own_machine_sends_out(started, server, options):
    if server == "dnsmasq":
        started.dnsmasq()
    else:
        started.kea(pool("10.9.0"))
    assert started.only(arch="plain", follow="no", **QUICK).verdict is Verdict.WORKS
    found = started.only(arch="plain", inside=started.one, within=0.8, follow="no", **QUICK, **options)
    assert found.verdict is Verdict.NOT_CHECKED, found
    assert "does not hear what its own machine sends out" in found.detail
    assert re.search(r"(dnsmasq|kea-dhcp4) \(pid \d+\), which has udp/67 here", found.detail)
    elsewhere = started.only(arch="plain", inside=started.one, within=0.8, follow="no", servers=TWO, **QUICK)
    assert elsewhere.verdict is Verdict.FILTERED, "the site has another server for this link, and that is silent"


@pytest.mark.parametrize("how", ["drop", "reject"])
def test_a_server_behind_its_own_firewall_is_silent(started, how):
    started.dnsmasq()
    assert started.only(arch="plain", follow="no", **QUICK).verdict is Verdict.WORKS
    started.one.run(
        "nft",
        f"add table inet t; add chain inet t c {{ type filter hook input priority 0; }}; add rule inet t c udp dport 67 {how}",
    )
    assert started.only(arch="plain", within=0.8).verdict is Verdict.FILTERED


def test_dnsmasq_that_gives_a_file_to_http_is_case_18(started):
    started.dnsmasq("--dhcp-boot=pxelinux.0")
    found = started.ask(arch="bios,uefi-x64-http", follow="no", **QUICK)
    assert found["bios"].verdict is Verdict.WORKS
    assert found["uefi-x64-http"].verdict is Verdict.DEGRADED
    assert (
        "was answered with a TFTP file name, 'pxelinux.0'; UEFI HTTP boot needs a URL" in found["uefi-x64-http"].detail
    )


def test_a_url_without_the_class_is_passed_over_by_firmware(started):
    started.dnsmasq("--dhcp-boot=http://10.9.0.1/x.efi")
    found = started.ask(arch="bios,uefi-x64-http", follow="no", **QUICK)
    assert "without class HTTPClient (option 60)" in found["uefi-x64-http"].detail
    assert "fetches by TFTP only" in found["bios"].detail


def test_a_boot_server_without_tftp_is_told_and_one_without_the_file(started):
    started.dnsmasq("--dhcp-boot=pxelinux.0")
    found = started.only(arch="bios", **QUICK)
    assert found.verdict is Verdict.DEGRADED
    assert (
        "the offered boot server 10.9.0.1 cannot be reached by TFTP from this link: nobody listens there, or a firewall rejects it"
        in found.detail
    )
    assert found.facts["reachable"] == {"tftp 10.9.0.1": False}
    started.tftp("other")
    found = started.only(arch="bios", **QUICK)
    assert found.facts["reachable"] == {"tftp 10.9.0.1": True}
    assert "does not give 'pxelinux.0': TFTP error 1, File not found" in found.detail


def test_a_next_server_that_no_route_leads_to_is_case_10(started):
    started.dnsmasq("--dhcp-boot=pxelinux.0,,10.77.0.1", "--dhcp-option=3")
    found = started.only(arch="bios", follow="no", **QUICK)
    assert found.verdict is Verdict.DEGRADED
    assert "the boot server 10.77.0.1 is outside 10.9.0.0/24, and no router is offered" in found.detail


def test_external_dhcp_must_point_to_the_rack(started):
    text = """subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.150; option routers 10.9.0.1; next-server 10.9.0.254;
              option tftp-server-name "10.9.0.1"; filename "pxelinux.0"; } ping-check false;"""
    started.dhcpd(text)
    found = started.only(arch="bios", follow="no", rack=ONE, **QUICK)
    assert found.verdict is Verdict.DEGRADED
    assert "names two boot servers, 10.9.0.254 by siaddr and 10.9.0.1 by option 66" in found.detail
    assert "boot files are to be fetched from 10.9.0.254, which is not the rack (10.9.0.1)" in found.detail
    (offer,) = found.facts["offers"]
    assert (offer["siaddr"], offer["tftp_server_name"]) == ("10.9.0.254", ONE)


def test_a_dns_server_that_is_not_there_is_told(started):
    started.dnsmasq("--dhcp-option=6,10.9.0.1")
    found = started.only(arch="plain", **QUICK)
    assert "the offered DNS server 10.9.0.1 cannot be reached from this link" in found.detail
    started.start("dnsmasq", "-k", "-C", "/dev/null", "--port=53", "--user=root", "--pid-file=", inside=started.one)
    started.listens(53, "udp", inside=started.one)
    assert started.only(arch="plain", **QUICK).facts["reachable"] == {"dns 10.9.0.1": True}


def test_two_servers_are_told_side_by_side_and_a_rogue_by_name(started):
    started.kea(pool("10.9.0"))
    started.dnsmasq(inside=started.two, name="b")
    found = started.only(arch="plain", follow="no", **QUICK)
    assert found.verdict is Verdict.DEGRADED
    assert "2 servers offer addresses" in found.detail
    assert found.facts["servers"] == [ONE, TWO]
    assert len({offer["mac"] for offer in found.facts["offers"]}) == 2
    rogue = started.only(arch="plain", follow="no", servers=ONE, **QUICK)
    assert rogue.verdict is Verdict.DEGRADED
    assert f"{TWO} (" in rogue.detail
    assert f"is not one of the servers that should ({ONE})" in rogue.detail
    assert started.only(arch="plain", follow="no", servers=f"{ONE},{TWO}", **QUICK).verdict is Verdict.WORKS


def test_only_a_stranger_answers(started):
    started.dnsmasq(inside=started.two, name="b")
    assert started.only(arch="plain", follow="no", servers=ONE, **QUICK).verdict is Verdict.WRONG_SERVICE


def test_the_same_address_of_two_servers(started):
    fixed = {"hw-address": "02:00:00:00:00:77", "ip-address": "10.9.0.77"}
    started.kea(pool("10.9.0", reservations=[fixed]))
    started.dnsmasq("--dhcp-host=02:00:00:00:00:77,10.9.0.77", inside=started.two, name="b")
    found = started.only(arch="plain", follow="no", mac="02:00:00:00:00:77", **QUICK)
    assert "10.9.0.77 is offered by" in found.detail
    assert "they lease from the same range" in found.detail


def test_one_address_for_two_machines_is_case_21(started):
    started.dnsmasq("--dhcp-host=*:*:*:*:*:*,10.9.0.60", network="10.9.0")
    found = started.ask(arch="plain", second="yes", follow="no", **QUICK)["second-client"]
    assert found.verdict is Verdict.DEGRADED, found
    assert f"{ONE} offers 10.9.0.60 to two machines at once" in found.detail


def test_two_machines_are_offered_two_addresses(started):
    started.kea(pool("10.9.0"))
    assert started.ask(arch="plain", second="yes", follow="no", **QUICK)["second-client"].verdict is Verdict.WORKS


def test_proxydhcp_is_followed_to_port_4011(started):
    started.kea(pool("10.9.0"))
    services = ("--pxe-service=x86PC,Boot,pxelinux", "--pxe-service=X86-64_EFI,Boot,bootx64")
    started.dnsmasq("--dhcp-range=10.9.0.0,proxy", *services, inside=started.two, network="", name="p")
    found = started.ask(arch="bios,uefi-x64,uefi-arm64", **QUICK)
    assert found["bios"].verdict is Verdict.WORKS, found["bios"]
    assert "names tftp://10.9.0.3/pxelinux.0 for bios (10.9.0.3, proxyDHCP)" in found["bios"].detail
    assert found["uefi-x64"].facts["proxy_boot_file"] == "tftp://10.9.0.3/bootx64.0"
    assert found["uefi-arm64"].verdict is Verdict.DEGRADED
    assert "without a boot file for uefi-arm64" in found["uefi-arm64"].detail


def test_proxydhcp_whose_port_4011_is_filtered_is_case_19(started):
    started.kea(pool("10.9.0"))
    started.dnsmasq(
        "--dhcp-range=10.9.0.0,proxy", "--pxe-service=X86-64_EFI,Boot,bootx64", inside=started.two, network="", name="p"
    )
    started.two.run(
        "nft",
        "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c udp dport 4011 drop",
    )
    found = started.only(arch="uefi-x64", **QUICK)
    assert found.verdict is Verdict.DEGRADED
    assert f"{TWO} says to ask {TWO} on port 4011 for the boot file of uefi-x64: nothing comes back" in found.detail


def test_a_vlan_is_asked_by_tagged_frames(started):
    started.dnsmasq(inside=started.tagged, network="10.10.0", name="t")
    found = started.only(arch="plain", vid="10", **QUICK)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["servers"] == [TAGGED]
    assert found.facts["not_followed"] == "this host has no address on the link"
    assert started.only(arch="plain", within=0.6).verdict is Verdict.FILTERED
    assert started.only(arch="plain", vid="20", within=0.6).verdict is Verdict.FILTERED


def test_through_a_relay_the_client_vlan_gets_its_answer(started):
    started.kea(pool("10.9.0"), pool("10.20.0"), interfaces=("eth0", "eth1"))
    started.start(
        "dhcrelay",
        "-4",
        "-d",
        "--no-pid",
        "-id",
        "eth0",
        "-iu",
        "eth1",
        UPSTREAM,
        inside=started.relay,
        says="Sending on",
    )
    found = started.only(arch="plain", vid="20", **QUICK)
    assert found.verdict is Verdict.WORKS, found
    assert f"{UPSTREAM} offers 10.20.0.1" in found.detail
    assert f"by way of relay {RELAY}" in found.detail
    assert found.facts["offers"][0]["relay"] == RELAY


class TestAsARelay:
    def ask(self, segment, **options):
        return segment.only(to=UPSTREAM, inside=segment.relay, arch="plain", window="0.2", **options)

    def test_works_for_each_subnet_that_the_server_has(self, started):
        started.kea(pool("10.9.0"), pool("10.20.0"), interfaces=("eth0", "eth1"))
        found = self.ask(started, giaddr=RELAY)
        assert found.verdict is Verdict.WORKS, found
        assert found.target == f"{UPSTREAM}:67"
        assert found.facts["offers"][0]["to"] == RELAY
        assert self.ask(started, subnet=RELAY).verdict is Verdict.WORKS
        none = self.ask(started, within=1.5)
        assert none.verdict is Verdict.FILTERED
        assert "or it has no subnet for 10.30.0.1" in none.detail

    def test_refused_where_nobody_listens(self, started):
        assert self.ask(started, giaddr=RELAY).verdict is Verdict.REFUSED

    @pytest.mark.parametrize(
        ("how", "verdict"),
        [
            ("drop", Verdict.FILTERED),
            ("reject with icmpx admin-prohibited", Verdict.FILTERED),
            ("reject", Verdict.REFUSED),
        ],
    )
    def test_blocked(self, started, how, verdict):
        started.dnsmasq("--dhcp-range=10.20.0.100,10.20.0.150,255.255.255.0", "--interface=eth1")
        assert self.ask(started, giaddr=RELAY).verdict is Verdict.WORKS
        started.one.run(
            "nft",
            f"add table inet t; add chain inet t c {{ type filter hook input priority 0; }}; add rule inet t c udp dport 67 {how}",
        )
        assert self.ask(started, giaddr=RELAY, within=0.8).verdict is verdict

    def test_another_server_on_the_port(self, started):
        path = started.directory / "named.conf"
        path.write_text(
            f'options {{ directory "{started.directory}"; listen-on port 67 {{ any; }}; recursion no; pid-file none; session-keyfile none; }};'
            "controls {};"
        )
        started.start("named", "-g", "-4", "-c", path, "-n", "1", "-U", "1", inside=started.one, says="running")
        started.listens(67, "udp", inside=started.one)
        found = self.ask(started, giaddr=RELAY)
        assert found.verdict is Verdict.WRONG_SERVICE
        assert f"what answers at {UPSTREAM} udp/67 is no DHCP server" in found.detail

    def test_a_port_that_somebody_holds_is_named(self, started):
        started.start(
            "dhcrelay",
            "-4",
            "-d",
            "--no-pid",
            "-id",
            "eth0",
            "-iu",
            "eth1",
            UPSTREAM,
            inside=started.relay,
            says="Sending on",
        )
        found = self.ask(started)
        assert found.verdict is Verdict.NOT_CHECKED
        assert "udp/67 is needed to ask from, and dhcrelay (pid " in found.detail

    def test_an_address_that_is_not_ours_is_refused(self, started):
        found = self.ask(started, giaddr="10.99.0.1")
        assert found.verdict is Verdict.NOT_CHECKED
        assert "10.99.0.1 is no address of this host" in found.detail


class TestLibvirt:
    def test_dnsmasq_as_libvirt_sets_it_up_with_its_process(self, started):
        started.two.batch(["addr add 192.168.122.1/24 dev eth0"])
        network = started.directory / "default.conf"
        network.write_text(
            "port=0\nno-ping\nbind-dynamic\ninterface=eth0\ndhcp-range=192.168.122.2,192.168.122.254\ndhcp-option=6,192.168.122.1\n"
        )
        program = started.start(
            "dnsmasq", "-k", f"--conf-file={network}", "--user=root", "--pid-file=", f"--dhcp-leasefile={started.directory}/v", inside=started.two
        )  # fmt: skip
        started.listens(67, "udp", inside=started.two)
        found = started.only("libvirt-dnsmasq", inside=started.machine, **QUICK)
        started.two.batch(["addr del 192.168.122.1/24 dev eth0"])
        assert found.verdict is Verdict.WORKS
        assert "it looks like dnsmasq as libvirt sets it up" in found.detail
        assert found.facts["pid"] == program.process.pid

    def test_another_server_is_not_taken_for_it(self, started):
        started.kea(pool("10.9.0"))
        found = started.only("libvirt-dnsmasq", **QUICK)
        assert found.verdict is Verdict.WRONG_SERVICE
        assert f"DHCP is served by {ONE}" in found.detail

    def test_isc_dhcpd_is_not_taken_for_it(self, started):
        started.dhcpd(
            "subnet 10.9.0.0 netmask 255.255.255.0 { range 10.9.0.100 10.9.0.150; option routers 10.9.0.1; } ping-check false;"
        )
        assert started.only("libvirt-dnsmasq", **QUICK).verdict is Verdict.WRONG_SERVICE

    def test_nobody(self, started):
        assert started.only("libvirt-dnsmasq", within=0.6).verdict is Verdict.FILTERED

    @pytest.mark.parametrize("how", ["drop", "reject"])
    def test_behind_its_own_firewall_it_is_silent(self, started, how):
        started.dnsmasq()
        assert started.only("libvirt-dnsmasq", **QUICK).verdict is not Verdict.FILTERED
        started.one.run("nft", f"add table inet t; add chain inet t c {{ type filter hook input priority 0; }}; add rule inet t c udp dport 67 {how}")  # fmt: skip
        assert started.only("libvirt-dnsmasq", within=0.8).verdict is Verdict.FILTERED


class TestWithoutRawFrames:
    def test_by_port_68_where_there_is_an_address(self, started, monkeypatch):
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: False)
        started.kea(pool("10.9.0"))
        found = started.only(arch="plain", **QUICK)
        assert found.verdict is Verdict.WORKS, found
        assert found.facts["raw"] is False
        assert any("asked by UDP port 68" in step.what for step in found.evidence)

    def test_not_without_an_address(self, started, monkeypatch):
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: False)
        started.machine.batch([f"addr del {MACHINE}/24 dev eth0"])
        found = started.only(arch="plain")
        started.machine.batch([f"addr add {MACHINE}/24 dev eth0"])
        assert found.verdict is Verdict.NOT_CHECKED
        assert "setcap cap_net_raw" in found.detail

    @pytest.mark.parametrize("options", [{"vid": "10"}, {"mac": "02:00:00:00:00:01"}], ids=["vlan", "mac"])
    def test_not_as_another(self, started, monkeypatch, options):
        monkeypatch.setattr(dhcp_talk, "can_raw", lambda: False)
        assert started.only(arch="plain", **options).verdict is Verdict.NOT_CHECKED

    def test_with_an_address_nobody_needs_one_to_ask_by_frames(self, started):
        started.machine.batch([f"addr del {MACHINE}/24 dev eth0"])
        started.kea(pool("10.9.0"))
        found = started.only(arch="plain", **QUICK)
        started.machine.batch([f"addr add {MACHINE}/24 dev eth0"])
        assert found.verdict is Verdict.WORKS
        assert found.facts["not_followed"] == "this host has no address on the link"


def test_an_interface_that_is_not_there(segment):
    found = segment.only(interface="eth9")
    assert found.verdict is Verdict.NOT_CHECKED
    assert "there is no Ethernet interface eth9 here; there are: eth0" in found.detail


class TestBadServers:
    """What no real server does: a small one that answers as it is told."""

    def test_an_offer_by_broadcast_despite_giaddr_is_case_9(self, started):
        """The relay is on the server's own link, so that the stray answer can be heard."""
        script = started.directory / "broadcasts.py"
        script.write_text(
            "import socket\n"
            "from bellrock.wire import dhcp\n"
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)\n"
            "s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'eth0')\n"
            "s.bind(('', 67))\n"
            "while True:\n"
            "    m = dhcp.decode(s.recv(2000))\n"
            "    options = {54: bytes((10, 9, 0, 1)), 51: bytes((0, 0, 14, 16)), 1: bytes((255, 255, 255, 0))}\n"
            "    answer = dhcp.Message(op=2, xid=m.xid, kind=2, chaddr=m.chaddr, yiaddr='10.9.0.100', giaddr=m.giaddr, options=options)\n"
            "    s.sendto(dhcp.encode(answer), ('255.255.255.255', 68))\n"
        )
        started.start(sys.executable, script, inside=started.one)
        started.listens(67, "udp", inside=started.one)
        found = started.only(to=ONE, arch="plain", follow="no", **QUICK)
        assert found.verdict is Verdict.DEGRADED, found
        assert f"carries giaddr {MACHINE}, but went to 255.255.255.255" in found.detail

    def test_garbage_and_floods_on_the_client_port_are_passed_over(self, started):
        started.kea(pool("10.9.0"))
        with closing(started.two.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
            for size in (0, 1, 239, 240, 1400):
                for _ in range(50):
                    sock.sendto(b"\x02" * size, ("255.255.255.255", 68))
            assert started.only(arch="plain", follow="no", **QUICK).verdict is Verdict.WORKS


def test_the_load_is_what_it_says(started):
    """Three questions for each kind of machine where nobody answers, as a stranger's nftables counts them."""
    started.one.run(
        "nft",
        "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c udp dport 67 counter",
    )
    started.ask(arch="bios,uefi-x64", within=4.5, follow="no")
    counter = json.loads(started.one.run("nft", "-j", "list", "ruleset"))["nftables"][-1]["rule"]["expr"][-1]["counter"]
    assert counter["packets"] == 6
