"""The differential test: random rulesets and packets, judged by the kernel and by the verifier; where they differ, one is wrong."""

import random
import struct
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.program import Kind, Program
from bellrock.firewall.verify.read import read_listing, read_nft
from bellrock.firewall.verify.route import BRIDGED, FORWARDED, RECEIVED, SENT
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import Outcome, judge_by
from tests.lab.kernel_judge import CABLES, PORTS, Fate, Kernel
from tests.lab.random_packets import (
    GRE,
    ICMP4,
    ICMP6,
    LOCAL4,
    LOCAL6,
    MACS,
    OTHER_TYPES,
    TCP,
    UDP,
    V4,
    V6,
    VIDS,
    Probe,
    Words,
    fields,
    packet,
    random_words,
)
from tests.lab.random_rules import Plan, random_plan

ROUTES = {"forward": FORWARDED, "input": RECEIVED, "output": SENT, "bridge": BRIDGED}
CODES = {"invalid": 0, "established": 1, "related": 2, "new": 3, "untracked": 4}
BATCH = 40
_TRIES = 12


@dataclass
class Disagreement:
    """The verifier and the kernel said different things; `str` is all that is needed to look into it."""

    seed: str
    ruleset: str
    probe: Probe
    kernel: str
    verifier: Outcome

    def __str__(self) -> str:
        told = {name: value for name, value in self.probe.fields.items() if value}
        rules = "; ".join(f"{rule.chain}: {rule.text}" for rule in self.verifier.rules)
        return (
            f"seed {self.seed}: kernel {self.kernel}, verifier {self.verifier.verdict} {self.verifier.why}\n"
            f"  packet {self.probe.number} into {self.probe.into}: {self.probe.words}\n  fields {told}\n"
            f"  rules {rules} {self.verifier.policy}\n{self.ruleset}"
        )


@dataclass
class Score:
    """What came of a run."""

    pairs: int = 0
    rulesets: int = 0
    unknown: int = 0
    """The verifier could not tell: not counted as pairs."""
    fates: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    unlisted: int = 0
    """Rulesets that nft loaded and could not list."""
    refused: int = 0
    """Packets refused with an ICMP error, as the verifier said."""
    disagreements: list[Disagreement] = field(default_factory=list)
    seconds: float = 0.0
    judging: float = 0.0
    """Seconds of it in the verifier."""


def differential(kernel: Kernel, pairs: int, seed: int, most: int = 5) -> Score:
    """Compare until `pairs` are done or `most` disagreements are found."""
    score = Score()
    began = time.perf_counter()
    number = 0
    while score.pairs < pairs and len(score.disagreements) < most:
        one(kernel, f"{seed}/{number}", score)
        number += 1
    score.seconds = time.perf_counter() - began
    return score


def one(kernel: Kernel, seed: str, score: Score) -> None:
    """One ruleset and its packets."""
    rng = random.Random(seed)
    plan = random_plan(rng)
    text = loaded(kernel, plan)
    if text is None:
        return
    listing = kernel.listing()
    if not listing:
        # nft 1.0.6 aborts on some rules that it has itself taken (payload.c, payload_expr_complete).
        score.unlisted += 1
        return
    ruleset = read_nft(listing, read_listing(kernel.text()))
    program = unroll(ruleset, ROUTES[plan.route])
    kernel.forget()
    probes = list(_probes(rng, plan, kernel))
    fate = kernel.run([(probe.into, probe.frame) for probe in probes])
    score.rulesets += 1
    began = time.perf_counter()
    for probe in probes:
        _compare(seed, text, plan, program, probe, fate, score)
    score.judging += time.perf_counter() - began


def loaded(kernel: Kernel, plan: Plan) -> str | None:
    """The text that nft took, without the lines it refused; None where it took nothing."""
    lines = plan.text.split("\n")
    for _ in range(_TRIES):
        complaint = kernel.load("\n".join(lines))
        if not complaint:
            return "\n".join(lines)
        at = int(complaint.split(":")[1]) - 2
        if not 0 <= at < len(lines) or ("{" in lines[at] and "}" not in lines[at]):
            return None
        lines[at] = ""
    return None


def _compare(seed: str, text: str, plan: Plan, program: Program, probe: Probe, fate: Fate, score: Score) -> None:
    state = fate.state.get(probe.number, "new")
    # A packet that tracking never saw, or that the rules took out of it, would have been new.
    told = dict(probe.fields)
    told["ct_state"] = CODES["new" if state == "untracked" else state]
    told["ct_direction"] = int(probe.number in fate.reply)
    told["ct_status_dnat"] = int(probe.number in fate.dnat)
    told["ct_mark"] = fate.marks.get(probe.number, 0)
    if plan.nat and state not in {"new", "untracked", "invalid"}:
        return
    probe.fields = told
    outcome = judge_by(program, told)
    if outcome.verdict == "unknown":
        score.unknown += 1
        return
    passed, answered = probe.number in fate.passed, probe.number in fate.answered
    score.pairs += 1
    score.states[state] += 1
    score.fates[f"{plan.route} {outcome.verdict}"] += 1
    score.refused += answered and outcome.verdict == "reject"
    # Where the ruleset leaves open which of the two it is, the verifier says that it does not pass, and names one of them.
    quiet = outcome.verdict != "reject" and not _perhaps_refused(program, told)
    if (outcome.verdict == "accept") != passed or (answered and not passed and quiet):
        said = "accepted" if passed else "refused" if answered else "dropped"
        score.disagreements.append(Disagreement(seed, text, probe, said, outcome))


