import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import discovery
from bellrock.wire.discovery import Advertisement, RouterAdvertisement, Solicitation
from bellrock.wire.errors import Reason, WireError
from tests.wire.vectors import refuses

FD = "fd000000000000000000000000000001"
PREFIX = "03 04 40 c0 00015180 00003840 00000000 fd000000000000000123456789abcdef"
TABLE = [
    ("solicitation, as Linux 6 sent it", f"87007a9700000000 {FD} 0101 020000000001", Solicitation("fd00::1")),
    ("advertisement", f"88000000e0000000 {FD} 0201 020000000002", Advertisement("fd00::1", "02:00:00:00:00:02", router=True)),
    ("advertisement without its card", f"8800000020000000 {FD}", Advertisement("fd00::1")),
    ("no router any more", "8600 0000 40 00 0000 00000000 00000000", RouterAdvertisement(lifetime=0)),
    (
        "a whole one, as radvd writes it",
        f"8600 1234 40 c0 0708 00000000 00000000 {PREFIX} 0501 0000 000005dc 0101 52540012 3456 1903 0000 0000012c {FD}",
        RouterAdvertisement(
            lifetime=1800, prefixes=("fd00::/64",), managed=True, other=True, mac="52:54:00:12:34:56", mtu=1500, servers=("fd00::1",)
        ),
    ),
    (
        "options of odd sizes say nothing",
        f"8600 0000 40 00 0001 00000000 00000000 0301 00000000 0000 0502 0000000005dc 0000000000000000 0102 {'00' * 14}",
        RouterAdvertisement(lifetime=1),
    ),
    ("the last option is cut", f"8600 0000 40 40 0001 00000000 00000000 0101 525400123456 {PREFIX[:41]}",
     RouterAdvertisement(lifetime=1, other=True, mac="52:54:00:12:34:56")),
    ("an octet is left over", f"8800000020000000 {FD} 02", Advertisement("fd00::1")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_parse(text, value):
    data = bytes.fromhex(text)
    assert discovery.parse(data) == discovery.parse(memoryview(data)) == value


@pytest.mark.parametrize("text", ["", "80", "8500000000000000", "8900"])
def test_other_messages(text):
    with refuses(Reason.UNSUPPORTED):
        discovery.parse(bytes.fromhex(text))


@pytest.mark.parametrize(("kind", "least"), [(134, 16), (135, 24), (136, 24)])
def test_what_is_cut_in_its_header(kind, least):
    for size in range(1, least):
        with refuses(Reason.TRUNCATED):
            discovery.parse(bytes((kind,)) + bytes(size - 1))


def test_an_option_without_length():
    with refuses(Reason.MALFORMED):
        discovery.parse(bytes.fromhex(f"8800000020000000 {FD} 0200"))


def test_too_many_options():
    with refuses(Reason.TOO_BIG):
        discovery.parse(bytes.fromhex(f"8800000020000000 {FD}") + bytes.fromhex("0e01000000000000") * 65)


def test_lists_are_bounded():
    found = discovery.parse(bytes.fromhex(f"8600 0000 40 c0 0708 00000000 00000000 {PREFIX * 40}"))
    assert len(found.prefixes) == discovery.MAX_LISTED


@pytest.mark.parametrize(("length", "text"), [(0, "::/0"), (56, "fd00::/56"), (200, "fd00::123:4567:89ab:cdef/128")])
def test_bits_behind_the_prefix_are_ignored(length, text):
    option = bytes.fromhex(PREFIX)
    found = discovery.parse(
        bytes.fromhex("8600 0000 40 c0 0708 00000000 00000000") + option[:2] + bytes((length,)) + option[3:]
    )
    assert found.prefixes == (text,)


@given(st.sampled_from(discovery.KINDS), st.binary(max_size=120))
def test_a_value_or_the_one_error(kind, data):
    try:
        found = discovery.parse(bytes((kind,)) + data)
    except WireError:
        return
    assert isinstance(found, Solicitation | Advertisement | RouterAdvertisement)
