"""Access lists as Cisco's IOS, IOS XE, NX-OS, IOS XR and ASA have them, and Brocade's and Arista's after them."""

import re
from collections.abc import Callable
from typing import Final

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, PORTED, ReadbackError, Rule
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Family, PortRange

_LIST: Final = re.compile(r"(ip|ipv4|ipv6) access-list (?:extended )?(\S+)")
_ANY_PROTOCOL: Final = ("ip", "ipv4", "ipv6")
_PORTS: Final = {
    # Names that the command reference gives to ports; those that flows may have.
    "ftp-data": "20",
    "ftp": "21",
    "ssh": "22",
    "telnet": "23",
    "smtp": "25",
    "tacacs": "49",
    "domain": "53",
    "bootps": "67",
    "bootpc": "68",
    "tftp": "69",
    "www": "80",
    "sunrpc": "111",
    "ntp": "123",
    "snmp": "161",
    "snmptrap": "162",
    "ldap": "389",
    "https": "443",
    "syslog": "514",
    "cmd": "514",
    "ldaps": "636",
    "nfs": "2049",
}
_TYPES: Final = {
    "echo-reply": "0",
    "unreachable": "3",
    "source-quench": "4",
    "redirect": "5",
    "echo": "8",
    "router-advertisement": "9",
    "router-solicitation": "10",
    "time-exceeded": "11",
    "parameter-problem": "12",
    "timestamp-request": "13",
    "timestamp-reply": "14",
}


def read(text: str) -> list[Rule]:
    """The lines of all access lists of a configuration.

    Raises:
        ReadbackError: a line that is none of permit, deny, remark.
    """
    rules: list[Rule] = []
    family: Family | None = None
    for line in (line.strip() for line in text.splitlines()):
        header = _LIST.fullmatch(line)
        if header:
            family = 6 if header[1] == "ipv6" else 4
        elif line == "exit":
            family = None
        elif line and not line.startswith(("!", "$", "no ", "remark ")) and line != "remark":
            if family is None:
                raise ReadbackError(f"outside of any list: {line}")
            rules.append(_Line(line, family, words.wildcard).rule())
    return rules


def read_asa(text: str) -> list[Rule]:
    """ASA repeats the list's name on each line and writes masks where the others write wildcards.

    Raises:
        ReadbackError: a line of another kind.
    """
    rules: list[Rule] = []
    for line in (line.strip() for line in text.splitlines()):
        parts = line.split()
        if not line or line.startswith(("!", "$", "clear configure access-list ")) or parts[2:3] == ["remark"]:
            continue
        if parts[0] != "access-list" or parts[2:3] != ["extended"]:
            raise ReadbackError(f"not of an access list: {line}")
        rules.append(_Line(" ".join(parts[3:]), 4, words.masked).rule())
    return rules


class _Line:
    """Words, taken from the left."""

    def __init__(self, line: str, family: Family, span: Callable[[str, str], AddressRange]) -> None:
        self._span = span
        self._text = line
        self._words = line.split()
        self._family = family

    def rule(self) -> Rule:
        action = self._take()
        if action not in ("permit", "deny"):
            raise ReadbackError(f"neither permit nor deny: {self._text}")
        word = self._take()
        protocol = None if word in _ANY_PROTOCOL else words.protocol(word, self._family)
        source, source_ports = self._address(), self._ports()
        destination, destination_ports = self._address(), self._ports()
        types = self._types() if protocol not in (None, *PORTED) else ()
        established = self._next("established")
        if self._words:
            raise ReadbackError(f"'{' '.join(self._words)}' is not understood: {self._text}")
        return Rule(
            name="",
            accept=action == "permit",
            family=self._family,
            protocol=protocol,
            sources=(source,),
            destinations=(destination,),
            source_ports=source_ports,
            destination_ports=destination_ports,
            types=types,
            established=established,
        )

    def _take(self) -> str:
        if not self._words:
            raise ReadbackError(f"the line ends too early: {self._text}")
        return self._words.pop(0)

    def _next(self, word: str) -> bool:
        found = self._words[:1] == [word]
        if found:
            self._words.pop(0)
        return found

    def _address(self) -> AddressRange:
        word = self._take()
        if word == "any":
            return words.whole(self._family)
        if word == "host":
            word = self._take()
        elif "/" not in word:
            return self._span(word, self._take())
        family, span = words.network(word)
        if family != self._family:
            raise ReadbackError(f"an address of the other family: {self._text}")
        return span

    def _ports(self) -> tuple[PortRange, ...]:
        if self._next("eq"):
            one = self._port()
            return (words.ports_between(one, one),)
        if self._next("range"):
            return (words.ports_between(self._port(), self._port()),)
        return EVERY_PORT

    def _port(self) -> str:
        word = self._take()
        return _PORTS.get(word, word)

    def _types(self) -> tuple[tuple[int, int | None], ...]:
        if not self._words:
            return ()
        word = self._take()
        kind = words.number(_TYPES.get(word, word), "ICMP type")
        return ((kind, words.number(self._take(), "ICMP code") if self._words else None),)