def _perhaps_refused(program: Program, told: dict[str, int]) -> bool:
    point = Boxes.of(**{name: Intervals.of(told.get(name, 0)) for name in FIELDS})
    return any(one.may and one.kind is Kind.REJECT and one.boxes.meets(point) for one in program.decisions)


def _probes(rng: random.Random, plan: Plan, kernel: Kernel) -> Iterator[Probe]:
    made: list[Probe] = []
    for number in range(1, BATCH + 1):
        if plan.route == "bridge":
            probe = _bridged(rng, plan, number)
        elif made and rng.random() < 0.3 and plan.route == "forward" and not plan.nat:
            probe = _answer(rng, rng.choice(made), number, kernel)
        else:
            probe = _fresh(rng, plan, number, kernel)
        made.append(probe)
        yield probe


def _fresh(rng: random.Random, plan: Plan, number: int, kernel: Kernel) -> Probe:
    words = random_words(rng, plan.hints)
    into = rng.choice(CABLES) if plan.route != "output" else "out"
    if plan.route == "input":
        words.destination = (LOCAL4 if words.version == 4 else LOCAL6)[rng.choice(CABLES)]
        if rng.random() < 0.1:
            words.destination = "224.0.0.1" if words.version == 4 else "ff02::1"
            words.ttl = 1
    elif plan.nat:
        # Without ports or keys, two sources behind one address cannot be told apart, and the kernel drops the second.
        words.protocol = UDP if words.protocol == GRE else words.protocol
        while exit_of(words.destination) != "wan0":
            words.destination = rng.choice(V4 if words.version == 4 else V6)
    if plan.route == "output" and words.version == 6:
        words.ttl = 64
    return probe_of(words, number, into, plan.route, kernel)


def probe_of(words: Words, number: int, into: str, route: str, kernel: Kernel) -> Probe:
    """A packet on its way through the router."""
    out = "" if route == "input" else exit_of(words.destination)
    body = packet(words, number)
    told = fields(words, number, into, out)
    if into == "out":
        return Probe(number, into, body, told, vars(words))
    multicast = words.destination in {"224.0.0.1", "ff02::1"}
    group = bytes.fromhex("01005e000001" if words.version == 4 else "333300000001")
    source = bytes.fromhex("02000000aa01")
    to = group if multicast else kernel.macs[into]
    told |= {"ether_saddr": int.from_bytes(source), "ether_daddr": int.from_bytes(to), "pkttype": 2 * multicast}
    kind = 0x0800 if words.version == 4 else 0x86DD
    return Probe(number, into, to + source + struct.pack(">H", kind) + body, told, vars(words))


def exit_of(destination: str) -> str:
    """The interface that the router sends it out of."""
    for name, prefixes in (("lan0", ("10.1.", "2001:db8:1:")), ("lan1", ("10.3.", "2001:db8:3:"))):
        if destination.startswith(prefixes):
            return name
    return "wan0"


def _answer(rng: random.Random, earlier: Probe, number: int, kernel: Kernel) -> Probe:
    """The same again, the answer to it, or an ICMP error about it."""
    first = Words(**earlier.words)  # type: ignore[arg-type]
    if first.quoted or rng.random() < 0.2:
        return probe_of(
            Words(**{**vars(first), "quoted": b""} if not first.quoted else vars(first)),
            number,
            earlier.into,
            "forward",
            kernel,
        )
    back = Words(first.version, first.destination, first.source, first.protocol)
    if rng.random() < 0.35:
        back.protocol = ICMP4 if first.version == 4 else ICMP6
        back.type, back.code = (3, rng.choice((1, 3, 4))) if first.version == 4 else (1, rng.choice((1, 4)))
        back.quoted = packet(first, earlier.number)
    elif first.protocol in {TCP, UDP}:
        back.sport, back.dport, back.flags = first.dport, first.sport, rng.choice((0x12, 0x12, 0x10, 0x14))
    return probe_of(back, number, exit_of(first.destination), "forward", kernel)


def _bridged(rng: random.Random, plan: Plan, number: int) -> Probe:
    words = random_words(rng, plan.hints)
    into = rng.choice(PORTS)
    out = PORTS[1 - PORTS.index(into)]
    told = fields(words, number, into, out)
    body, kind = packet(words, number), 0x0800 if words.version == 4 else 0x86DD
    if rng.random() < 0.25:
        kind = rng.choice(OTHER_TYPES)
        body = bytes(50)
        told = {
            "nfproto": 3 if kind == 0x0806 else 7,
            "ether_type": kind,
            "iifname": told["iifname"],
            "oifname": told["oifname"],
            "length": 50,
        }
    source = bytes.fromhex(rng.choice(MACS).replace(":", "")) + struct.pack(">H", number)
    to = bytes.fromhex(rng.choice(("020000000099", "020000000099", "020000000098", "ffffffffffff", "01005e000005")))
    told |= {"ether_saddr": int.from_bytes(source), "ether_daddr": int.from_bytes(to)}
    told["pkttype"] = 1 if to[0] == 0xFF else 2 if to[0] & 1 else 3
    tag = b""
    if rng.random() < 0.35:
        vid = rng.choice(VIDS)
        tag = struct.pack(">HH", 0x8100, rng.choice((0, 3)) << 13 | vid)
        told |= {"vlan_type": 0x8100, "vlan_id": vid}
    shown = {**vars(words), "kind": hex(kind), "tag": tag.hex()}
    return Probe(number, into, to + source + tag + struct.pack(">H", kind) + body, told, shown)
