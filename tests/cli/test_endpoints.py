"""Endpoints as they are typed, files of them, names and secrets."""

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.cli import endpoints
from bellrock.cli.endpoints import (
    Endpoint,
    EndpointError,
    is_name,
    on_its_link,
    parse_endpoint,
    read_endpoints,
    resolve,
    secret_value,
    swallowed_port,
)
from bellrock.cli.output import Failure


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.2", Endpoint("10.0.0.2")),
        (" 10.0.0.2:69 ", Endpoint("10.0.0.2", 69)),
        ("fd00:0::2", Endpoint("fd00::2")),
        ("[fd00::2]", Endpoint("fd00::2")),
        ("[fd00::2]:69", Endpoint("fd00::2", 69)),
        ("fe80::1%eth0", Endpoint("fe80::1%eth0")),
        ("[fe80::1%eth0]:69", Endpoint("fe80::1%eth0", 69)),
        ("rack-1", Endpoint("rack-1", 0, "rack-1")),
        ("rack_1.example.:8080", Endpoint("rack_1.example.", 8080, "rack_1.example.")),
    ],
)
def test_what_an_endpoint_may_be(text, found):
    assert parse_endpoint(text) == found
    assert found.is_address == (not found.name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no address and no name; expected ADDRESS[:PORT] or NAME[:PORT]"),
        ("10.0.0.300", "'10.0.0.300' is no address and no name"),
        ("10.0.0.2/24", "'10.0.0.2/24' is no address and no name"),
        ("10.0.0.2:", "'10.0.0.2:': expected a port from 1 to 65535"),
        ("10.0.0.2:0", "expected a port from 1 to 65535"),
        ("10.0.0.2:65536", "expected a port from 1 to 65535"),
        ("10.0.0.2:٦٩", "expected a port from 1 to 65535"),
        ("[10.0.0.2]:69", "is no address; IPv6 with a port is [fd00::2]:69"),
        ("[fd00::2", "is no address; IPv6 with a port"),
        ("[fd00::2]69", "is no address; IPv6 with a port"),
        ("http://rack-1/", "'http://rack-1/' is a URL; expected its ADDRESS[:PORT] or NAME[:PORT]"),
        ("0.0.0.0", "0.0.0.0 is the unspecified address and none of a host"),
        ("[::]:53", ":: is the unspecified address and none of a host"),
        ("255.255.255.255:53", "255.255.255.255 is the broadcast address and none of a host"),
        ("224.0.0.1", "224.0.0.1 is a multicast address and none of a host"),
        ("ff02::1%eth0", "is a multicast address and none of a host"),
        ("-x", "'-x' is no address and no name"),
        ("x-.example", "is no address and no name"),
        ("a b", "'a b' is no address and no name"),
        ("x" * 300, "is no address and no name"),
        ("-.-", "is no address and no name"),
    ],
)
def test_what_is_none(text, words):
    with pytest.raises(EndpointError) as caught:
        parse_endpoint(text)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(max_size=60))
def test_any_text_is_an_endpoint_or_one_line(text):
    try:
        found = parse_endpoint(text)
    except EndpointError as error:
        found = None
        told = str(error)
        ok = "\n" not in told
    else:
        ok = bool(found.host) and 0 <= found.port <= 65535
    assert ok


def test_files_have_comments_and_empty_lines(tmp_path):
    path = tmp_path / "targets"
    path.write_bytes(b"\xef\xbb\xbf# racks\r\n10.0.0.2\n\n 10.0.0.3:69\t# the old one\nr\xc3\xa4ck\n")
    assert read_endpoints(str(path)) == ["10.0.0.2", "10.0.0.3:69", "räck"]
    path.write_bytes(b"\xef\xbb\xbf10.0.0.2\n")
    assert read_endpoints(str(path)) == ["10.0.0.2"]


@pytest.mark.parametrize("line", [b"\xff", b"\0", b"\x1b[2J"], ids=["octets", "nul", "escape"])
def test_what_is_no_text_is_refused_by_its_first_such_line(tmp_path, line):
    path = tmp_path / "targets"
    path.write_bytes(b"10.0.0.2\n" + line + b"\n" + line)
    with pytest.raises(Failure, match=r"targets:2: no text; expected one target on each line"):
        read_endpoints(str(path))


