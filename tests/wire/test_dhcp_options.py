import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import dhcp_options as option

TABLE = [
    (option.NETMASK, "ffffff00", "subnet-mask", "255.255.255.0"),
    (option.ROUTERS, "0a000001 0a000002", "routers", ["10.0.0.1", "10.0.0.2"]),
    (option.ROUTERS, "0a000001 0a00", "routers", ["10.0.0.1"]),
    (option.LEASE_TIME, "00000e10", "lease-time", 3600),
    (option.SERVER_ID, "0a0000", "server-identifier", ""),
    (option.BOOT_FILE, "7078652e3000ff", "bootfile-name", "pxe.0"),
    (option.TFTP_SERVER, "1b5b316d", "tftp-server-name", "\N{REPLACEMENT CHARACTER}[1m"),
    (option.CLIENT_UUID, "00aabb", "uuid", "00:aa:bb"),
    (option.VENDOR, "060103 0a0450584500 ff", "vendor-encapsulated-options", {"6": "03", "10": "50:58:45:00"}),
    (option.RELAY_INFORMATION, "010265740200", "relay-agent-information", {"1": "65:74", "2": ""}),
    (230, "0102", "option-230", "01:02"),
    (231, "00" * 70, "option-231", ("00:" * 63) + "00… (70 octets)"),
]


@pytest.mark.parametrize(
    ("code", "octets", "name", "value"), TABLE, ids=[f"{row[0]}-{number}" for number, row in enumerate(TABLE)]
)
def test_readable(code, octets, name, value):
    data = bytes.fromhex(octets)
    assert option.shown({code: data}) == {name: value}


@given(st.dictionaries(st.integers(1, 254), st.binary(max_size=300)))
def test_any_value_can_be_shown(options):
    shown = option.shown(options)
    assert len(shown) == len(options)
    texts = [value for value in shown.values() if isinstance(value, str)]
    assert all(text.isprintable() for text in texts)


def test_names_are_unique():
    names = [name for name, _ in option._OPTIONS.values()]
    assert len(set(names)) == len(names)
