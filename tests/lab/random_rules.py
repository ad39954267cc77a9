"""Random rulesets in nft's own language, of every construct that the verifier decides, seeded."""

import random
from dataclasses import dataclass

from tests.lab.random_matches import NAMES, STATES
from tests.lab.random_packets import MARKS, PORTS
from tests.lab.random_statements import Statements


class Maker(Statements):
    """Makes rules of one table."""

    def rule(self, targets: list[str], *, final: bool = True) -> str:
        words = [self.match() for _ in range(self.rng.choice((0, 1, 1, 1, 2, 2)))]
        if self.maybe(0.15):
            words.append("counter")
        if self.maybe(0.02):
            words.append(self.one("limit rate 1/hour burst 1 packets", "limit rate over 2/hour burst 2 packets"))
        choice = self.rng.random()
        if not words and choice < 0.6:
            words.append(self.match())
        if choice < 0.1:
            behind = [self.verdict()] if self.maybe(0.3) else []
            return " ".join([*words[:1], self.vmap(targets), *behind]) if final else words[0]
        if self.maybe(0.1):
            words.append(self.looked_up())
        if self.maybe(0.06):
            words.append(self.watched())
        if self.maybe(0.006):
            words.append(self.vague())
        words.append(self.statement(targets))
        if self.maybe(0.1):
            words.append('comment "why not"')
        return " ".join(words)

    def statement(self, targets: list[str]) -> str:
        choice = self.rng.random()
        if choice < 0.25:
            return self.setting() + (self.one("", " accept", " drop") if self.maybe(0.2) else "")
        if targets and choice < 0.5:
            return f"{self.one('jump', 'goto')} {self.rng.choice(targets)}"
        return self.verdict()

    def verdict(self) -> str:
        rejects = ("reject", "reject") if self.family in {"ip", "ip6", "inet"} and self.tracks else ()
        return self.one("accept", "accept", "accept", "drop", "drop", "return", "continue", *rejects)

    def setting(self) -> str:
        number = self.rng.choice(MARKS)
        written = ["ip dscp set 10"] if self.family != "ip6" else ["ip6 dscp set 10"]
        return self.one(
            f"meta mark set {number:#x}", f"meta mark set {number:#x}", f"meta mark set meta mark or {number:#x}",
            f"meta mark set meta mark and {0xFFFFFFFF ^ number:#x}", *written,
            *(("ip ttl set 64", "ip ttl set 3") if self.family != "ip6" else ("ip6 hoplimit set 64",)),
            *(("meta mark set ct mark", "ct mark set meta mark", "ct mark set mark and 0xff") if self.tracks else ()),
            *((f"ct mark set {number:#x}", f"ct mark set ct mark or {number:#x}") if self.tracks else ()),
        )  # fmt: skip

    def vmap(self, targets: list[str]) -> str:
        verdicts = [
            "accept",
            "drop",
            "return",
            "continue",
            *(f"jump {name}" for name in targets),
            *(f"goto {name}" for name in targets),
        ]
        choice = self.rng.random()
        if choice < 0.3:
            left, parts, kinds = self.keys()
            rows = sorted({" . ".join(part() for part in parts) for _ in range(self.rng.randint(1, 4))})
        elif choice < 0.6:
            left, kinds = f"{self.one('tcp', 'udp')} dport", "inet_service"
            rows = self.some(self.port)
        elif choice < 0.8 and self.tracks:
            left, kinds = "ct state", "ct_state"
            rows = self.rng.sample(STATES, 3)
        elif self.family == "ip6":
            left, kinds = "ip6 saddr", "ipv6_addr"
            rows = self.some(self.v6)
        else:
            left, kinds = f"ip {self.one('saddr', 'daddr')}", "ipv4_addr"
            rows = self.some(self.v4)
        elements = [f"{row} : {self.rng.choice(verdicts)}" for row in rows]
        if self.maybe(0.5):
            return f"{left} vmap {{ {', '.join(elements)} }}"
        name = f"m{len(self.objects)}"
        flags = " flags interval;" if any("-" in row or "/" in row for row in rows) or " . " in kinds else ""
        self.objects.append(f"map {name} {{ type {kinds} : verdict;{flags} elements = {{ {', '.join(elements)} }} }}")
        return f"{left} vmap @{name}"

    def nat(self, hook: str) -> str:
        """A translation that leaves the packet on the same route: destinations move within the wide area."""
        words = [self.match() for _ in range(self.rng.choice((0, 1, 1)))]
        port = f":{self.rng.choice(PORTS)}" if self.maybe(0.5) else ""
        protocol = f"{self.one('tcp', 'udp')} dport {self.port()} " if port else ""
        six = self.family == "ip6" or (self.family == "inet" and self.maybe(0.4))
        named = ("ip6 " if six else "ip ") if self.family == "inet" else ""
        if hook == "prerouting":
            target = self.one("2001:db8:77::9", "2a00:1::7") if six else self.one("8.8.4.4", "9.9.9.9", "100.64.0.77")
            body = f"dnat {named}to [{target}]{port}" if six and port else f"dnat {named}to {target}{port}"
        else:
            body = self.one(f"snat {named}to {'2001:db8:99:2::77' if six else '10.99.2.77'}", "masquerade")
            protocol = ""
        return " ".join([*words, protocol + body])