def test_a_link_local_address_needs_its_link():
    assert on_its_link("10.0.0.2", "") == "10.0.0.2"
    assert on_its_link("169.254.0.2", "") == "169.254.0.2"
    assert on_its_link("fe80::1%eth1", "eth0") == "fe80::1%eth1"
    assert on_its_link("fe80::1", "eth0") == "fe80::1%eth0"
    with pytest.raises(EndpointError, match=r"fe80::1 means nothing beyond a link; say which: fe80::1%eth0, or --from"):
        on_its_link("fe80::1", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fd02::2:53", "fd02::2:53 is taken as an address; port 53 of fd02::2 is [fd02::2]:53"),
        ("fd02::2:54", ""),
        ("[fd02::2]:53", ""),
        ("10.0.0.2:53", ""),
        ("fd02::53", ""),
    ],
)
def test_a_port_that_went_into_an_address(text, said):
    assert swallowed_port(text, 53) == said


def test_names():
    assert is_name("bmc-1.example.")
    assert not is_name("bad..name")


def test_files_are_bounded_and_must_be_there(tmp_path, monkeypatch):
    monkeypatch.setattr(endpoints, "MAX_ENDPOINTS", 2)
    path = tmp_path / "targets"
    path.write_text("a\nb\nc\n")
    with pytest.raises(Failure, match="more than 2 endpoints"):
        read_endpoints(str(path))
    with pytest.raises(Failure, match="No such file"):
        read_endpoints(str(tmp_path / "none"))


def test_names_resolve_as_the_system_has_them(monkeypatch):
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda name, *_, **__: [
            (2, 1, 6, "", ("192.0.2.9", 0)),
            (2, 1, 6, "", ("192.0.2.8", 0)),
            (2, 2, 17, "", ("192.0.2.9", 0)),
        ],
    )
    assert asyncio.run(resolve("rack-1")) == ("192.0.2.9", "192.0.2.8")
    monkeypatch.setattr(endpoints, "MAX_ADDRESSES", 1)
    assert asyncio.run(resolve("rack-1")) == ("192.0.2.9",)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "name rack-1 does not resolve: name or service not known"),
        (UnicodeError("label too long"), "name rack-1 does not resolve: no name of a host"),
    ],
    ids=["unknown", "label"],
)
def test_names_that_do_not(monkeypatch, error, words):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(EndpointError) as caught:
        asyncio.run(resolve("rack-1"))
    assert str(caught.value) == words


def test_a_resolver_that_says_nothing_is_not_waited_for(monkeypatch):
    import threading

    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (never.wait(20), [(2, 1, 6, "", ("192.0.2.9", 0))])[1])
    monkeypatch.setattr(endpoints, "RESOLVING", 0.05)
    try:
        with pytest.raises(EndpointError, match="name rack-1 does not resolve: no answer within 0.05 s"):
            asyncio.run(resolve("rack-1"))
    finally:
        never.set()


def test_a_secret_is_a_line_that_only_its_owner_reads(tmp_path):
    path = tmp_path / "password"
    path.write_text("pass word\n")
    path.chmod(0o600)
    assert secret_value(path, "password-file") == "pass word"
    path.chmod(0o644)
    with pytest.raises(Failure, match="everybody may read it; chmod 600"):
        secret_value(path, "password-file")


@pytest.mark.parametrize("content", ["", "\n", "a\nb", "x" * 9000], ids=["empty", "blank", "two", "long"])
def test_what_is_no_secret(tmp_path, content):
    path = tmp_path / "password"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(Failure, match="-o password-file=.*expected one line of 1 to 8192 characters") as caught:
        secret_value(path, "password-file")
    assert content.strip() == "" or content not in str(caught.value)


def test_a_secret_file_that_is_not_there(tmp_path):
    with pytest.raises(Failure, match="No such file"):
        secret_value(tmp_path / "none", "password-file")


def test_loopback_is_an_interface_here():
    assert "lo" in endpoints.interfaces_here()
