"""Which texts name a region."""

import pytest

from bellrock.cli.address import MAX_UNIX_PATH, parse_region, secure_address
from bellrock.cli.output import Failure


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("http://127.0.0.1:5240", ("127.0.0.1", 5240)),
        ("http://region.example:1/", ("region.example", 1)),
        ("http://[::1]:5240", ("::1", 5240)),
        ("http://region", ("region", 80)),
        ("unix:/run/bellrock.sock", "/run/bellrock.sock"),
        ("unix:region.sock", "region.sock"),
        ("unix:/" + "x" * (MAX_UNIX_PATH - 1), "/" + "x" * (MAX_UNIX_PATH - 1)),
    ],
)
def test_an_address_is_a_host_with_a_port_or_a_path(text, where):
    assert parse_region(text) == where


@pytest.mark.parametrize(
    "text",
    [
        "", "region", "127.0.0.1:5240", "ftp://x", "https://region:5240", "HTTP://x:1", "http://", "http://:5240",
        "http://x:0", "http://x:65536", "http://x:y", "http://[::1", "http://me@x:1", "http://a b:1",
        "http://x\x1b[2J:1", "http://a..b:1", "http://" + "x" * 64 + ".y:1", "unix:", "unix:a\0b",
    ],
)  # fmt: skip
def test_any_other_text_is_refused_with_what_is_expected(text):
    with pytest.raises(Failure) as caught:
        parse_region(text)
    assert caught.value.exit_code == 2
    assert "expected https://HOST:PORT, http://HOST:PORT or unix:PATH" in caught.value.message
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize("text", ["http://x:1/api", "http://x:1?a=b", "http://x:1/#top"])
def test_what_follows_the_port_is_refused(text):
    with pytest.raises(Failure, match="and nothing after the port"):
        parse_region(text)


@pytest.mark.parametrize(
    ("text", "where"),
    [("https://r:5443", ("r", 5443)), ("https://[::1]", ("::1", 443)), ("https://10.0.0.1/", ("10.0.0.1", 443))],
)
def test_with_tls_the_port_is_443_where_none_is_given(text, where):
    assert secure_address(text) == where


@pytest.mark.parametrize(
    "text", ["https://", "https://h:99999", "https://[::1", "https://h:0", "http://h:1", "unix:/s"]
)
def test_what_is_no_https_address_is_quoted_as_it_was_typed(text):
    with pytest.raises(Failure) as caught:
        secure_address(text)
    assert caught.value.message.startswith(f"--region {text}: expected https://HOST:PORT, ")
    with pytest.raises(Failure) as caught:
        secure_address(text, "--url")
    assert caught.value.message == f"--url {text}: expected https://HOST:PORT"


@pytest.mark.parametrize("path", ["x" * (MAX_UNIX_PATH + 1), "ä" * (MAX_UNIX_PATH // 2 + 1)])
def test_a_socket_s_path_has_as_many_octets_as_the_kernel_takes(path):
    with pytest.raises(Failure, match=f"at most {MAX_UNIX_PATH} octets, not 108"):
        parse_region(f"unix:{path}")
