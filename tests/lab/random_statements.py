"""Random statements with expressions in them: where an expression has no value for a packet, the kernel ends the rule."""

from tests.lab.random_matches import Matches
from tests.lab.random_packets import MARKS, PORTS, V4, V6

UNJUDGED = {
    "ct count": "what it counts is the kernel's alone; every such rule is unknown",
    "meter": "a set that rules fill, under an older name",
    "last": "nft 1.0.6 lists it and does not read it",
    "ct timeout": "its object needs a module that is not everywhere",
    "ct helper": "the conversations of tests/lab/test_firewall_provisioning.py have it",
    "flow": "the module of flowtables is not everywhere; every such rule is followed both ways",
    "dup": "the copies would be taken for the packets themselves",
    "secmark": "it needs a security module",
    "redirect": "it leads to the machine itself, and so away from the route",
    "xt": "iptables-nft's alone; tests/lab has its own with iptables",
}
"""Statements that the reader knows and that no random ruleset has, and why."""


class Statements(Matches):
    """Makes statements that look something up, write something or only watch."""

    def looked_up(self) -> str:
        """A statement with a map, whose packets without a key are done with the rule."""
        pairs = lambda *data: self.pairs(data)  # noqa: E731
        mark = pairs("0x1", "0x5", "0x10")
        return self.one(
            f"meta mark set {mark}", f"meta mark set {mark}",
            f"counter name {pairs(*self.counters())}",
            f"tcp option maxseg size set {pairs('1300', '1400')}",
            *((f"ct mark set {mark}",) if self.tracks else ()),
        )  # fmt: skip

    def pairs(self, data: tuple[str, ...]) -> str:
        """Key and map."""
        if self.maybe(0.5):
            left, kind, keys = f"{self.one('tcp', 'udp')} dport", "port", [str(port) for port in PORTS]
        else:
            six = self.family == "ip6"
            left, kind = f"{'ip6' if six else 'ip'} {self.one('saddr', 'daddr')}", "v6" if six else "v4"
            keys = list(V6 if six else V4)
        chosen = self.rng.sample(sorted(set(keys)), min(len(set(keys)), self.rng.randint(1, 4)))
        for key in chosen:
            self._noted(key, kind)
        return f"{left} map {{ {', '.join(f'{key} : {self.rng.choice(data)}' for key in chosen)} }}"

    def counters(self) -> tuple[str, str]:
        for name in ("c0", "c1"):
            if f"counter {name} {{ }}" not in self.objects:
                self.objects.append(f"counter {name} {{ }}")
        return '"c0"', '"c1"'

    def watched(self) -> str:
        """What changes nothing that a rule asks for."""
        changes = ("ct event set new", "ct event set destroy") if self.tracks else ()
        window = ("tcp window set 1000",) if self.family not in {"bridge", "netdev"} else ()
        return self.one("log group 3", "counter", "meta nftrace set 0", *changes, *window)

    def vague(self) -> str:
        """What a ruleset does not tell: the verifier says so, or sees that nothing hangs on it."""
        number = f"{self.rng.choice(MARKS):#x}"
        sockets = ("meta mark set socket mark",) if self.family in {"ip", "ip6", "inet"} else ()
        tracked = ("ct zone set 1", f"ct mark set numgen inc mod 3 map {{ 1 : {number} }}") if self.tracks else ()
        return self.one(
            f"meta mark set numgen inc mod 3 map {{ 0 : {number}, 2 : 0x1 }}", "meta mark set numgen inc mod 4",
            "meta mark set jhash tcp sport . tcp dport mod 4", "@th,16,16 set 80", "quota over 400 bytes",
            self.filled(), *sockets, *tracked,
        )  # fmt: skip

    def filled(self) -> str:
        """A set that rules fill: full, nearly full, or emptied."""
        left, kind = ("ip6 saddr", "ipv6_addr") if self.family == "ip6" else ("ip saddr", "ipv4_addr")
        made = f"set filled {{ type {kind}; flags dynamic; size 2; }}"
        if made not in self.objects:
            self.objects.append(made)
        return f"{self.one('add', 'update', 'delete')} @filled {{ {left} }}"
