"""DHCP of both families. The first octet: 0x01 DHCPv6, else DHCP; 0x02 puts a whole fixed part with cookie in front; 0x04 is a lease (IA_NA)."""

from bellrock.wire import dhcp, dhcp6, dhcp_options
from fuzz.contract import demand, value_or_refusal

FIXED = bytes.fromhex("020106000000000100008000") + bytes(16) + bytes.fromhex("525400123456") + bytes(202) + dhcp.COOKIE


def one(data: bytes) -> None:
    mode, rest = data[0] if data else 0, data[1:]
    if mode & 4:
        value_or_refusal(lambda: dhcp6.leased(rest))
    elif mode & 1:
        _six(rest)
    else:
        _four((FIXED if mode & 2 else b"") + rest)


def _four(data: bytes) -> None:
    message = value_or_refusal(lambda: dhcp.decode(data))
    if message is None:
        return
    for value in dhcp_options.shown(message.options).values():
        demand(not isinstance(value, str) or value.isprintable(), "text that is not printable")
    demand(dhcp.decode(dhcp.encode(message)) == message, "what is written is not what was read")


def _six(data: bytes) -> None:
    message = value_or_refusal(lambda: dhcp6.decode(data))
    if message is None:
        return
    demand(dhcp6.decode(dhcp6.encode(message)) == message, "what is written is not what was read")
    demand(dhcp6.status(dhcp6.first(message.options, dhcp6.STATUS)).isprintable(), "a status that is not printable")
