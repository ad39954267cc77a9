"""dhcp-unanswered: a machine asks for an address again and again, and nobody gives it one."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp6_story import Six, in_vain, sixes
from bellrock.diagnosis.dhcp6_story import attempts as attempts6
from bellrock.diagnosis.dhcp_story import Exchange, Plea, Told, attempts, exchanges, pleas, relayed, server
from bellrock.diagnosis.dhcp_words import probe, sentences, told_by
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import clock, interface_of, links
from bellrock.diagnosis.tftp_story import errors
from bellrock.model import Confidence, Finding, Severity

ID = "dhcp-unanswered"
TITLE = "A machine asks for an address, and nobody answers"
EXPLAINS: frozenset[str] = frozenset()


def find(case: Case) -> Iterator[Finding]:
    """One for each machine. An error where it wants to boot: others may well have been meant to have no address here."""
    if case.wire is None:
        return
    for plea in pleas(case.wire):
        yield _finding(case.wire, plea)
    four = {one.client for one in exchanges(case.wire)}
    for six in sixes(case.wire):
        # Systems ask by DHCPv6 wherever they are; only who boots by it, and not by DHCPv4, depends on an answer.
        if six.boots and six.client not in four and in_vain(six, case.wire):
            yield _six(case.wire, six)


def _finding(wire: Wire, plea: Plea) -> Finding:
    last = plea.exchanges[-1]
    asked = attempts(plea.asks)
    cause, fix, more, confidence = _why(wire, plea)
    who = f" ({last.kind}{', iPXE' if last.ipxe else ''})" if last.kind else ""
    return Finding(
        id=ID, severity=Severity.ERROR if last.boots else Severity.WARNING, client=plea.client, vid=last.vid, flow="dhcp",
        what=f"{plea.client}{who} asks for an address {'once' if asked == 1 else f'{asked} times'}, and nobody gives it one",
        cause=cause, proof=(*sentences(wire, plea.asks), *more), evidence=links(one.packet for one in plea.asks),
        confidence=confidence, fix=fix, recheck=probe(last),
    )  # fmt: skip


def _six(wire: Wire, six: Six) -> Finding:
    first, times = six.waiting[0], attempts6(six.waiting)
    return Finding(
        id=ID, severity=Severity.ERROR, client=six.client, vid=six.vid, flow="dhcpv6",
        what=f"{six.client} asks for an address by DHCPv6 {'once' if times == 1 else f'{times} times'}, and nobody gives it one",
        cause="No DHCPv6 server or relay serves this VLAN, or its answers are dropped.",
        proof=(f"Packet {first.number} ({clock(wire, first.at)}): SOLICIT from {first.source} ({first.source_mac}), the first of {times}.",
               "No ADVERTISE and no REPLY to it follows."),
        evidence=links(six.waiting), confidence=Confidence.POSSIBLE,
        fix=("Start a DHCPv6 server or relay on this VLAN, or set the machine's firmware to boot over IPv4.",
             "Let udp/547 to the servers and udp/546 to the machines pass, ff02::1:2 included."),
        recheck=f"bellrock probe dhcpv6 --from {interface_of(first.point) or 'INTERFACE'}",
    )  # fmt: skip


def _why(wire: Wire, plea: Plea) -> tuple[str, tuple[str, ...], tuple[str, ...], Confidence]:
    """Cause, fix, further proof, and how sure that is."""
    sent_on = [one for one in plea.asks if relayed(one)]
    if plea.proxies:
        by = told_by(plea.proxies[0])
        return (
            f"Only the proxyDHCP server {by} answers: it tells what to boot, and gives no address.",
            ("Start the DHCP server of this VLAN: a proxyDHCP server stands beside one, and does not replace it.",),
            sentences(wire, plea.proxies), Confidence.CERTAIN,
        )  # fmt: skip
    if sent_on:
        return _relayed(wire, sent_on)
    others = [one for one in _served(wire).get(plea.exchanges[-1].vid, ()) if one.client != plea.client]
    if others:
        whom = server(others[-1].offers[-1])
        return (
            f"A DHCP server is there, {whom}, and answers others: it does not know this machine, has no address left, or does not get "
            "what it says.",
            (f"Read the log of {whom} for {plea.client}: hosts that are to be unknown, classes, reservations, free addresses.",),
            sentences(wire, others[-1].offers[-1:]), Confidence.POSSIBLE,
        )  # fmt: skip
    return (
        "No DHCP server or relay serves this VLAN, its answers are dropped, or the machine is on another VLAN than was meant.",
        (
            "Make sure that the VLAN has a DHCP server or a relay (MAAS: the VLAN's DHCP is enabled on a rack, or relayed).",
            "On the server: `bellrock check` shows whether it listens on udp/67 and whether its own firewall drops it.",
        ),
        ("No offer, no acknowledgement and no refusal for it is in the capture.",), Confidence.POSSIBLE,
    )  # fmt: skip


@per_wire
def _served(wire: Wire) -> dict[int | None, list[Exchange]]:
    """VLAN → the last two machines that were offered an address there."""
    found: dict[int | None, dict[str, Exchange]] = {}
    for one in exchanges(wire):
        if one.offers:
            last = found.setdefault(one.vid, {})
            last.pop(one.client, None)
            last[one.client] = one
    return {vid: [*last.values()][-2:] for vid, last in found.items()}


def _relayed(wire: Wire, sent_on: list[Told]) -> tuple[str, tuple[str, ...], tuple[str, ...], Confidence]:
    packet, message = sent_on[-1]
    whom = packet.destination
    refused = [
        (error, said) for error, said in errors(wire) if said.destination == whom and said.destination_port == 67
    ]  # fmt: skip
    if refused:
        error, said = refused[-1]
        return (
            f"The relay {message.giaddr} sends it to {whom}, where nobody listens: ICMP says {said.kind}.",
            (f"Start the DHCP server on {whom}, or let the relay send to where it runs (`ip helper-address`).",),
            (f"Packet {error.number}: {error.source} says {said.kind} of {said.source} > {whom}:67.",), Confidence.CERTAIN,
        )  # fmt: skip
    return (
        f"The relay {message.giaddr} sends it to {whom}, and nothing comes back: the server has no subnet for {message.giaddr}, does not "
        "run, or its answers do not find the way back to the relay.",
        (
            f"Make sure that {whom} is the DHCP server and has the subnet of {message.giaddr} configured.",
            f"Make sure that {whom} has a route to {message.giaddr}, and that udp/67 passes both ways (port 67 on both ends).",
        ),
        ("No answer to the relay is in the capture.",), Confidence.LIKELY,
    )  # fmt: skip
