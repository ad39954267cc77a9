"""The spoof guard: a source that lives behind one of the interfaces that the site names may not come in at another (RFC 2827, BCP 38).

It stands before connection tracking, so that a spoofed packet leaves no entry there. Sources that live behind no interface
that the site names (the internet, a subnet without `interface`) may come in at any, forged ones among them: the guard does
not know where they belong, and leaves them to the rules, which name who may.
"""

from collections.abc import Sequence
from typing import Final

from bellrock.firewall.compile.policy import Guard, Policy
from bellrock.firewall.compile.text import address_range, quoted, wrapped
from bellrock.flows.addresses import merged
from bellrock.flows.values import Family

_INDENT: Final = "\t\t\t     "
_TYPES: Final[dict[Family, str]] = {4: "ipv4_addr", 6: "ipv6_addr"}
_WORDS: Final[dict[Family, str]] = {4: "ip", 6: "ip6"}


def guard_sets(guards: Sequence[Guard]) -> list[str]:
    """Per family: which sources live behind which interface, and all of those sources."""
    return [text for family in _families(guards) for text in _sets(family, guards)]


def guard_chain(policy: Policy) -> list[str]:
    """A chain before connection tracking; none where nothing is guarded."""
    if not policy.guards:
        return []
    lines = ["\t\ttype filter hook prerouting priority raw; policy accept;", *map(_rule, _families(policy.guards))]
    body = "\n".join(lines)
    return [f"\tchain spoof_guard {{\n{body}\n\t}}\n"]


def _rule(family: Family) -> str:
    saddr = f"{_WORDS[family]} saddr"
    return (
        f'\t\tiifname != "lo" {saddr} @guarded_v{family} iifname . {saddr} != @behind_v{family} '
        'counter drop comment "spoof-guard"'
    )


def _sets(family: Family, guards: Sequence[Guard]) -> list[str]:
    own = [guard for guard in guards if guard.family == family]
    kind = _TYPES[family]
    pairs = [f"{quoted(guard.interface)} . {address_range(family, span)}" for guard in own for span in guard.ranges]
    sources = merged(span for guard in own for span in guard.ranges)
    return [
        _set(f"behind_v{family}", f"ifname . {kind}", pairs),
        _set(f"guarded_v{family}", kind, [address_range(family, span) for span in sources]),
    ]


def _set(name: str, kind: str, elements: Sequence[str]) -> str:
    return (
        f"\tset {name} {{\n\t\ttype {kind}\n\t\tflags interval\n"
        f"\t\telements = {{ {wrapped(elements, _INDENT)} }}\n\t}}\n"
    )


def _families(guards: Sequence[Guard]) -> list[Family]:
    return sorted({guard.family for guard in guards})
