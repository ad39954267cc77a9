"""Random rulesets about connections, and random conversations to have through them, as crossings and as packets."""

import ipaddress
import random
from dataclasses import dataclass, field

from bellrock.flows.passages import Crossing, Hook, Party, Passage
from bellrock.flows.values import Exchange, Flow, Group, Protocol
from tests.lab.differential import exit_of
from tests.lab.random_matches import STATES
from tests.lab.random_packets import ICMP4, ICMP6, TCP, UDP, V4, V6, Words, random_words
from tests.lab.random_rules import HOOKS, PRIORITIES, Maker, Plan, _chain

SYN, SYN_ACK, ACK, PUSH, FIN = 0x02, 0x12, 0x10, 0x18, 0x11
THERE, BACK = 0, 1
READ = b"\0\1boot.bin\0octet\0"
"""A read request (RFC 1350 §5)."""
MARKS = ("0x1", "0x2", "0x5", "0x10")
_PROTOCOLS = {TCP: Protocol.TCP, UDP: Protocol.UDP, ICMP4: Protocol.ICMP, ICMP6: Protocol.ICMPV6}


class Conversing(Maker):
    """Rules about connections. What a crossing leaves open (hop limits, lengths, FIN and PSH) is not asked for."""

    def match(self) -> str:
        kinds = [self.address] * 3 + [self.ports] * 3 + [self.protocol, self.icmp, self.flags, self.interface]
        kinds += [self.concat, *[self.state] * 5, *[self.mark_match] * 5]
        return self.rng.choice(kinds)()

    def flags(self) -> str:
        return self.one(
            "tcp flags & (syn|ack) == syn", "tcp flags & (syn|ack) == syn|ack", "tcp flags & (syn|ack) != ack", "tcp flags syn", "tcp flags ! ack"
        )  # fmt: skip

    def state(self) -> str:
        if not self.tracks:
            return self.protocol()
        return self.one(
            "ct state established", "ct state established,related", "ct direction reply", super().state(), super().state()
        )  # fmt: skip

    def mark_match(self) -> str:
        mark = self.one(*MARKS)
        meta = [f"meta mark {mark}", f"meta mark != {mark}", "meta mark & 0x5 != 0", "meta mark 0"]
        tracked = [f"ct mark {mark}", f"ct mark != {mark}", "ct mark & 0xff == 0x5", "ct mark 0", "ct mark & 0x3 != 0"]
        return self.one(*meta, *(tracked if self.tracks else ()))

    def setting(self) -> str:
        mark = self.one(*MARKS)
        tracked = (
            f"ct mark set {mark}", f"ct mark set {mark}", f"ct mark set ct mark or {mark}", "ct mark set meta mark",
            "meta mark set ct mark", "meta mark set ct mark", "ct mark set mark and 0xff", "ct mark set 0",
        )  # fmt: skip
        return self.one(
            f"meta mark set {mark}", f"meta mark set meta mark or {mark}", *(tracked if self.tracks else ())
        )

    def verdict(self) -> str:
        return self.one("accept", "accept", "accept", "drop", "return", "reject" if self.tracks else "drop")

    def rule(self, targets: list[str], *, final: bool = True) -> str:
        while "limit" in (text := super().rule(targets, final=final)):
            pass  # what a limit does, chance decides
        return text


def conversing_plan(rng: random.Random) -> Plan:
    """A ruleset of one or two tables for a router's hook forward."""
    hints: dict[str, list[int]] = {"v4": [], "v6": [], "port": []}
    plan = Plan("forward", "", hints, nat=rng.random() < 0.35)
    families = [rng.choice(("inet", "inet", "ip", "ip6")) for _ in range(rng.choice((1, 1, 2)))]
    plan.text = "\n".join(
        _table(Conversing(rng, family, hints), number, plan, first=not number) for number, family in enumerate(families)
    )
    return plan


def _table(maker: Conversing, number: int, plan: Plan, *, first: bool) -> str:
    rng = maker.rng
    chains = [_chain("r0", "", [maker.rule([]) for _ in range(rng.randint(1, 4))])]
    for at in range(rng.choice((1, 1, 2, 3))):
        hook = rng.choice(HOOKS["forward"]) if at else "forward"
        policy = rng.choice(("accept", "drop")) if hook == "forward" else "accept"
        head = f"type filter hook {hook} priority {rng.choice(PRIORITIES) if at else number}; policy {policy};"
        body = [maker.rule(["r0"]) for _ in range(rng.randint(2, 8))]
        if rng.random() < 0.4:
            body.insert(rng.randint(0, len(body)), f"ct state {rng.choice(STATES[:3])} accept")
        chains.append(_chain(f"b{at}", head, body))
    if rng.random() < 0.15:
        chains.append(_chain("raw", "type filter hook prerouting priority -300;", [f"{maker.match()} notrack"]))
    if plan.nat:
        for hook, priority in (("prerouting", -100), ("postrouting", 100)):
            body = [maker.nat(hook) for _ in range(rng.randint(1, 3))]
            chains.append(_chain(f"n{hook}", f"type nat hook {hook} priority {priority};", body))
    elif first and rng.random() < 0.5:
        maker.objects.append('ct helper boots { type "tftp" protocol udp; }')
        few = f"{maker.address()} " if rng.random() < 0.4 else ""
        body = [f'{few}udp dport 69 ct helper set "boots"']
        chains.append(_chain("helps", f"type filter hook {rng.choice(('prerouting', 'forward'))} priority -20;", body))
    return "\n".join([f"table {maker.family} t{number} {{", *(f"  {one}" for one in maker.objects), *chains, "}"])


