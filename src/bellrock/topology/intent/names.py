"""Whether two names mean one thing: hosts with and without their domain, ports long and short."""

import re
from typing import Final

_PORT: Final = re.compile(r"\s*([A-Za-z_ -]*?)\s*-?((?:\d+[/.:-])*\d+)\s*")
_NUMBER: Final = re.compile(r"\d+")


def same_host(a: str, b: str) -> bool:
    """`node-7` and `node-7.example.com`; two that both have a domain must have the same."""
    one, other = a.lower().rstrip("."), b.lower().rstrip(".")
    if one == other:
        return True
    return one.partition(".")[0] == other.partition(".")[0] and not ("." in one and "." in other)


def same_device(a: str, b: str) -> bool:
    """The same for switches, which may be known by a MAC address."""
    digits = [re.sub(r"[:.-]", "", one.lower()) for one in (a, b)]
    both_mac = all(re.fullmatch(r"[0-9a-f]{12}", one) for one in digits)
    return digits[0] == digits[1] if both_mac else same_host(a, b)


def same_port(a: str, b: str) -> bool:
    """`Ethernet1/7` and `Eth1/7`, `GigabitEthernet1/0/7` and `Gi1/0/7`, `swp7` and `swp7`: the same numbers, and one word begins the other."""
    one, other = _PORT.fullmatch(a), _PORT.fullmatch(b)
    if one is None or other is None:
        return a.strip().lower() == b.strip().lower()
    if _NUMBER.findall(one[2]) != _NUMBER.findall(other[2]):
        return False
    words = sorted((one[1].lower(), other[1].lower()), key=len)
    return words[1].startswith(words[0])
