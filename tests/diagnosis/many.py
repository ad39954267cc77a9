"""How often a rule goes through all packets: not once more for each finding."""

from msgspec.structs import replace


class Counted(tuple):
    """Packets that count who goes through them."""

    __slots__ = ()
    rounds = 0

    def __iter__(self):
        type(self).rounds += 1
        return super().__iter__()


def rounds(rule, given) -> tuple[int, int]:
    """(findings, times that a rule has gone through all packets) of a case."""
    Counted.rounds = 0
    watched = replace(given, wire=replace(given.wire, packets=Counted(given.wire.packets)))
    findings = len(list(rule.find(watched)))
    return findings, Counted.rounds
