"""What iptables-restore would refuse of a save, by file, line and reason, before any of it is judged."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from bellrock.cli.output import EXIT_UNREADABLE, Failure

_BUILTIN: Final = frozenset({"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"})
_TARGETS: Final = frozenset(
    """ACCEPT DROP RETURN QUEUE AUDIT CHECKSUM CLASSIFY CLUSTERIP CONNMARK CONNSECMARK CT DNAT DNPT DSCP ECN HL HMARK
    IDLETIMER LED LOG MARK MASQUERADE NETMAP NFLOG NFQUEUE NOTRACK RATEEST REDIRECT REJECT SECMARK SET SNAT SNPT SYNPROXY
    TCPMSS TCPOPTSTRIP TEE TOS TPROXY TRACE TTL ULOG FLOWOFFLOAD ACCOUNT CHAOS DELUDE DHCPMAC DNETMAP ECHO IPMARK LOGMARK
    PROTO SYSRQ TARPIT""".split()  # noqa: SIM905 -- as the manuals list them
)
"""iptables-extensions(8) and xtables-addons(8): every other name after -j is a chain's."""
_LACKS: Final = re.compile(r"Couldn't load|[Ii]pset|Set \S+ doesn't exist|[Kk]ernel|[Pp]ermi|not supported")
"""What this host has no extension or set for: the rule may well load on another."""
_SAYS: Final = re.compile(r"^\S+ v[\d.]+ \([^)]*\): ")


def check_save(text: str, what: str) -> None:
    """See that it would be taken as a whole: each table committed, each chain that is used in it declared.

    Raises:
        Failure: it would not, with the line (exit 3).
    """
    began, table = 0, ""
    declared: set[str] = set()
    for number, line in enumerate([*text.splitlines(), "*"], 1):
        words = _words(line)
        if line.startswith("*"):
            if began:
                raise _refused(what, began, f"table {table} has no COMMIT, so nothing of it would be loaded")
            began, table, declared = number, line[1:].strip(), set(_BUILTIN)
        elif words[0] == "COMMIT":
            began = 0
        elif line.startswith(":"):
            declared.add(words[0][1:])
        elif words[0] in ("-N", "--new-chain"):
            declared.update(words[1:2])
        for name in _used(words):
            if name not in declared:
                raise _refused(what, number, f"there is no chain {name} in table {table}")


def is_lack(said: str) -> bool:
    """Whether the translator refuses a line for what this host has not, rather than for what the line says."""
    return bool(_LACKS.search(said))


def reason(said: str) -> str:
    """Why the translator refuses, without its own name."""
    return _SAYS.sub("", said.split("\n")[0]) or "iptables does not understand it"


def where_is(line: str, text: str) -> str:
    """`line 3`: the first that is this one, since it is refused there already; the line itself where none is."""
    lines = text.split("\n")
    return f"line {lines.index(line) + 1}" if line in lines else line


def _used(words: list[str]) -> Iterator[str]:
    """The chains that a rule needs: its own, and the one it goes to."""
    if words[0] in ("-A", "-I"):
        yield from words[1:2]
        for option, name in pairwise(words):
            if option in ("-g", "--goto") or (option in ("-j", "--jump") and name not in _TARGETS):
                yield name


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=line.startswith("#")) or [""]
    except ValueError:
        return line.split() or [""]


def _refused(what: str, number: int, why: str) -> Failure:
    return Failure(f"{what}: line {number}: {why}", EXIT_UNREADABLE)
