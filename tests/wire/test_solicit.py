import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ip, solicit
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ip import Datagram
from fuzz.contract import judge
from tests.wire.vectors import refuses

# As Linux 6 sent it, and below what it answered: fe80::1 looks for fe80::2 at its solicited-node group; from the IPv6 header on.
SOLICITATION = bytes.fromhex(
    "6000000000203aff fe800000000000000000000000000001 ff0200000000000000000001ff000002"
    "8700 7a97 00000000 fe800000000000000000000000000002 0101 020000000001"
)


def looked_for(**changes) -> Datagram:
    whole = ip.parse6(SOLICITATION)
    fields = {name: getattr(whole, name) for name in whole.__struct_fields__}
    return Datagram(**(fields | changes))


def test_target():
    assert solicit.target(looked_for()) == "fe80::2"


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        pytest.param(Reason.UNSUPPORTED, {"protocol": 17}, id="UDP"),
        pytest.param(Reason.UNSUPPORTED, {"payload": b"\x88" + SOLICITATION[41:]}, id="an advertisement"),
        pytest.param(Reason.UNSUPPORTED, {"payload": b""}, id="nothing"),
        pytest.param(Reason.OFF_LINK, {"hop_limit": 254}, id="through a router"),
        pytest.param(Reason.TRUNCATED, {"payload": SOLICITATION[40:63]}, id="cut"),
        pytest.param(Reason.BAD_CHECKSUM, {"payload": SOLICITATION[40:71] + b"\x02"}, id="another octet"),
    ],
)
def test_refused(reason, changes):
    with refuses(reason):
        solicit.target(looked_for(**changes))


def test_advertisement():
    packet = solicit.advertisement("fe80::2", "02:00:00:00:00:02", "fe80::1")
    assert packet.hex() == (
        "6000000000203afffe800000000000000000000000000002fe800000000000000000000000000001"
        "8800181a60000000fe8000000000000000000000000000020201020000000002"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere", "02:00:00:00:00:02", "fe80::1"),
        ("fe80::2", "02", "fe80::1"),
        ("fe80::2", "02:00:00:00:00:02", "10.0.0.1"),
    ],
)
def test_what_is_no_address_is_not_advertised(words):
    with pytest.raises(ValueError, match="address|family"):
        solicit.advertisement(*words)


@given(st.binary(max_size=80), st.integers(0, 255), st.sampled_from((58, 17)))
def test_any_octets_are_a_target_or_a_refusal(payload, hops, protocol):
    try:
        found = solicit.target(Datagram(6, "fe80::1", "fe80::2", hops, protocol, payload))
    except WireError as error:
        judge(error)
    else:
        assert ":" in found
