"""What an agent needs to take part in walks, opened before privileges are dropped; and who carries out which order of them."""

import logging
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from bellrock.agent.companion import Companion
from bellrock.agent.orders import Orders
from bellrock.agent.ruling import Ruling
from bellrock.agent.walking import Walker
from bellrock.agent.watching import Watcher
from bellrock.agent.wires import Wires
from bellrock.contract import AgentMessage, Order
from bellrock.contract.walk import TellPath, WalkPath, WatchPath, WhichRule
from bellrock.link.capabilities import can_raw
from bellrock.link.device import LinkError
from bellrock.link.wiretap import Wiretap
from bellrock.wire.logline import sentence

log = logging.getLogger(__name__)

_BLIND = "this agent has no right to see its own wire (CAP_NET_RAW), so that it cannot tell where packets die"


class WalkTools(Struct):
    """Each is None where the right to it is missing."""

    tap: Wiretap | None = None
    companion: Companion | None = None

    def close(self) -> None:
        """Give back both; may be called twice."""
        if self.tap is not None:
            self.tap.close()
        if self.companion is not None:
            self.companion.close()


def open_tools(*, udp_only: bool) -> WalkTools:
    """Split off the companion, open the tap.

    To be called on the only thread, before other sockets are opened, for which the companion has no use.
    """
    if udp_only or not can_raw():
        return WalkTools()
    companion = _companion()
    try:
        return WalkTools(Wiretap(), companion)
    except LinkError as error:
        log.warning(sentence("no-walks", "{error}; no walk can begin or end at this agent", error=error))
        return WalkTools(None, companion)


def _companion() -> Companion | None:
    try:
        return Companion()
    except OSError as error:
        log.warning(
            sentence(
                "no-companion",
                "no companion process could be started ({error}): walks listen on no port below 1024 and name no rule",
                error=error.strerror,
            )
        )
        return None


def take_part(orders: Orders, tools: WalkTools, say: Callable[[AgentMessage], bool]) -> None:
    """Have the region's orders about walks carried out."""
    orders.carry_out(WhichRule, Ruling(tools.companion, say).rule)
    if tools.tap is None:
        for kind in (WatchPath, WalkPath, TellPath):
            orders.carry_out(kind, partial(_decline, _BLIND))
        return
    wires = Wires(tools.tap)
    watcher = Watcher(wires, tools.companion, say)
    orders.carry_out(WatchPath, watcher.watch)
    orders.carry_out(TellPath, watcher.tell)
    orders.carry_out(WalkPath, Walker(wires, tools.companion, say).walk)


async def _decline(why: str, _order: Order) -> str:
    return why
