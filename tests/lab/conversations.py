"""The differential test of whole conversations: a router has them, and the verdicts of `check_crossings` must be what came of them.

Nothing that the kernel says of a packet is handed to the verifier: state, marks, helpers and translations are its own conclusions.
"""

import ipaddress
import random
import socket
import struct
import time
from collections import Counter
from dataclasses import dataclass, field

from bellrock.firewall.verify import check
from bellrock.firewall.verify.court import Court
from bellrock.firewall.verify.read import read_listing, read_nft
from bellrock.firewall.verify.report import FlowVerdict
from tests.lab.differential import exit_of, loaded
from tests.lab.firewall_lab import ETH_P_ALL, PACKET_IGNORE_OUTGOING, SO_RCVBUFFORCE, SOL_PACKET
from tests.lab.kernel_judge import PATIENCE, Fate, Kernel
from tests.lab.random_conversations import BACK, ROUNDS, THERE, Conversation, conversations, conversing_plan
from tests.lab.random_packets import TCP, UDP, Words, packet

BATCH = 20
_SETUP = ("net.netfilter.nf_conntrack_tcp_be_liberal=1",)
"""Sequence numbers are not what rules ask for."""


@dataclass
class Difference:
    """The verifier and the kernel said different things of one direction; `str` is all that is needed to look into it."""

    seed: str
    ruleset: str
    talk: Conversation
    direction: str
    kernel: str
    verifier: FlowVerdict
    packets: list[str]

    def __str__(self) -> str:
        rules = "; ".join(f"{one.chain}: {one.text or one.policy}" for one in self.verifier.rules)
        gaps = "; ".join(f"{gap.of} {gap.verdict}" for gap in self.verifier.missing)
        return (
            f"seed {self.seed}: {self.direction}: kernel {self.kernel}, verifier {self.verifier.verdict} {self.verifier.why}\n"
            f"  {self.talk.crossing.passage.exchange.name} {self.talk.first}\n  {self.packets}\n"
            f"  rules {rules}\n  missing {gaps}\n{self.ruleset}"
        )


@dataclass
class Score:
    """What came of a run."""

    conversations: int = 0
    directions: int = 0
    """Compared."""
    unknown: int = 0
    """Directions of which the verifier could not tell."""
    apart: int = 0
    """Directions whose later packets the kernel did not take for the same connection, which is what the verifier assumes."""
    verdicts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0


class Ear:
    """Hears what the router sends out."""

    def __init__(self, kernel: Kernel) -> None:
        self._ear = kernel.inside(kernel.hosts, _ear)
        kernel.closing.callback(self._ear.close)

    def ends(self, numbers: set[int]) -> dict[int, tuple[str, str, int, int]]:
        """Of these packets, which have come out: source, destination and the first two fields behind the header."""
        found: dict[int, tuple[str, str, int, int]] = {}
        while numbers - found.keys():
            frame = self._ear.recv(0xFFFF)[14:]
            number, ends = _ends(frame)
            found[number] = ends
        return found


def _ear() -> socket.socket:
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    ear.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    ear.settimeout(PATIENCE)
    return ear


def _ends(frame: bytes) -> tuple[int, tuple[str, str, int, int]]:
    if frame[0] >> 4 == 4:
        number, at = struct.unpack_from("!H", frame, 4)[0], 20
        source, destination = frame[12:16], frame[16:20]
    else:
        number, at = struct.unpack_from("!I", frame)[0] & 0xFFFFF, 40
        source, destination = frame[8:24], frame[24:40]
    return number, (
        *(str(ipaddress.ip_address(one)) for one in (source, destination)),
        *struct.unpack_from("!HH", frame, at),
    )


def conversing(kernel: Kernel, number: int, seed: int, most: int = 5) -> Score:
    """Compare until so many conversations are had or `most` differences are found."""
    kernel.router.run("sysctl", "-qw", *_SETUP)
    score, ear, at = Score(), Ear(kernel), 0
    began = time.perf_counter()
    while score.conversations < number and len(score.differences) < most:
        batch(kernel, ear, f"{seed}/{at}", score)
        at += 1
    score.seconds = time.perf_counter() - began
    return score


