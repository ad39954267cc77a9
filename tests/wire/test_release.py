"""Release files of APT repositories."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire.errors import Reason, WireError
from bellrock.wire.pgp import clearsigned
from bellrock.wire.release import MAX_FILE, MAX_LISTED, Listed, release

DATA = Path(__file__).parents[1] / "data" / "apt"
DIGEST = "0123456789abcdef" * 4


def test_what_apt_ftparchive_writes() -> None:
    found = release(clearsigned((DATA / "rsa2048.InRelease").read_bytes()).text)
    assert (found.origin, found.label, found.suite, found.codename) == ("Lab", "Lab", "noble", "noble")
    assert (found.date, found.valid_until) == (1795330800.0, 1795935600.0)
    assert (found.architectures, found.components, found.by_hash) == (("amd64",), ("main",), True)
    assert [one.path for one in found.listed] == ["main/binary-amd64/Packages", "main/binary-amd64/Packages.gz"]
    assert found.listed[0].size == 4239


def test_the_least() -> None:
    found = release(b"\nSuite: x\n\nOrigin: of the second paragraph")
    assert (found.suite, found.origin, found.date, found.valid_until, found.by_hash, found.listed) == (
        "x",
        "",
        None,
        None,
        False,
        (),
    )


def test_lists() -> None:
    text = f"SHA256:\r\n {DIGEST} 12 a/b\r\n\t{DIGEST}    0 c\r\nCodename: y\r\nSHA256:\r\n {DIGEST} 1 second\r\n"
    assert release(text.encode()).listed == (Listed(DIGEST, 12, "a/b"), Listed(DIGEST, 0, "c"))


def test_lists_are_bounded() -> None:
    found = release(b"Suite: x\nSHA256:\n" + f" {DIGEST} 1 a\n".encode() * (MAX_LISTED + 5))
    assert len(found.listed) == MAX_LISTED


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Sat, 01 Jan 2028 00:00:00 UTC", 1830297600.0),
        ("1 Jan 2028 00:00:00 GMT", 1830297600.0),
        ("Sat, 01 Jan 2028 00:00:60 Z", 1830297659.0),
        ("Sat, 01 Jan 2028 02:30:00 +0230", 1830297600.0),
        ("Fri, 31 Dec 2027 22:00:00 -0200", 1830297600.0),
    ],
    ids=["utc", "no-weekday", "leap-second", "ahead", "behind"],
)
def test_dates(text: str, at: float) -> None:
    assert release(f"Date: {text}".encode()).date == at


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "32 Jan 2028 00:00:00 UTC",
        "1 Foo 2028 00:00:00 UTC",
        "1 Jan 0000 00:00:00 UTC",
        "1 Jan 2028 25:00:00 UTC",
    ],
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(WireError) as caught:
        release(f"Suite: x\nValid-Until: {text}".encode())
    assert caught.value.detail == f"valid-until is no date: {text!r}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"Origin: x", Reason.MALFORMED),
        (b"Suite: x\nno colon", Reason.MALFORMED),
        (b"Suite: x\nSHA256:\n zz 1 a", Reason.MALFORMED),
        (b"Suite: x\nSHA256:\n " + DIGEST.encode() + b" 1 a\x1b[2J", Reason.MALFORMED),
        (b"Suite: x" + b" " * MAX_FILE, Reason.TOO_BIG),
    ],
    ids=["empty", "other", "no-colon", "no-digest", "escape", "too-big"],
)
def test_what_is_no_release_file(text: bytes, reason: Reason) -> None:
    with pytest.raises(WireError) as caught:
        release(text)
    assert caught.value.reason is reason
    assert str(caught.value).isprintable()


@given(st.binary(max_size=200), st.sampled_from([b"", b"Suite: x\n", b"Suite: x\nSHA256:\n ", b"Date: "]))
def test_any_octets_give_a_value_or_the_documented_error(octets: bytes, start: bytes) -> None:
    found = sentence = None
    try:
        found = release(start + octets)
    except WireError as error:
        sentence = str(error)
    if found is None:
        assert sentence
        assert sentence.isprintable()
    else:
        assert found.suite.isprintable()
        assert all(one.path.isprintable() for one in found.listed)
