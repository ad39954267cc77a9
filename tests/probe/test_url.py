"""Addresses of the web: what is read, what is sent, what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe.url import MAX_URL, Url, UrlError, authority, is_origin_form, target, url, without_query


@pytest.mark.parametrize(
    ("text", "value", "authority", "written"),
    [
        ("http://Rack.Example", Url("http", "rack.example", 80, "/"), "rack.example", "http://rack.example/"),
        ("https://h:443/a?b=c#d", Url("https", "h", 443, "/a?b=c"), "h", "https://h/a?b=c"),
        ("https://h:80/", Url("https", "h", 80, "/"), "h:80", "https://h:80/"),
        ("http://[FD00::1]:8080/x", Url("http", "fd00::1", 8080, "/x"), "[fd00::1]:8080", "http://[fd00::1]:8080/x"),
        ("http://h/ü %20", Url("http", "h", 80, "/%C3%BC%20%20"), "h", "http://h/%C3%BC%20%20"),
    ],
    ids=["bare", "query", "odd-port", "ipv6", "not-ascii"],
)
def test_addresses(text: str, value: Url, authority: str, written: str) -> None:
    found = url(text)
    assert (found, found.authority, str(found)) == (value, authority, written)
    assert url(str(found)) == found


def test_relative_addresses() -> None:
    base = Url("http", "h", 8080, "/a/b?c")
    assert str(url("d", base)) == "http://h:8080/a/d"
    assert str(url("//other/e", base)) == "http://other/e"
    assert str(url("https://x/", base)) == "https://x/"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ftp://h/", "'ftp://h/' is no address of the web: it must be http:// or https:// and a host"),
        ("http:///x", "'http:///x' is no address of the web: it must be http:// or https:// and a host"),
        ("/x", "'/x' is no address of the web: it must be http:// or https:// and a host"),
        ("http://h:99999/", "'http://h:99999/' is no address of the web: port out of range 0-65535"),
        ("http://[::1/", "'http://[::1/' is no address of the web: invalid ipv6 url"),
        ("http://ü/", "'http://\\xfc/' is no address of the web: it must be http:// or https:// and a host"),
        ("http://me:pw@h/", "the address at 'h' holds a user name or a password, which probes do not send"),
        ("http://h/" + "a" * MAX_URL, "an address of 2057 characters; at most 2048 are read"),
    ],
    ids=["ftp", "no-host", "relative", "port", "bracket", "not-ascii", "password", "long"],
)
def test_what_is_no_address(text: str, sentence: str) -> None:
    with pytest.raises(UrlError) as caught:
        url(text)
    assert str(caught.value) == sentence


def test_a_query_is_not_shown() -> None:
    assert url("http://h/a?token=x").shown == "http://h/a?…"
    assert without_query("/a") == "/a"


def test_targets_and_hosts() -> None:
    assert target("a b") == "/a%20b"
    assert target("") == "/"
    assert authority("fe80::1%eth0", 80, "http") == "[fe80::1]"
    assert authority("h", 81, "http") == "h:81"


@given(st.text(max_size=60), st.sampled_from([None, Url("http", "h", 80, "/a")]))
def test_any_text_gives_an_address_or_an_error(text: str, base: Url | None) -> None:
    found = sentence = None
    try:
        found = url(text, base)
    except UrlError as error:
        sentence = str(error)
    if found is None:
        assert sentence
        assert sentence.isprintable()
    else:
        assert found.scheme in ("http", "https")
        assert str(found).isascii()
        assert str(found).isprintable()
        assert " " not in str(found)
        assert 0 <= found.port < 65536


@given(st.sampled_from(["http://h", "https://[::1]:5", "//x", ""]), st.text(max_size=40))
def test_any_path_is_sent_as_ascii(start: str, path: str) -> None:
    try:
        found = url(f"{start}/{path}", Url("http", "h", 80, "/"))
    except UrlError:
        return
    assert found.target.startswith("/")
    assert found.target.isascii()
    assert found.target.isprintable()


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/", True), ("/redfish/v1/Systems?x=%20", True), ("", False), ("redfish", False), ("http://elsewhere.lab/", False),
        ("/a b", False), ("/a\r\nHost: evil", False), ("/\x00", False), ("/\x7f", False), ("/é", False), ("/" + "x" * MAX_URL, False),
    ],
)  # fmt: skip
def test_paths_that_can_be_asked_for_as_they_stand(path, is_one):
    assert is_origin_form(path) is is_one
