"""dhcp-nak: a server refuses the address that a machine asks for."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import LONG, Exchange, Told, by_client, exchanges, heard_alone, relayed, server
from bellrock.diagnosis.dhcp_words import probe, sentences, told_by
from bellrock.diagnosis.packets import NS, Wire
from bellrock.diagnosis.readings import links
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire import dhcp_options as option

ID = "dhcp-nak"
TITLE = "A DHCP server refuses the address that was offered"
EXPLAINS: frozenset[str] = frozenset(("dhcp-unanswered",))


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server. A machine that asks for its old address in a new place is refused rightly, and asks anew."""
    if case.wire is None:
        return
    told: set[tuple[str, str]] = set()
    for exchange in exchanges(case.wire):
        for nak in exchange.naks[:1]:
            later = [one for one in by_client(case.wire)[exchange.client] if _got_one(case.wire, one, nak)]
            # RFC 2131 §4.3.2: only a REQUEST that follows an offer names a server; one from an earlier life is refused by design.
            chosen = next((one for one in reversed(exchange.requests) if answer.server(one.message)), None)
            if (
                (chosen is None and (later or not _stays_without(case.wire, exchange, nak)))
                or _apart(nak, chosen, exchange)
                or (exchange.client, _whose(nak, exchange)) in told
            ):
                continue
            told.add((exchange.client, _whose(nak, exchange)))
            yield _finding(case.wire, exchange, nak, chosen, _fate(exchange, nak, bool(later)))


def _stays_without(wire: Wire, exchange: Exchange, nak: Told) -> bool:
    """Whether firmware that asked for an address of an earlier life is left with none: it stops at a NAK.

    Others begin anew (RFC 2131 §3.2), some after a pause.
    """
    return exchange.boots and wire.last - nak.packet.at >= LONG * NS


def _fate(exchange: Exchange, nak: Told, got_one: bool) -> tuple[Severity, str]:
    """What became of the machine. Whoever has its ACK from the server that it chose pays no heed to another's NAK that comes later."""
    had = [one for one in exchange.acks if one.packet.at <= nak.packet.at and server(one) != _whose(nak, exchange)]
    if had:
        return (
            Severity.WARNING,
            f"{server(had[0])} was quicker to give it that: the answer that comes first decides whether it boots",
        )
    if got_one:
        return Severity.WARNING, "it gets another one only after asking anew"
    return Severity.ERROR, "it gets none"


def _finding(wire: Wire, exchange: Exchange, nak: Told, chosen: Told | None, fate: tuple[Severity, str]) -> Finding:
    wanted = next((_wanted(one) for one in reversed(exchange.requests) if _wanted(one)), "an address")
    said = option.text(nak.message.options.get(option.TEXT, b""))
    asked = answer.server(chosen.message) if chosen else ""
    severity, after = fate
    return Finding(
        id=ID, severity=severity, client=exchange.client, vid=exchange.vid, flow="dhcp",
        address=_whose(nak, exchange), what=f"{server(nak)} refuses {wanted} to {exchange.client}, and {after}", cause=_cause(nak, asked, said),
        proof=(*sentences(wire, (*exchange.offers, *exchange.requests, *exchange.acks, *exchange.naks)), *((f"It says: {said!r}.",) if said else ())),
        evidence=links(one.packet for one in (*exchange.requests, *exchange.naks)),
        confidence=Confidence.CERTAIN if asked and asked != server(nak) else Confidence.LIKELY, fix=_fix(nak, asked, wanted),
        recheck=probe(exchange),
    )  # fmt: skip


def _got_one(wire: Wire, exchange: Exchange, nak: Told) -> bool:
    """Whether the machine got an address after it; where an ACK would not have been seen, its REQUEST tells that it was offered one."""
    unseen = exchange.client not in heard_alone(wire)
    return any(one.packet.at > nak.packet.at for one in (*exchange.acks, *(exchange.requests if unseen else ())))


def _apart(nak: Told, chosen: Told | None, exchange: Exchange) -> bool:
    """Two servers of different networks refuse each other's clients rightly: that there are two is the fault, and told as such."""
    by_server = {server(one): answer.way_out(one.message)[:2] for one in exchange.offers}
    mine, theirs = by_server.get(_whose(nak, exchange)), by_server.get(answer.server(chosen.message) if chosen else "")
    return mine is not None and theirs is not None and mine != theirs


def _whose(nak: Told, exchange: Exchange) -> str:
    """A server of several addresses may refuse by another one than it offers by: its offers name it."""
    offers = (one for one in exchange.offers if one.packet.source_mac == nak.packet.source_mac and not relayed(one))
    return next(map(server, offers), server(nak))


def _wanted(one: Told) -> str:
    return option.address(one.message.options.get(option.REQUESTED_ADDRESS, b"")) or answer.address(one.message)


def _cause(nak: Told, asked: str, said: str) -> str:
    if asked and asked != server(nak):
        return f"The machine took the offer of {asked}; {told_by(nak)} refuses what it was never asked for."
    if asked:
        return f"The server offered the address and then refused it: somebody else has it by now{f' ({said})' if said else ''}."
    return "The machine asks for an address of an earlier lease that this server does not know, and does not begin anew. PXE firmware stops at a NAK."


def _fix(nak: Told, asked: str, wanted: str) -> tuple[str, ...]:
    if asked and asked != server(nak):
        return (
            f"Take the DHCP server {server(nak)} off this VLAN, or make it not authoritative there.",
            f"If both {asked} and {server(nak)} are meant: let them share leases (failover, high availability).",
        )
    return (
        f"Look for {wanted} in the leases of {server(nak)}: two machines with one reservation, a range that overlaps with another server's, "
        "or a lease file that was lost.",
    )  # fmt: skip