@dataclass
class Plan:
    """What a random ruleset is for."""

    route: str
    """forward, input, output, bridge."""
    text: str
    hints: dict[str, list[int]]
    nat: bool = False


HOOKS = {
    "forward": ["prerouting", "forward", "forward", "forward", "postrouting"],
    "input": ["prerouting", "input", "input", "input"],
    "output": ["output", "output", "output", "postrouting"],
    "bridge": ["prerouting", "forward", "forward", "postrouting"],
}
PRIORITIES = ["-310", "-300", "-250", "-190", "-150", "-99", "-5", "0", "0", "0", "5", "50", "150"]


def random_plan(rng: random.Random) -> Plan:
    """A ruleset of one to three tables for a random route."""
    route = rng.choice(("forward", "forward", "forward", "input", "output", "bridge"))
    hints: dict[str, list[int]] = {"v4": [], "v6": [], "port": []}
    plan = Plan(route, "", hints, nat=route == "forward" and rng.random() < 0.2)
    tables = []
    for number in range(rng.choice((1, 1, 1, 2))):
        family = "bridge" if route == "bridge" else rng.choice(("inet", "inet", "ip", "ip6"))
        tables.append(_table(Maker(rng, family, hints, tracks=family != "bridge"), number, route, plan))
    if route != "output" and rng.random() < 0.2:
        tables.append(_ingress(Maker(rng, "netdev", hints, tracks=False), route))
    plan.text = "\n".join(tables)
    return plan


def _table(maker: Maker, number: int, route: str, plan: Plan) -> str:
    rng = maker.rng
    regular = [f"r{at}" for at in range(rng.randint(1, 3))]
    chains = []
    for at, name in enumerate(regular):
        body = [maker.rule(regular[at + 1 :]) for _ in range(rng.randint(1, 4))]
        chains.append(_chain(name, "", body))
    for at in range(rng.choice((1, 1, 2, 3))):
        hook = rng.choice(HOOKS[route]) if at else HOOKS[route][1]
        policy = rng.choice(("accept", "drop")) if hook in {"input", "forward", "output"} else "accept"
        head = f"type filter hook {hook} priority {rng.choice(PRIORITIES) if at else '0'}; policy {policy};"
        body = [maker.rule(regular) for _ in range(rng.randint(2, 8))]
        chains.append(_chain(f"b{at}", head, body))
    if maker.tracks and rng.random() < 0.2:
        hook = "output" if route == "output" else "prerouting"
        body = [f"{maker.match()} notrack" for _ in range(rng.randint(1, 2))]
        chains.append(_chain("raw", f"type filter hook {hook} priority {rng.choice(('-300', '-300', '-100'))};", body))
    if plan.nat and maker.family in {"ip", "ip6", "inet"}:
        for hook, priority in (("prerouting", -100), ("postrouting", 100)):
            body = [maker.nat(hook) for _ in range(rng.randint(1, 3))]
            chains.append(_chain(f"n{hook}", f"type nat hook {hook} priority {priority};", body))
    asleep = ["  flags dormant;"] if rng.random() < (0.04, 0.2)[number] else []
    return "\n".join(
        [f"table {maker.family} t{number} {{", *asleep, *(f"  {one}" for one in maker.objects), *chains, "}"]
    )


def _ingress(maker: Maker, route: str) -> str:
    device = "port0" if route == "bridge" else maker.rng.choice(NAMES)
    head = (
        f"type filter hook ingress device {device} priority 0; policy {maker.rng.choice(('accept', 'accept', 'drop'))};"
    )
    body = [maker.rule([]) for _ in range(maker.rng.randint(2, 5))]
    return "\n".join(["table netdev tn {", *(f"  {one}" for one in maker.objects), _chain("b0", head, body), "}"])


def _chain(name: str, head: str, body: list[str]) -> str:
    return "\n".join(
        [f"  chain {name} {{", *([f"    {head}"] if head else []), *(f"    {line}" for line in body), "  }"]
    )