@dataclass
class Conversation:
    """Packets both ways, one round after the other, and what the verifier is asked about them."""

    crossing: Crossing
    first: Words
    steps: tuple[tuple[int, int, int], ...]
    """Round, direction and TCP flags of each packet."""
    sent: dict[int, list[int]] = field(default_factory=lambda: {THERE: [], BACK: []})
    """Numbers of the packets that were sent, by direction."""
    went: tuple[str, int, int] | None = None
    """The first packet's source and ports as it came out."""
    target: str = ""
    """Where it came out to."""


_TALK = {
    TCP: ((0, THERE, SYN), (1, BACK, SYN_ACK), (2, THERE, ACK), (2, THERE, PUSH), (3, BACK, ACK), (3, BACK, PUSH), (4, THERE, FIN), (5, BACK, FIN)),
    UDP: ((0, THERE, 0), (1, BACK, 0), (2, THERE, 0), (3, BACK, 0), (4, THERE, 0)),
}  # fmt: skip
_ECHO = ((0, THERE, 0), (1, BACK, 0), (2, THERE, 0), (3, BACK, 0))
ROUNDS = 7


def conversations(rng: random.Random, plan: Plan, number: int) -> list[Conversation]:
    """So many conversations, no two of which share a port that tells connections apart."""
    ports: set[int] = set()
    made: list[Conversation] = []
    while len(made) < number:
        words = _words(rng, plan, ports)
        if "boots" in plan.text and rng.random() < 0.3:
            made += _booting(rng, words, f"c{len(made)}", ports)
        else:
            steps = _TALK.get(words.protocol, _ECHO)
            made.append(Conversation(_crossing(words, f"c{len(made)}"), words, steps))
    return made


def _words(rng: random.Random, plan: Plan, ports: set[int]) -> Words:
    words = random_words(rng, plan.hints)
    words.protocol = rng.choice((TCP, UDP, ICMP4 if words.version == 4 else ICMP6))
    while words.source == words.destination or (plan.nat and exit_of(words.destination) != "wan0"):
        words.source, words.destination = (rng.choice(V4 if words.version == 4 else V6) for _ in range(2))
    words.type, words.code, words.flags, words.size = 8 if words.version == 4 else 128, 0, SYN, 0
    words.ttl, words.echo = 64, 1000 + len(ports)
    while words.sport in ports or words.sport == words.dport:
        words.sport = rng.randint(1024, 65535)
    while words.dport in ports or words.dport == 69:
        words.dport = rng.randint(1, 1023)
    ports.add(words.sport)
    return words


def _booting(rng: random.Random, words: Words, flow: str, ports: set[int]) -> list[Conversation]:
    """A read request, and the data that come from another port."""
    words.protocol, words.dport, words.data = UDP, 69, READ
    port = next(one for one in iter(lambda: rng.randint(20000, 65535), 0) if one not in ports)
    ports.add(port)
    data = Words(words.version, words.destination, words.source, UDP, port, words.sport)
    steps = tuple((at + 1, way, flags) for at, way, flags in _TALK[UDP])
    return [
        Conversation(_crossing(words, flow, helper="tftp", answered=False), words, _TALK[UDP][:1]),
        Conversation(_crossing(data, flow, name="data", expected=True), data, steps),
    ]


def _crossing(words: Words, flow: str, name: str = "asks", **more: object) -> Crossing:
    ports = words.protocol in {TCP, UDP}
    exchange = Exchange(
        name=name, source=(), destination=(), protocol=_PROTOCOLS[words.protocol],
        source_ports=((words.sport, words.sport),), destination_ports=((words.dport, words.dport),),
        types=() if ports else ((words.type, 0),), **more,
    )  # fmt: skip
    row = Flow(
        id=flow, title=flow, group=Group.CORE, source=(), destination=(), protocols=(), exchanges=(exchange,), note=""
    )  # fmt: skip
    passage = Passage(
        flow=row, exchange=exchange, family=4 if words.version == 4 else 6, source=_party(words.source), destination=_party(words.destination)
    )  # fmt: skip
    return Crossing(
        passage=passage, hook=Hook.FORWARD, in_interfaces=(exit_of(words.source),), out_interfaces=(exit_of(words.destination),)
    )  # fmt: skip


def _party(address: str) -> Party:
    one = ipaddress.ip_address(address)
    return Party(address, one.version, ((int(one), int(one)),))
