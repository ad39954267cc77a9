"""What this host's own firewall does with one packet: its rules as nft lists them, decided by `firewall.verify`."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Literal

from msgspec import structs

from bellrock.agent.companion import Companion, CompanionError
from bellrock.contract import AgentMessage, Order
from bellrock.contract.walk import Ruled, WhichRule
from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.describe import interface_number
from bellrock.firewall.verify.fields import CHANCES, FIELDS
from bellrock.firewall.verify.program import Program
from bellrock.firewall.verify.read import read_listing, read_nft
from bellrock.firewall.verify.report import reference
from bellrock.firewall.verify.route import RECEIVED, SENT
from bellrock.firewall.verify.ruleset import Ruleset, RulesetError, Translate
from bellrock.firewall.verify.state import CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_UNTRACKED
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import Outcome, judge_by, run
from bellrock.link.reversepath import reverse_path_fault

MAX_TEXT: Final = 512
MAX_LINE: Final = 256
_PROTOCOLS: Final = {"tcp": 6, "udp": 17}
_SYN, _SYN_ACK = 0x02, 0x12
_HOP_LIMIT: Final = 64
_IPV4, _IPV6 = 2, 10
"""NFPROTO_IPV4, NFPROTO_IPV6."""
_LENGTH: Final = 100
_STATES: Final = {CT_INVALID: "invalid", CT_NEW: "new", CT_UNTRACKED: "untracked"}
_UNSEEN: Final = frozenset({
    "mark", "ct_mark", "ct_status_dnat", "dscp", "ecn", "length", "ttl", "hoplimit", "pkttype", "ether_saddr", "ether_daddr",
})  # fmt: skip
"""Fields of which `packet_of` knows nothing and takes what is usual."""

log = logging.getLogger(__name__)


class Ruling:
    """Carries out WhichRule."""

    def __init__(self, companion: Companion | None, say: Callable[[AgentMessage], bool]) -> None:
        self._companion = companion
        self._say = say
        self._one = asyncio.Lock()
        self._next: asyncio.Task[Ruleset] | None = None
        """A reading of the rules that has not begun: whoever asks meanwhile gets it as well, since it shows what came before."""

    async def rule(self, order: Order) -> str:
        """Read the rules, decide, and tell; why it cannot be done, or nothing."""
        asked = order.do
        assert isinstance(asked, WhichRule)  # noqa: S101 -- Orders finds handlers by type
        fault = _reverse_path(asked)
        ruled = await self._ruled(order.id, asked)
        if isinstance(ruled, str):
            if not fault:
                return ruled
            ruled = Ruled(order=order.id, verdict="unknown", why=ruled[:MAX_TEXT])
        self._say(structs.replace(ruled, reverse_path=fault))
        return ""

    async def _ruled(self, order: str, asked: WhichRule) -> Ruled | str:
        if self._companion is None:
            return "this agent may not read its host's firewall rules"
        try:
            packet = packet_of(asked)
        except ValueError as error:
            return str(error)
        if self._next is None:
            self._next = asyncio.create_task(self._read(self._companion))
        try:
            ruleset = await asyncio.shield(self._next)
        except CompanionError as error:
            return str(error)
        except (RulesetError, ValueError) as error:
            return Ruled(order=order, verdict="unknown", why=str(error)[:MAX_TEXT])
        return await asyncio.to_thread(decided, order, asked, packet, ruleset)

    async def _read(self, companion: Companion) -> Ruleset:
        async with self._one:
            self._next = None
            printed, text = await companion.rules()
            # Ten thousand rules take a second or so: beacons do not wait for them.
            return await asyncio.to_thread(parsed, printed, text)


def _reverse_path(asked: WhichRule) -> str:
    if asked.hook == "input" and asked.interface:
        with contextlib.suppress(OSError, ValueError):
            return reverse_path_fault(asked.source, asked.destination, asked.interface)[:MAX_LINE]
    return ""


def packet_of(asked: WhichRule) -> dict[str, int]:
    """The packet in the fields of `firewall.verify`.

    Raises:
        ValueError: an address is none, or the two are of different families.
    """
    source, destination = ip_address(asked.source.partition("%")[0]), ip_address(asked.destination.partition("%")[0])
    if source.version != destination.version:
        raise ValueError(f"{asked.source} and {asked.destination} are not of one family")
    six = "6" if source.version == 6 else ""
    packet = {
        "nfproto": _IPV6 if six else _IPV4,
        "l4proto": _PROTOCOLS[asked.protocol],
        f"saddr{six}": int(source),
        f"daddr{six}": int(destination),
        "sport": asked.source_port,
        "dport": asked.destination_port,
        "hoplimit" if six else "ttl": _HOP_LIMIT,
        "length": _LENGTH,
        "ct_state": CT_ESTABLISHED if asked.reply else CT_NEW,
        "ct_direction": int(asked.reply),
    }
    if asked.protocol == "tcp":
        packet["tcp_flags"] = _SYN_ACK if asked.reply else _SYN
    if asked.interface:
        packet["iifname" if asked.hook == "input" else "oifname"] = interface_number(asked.interface)
    return packet


def parsed(printed: bytes, text: str) -> Ruleset:
    """The rules, as `nft -j` and `nft -a` print them.

    Raises:
        RulesetError: they cannot be read.
    """
    return read_nft(printed, read_listing(text))


def decided(order: str, asked: WhichRule, packet: dict[str, int], ruleset: Ruleset) -> Ruled:
    """What a ruleset does with it."""
    try:
        program = unroll(ruleset, RECEIVED if asked.hook == "input" else SENT)
        outcome = judge_by(program, packet)
    except (RulesetError, ValueError) as error:
        return Ruled(order=order, verdict="unknown", why=str(error)[:MAX_TEXT])
    if _never_met(outcome):
        return Ruled(order=order, verdict="unknown", rule=_named(outcome)[:MAX_TEXT], why="no packet was counted")
    unless, when = _otherwise(program, packet) if outcome.verdict == "accept" else ("", "")
    return Ruled(
        order=order, verdict=_word(outcome), rule=_named(outcome)[:MAX_TEXT], why=outcome.why[:MAX_TEXT], unless=unless[:MAX_TEXT],
        when=when, sent_on=_sent_on(outcome),
    )  # fmt: skip


def _otherwise(program: Program, packet: dict[str, int]) -> tuple[str, str]:
    """A rule that stops the packet where it is not what `packet_of` takes it for, and what it would have to be; or nothing."""
    for state, name in _STATES.items():
        outcome = judge_by(program, packet | {"ct_state": state})
        if outcome.verdict in ("drop", "reject") and not _never_met(outcome):
            return _named(outcome), f"connection tracking takes it for {name}"
    known = {name: Intervals.of(packet.get(name, 0)) for name in FIELDS if name not in CHANCES and name not in _UNSEEN}
    for outcome in run(program, Boxes.of(**known)):
        if outcome.verdict in ("drop", "reject") and not _never_met(outcome):
            return _named(outcome), "its mark, length, DSCP or hardware address is what that rule looks for"
    return "", ""


def _never_met(outcome: Outcome) -> bool:
    """Whether the rule that would stop the packet has stopped none so far, by its own counter: then the packet did not come to it.

    The rules are read when the packet has long been sent. A counter behind a verdict map counts what the map lets pass.
    """
    if outcome.verdict not in ("drop", "reject") or outcome.policy or not outcome.rules:
        return False
    last = outcome.rules[-1]
    return last.packets == 0 and " vmap " not in last.text


def _sent_on(outcome: Outcome) -> str:
    """Where a rule translates the destination to."""
    steps = (step for rule in outcome.rules for step in rule.steps)
    found = next((one for one in steps if isinstance(one, Translate) and one.kind in ("dnat", "redirect")), None)
    if found is None:
        return ""
    if not found.certain:
        return "another port of this host" if found.kind == "redirect" else "another address"
    if found.address is None:
        return f"port {found.port}"
    host = str(IPv6Address(found.address) if found.family == 6 else IPv4Address(found.address))
    if found.port is None:
        return host
    return f"[{host}]:{found.port}" if ":" in host else f"{host}:{found.port}"


def _word(outcome: Outcome) -> Literal["accept", "drop", "reject", "unknown"]:
    match outcome.verdict:
        case "accept" | "drop" | "reject":
            return outcome.verdict
        case _:
            return "unknown"


def _named(outcome: Outcome) -> str:
    if outcome.policy:
        return f"policy drop of {outcome.policy}"
    return str(reference(outcome.rules[-1])) if outcome.rules else ""
