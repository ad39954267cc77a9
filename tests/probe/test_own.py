"""What a machine is set to use, from files below a root of a test's own."""

from pathlib import Path

import pytest

from bellrock.flows import Role
from bellrock.model import Interface, InterfaceKind
from bellrock.probe.own import MAX_FILE, has_ipv4, own


def machine(root: Path, files: dict[str, str], environment=None, links=()):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return own(root / "state", environment or {}, root, links)


def link(name: str, *addresses: str, carrier: bool | None = True) -> Interface:
    return Interface(
        name=name, index=2, mac="02:00:00:00:00:01", kind=InterfaceKind.PHYSICAL, addresses=addresses, carrier=carrier
    )


def lines(here):
    return [
        f"{one.flow} {one.address or one.name or one.interface}:{one.port}/{one.protocol} {one.why}"
        for one in here.wanted
    ]


def test_everything_in_the_order_of_a_boot_and_with_its_source(tmp_path):
    here = machine(
        tmp_path,
        {
            "etc/resolv.conf": "nameserver 10.0.0.1\n",
            "etc/chrony/chrony.conf": "pool ntp.example iburst\n",
            "etc/apt/sources.list": "deb http://deb.example/debian bookworm main\ndeb http://deb.example/debian bookworm-updates main\n",
            "etc/apt/sources.list.d/more.sources": "Types: deb\nURIs: https://more.example/\nSuites: ./\n",
            "etc/network/interfaces": "iface eth0 inet dhcp\n",
            "state/regions.json": '{"regions": ["https://10.0.0.9:5240"]}',
        },
        links=(link("eth0", "10.0.0.7/24"), link("eth1"), link("eth2", "10.1.0.7/24"), link("eth3", carrier=False)),
    )
    assert lines(here) == [
        "dhcp eth0:67/udp /etc/network/interfaces: eth0 is set up by DHCP",
        "dhcp eth1:67/udp eth1 is up and has no IPv4 address",
        "dns 10.0.0.1:53/udp /etc/resolv.conf: nameserver 10.0.0.1",
        "dns 10.0.0.1:53/tcp /etc/resolv.conf: nameserver 10.0.0.1",
        "ntp ntp.example:123/udp /etc/chrony/chrony.conf: server ntp.example",
        f"api 10.0.0.9:5240/tcp {tmp_path}/state/regions.json: the region of the agent here",
        "apt deb.example:80/tcp /etc/apt/sources.list: deb.example/debian bookworm bookworm-updates",
        "apt more.example:443/tcp /etc/apt/sources.list.d/more.sources: more.example ./",
    ]
    assert {one.source for one in here.wanted} == {Role.NODE}
    # Nobody says that machines boot here, so that none is asked as.
    assert {one.options["arch"] for one in here.wanted if one.flow == "dhcp"} == {"plain"}
    assert here.wanted[-2].options == {"path": "/debian", "suite": "bookworm,bookworm-updates", "tls": "no"}
    assert here.gateways == ()


def test_with_a_proxy_it_is_tried_and_what_it_fetches_by_it(tmp_path):
    here = machine(
        tmp_path,
        {"etc/apt/sources.list": "deb http://deb.example/debian bookworm main\n", "etc/apt/apt.conf.d/90proxy": 'Acquire::http::Proxy "http://10.0.0.2:8000";\n'},
        {"https_proxy": "http://name:secret@10.0.0.3:3128", "http_proxy": "socks://x"},
    )  # fmt: skip
    assert lines(here) == [
        "proxy 10.0.0.2:8000/tcp /etc/apt/apt.conf.d/90proxy: 10.0.0.2",
        "proxy 10.0.0.3:3128/tcp $https_proxy: 10.0.0.3",
        "apt deb.example:80/tcp /etc/apt/sources.list: deb.example/debian bookworm by proxy (/etc/apt/apt.conf.d/90proxy: 10.0.0.2)",
    ]
    assert here.wanted[-1].options == {
        "path": "/debian",
        "suite": "bookworm",
        "tls": "no",
        "proxy": "http://10.0.0.2:8000",
    }
    assert here.untried == ()


