"""The kernel's table of connections, where it is kept and may be read: /proc/net/nf_conntrack."""

from pathlib import Path
from typing import Final

from bellrock.link.proc import MAX_TABLE
from bellrock.model.listening import Conversation

MAX_ENTRIES: Final = 100_000
_TABLE: Final = Path("/proc/thread-self/net/nf_conntrack")


def connections(table: Path = _TABLE) -> tuple[Conversation, ...] | None:
    """Connections in their original direction; None where the kernel keeps no such table or this user may not read it."""
    try:
        with table.open("rb") as file:
            lines = file.read(MAX_TABLE).decode(errors="replace").splitlines()
    except OSError:
        return None
    found = (parse(line) for line in lines[:MAX_ENTRIES])
    return tuple(conversation for conversation in found if conversation)


def parse(line: str) -> Conversation | None:
    """One line: `ipv4 2 tcp 6 431999 ESTABLISHED src=… dst=… sport=… dport=… packets=… src=…`; None for other protocols."""
    words = line.split()
    if len(words) < 3 or words[2] not in ("tcp", "udp"):
        return None
    fields: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            fields.setdefault(name, value)  # the first of each belongs to the original direction
    try:
        return Conversation(
            protocol="tcp" if words[2] == "tcp" else "udp",
            source=fields["src"],
            source_port=int(fields["sport"]),
            destination=fields["dst"],
            destination_port=int(fields["dport"]),
            packets=max(1, int(fields.get("packets", "1"))),
            begun=True,
        )
    except (KeyError, ValueError):
        return None
