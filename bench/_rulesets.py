"""Rulesets such as people leave behind: ten thousand rules by hand, of which nobody remembers half."""

import json
import random
import subprocess


def foreign(rules: int = 10_000, seed: int = 7) -> str:
    """nft text of a router's forward chain: hosts, nets, ports, chains per interface, doubles and contradictions, policy drop."""
    dice = random.Random(seed)
    chains = {f"zone{number}": [] for number in range(8)}
    forward = ["ct state established,related accept", "ct state invalid drop"]
    forward += [f'iifname "eth{number}" jump zone{number}' for number in range(8)]
    for number in range(rules - len(forward) - 3):
        where = dice.choice([*chains.values(), *[forward] * 6])
        where.append(_rule(dice, number))
    forward += ["ip protocol icmp accept", "tcp dport 22 ip saddr 10.0.0.0/8 accept", 'log prefix "drop " counter drop']
    lines = ["table inet legacy {"]
    for name, body in chains.items():
        lines += [f"chain {name} {{", *body, "}"]
    lines += ["chain forward {", "type filter hook forward priority 0; policy drop;", *forward, "}", "}"]
    return "\n".join(lines) + "\n"


def _rule(dice: random.Random, number: int) -> str:
    parts = []
    if dice.random() < 0.85:
        parts.append(f"ip saddr {_net(dice)}")
    if dice.random() < 0.9 or not parts:
        parts.append(f"ip daddr {_net(dice)}")
    if dice.random() < 0.9:
        parts.append(f"{dice.choice(['tcp', 'tcp', 'udp'])} dport {_ports(dice)}")
    if dice.random() < 0.1:
        parts.append("ct state new")
    return " ".join(
        [*parts, "counter", dice.choice(["accept", "accept", "accept", "drop"]), f'comment "ticket {number}"']
    )


def _net(dice: random.Random) -> str:
    length = dice.choices([32, 28, 24, 22, 16], [50, 15, 25, 8, 2])[0]
    address = (10 << 24) + dice.randrange(1 << 20) * 16
    address &= ~((1 << (32 - length)) - 1)
    octets = ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))
    return octets if length == 32 else f"{octets}/{length}"


def _ports(dice: random.Random) -> str:
    known = [22, 53, 69, 80, 123, 443, 514, 623, 3128, 5240, 5000, 8080, 8443, 16509]
    kind = dice.random()
    if kind < 0.7:
        return str(dice.choice(known) if dice.random() < 0.6 else dice.randrange(1, 65536))
    if kind < 0.9:
        return "{ " + ", ".join(map(str, sorted(dice.sample(known, dice.randint(2, 5))))) + " }"
    first = dice.randrange(1024, 60000)
    return f"{first}-{first + dice.randrange(1, 2000)}"


def as_json(text: str) -> bytes:
    """What `nft -j list ruleset` says once the kernel holds it, in a namespace of its own."""
    script = "nft -f - && nft -j -a list ruleset"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", script], input=text.encode(), capture_output=True, check=True, timeout=120
    )
    json.loads(done.stdout)
    return done.stdout
