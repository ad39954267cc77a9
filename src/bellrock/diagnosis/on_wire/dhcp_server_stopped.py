"""dhcp-server-stopped: a DHCP server that has answered answers no more."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Plea, Told, attempts, by_client, pleas, server, told
from bellrock.diagnosis.dhcp_words import probe, sentences
from bellrock.diagnosis.packets import Complaint, Packet, Wire
from bellrock.diagnosis.readings import links, own_macs
from bellrock.diagnosis.tftp_story import errors
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_options as option

ID = "dhcp-server-stopped"
TITLE = "The DHCP server stopped answering"
EXPLAINS = frozenset(("dhcp-unanswered", "dhcp-request-unanswered", "dhcp-pool-exhausted"))
RENEWALS: Final = 2


class Silence(NamedTuple):
    """What was said to a server after its last answer."""

    last: Told
    """Its last answer."""
    pleas: tuple[Plea, ...]
    """Of clients that asked where its answers were seen before."""
    refusals: tuple[tuple[Packet, Complaint], ...]
    """ICMP errors about its port."""


def find(case: Case) -> Iterator[Finding]:
    """One for each server that is silent, where that is no fault of one machine's own way to it."""
    wire = case.wire
    if wire is None:
        return
    in_vain = pleas(wire)
    for whom, answers in _answers(wire).items():
        silence = _silence(wire, whom, answers, in_vain)
        if silence and (silence.refusals or _sure(wire, silence)):
            yield _finding(wire, whom, silence)


def _answers(wire: Wire) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for one in told(wire):
        if one.message.op == 2 and server(one):
            found.setdefault(server(one), []).append(one)
    return found


def _silence(wire: Wire, whom: str, answers: Sequence[Told], in_vain: Sequence[Plea]) -> Silence | None:
    last = answers[-1]
    places = {(one.packet.point, one.packet.vids) for one in answers}
    after = tuple(
        plea for plea in in_vain
        if plea.asks[0].packet.at > last.packet.at and any((one.packet.point, one.packet.vids) in places for one in plea.asks)
    )  # fmt: skip
    refusals = tuple(
        (packet, said) for packet, said in errors(wire)
        if said.destination == whom and said.destination_port == 67 and packet.at > last.packet.at
    )  # fmt: skip
    return Silence(last, after, refusals) if after else None


def _sure(wire: Wire, silence: Silence) -> bool:
    """That the requests came to the server: two machines asked in vain, or one did where the point is not on its own cable.

    One of them was served before: who is new may be left without an answer because of that (unknown, or no address is left).
    """
    before = [plea for plea in silence.pleas if _served_before(wire, plea)]
    if len({plea.client for plea in silence.pleas}) > 1:
        return bool(before)
    return any(_beyond(wire, plea) for plea in before)


def _beyond(wire: Wire, plea: Plea) -> bool:
    """Whether it was heard at a point that another machine than the client has to itself."""
    points = {one.packet.point for one in plea.asks}
    return any((macs := own_macs(wire, point)) and plea.client not in macs for point in points)


def _served_before(wire: Wire, plea: Plea) -> bool:
    """As the same client, the last time: servers take another identifier (option 61) for another one, and its lease for taken."""
    last = [one for one in by_client(wire)[plea.client] if one.acks][-1:]
    return any(_identifiers(one.asks) & _identifiers(plea.asks) for one in last)


def _identifiers(asks: Sequence[Told]) -> set[bytes]:
    return {one.message.options.get(option.CLIENT_ID, b"") for one in asks}


def _finding(wire: Wire, whom: str, silence: Silence) -> Finding:
    asks = [one for plea in silence.pleas for one in plea.asks]
    clients = list(dict.fromkeys(plea.client for plea in silence.pleas))
    exchange: Exchange = silence.pleas[0].exchanges[0]
    icmp = [
        f"Packet {packet.number}: {packet.source} says {said.kind} of {whom}:67."
        for packet, said in silence.refusals[:2]
    ]
    return Finding(
        id=ID, severity=Severity.ERROR, client=clients[0] if len(clients) == 1 else "", vid=exchange.vid, flow="dhcp", address=whom,
        what=f"The DHCP server {whom} has answered, and answers no more: {', '.join(clients[:4])} asked {attempts(asks)} times in vain",
        cause="The server's program ended or hangs. Overlapping subnets and mistakes in its settings end it at its next start.",
        proof=(*sentences(wire, (silence.last,)), *sentences(wire, asks), *icmp),
        evidence=links((silence.last.packet, *(one.packet for one in asks), *(packet for packet, _said in silence.refusals))),
        confidence=Confidence.CERTAIN if icmp else Confidence.LIKELY,
        fix=(
            f"On {whom}: look whether it runs and why it ended (`systemctl status`, `journalctl -u isc-dhcp-server -u kea-dhcp4-server -u "
            "dnsmasq`, MAAS: `maas-dhcpd`).",
            "Check its settings before it starts again: `dhcpd -t -cf FILE`, `kea-dhcp4 -t FILE`, `dnsmasq --test -C FILE`.",
        ),
        recheck=probe(exchange),
    )  # fmt: skip
