"""What in.tftpd and nginx are told."""

import pytest

from bellrock.lab.servers.boot import Tftp, Web, tftpd, web
from bellrock.lab.servers.values import FileSpec, Place


@pytest.fixture
def place(tmp_path):
    return Place(name="x", directory=tmp_path, addresses={})


def test_tftp(place):
    server = tftpd(place, Tftp(files={"a": FileSpec(text="b")}, extra=("--blocksize", "600")))
    assert server.argv[-3:] == ("--blocksize", "600", f"{place.directory}/root")
    assert server.listens == (("udp", 69),)
    assert (place.directory / "root" / "a").read_text() == "b"


def test_http_and_https(place):
    server = web(place, Web(ports=(80, 5240), tls_ports=(443,), extra=("location /x { return 503; }",)))
    text = (place.directory / "conf").read_text()
    assert "listen 5240;" in text
    assert "listen 443 ssl;" in text
    assert "location /x { return 503; }" in text
    assert server.listens == (("tcp", 80), ("tcp", 5240), ("tcp", 443))
    assert (place.directory / "authority.pem").exists()


def test_http_alone_has_no_certificate(place):
    web(place, Web())
    assert not (place.directory / "authority.pem").exists()
