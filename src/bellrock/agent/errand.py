"""One report to a region whose address was typed: join for this run, tell it, take the answer, forget everything."""

import asyncio
from typing import Final, cast

from bellrock.agent.credentials import CredentialsError, make_key
from bellrock.agent.delivery import Told
from bellrock.agent.join import Joiner, join_at
from bellrock.agent.outcomes import Joined
from bellrock.agent.spool import Spool
from bellrock.agent.stream import Stream
from bellrock.agent.ways import Fixed, Way
from bellrock.contract import Delivered, NodeReport, Order, Relayed, Report
from bellrock.model import Port
from bellrock.wire.keys import Keyring

LETTER: Final = "by itself"
"""What stands for a letter's id where none was written."""
PLAIN: Final = ("http://", "unix:")


class _Nothing:
    """A spool without reports: a node has a single one, and tells it in another way."""

    generation = last = waiting = 0
    unsure = False

    def after(self, _seq: int, limit: int) -> list[Report]:  # noqa: ARG002 -- the spool's
        """None ever."""
        return []

    def acknowledge(self, _seq: int) -> None:
        """There is nothing to forget."""


async def tell_region(url: str, keyring: Keyring, report: NodeReport, within: float) -> Told:
    """Tell the region at this address, within so many seconds.

    The certificate that it gives, where it is reached by TLS, is kept in memory and ends with this process.
    """
    try:
        async with asyncio.timeout(max(0.0, within)):
            way = await _way(url, keyring, report)
            return way if isinstance(way, Told) else await _converse(way, keyring, report)
    except TimeoutError:
        return Told(None, "", f"{url}: no answer within {within:.1f} s")


async def _way(url: str, keyring: Keyring, report: NodeReport) -> Way | Told:
    if url.startswith(PLAIN):
        return Way(url)
    outcome = await join_at(Joiner(host=report.host, boot=report.boot, key=make_key(), keyring=keyring), url)
    if not isinstance(outcome, Joined):
        return Told(None, "", outcome.sentence)
    try:
        return Way(url, outcome.credentials.context())
    except CredentialsError as error:
        return Told(None, "", str(error))


class _To(Fixed):
    """One address and, where it was joined, the certificate for it."""

    def __init__(self, way: Way) -> None:
        super().__init__(way.url)
        self._way = way


async def _converse(way: Way, keyring: Keyring, report: NodeReport) -> Told:
    answers: asyncio.Queue[Delivered] = asyncio.Queue()
    stream = Stream(_To(way), report.host, report.boot, keyring, cast("Spool", _Nothing()), _nothing)

    def heard(message: Delivered | Order) -> None:
        if isinstance(message, Delivered):
            answers.put_nowait(message)

    def listens(connected: bool) -> None:
        if connected:
            stream.say(Relayed(LETTER, Port(report.host.id, ""), report))

    stream.listeners.append(heard)
    stream.watchers.append(listens)
    running = asyncio.create_task(stream.run())
    try:
        answer = (await answers.get()).answer
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return Told(answer, "", answer.why)


def _nothing() -> None:
    """A node has no account to give anew."""
