"""What packets met on their way, by the words of `link.obstacle`: the cause of it, and what to do."""

from typing import Final

from msgspec import Struct

from bellrock.model import Confidence, Severity


class Case(Struct, frozen=True):
    """What is always said of something."""

    severity: Severity
    cause: str
    fix: tuple[str, ...]
    """With `{flow}` and `{address}` where those are to stand."""
    confidence: Confidence = Confidence.CERTAIN
    """Of the cause."""


_ROUTE_GET: Final = "See the way that this machine takes: ip route get {address}."
_IS_ON: Final = "See whether the target is on, and on the VLAN that its address belongs to."
MET: Final = {
    "no route": Case(Severity.ERROR, "This machine has no route to it: nothing left it.", (_ROUTE_GET,)),
    "refusing route": Case(
        Severity.ERROR, "A route or a routing rule of this machine passes nothing on to it.", (_ROUTE_GET, "See the routing rules: ip rule.")
    ),
    "no neighbour": Case(
        Severity.ERROR, "Nobody on the link has the address of the target, or of the router towards it.",
        (_ROUTE_GET, "See whether that machine is on, and on the VLAN of this link: ip neigh."), Confidence.LIKELY,
    ),
    "no host": Case(
        Severity.ERROR,
        "The last router on the way finds nobody with this address: the target is off, has another address, or is on another VLAN; or a route there refuses it.",
        (_IS_ON,), Confidence.LIKELY,
    ),
    "unreachable": Case(Severity.ERROR, "A router on the way has no route to it, and says so.", ("See the routes of that router.", _ROUTE_GET)),
    "time exceeded": Case(
        Severity.ERROR, "Packets to it go round in a circle: routers send them to each other until their hop limit is used up.",
        ("See the routes of the routers that traceroute {address} shows.",), Confidence.LIKELY,
    ),
    "own firewall": Case(
        Severity.ERROR, "Nothing left this machine: its own rules drop it.", ("See what they let through: bellrock firewall check.",)
    ),
    "administratively prohibited": Case(
        Severity.ERROR, "A firewall rejects it, and says so.",
        ("Let it pass there; bellrock firewall build writes the rules.", "See what a host's rules let through: bellrock firewall check."),
    ),
}  # fmt: skip
"""Obstacle → what is said of it in place of what its verdict alone would say."""
NO_WAY: Final = {
    "no route": "{by} has no route to", "refusing route": "a route of {by} passes nothing on to",
    "no neighbour": "nobody answers ARP or neighbour discovery on the way to", "no host": "{by} finds nobody with the address of",
    "unreachable": "{by} knows no way to", "time exceeded": "packets go round in a circle (says {by}) on the way to",
}  # fmt: skip
"""Obstacles that hold for an address whatever is sent to it: the beginning of a sentence that ends with addresses."""
