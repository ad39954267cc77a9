"""What the three DHCP servers and the relay are told; real leases of each are in test_kinds."""

import json

import pytest

from bellrock.lab.schema import LabError
from bellrock.lab.servers.dhcp import Dhcp, Relay, Subnet, dhcpd, dnsmasq, kea, relay
from bellrock.lab.servers.values import Place

FILES = {"7": "x64.efi", "16": "http://10.0.0.2/x64.efi", "ipxe": "http://10.0.0.2/boot.ipxe"}
TOLD = Dhcp(
    dns=("10.0.0.5",), files=FILES, lease=900,
    subnet={
        "10.0.0.0/24": Subnet(pool=("10.0.0.100", "10.0.0.110"), router="10.0.0.1", lease=60, extra=("# here SUBNET",)),
        "10.1.0.0/24": Subnet(next_server="none", dns=()),
    },
)  # fmt: skip


@pytest.fixture
def place(tmp_path):
    return Place(name="dhcp", directory=tmp_path, addresses={"eth0": ("10.0.0.2/24", "fd00::2/64")})


def test_isc(place):
    server = dhcpd(place, TOLD)
    text = (place.directory / "conf").read_text()
    for line in (
        "authoritative;", "range 10.0.0.100 10.0.0.110;", "default-lease-time 60; max-lease-time 60;", "option routers 10.0.0.1;",
        "next-server 10.0.0.2;", 'if exists user-class and option user-class = "iPXE" { filename "http://10.0.0.2/boot.ipxe"; }',
        'elsif option arch = 00:07 { filename "x64.efi"; }',
        'elsif option arch = 00:10 { option vendor-class-identifier "HTTPClient"; filename "http://10.0.0.2/x64.efi"; }', "# here SUBNET",
    ):  # fmt: skip
        assert line in text, line
    assert text.count("next-server") == 1
    assert text.count("domain-name-servers") == 1
    assert server.argv[-1] == "eth0"


def test_isc_that_does_not_have_the_last_word(place):
    dhcpd(place, Dhcp(authoritative=False))
    assert (place.directory / "conf").read_text().startswith("not authoritative;")


def test_kea(place):
    kea(place, TOLD)
    told = json.loads((place.directory / "conf").read_text())["Dhcp4"]
    first, second = told["subnet4"]
    assert (first["next-server"], first["valid-lifetime"], first["pools"]) == (
        "10.0.0.2",
        60,
        [{"pool": "10.0.0.100 - 10.0.0.110"}],
    )
    assert (second["next-server"], "pools" in second, second["option-data"]) == ("0.0.0.0", False, [])
    tests = {one["name"]: one["test"] for one in told["client-classes"]}
    assert tests["boots-ipxe"] == "option[77].hex == 'iPXE'"
    assert tests["boots-16"] == "option[93].hex == 0x0010 and not (option[77].hex == 'iPXE')"


def test_kea_has_the_same_boot_files_everywhere(place):
    with pytest.raises(LabError, match="service dhcp: Kea's boot files are the same"):
        kea(place, Dhcp(subnet={"10.0.0.0/24": Subnet(files={})}))


def test_dnsmasq(place):
    server = dnsmasq(place, TOLD)
    for word in (
        "--dhcp-range=set:s1,10.0.0.100,10.0.0.110,255.255.255.0,60", "--dhcp-option=tag:s1,3,10.0.0.1", "--dhcp-option=tag:s1,42",
        "--dhcp-boot=tag:s1,tag:a7,tag:!ipxe,x64.efi,,10.0.0.2", "--dhcp-boot=tag:s1,tag:ipxe,http://10.0.0.2/boot.ipxe,,10.0.0.2",
        "--dhcp-option-force=tag:s1,tag:a16,tag:!ipxe,60,HTTPClient", "--dhcp-match=set:a7,option:client-arch,7", "# here s1",
    ):  # fmt: skip
        assert word in server.argv, word
    assert not any("10.1.0" in word for word in server.argv)
    assert server.listens == (("udp", 67),)


def test_dnsmasq_without_boot_server_and_authority(place):
    server = dnsmasq(
        place,
        Dhcp(
            authoritative=False,
            next_server="none",
            files={"7": "a"},
            subnet={"10.0.0.0/24": Subnet(pool=("10.0.0.9", "10.0.0.9"))},
        ),
    )
    assert "--dhcp-boot=tag:s1,tag:a7,tag:!ipxe,a,,0.0.0.0" in server.argv
    assert "--dhcp-authoritative" not in server.argv


def test_dnsmasq_for_ipv6(place):
    told = Dhcp(
        files={"7": "tftp://[fd00::2]/a", "ipxe": "b"}, subnet={"fd00::/64": Subnet(pool=("fd00::100", "fd00::110"))}
    )
    server = dnsmasq(place, told)
    assert "--dhcp-range=set:s1,fd00::100,fd00::110,64,3600" in server.argv
    assert "--dhcp-option=tag:a7,tag:s1,option6:59,tftp://[fd00::2]/a" in server.argv
    assert "--dhcp-match=set:a7,option6:61,0007" in server.argv
    assert server.listens == (("udp", 547),)


def test_a_relay(place):
    server = relay(place, Relay(down=("eth1", "eth2"), up=("eth0",), server=("10.0.0.2",)))
    assert server.argv[4:] == ("-id", "eth1", "-id", "eth2", "-iu", "eth0", "10.0.0.2")
