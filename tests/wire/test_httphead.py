import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import httphead
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.httphead import Request, Response
from tests.wire.vectors import refuses

TABLE = [
    ("the least", b"GET / HTTP/1.0\r\n\r\n", Request("GET", "/")),
    (
        "as UEFI asks",
        b"GET /images/bootx64.efi HTTP/1.1\r\nHost: 10.0.0.2:5248\r\nAccept: */*\r\nUser-Agent: UefiHttpBoot/1.0\r\n\r\n",
        Request("GET", "/images/bootx64.efi", "10.0.0.2:5248", "UefiHttpBoot/1.0"),
    ),
    (
        "secrets are cut away",
        b"GET http://me:secret@mirror/a?token=secret#part HTTP/1.1\r\nHost: mirror\r\nAuthorization: Basic c2VjcmV0\r\n\r\n",
        Request("GET", "http://mirror/a", "mirror", authorised=True),
    ),
    (
        "through a proxy",
        b"CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\nproxy-authorization: Basic c2VjcmV0\r\n\r\n\x16\x03\x01",
        Request("CONNECT", "api.example:443", "api.example:443", authorised=True),
    ),
    ("the head is cut", b"HEAD /a HTTP/1.1\r\nHost: rack\r\nUser-Ag", Request("HEAD", "/a", "rack")),
    ("fields that are none", b"GET /a HTTP/1.1\r\nno colon\r\n: empty\r\nHost: rack\r\nHost: other\r\n\r\n", Request("GET", "/a", "rack")),
    ("answers", b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 1024\r\nContent-Type: application/efi\r\n\r\nMZ",
     Response(200, "OK", "nginx", 1024, "application/efi")),
    ("answers without reason", b"HTTP/1.1 404\r\n\r\n", Response(404)),
    ("no length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", Response(200, "OK")),
    ("a length beyond sense", b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n", Response(200, "OK")),
    (
        "wants credentials",
        b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="secret"\r\nVia: 1.1 squid\r\n\r\n',
        Response(407, "Proxy Authentication Required", challenge="Basic", via="1.1 squid"),
    ),
    ("wants a token", b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n\r\n", Response(401, "Unauthorized", challenge="Bearer")),
    ("leads elsewhere", b"HTTP/1.1 302 Found\r\nLocation: https://u:p@other/x?key=secret\r\n\r\n",
     Response(302, "Found", location="https://other/x")),
    (
        "dates",
        b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nLast-Modified: Sat, 01 Jan 2000 00:00:00 GMT\r\n\r\n",
        Response(200, "OK", date=784111777, modified=946684800),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(data, value):
    assert httphead.parse(data) == httphead.parse(memoryview(data)) == value
    assert "secret" not in repr(httphead.parse(data)).lower()


@pytest.mark.parametrize(
    "data",
    [
        b"GET /\r\n\r\n",
        b"FETCH / HTTP/1.1\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"\x16\x03\x01\0\0\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_no_head(data):
    with refuses(Reason.UNSUPPORTED):
        httphead.parse(data)


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r"])
def test_a_first_line_that_does_not_end(data):
    with refuses(Reason.TRUNCATED):
        httphead.parse(data)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"today",
        b"Sunday, 06-Nov-94 08:49:37 GMT",
        b"Sun, 31 Feb 1994 08:49:37 GMT",
        b"Sun, 06 Nox 1994 08:49:37 GMT",
    ],
)
def test_what_is_no_date(text):
    assert httphead.seconds(text) is None


def test_heads_are_bounded():
    fields = b"".join(b"X-%d: y\r\n" % number for number in range(httphead.MAX_FIELDS))
    found = httphead.parse(b"GET / HTTP/1.1\r\n" + fields + b"Host: late\r\n\r\n")
    assert found == Request("GET", "/")
    assert httphead.parse(b"GET / HTTP/1.1\r\nHost: " + b"a" * 20_000).host == ""


@given(
    st.sampled_from([b"", b"GET ", b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 "]),
    st.binary(max_size=300),
)
def test_a_value_or_the_one_error(head, data):
    try:
        found = httphead.parse(head + data)
    except WireError:
        return
    texts = [getattr(found, field) for field in found.__struct_fields__]
    assert all(text.isprintable() for text in texts if isinstance(text, str))
