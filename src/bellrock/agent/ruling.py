"""What this host's own firewall does with one packet: its rules as nft lists them, decided by `firewall.verify`."""

import asyncio
import logging
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final, Literal

from bellrock.agent.companion import Companion, CompanionError
from bellrock.contract import AgentMessage, Order
from bellrock.contract.walk import Ruled, WhichRule
from bellrock.firewall.verify.describe import interface_number
from bellrock.firewall.verify.read import read_listing, read_nft
from bellrock.firewall.verify.report import reference
from bellrock.firewall.verify.route import RECEIVED, SENT
from bellrock.firewall.verify.ruleset import RulesetError
from bellrock.firewall.verify.state import CT_ESTABLISHED, CT_NEW
from bellrock.firewall.verify.walk import Outcome, judge

MAX_TEXT: Final = 512
_PROTOCOLS: Final = {"tcp": 6, "udp": 17}
_SYN, _SYN_ACK = 0x02, 0x12
_HOP_LIMIT: Final = 64
_IPV4, _IPV6 = 2, 10
"""NFPROTO_IPV4, NFPROTO_IPV6."""
_LENGTH: Final = 100

log = logging.getLogger(__name__)


class Ruling:
    """Carries out WhichRule."""

    def __init__(self, companion: Companion | None, say: Callable[[AgentMessage], bool]) -> None:
        self._companion = companion
        self._say = say

    async def rule(self, order: Order) -> str:
        """Read the rules, decide, and tell; why it cannot be done, or nothing."""
        asked = order.do
        assert isinstance(asked, WhichRule)  # noqa: S101 -- Orders finds handlers by type
        if self._companion is None:
            return "this agent may not read its host's firewall rules"
        try:
            packet = packet_of(asked)
            printed, text = await self._companion.rules()
        except (CompanionError, ValueError) as error:
            return str(error)
        # Ten thousand rules take a second or so: beacons do not wait for them.
        self._say(await asyncio.to_thread(decided, order.id, asked, packet, printed, text))
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


def decided(order: str, asked: WhichRule, packet: dict[str, int], printed: bytes, text: str) -> Ruled:
    """What a ruleset does with it."""
    try:
        outcome = judge(
            read_nft(printed, read_listing(text)), RECEIVED if asked.hook == "input" else SENT, packet
        )  # fmt: skip
    except (RulesetError, ValueError) as error:
        return Ruled(order=order, verdict="unknown", why=str(error)[:MAX_TEXT])
    return Ruled(order=order, verdict=_word(outcome), rule=_named(outcome)[:MAX_TEXT], why=outcome.why[:MAX_TEXT])


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
