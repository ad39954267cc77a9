"""`bellrock probe --from AGENT`: the tries that an agent is asked for, and its answers in the place of each target."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from bellrock.cli.endpoints import Endpoint, EndpointError, interfaces_here, on_its_link, parse_endpoint, resolve
from bellrock.cli.ordered import probe_from
from bellrock.cli.output import Failure
from bellrock.cli.trying import RESOLVING_AT_ONCE, Results
from bellrock.contract import Try
from bellrock.model import Probed
from bellrock.probe import Ask, probe_of
from bellrock.probe.sweep import not_checked


def tries_of(
    flow: str, texts: Sequence[str], source: str, options: dict[str, str], name: str, within: float
) -> list[list[Try] | Probed]:
    """What an agent, `AGENT` or `AGENT/INTERFACE`, is asked for: of each text its tries, or what is wrong with it. Names are resolved here, beside each other.

    Raises:
        Failure: the only text is no endpoint, or a name that does not resolve; or there is none, and the flow needs one.
    """
    agent, _, interface = source.partition("/")
    shared = Try(flow=flow, address="", port=0, name=name, interface=interface, options=options, within=within)
    if not texts:
        if not probe_of(flow).link_wide:
            raise Failure(f"what is {flow} to be tried at? Give --to ADDRESS[:PORT] or --to-file FILE")
        if not interface:
            raise Failure(f"{flow} is asked of a link; give one of the agent's, as in --from {agent}/eth0, or --to")
        return [[shared]]
    ends: list[Endpoint | EndpointError] = []
    for text in texts:
        try:
            ends.append(parse_endpoint(text))
        except EndpointError as error:
            ends.append(error)
    found: list[list[Try] | Probed] = []
    for text, addresses in zip(texts, asyncio.run(_addresses(ends, interface, within)), strict=True):
        if isinstance(addresses, EndpointError):
            if len(texts) == 1:
                raise Failure(f"--to: {addresses}") from None
            found.append(not_checked(Ask(flow=flow, address=text), str(addresses)))
        else:
            found.append(
                [replace(shared, address=one, port=port, name=name or called) for one, port, called in addresses]
            )
    return found


async def _addresses(
    ends: Sequence[Endpoint | EndpointError], interface: str, within: float
) -> list[list[tuple[str, int, str]] | EndpointError]:
    """Of each end the addresses with port and name, or what is wrong with it."""
    room = asyncio.Semaphore(RESOLVING_AT_ONCE)

    async def one(end: Endpoint | EndpointError) -> list[tuple[str, int, str]] | EndpointError:
        if isinstance(end, EndpointError):
            return end
        try:
            if end.is_address:
                return [(on_its_link(end.host, interface), end.port, end.name)]
            async with room:
                return [(address, end.port, end.name) for address in await resolve(end.host, within)]
        except EndpointError as error:
            return error

    return list(await asyncio.gather(*map(one, ends)))


def by_agent(agent: str, tries: list[list[Try] | Probed], region_url: str, state_dir: Path | None) -> Results:
    """What an agent says of each, and in their places what is known without it."""
    name = agent.partition("/")[0]
    asked = [one for some in tries if isinstance(some, list) for one in some]
    try:
        answers = iter(probe_from(name, asked, region_url, state_dir))
    except Failure as error:
        here = ", ".join(interfaces_here())
        raise Failure(
            f"--from {agent}: no interface of this machine ({here}), and as an agent: {error.format_message()}",
            error.exit_code,
        ) from None

    def answer(one: Try) -> tuple[Probed, ...]:
        ask = Ask(flow=one.flow, address=one.address, port=one.port)
        return next(answers) or (not_checked(ask, f"{name} did not say what became of it"),)

    return [
        tuple(found for one in some for found in answer(one)) if isinstance(some, list) else (some,) for some in tries
    ]
