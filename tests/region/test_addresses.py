"""Where the region listens."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys

import pytest

from bellrock.region.addresses import Address, AddressError, allow, bind, in_own_network, parse_address


@pytest.mark.parametrize(
    ("text", "address", "url"),
    [
        ("127.0.0.1:5240", Address("127.0.0.1", 5240), "http://127.0.0.1:5240"),
        ("localhost:0", Address("127.0.0.1", 0), "http://127.0.0.1:0"),
        ("[::1]:5240", Address("::1", 5240), "http://[::1]:5240"),
        ("[0:0:0:0:0:0:0:1]:80", Address("::1", 80), "http://[::1]:80"),
        ("http://127.0.0.1:5240/", Address("127.0.0.1", 5240), "http://127.0.0.1:5240"),
        ("https://127.0.0.1:0", Address("127.0.0.1", 0, tls=True), "https://127.0.0.1:0"),
        ("10.0.0.1:5443", Address("10.0.0.1", 5443, tls=True), "https://10.0.0.1:5443"),
        ("[fe80::1%eth0]:5443", Address("fe80::1%eth0", 5443, tls=True), "https://[fe80::1%eth0]:5443"),
        ("http://10.0.0.1:5240", Address("10.0.0.1", 5240), "http://10.0.0.1:5240"),
        ("[::]:5443", Address("::", 5443, tls=True), "https://[::]:5443"),
        ("unix:/run/bellrock.sock", Address(path="/run/bellrock.sock"), "unix:/run/bellrock.sock"),
    ],
)
def test_parse(text, address, url):
    assert parse_address(text) == address
    assert address.url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5240",
        "localhost",
        "example.org:80",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:٣",
        "unix:x",
        "1.2.3:5",
        "ftp://127.0.0.1:5",
        "://127.0.0.1:5",
        "https://unix:/x",
    ],
)
def test_parse_refuses(text):
    with pytest.raises(AddressError, match="^listen address "):
        parse_address(text)


def test_without_tls_loopback_and_unix_sockets_are_allowed_and_nothing_else():
    allow([Address("127.1.2.3", 1), Address("::1", 1), Address(path="/x")], in_lab=False)
    for host in ("0.0.0.0", "10.0.0.1", "::", "fe80::1", "::ffff:10.0.0.1"):
        allow([Address(host, 1, tls=True)], in_lab=False)
        with pytest.raises(AddressError, match="http://.*beyond loopback the region speaks TLS only"):
            allow([Address(host, 1)], in_lab=False)


def test_without_tls_a_lab_must_be_in_a_network_of_its_own(monkeypatch):
    monkeypatch.setattr("bellrock.region.addresses.in_own_network", lambda: False)
    with pytest.raises(AddressError, match="inside the lab's own network namespace"):
        allow([Address("10.0.0.1", 1)], in_lab=True)
    monkeypatch.setattr("bellrock.region.addresses.in_own_network", lambda: True)
    allow([Address("10.0.0.1", 1)], in_lab=True)


@pytest.mark.parametrize(
    ("address", "loopback", "wildcard"),
    [
        (Address("127.9.9.9", 1), True, False),
        (Address("::1", 1), True, False),
        (Address(path="/x"), True, False),
        (Address("10.0.0.1", 1), False, False),
        (Address("0.0.0.0", 1), False, True),
        (Address("::", 1), False, True),
    ],
)
def test_what_an_address_stands_for(address, loopback, wildcard):
    assert (address.is_loopback, address.is_wildcard) == (loopback, wildcard)


def test_bound_sockets_remember_which_of_them_speak_tls():
    listeners = bind([Address("127.0.0.1", 0), Address("127.0.0.1", 0, tls=True)])
    try:
        assert [address.tls for address in listeners.addresses] == [False, True]
        assert listeners.speaking(tls=True) == listeners.sockets[1:]
        assert listeners.speaking(tls=False) == listeners.sockets[:1]
    finally:
        listeners.close()


def test_own_network_by_the_links_in_proc(tmp_path):
    for process, target in (("self", "net:[1]"), ("1", "net:[2]")):
        (tmp_path / process / "ns").mkdir(parents=True)
        (tmp_path / process / "ns/net").symlink_to(target)
    assert in_own_network(tmp_path)
    (tmp_path / "1/ns/net").unlink()
    assert not in_own_network(tmp_path), "what cannot be read is no proof"
    (tmp_path / "1/ns/net").symlink_to("net:[1]")
    assert not in_own_network(tmp_path)


@pytest.mark.lab
def test_own_network_in_a_real_namespace():
    program = "from bellrock.region.addresses import in_own_network; print(in_own_network())"
    inside = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    try:
        os.readlink("/proc/1/ns/net")
    except PermissionError:
        expected = False  # as in some containers: what cannot be read is no proof
    else:
        expected = True
    assert inside.stdout == f"{expected}\n"


def test_bind_all_or_none(tmp_path):
    listeners = bind([Address("127.0.0.1", 0), Address(path=str(tmp_path / "s"))])
    try:
        assert listeners.addresses[0].port > 0
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700
        with pytest.raises(AddressError, match="the port is held by") as caught:
            bind([Address(path=str(tmp_path / "t")), listeners.addresses[0]])
        assert caught.value.port == listeners.addresses[0].port
        assert not (tmp_path / "t").exists()
        with pytest.raises(AddressError, match="another process listens there"):
            bind([Address(path=str(tmp_path / "s"))])
    finally:
        listeners.close()
    assert not (tmp_path / "s").exists()


def test_a_stale_unix_socket_is_replaced_and_another_file_is_not(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    bind([Address(path=str(path))]).close()
    path.write_text("precious")
    with pytest.raises(AddressError, match="a file that is no socket is there; move it away"):
        bind([Address(path=str(path))])
    assert path.read_text() == "precious"


def test_a_socket_that_another_process_put_there_meanwhile_stays(tmp_path):
    path = tmp_path / "s"
    listeners = bind([Address(path=str(path))])
    path.rename(tmp_path / "old")
    path.write_text("theirs")
    listeners.close()
    assert path.read_text() == "theirs"


def test_an_address_that_is_not_here():
    with pytest.raises(AddressError, match="^cannot listen on 192.0.2.1:1: Cannot assign requested address$"):
        bind([Address("192.0.2.1", 1)])


def test_an_address_given_twice_is_told_as_such():
    with pytest.raises(AddressError, match="127.0.0.1:5999 is given twice"):
        bind([Address("127.0.0.1", 5999), Address("127.0.0.1", 5999)])


def test_a_socket_path_that_is_too_long_is_told_in_words(tmp_path):
    with pytest.raises(AddressError, match="too long"):
        bind([Address(path=str(tmp_path / ("x" * 200)))])