def test_a_proxy_of_the_environment_is_for_its_own_scheme(tmp_path):
    sources = "deb http://deb.example/debian bookworm main\ndeb https://safe.example/debian bookworm main\n"
    here = machine(tmp_path, {"etc/apt/sources.list": sources}, {"https_proxy": "http://[fd00::3]:3128"})
    fetched = {one.name: one.options.get("proxy") for one in here.wanted if one.flow == "apt"}
    assert fetched == {"deb.example": None, "safe.example": "http://[fd00::3]:3128"}


@pytest.mark.parametrize(
    ("proxy", "words"), [("http://proxy.example:8000", "a proxy by its name"), ("https://10.0.0.2:8000", "TLS to the proxy itself")], ids=["name", "tls"]
)  # fmt: skip
def test_what_is_fetched_by_a_proxy_that_no_probe_can_use_is_not_passed_over(tmp_path, proxy, words):
    here = machine(
        tmp_path, {"etc/apt/sources.list": "deb http://deb.example/debian bookworm main\n"}, {"http_proxy": proxy}
    )
    assert [one.flow for one in here.wanted] == ["proxy"]
    (left,) = here.untried
    assert (left.flow, left.target) == ("apt", Role.MIRROR)
    assert words in left.why
    assert left.why.startswith("/etc/apt/sources.list: deb.example/debian bookworm by proxy ($http_proxy: ")


def test_whoever_set_it_up_an_address_by_dhcp_has_a_server(tmp_path):
    """systemd-networkd, netplan and NetworkManager have files of their own; the kernel knows which addresses have an end."""
    links = (link("eth0", "10.0.0.7/24"), link("eth1", "10.1.0.7/24"))
    here = own(tmp_path, {}, tmp_path, links, leased={"eth1"})
    assert lines(here) == ["dhcp eth1:67/udp eth1 has an address by DHCP"]


def test_behind_the_stub_resolver_those_that_it_asks_are_tried_too(tmp_path):
    files = {"etc/resolv.conf": "nameserver 127.0.0.53\n", "run/systemd/resolve/resolv.conf": "nameserver 10.0.0.1\n"}
    assert [one.address for one in machine(tmp_path, files).wanted if one.protocol == "udp"] == [
        "127.0.0.53",
        "10.0.0.1",
    ]


def test_without_the_stub_the_other_file_does_not_count(tmp_path):
    files = {"etc/resolv.conf": "nameserver 10.0.0.2\n", "run/systemd/resolve/resolv.conf": "nameserver 10.0.0.1\n"}
    assert [one.address for one in machine(tmp_path, files).wanted if one.protocol == "udp"] == ["10.0.0.2"]


def test_timesyncd_counts_where_nothing_else_keeps_the_time(tmp_path):
    files = {"etc/systemd/timesyncd.conf": "[Time]\nNTP=a.example\n"}
    assert [one.name for one in machine(tmp_path, files).wanted] == ["a.example"]
    files["etc/ntp.conf"] = "server b.example\n"
    assert [one.name for one in machine(tmp_path, files).wanted] == ["b.example"]


@pytest.mark.parametrize("text", ["", "{", '{"regions": 1}', '{"regions": ["unix:/x"]}', "[]"])
def test_a_state_directory_that_tells_no_region(tmp_path, text):
    assert machine(tmp_path, {"state/regions.json": text}).wanted == ()


def test_files_that_are_too_long_no_text_or_not_to_be_read(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_bytes(b"\xff\xfe" * MAX_FILE)
    (tmp_path / "etc/ntp.conf").mkdir()
    assert machine(tmp_path, {}).wanted == ()


def test_the_same_twice_is_tried_once(tmp_path):
    here = machine(tmp_path, {"etc/chrony/chrony.conf": "server a\n", "etc/ntp.conf": "server a\n"})
    assert len(here.wanted) == 1


def test_addresses_of_ipv4():
    assert has_ipv4(link("eth0", "fe80::1/64", "10.0.0.1/24"))
    assert not has_ipv4(link("eth0", "fe80::1/64"))
