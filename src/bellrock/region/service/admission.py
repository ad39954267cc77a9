"""Whether an agent may stream: what its enrolment and the certificate that it shows say, at whichever process it knocks."""

from typing import Final

from bellrock.model import Host, Wall
from bellrock.region.service.agents import NO_CERTIFICATE, TurnedAway
from bellrock.region.store import EnrolmentRow, EnrolmentState
from bellrock.region.tls import Channel

EPHEMERAL: Final = "node"
"""The role of agents that live for one run: each comes with an identity of its own, which is forgotten with its certificate."""


def admitted(row: EnrolmentRow | None, host: Host, channel: Channel, now: Wall) -> Wall | None:
    """Let an agent stream over a connection; when the certificate that it showed ends, if it showed one.

    `row`: what is known of the agent by which it says that it is.

    Raises:
        TurnedAway: it may not.
    """
    agent = host.id
    if row and row.state is EnrolmentState.REVOKED:
        raise TurnedAway(
            f"agent {agent} was revoked; `bellrock agent approve {agent}` at the region lets it join again"
        )
    if not channel.tls:
        return None
    if not channel.agent:
        raise TurnedAway(NO_CERTIFICATE)
    if channel.agent != agent:
        raise TurnedAway(f"the certificate is agent {channel.agent}'s, which may not speak for agent {agent}")
    held = next((one for one in row.certificates if one.serial == channel.serial), None) if row else None
    if row is None or held is None:
        raise TurnedAway(
            f"certificate {channel.serial} is not one that this region holds agent {agent} to, or a newer one took its place; join again"
        )
    if host.role not in (row.role, EPHEMERAL):
        # Racks speak for nodes; a node's word is its own.
        raise TurnedAway(
            f"agent {agent} joined as {row.role or 'rack'}, not as {host.role or 'rack'}; join again as what it is"
        )
    if held.expires < now:
        raise TurnedAway(f"this agent's certificate expired {now - held.expires:.0f} s ago; join again")
    return held.expires