def batch(kernel: Kernel, ear: Ear, seed: str, score: Score) -> None:
    """One ruleset and its conversations."""
    rng = random.Random(seed)
    plan = conversing_plan(rng)
    text = loaded(kernel, plan)
    listing = kernel.listing() if text is not None else b""
    if text is None or not listing:
        return  # nft refused it, or loaded it and could not list it
    ruleset = read_nft(listing, read_listing(kernel.text()))
    kernel.forget()
    talks = conversations(rng, plan, BATCH)
    fate = _talk(kernel, ear, talks)
    # As check_crossings does, without the sets of dead and of wider rules, which nothing here asks for.
    cases = Court(ruleset).hear(tuple(talk.crossing for talk in talks))
    found = (one for case in cases for one in check._verdicts(ruleset, case, None))
    verdicts = {(one.flow, one.exchange, one.direction): one for one in found}
    for talk in talks:
        score.conversations += 1
        passage = talk.crossing.passage
        score.kinds[f"{passage.exchange.name} {passage.exchange.protocol}"] += 1
        for direction, way in (("request", THERE), ("reply", BACK)):
            if talk.sent[way]:
                verdict = verdicts[passage.flow.id, passage.exchange.name, direction]
                _compare(Difference(seed, text, talk, direction, "", verdict, _story(talk, fate)), way, fate, score)


def _talk(kernel: Kernel, ear: Ear, talks: list[Conversation]) -> Fate:
    """Have the conversations, all of them one round at a time; nobody answers what did not come out."""
    kernel.watch()
    fate, count = Fate(), 0
    for turn in range(ROUNDS):
        frames: list[tuple[str, bytes]] = []
        begun: dict[int, Conversation] = {}
        for talk in talks:
            for _, way, flags in (step for step in talk.steps if step[0] == turn):
                if talk.sent[THERE] and talk.went is None:
                    continue
                count += 1
                if not talk.sent[THERE]:
                    begun[count] = talk
                frames.append(_frame(kernel, _spoken(talk, way, flags), count))
                talk.sent[way].append(count)
        fate = kernel.follow(frames, count)
        out = begun.keys() & fate.passed
        for number, (source, destination, *ports) in ear.ends(out).items():
            if number in out:
                begun[number].target = destination
                begun[number].went = (source, *ports)
    return fate


def _spoken(talk: Conversation, way: int, flags: int) -> Words:
    """A packet of a conversation as it goes into the router: an answer goes from and to what the request came out with."""
    words = Words(**{**vars(talk.first), "flags": flags})
    if way == THERE or talk.went is None:
        return words
    words.source, words.destination, words.data = talk.target, talk.went[0], b""
    if words.protocol in {TCP, UDP}:
        words.sport, words.dport = talk.went[2], talk.went[1]
    else:
        words.type = 0 if words.version == 4 else 129
    return words


def _frame(kernel: Kernel, words: Words, number: int) -> tuple[str, bytes]:
    into = exit_of(words.source)
    kind = 0x0800 if words.version == 4 else 0x86DD
    head = kernel.macs[into] + bytes.fromhex("02000000aa01") + struct.pack("!H", kind)
    return into, head + packet(words, number)


def _compare(found: Difference, way: int, fate: Fate, score: Score) -> None:
    numbers = found.talk.sent[way]
    passed = [number in fate.passed for number in numbers]
    found.kernel = "passes" if all(passed) else "partly" if any(passed) else "blocked"
    tracked = fate.state.get(numbers[0]) in {"new", "related"}
    if way == THERE and tracked and any(fate.state.get(number) != "established" for number in numbers[1:]):
        score.apart += 1
    elif found.verifier.verdict == "unknown":
        score.unknown += 1
    else:
        score.directions += 1
        score.verdicts[f"{found.direction} {found.kernel}"] += 1
        if found.verifier.verdict != found.kernel:
            score.differences.append(found)


def _story(talk: Conversation, fate: Fate) -> list[str]:
    numbers = sorted((number, way) for way, some in talk.sent.items() for number in some)
    return [
        f"{'<-' if way else '->'} {fate.state.get(number)} mark {fate.marks.get(number, 0):#x} {'out' if number in fate.passed else 'gone'}"
        for number, way in numbers
    ]
