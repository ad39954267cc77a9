"""Options of probes: every kind of value, and the one sentence when it is wrong."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe.options import MAX_SEVERAL, MAX_VALUE, read
from bellrock.probe.values import Ask, Option, PlanError

KNOWN = (
    Option("size", "octets"), Option("pause", "seconds"), Option("tls", "yes or no"), Option("mode", "a word"), Option("names", "names"),
    Option("server", "address"), Option("mac", "6 octets"), Option("password", "a secret", secret=True),
)  # fmt: skip


def options(**given: str):
    return read(Ask(flow="dns", address="192.0.2.1", options=given), KNOWN)


@pytest.mark.parametrize(
    ("kind", "name", "text", "value"),
    [
        ("text", "password", "p w", "p w"),
        ("whole", "size", "512", 512),
        ("whole", "size", "8", 8),
        ("number", "pause", "0.5", 0.5),
        ("number", "pause", "2", 2.0),
        ("flag", "tls", "yes", True),
        ("flag", "tls", "no", False),
        ("choice", "mode", "fast", "fast"),
        ("several", "names", "a, b,c", ("a", "b", "c")),
        ("address", "server", "FD00::0:1", "fd00::1"),
        ("addresses", "server", "192.0.2.1,fd00::1", ("192.0.2.1", "fd00::1")),
        ("octets", "mac", "02:00:00:00:00:0a", bytes.fromhex("02000000000a")),
        ("octets", "mac", "02000000000A", bytes.fromhex("02000000000a")),
    ],
)
def test_values(kind: str, name: str, text: str, value: object) -> None:
    assert take(options(**{name: text}), kind, name) == value


def take(found, kind: str, name: str):
    return {
        "text": lambda: found.text(name),
        "whole": lambda: found.whole(name, 512, least=8, most=65464),
        "number": lambda: found.number(name, 1.0, least=0.1, most=10),
        "flag": lambda: found.flag(name),
        "choice": lambda: found.choice(name, ("fast", "slow"), "slow"),
        "several": lambda: found.several(name, ("x",)),
        "address": lambda: found.address(name, "::1"),
        "addresses": lambda: found.addresses(name, ("::1",)),
        "octets": lambda: found.octets(name, 6),
    }[kind]()


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("text", "password", ""), ("whole", "size", 512), ("number", "pause", 1.0), ("flag", "tls", False), ("choice", "mode", "slow"),
        ("several", "names", ("x",)), ("address", "server", "::1"), ("addresses", "server", ("::1",)), ("octets", "mac", b""),
    ],
)  # fmt: skip
def test_defaults(kind: str, name: str, value: object) -> None:
    assert name not in options()
    assert take(options(), kind, name) == value


@pytest.mark.parametrize(
    ("kind", "name", "text", "sentence"),
    [
        ("whole", "size", "7", "dns: option size takes a whole number from 8 to 65464, and not '7'"),
        ("whole", "size", "1_000", "dns: option size takes a whole number from 8 to 65464, and not '1_000'"),
        ("whole", "size", "٥٥٥", "dns: option size takes a whole number from 8 to 65464, and not '٥٥٥'"),
        ("whole", "size", "", "dns: option size takes a whole number from 8 to 65464, and not ''"),
        ("whole", "size", "9" * 30, f"dns: option size takes a whole number from 8 to 65464, and not '{'9' * 30}'"),
        ("number", "pause", "nan", "dns: option pause takes a number from 0.1 to 10, and not 'nan'"),
        ("number", "pause", "inf", "dns: option pause takes a number from 0.1 to 10, and not 'inf'"),
        ("number", "pause", "soon", "dns: option pause takes a number from 0.1 to 10, and not 'soon'"),
        ("flag", "tls", "true", "dns: option tls takes yes or no, and not 'true'"),
        ("choice", "mode", "quick", "dns: option mode takes fast or slow, and not 'quick'"),
        ("several", "names", "a,,b", "dns: option names takes 1 to 256 values with a comma between, and not 'a,,b'"),
        ("address", "server", "example.com", "dns: option server takes IP addresses, and not 'example.com'"),
        ("addresses", "server", "1.2.3.4,5", "dns: option server takes IP addresses, and not '1.2.3.4,5'"),
        ("octets", "mac", "02:00", "dns: option mac takes 6 octets in hexadecimal digits, and not '02:00'"),
        ("octets", "mac", "zz", "dns: option mac takes 6 octets in hexadecimal digits, and not 'zz'"),
        ("whole", "password", "hunter2", "dns: option password takes a whole number from 8 to 65464, and not what is given"),
    ],
)  # fmt: skip
def test_refusals(kind: str, name: str, text: str, sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        take(options(**{name: text}), kind, name)
    assert str(caught.value) == sentence


def test_an_unknown_option_has_a_nearest() -> None:
    with pytest.raises(PlanError, match=r"^dns has no option 'sise'; did you mean size\?$"):
        options(sise="1")


def test_an_unknown_option_far_from_all() -> None:
    with pytest.raises(PlanError, match=r"^dns has no option 'zzzzzz'; it has size, pause, tls, "):
        options(zzzzzz="1")
    with pytest.raises(PlanError, match=r"^dns has no option 'x'; it has none$"):
        read(Ask(flow="dns", options={"x": "1"}), ())


def test_sizes_are_bounded() -> None:
    with pytest.raises(PlanError, match=f"dns: option names is longer than {MAX_VALUE} characters"):
        options(names="a" * (MAX_VALUE + 1))
    with pytest.raises(PlanError, match=f"takes 1 to {MAX_SEVERAL} values"):
        options(names=",".join("a" * (MAX_SEVERAL + 1))).several("names")


@pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "a\0"], ids=["newline", "escape", "nul"])
def test_what_cannot_be_printed_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(PlanError, match="^dns: option mode holds characters that cannot be printed$"):
        options(mode=text)


def test_a_name_that_the_probe_did_not_declare_is_its_own_mistake() -> None:
    with pytest.raises(KeyError):
        options().text("other")


@given(st.sampled_from([option.name for option in KNOWN]), st.text(max_size=40), st.sampled_from(
    ["text", "whole", "number", "flag", "choice", "several", "address", "addresses", "octets"]))  # fmt: skip
def test_any_text_gives_a_value_or_a_plan_error(name: str, text: str, kind: str) -> None:
    with contextlib.suppress(PlanError):
        take(options(**{name: text}), kind, name)
