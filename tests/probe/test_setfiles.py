"""What configuration files say that a machine uses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe.setfiles import (
    Place,
    apt_lines,
    apt_proxies,
    apt_stanzas,
    by_dhcp,
    default_gateways,
    name_servers,
    time_servers,
    timesyncd_servers,
    web_place,
)  # fmt: skip


def test_resolv_conf():
    text = "# nameserver 9.9.9.9\nsearch example\nnameserver 10.0.0.1\nnameserver\nnameserver fd00::1 # ours\nnameserver not-one\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n"
    assert name_servers(text) == ("10.0.0.1", "fd00::1", "10.0.0.2")


def test_chrony_and_ntp():
    text = "pool 2.debian.pool.ntp.org iburst\nServer 10.0.0.5\npeer ntp-2\n# server no\nserver\nserver 127.127.1.0\ndriftfile /x\nserver 10.0.0.5 prefer\n"
    assert time_servers(text) == ("2.debian.pool.ntp.org", "10.0.0.5", "ntp-2")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[Time]\nNTP=a b\nFallbackNTP=c", ("a", "b")),
        ("[Time]\n#NTP=a\nFallbackNTP=c d", ("c", "d")),
        ("[Time]\nNTP=\nFallbackNTP=c", ("c",)),
        ("[Time]\nNTP=a\nNTP=b", ("a", "b")),
        ("", ()),
    ],
)
def test_timesyncd(text, found):
    assert timesyncd_servers(text) == found


def test_apt_in_lines():
    text = (
        "deb http://deb.debian.org/debian bookworm main\n# deb http://no.example/ x main\ndeb-src [signed-by=/k.gpg arch=amd64] https://mirror.example:8443/debian/ bookworm-updates main\n"
        "deb cdrom:[x]/ bookworm main\ndeb [x] file:/srv ./\n"
    )
    assert apt_lines(text) == (
        Place("deb.debian.org", 80, False, "/debian", "bookworm"),
        Place("mirror.example", 8443, True, "/debian", "bookworm-updates"),
    )


def test_apt_in_stanzas():
    text = (
        "Types: deb\n# a comment\nURIs: http://archive.example/ubuntu\n https://other.example/\nSuites: noble noble-updates\n\n"
        "Types: deb\nEnabled: no\nURIs: http://off.example/\nSuites: x\n\nNonsense\n folded\n"
    )
    assert [(place.host, place.path, place.suite, place.tls) for place in apt_stanzas(text)] == [
        ("archive.example", "/ubuntu", "noble", False), ("archive.example", "/ubuntu", "noble-updates", False),
        ("other.example", "", "noble", True), ("other.example", "", "noble-updates", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        'Acquire::http::Proxy "http://10.0.0.2:3128";',
        'Acquire::Proxy "http://user:secret@10.0.0.2:3128/";',
        'acquire::https::proxy "http://10.0.0.2:3128" ;\n// Acquire::http::Proxy "http://no.example:1";',
        'Acquire {\n  http { Proxy "http://10.0.0.2:3128"; };\n};',
    ],
    ids=["line", "user", "case", "braces"],
)
def test_apt_proxies(text):
    (place,) = apt_proxies(text)
    assert (place.host, place.port) == ("10.0.0.2", 3128)
    assert "secret" not in repr(place)


@pytest.mark.parametrize(
    "text", ["", '# Acquire::http::Proxy "http://a:1";', 'Acquire::http::Proxy "DIRECT";', 'Acquire::Languages "none";']
)
def test_no_apt_proxies(text):
    assert apt_proxies(text) == ()


@pytest.mark.parametrize("url", ["ftp://a/", "http://", "http://[::1", "http://a:b/", "mirror+file:/x", ""])
def test_what_is_no_web_address(url):
    assert web_place(url) is None


def test_a_web_address_of_ipv6():
    assert web_place("https://[fd00::1]:5443/MAAS/") == Place("fd00::1", 5443, True, "/MAAS")


def test_interfaces():
    assert by_dhcp(
        "auto eth0\niface eth0 inet dhcp\niface eth1 inet static\n  address 10.0.0.1\n# iface eth2 inet dhcp\niface eth3 inet6 dhcp\n"
    ) == ("eth0",)


def test_default_routes_as_the_kernel_writes_them():
    four = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        "tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n"
    )
    six = (
        f"{'0' * 32} 00 {'0' * 32} 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
        f"{'0' * 32} 00 {'0' * 32} 00 {'0' * 32} ffffffff 00000001 00000000 00200200       lo\n"
        f"fd01{'0' * 28} 40 {'0' * 32} 00 {'0' * 32} 00000100 00000001 00000000 00000001     eth0\n"
    )
    assert default_gateways(four, six) == (("eth0", "10.0.2.1"), ("eth0", "fd00::1"))
    assert default_gateways("", "") == ()


@given(st.text(alphabet=st.sampled_from('nameserver pool deb http://a.b/[]:{}"; \nURIsSuites=#0f\t'), max_size=200))
def test_any_text_gives_something_or_nothing(text):
    for read in (name_servers, time_servers, timesyncd_servers, apt_lines, apt_stanzas, apt_proxies, by_dhcp):
        assert isinstance(read(text), tuple)
