"""no-boot-options: a machine that wants to boot is given an address, and nothing to boot."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp6_story import Six, addresses, message, sixes
from bellrock.diagnosis.dhcp_story import Exchange, Told, boot_answers, exchanges, heard_alone, lease
from bellrock.diagnosis.dhcp_story import server as server_of
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences
from bellrock.diagnosis.packets import Request, Wire
from bellrock.diagnosis.readings import interface_of, links, of
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer

ID = "no-boot-options"
TITLE = "The DHCP server names nothing to boot"
EXPLAINS = frozenset(("dhcp-unanswered", "dhcp-offer-not-taken"))


def find(case: Case) -> Iterator[Finding]:
    """One for each client that is not told what to boot, neither here nor in another of its attempts."""
    wire = case.wire
    if wire is None:
        return
    by_client: dict[str, list[Exchange]] = {}
    for exchange in exchanges(wire):
        if exchange.boots and lease(exchange):
            by_client.setdefault(exchange.client, []).append(exchange)
    for several in by_client.values():
        firmware = [one for one in several if not one.ipxe]
        if firmware and not any(boot_answers(one) for one in firmware):
            yield _finding(wire, firmware[-1])
        elif (last := several[-1]).ipxe and not boot_answers(last) and not _went_on(wire, last):
            yield _finding(wire, last)
    for six in sixes(wire):
        if six.boots and six.given and not six.url and six.client not in by_client:
            yield _six(six)


def _six(six: Six) -> Finding:
    given = six.given[-1]
    kind = "" if six.arch is None else f" (architecture {six.arch})"
    return Finding(
        id=ID, severity=Severity.ERROR, client=six.client, vid=six.vid, flow="dhcpv6", address=given.source,
        what=f"The DHCPv6 server {given.source} gives {six.client}{kind} an address and names nothing to boot",
        cause="Its answers lack the boot file URL (option 59, RFC 5970 §3.1): firmware gives up.",
        proof=(f"Packet {given.number} gives {', '.join(addresses(message(given)))}, without a boot file URL; no other answer has one.",),
        evidence=links((*six.solicits[:1], given)), confidence=Confidence.CERTAIN,
        fix=(f"Name `tftp://[SERVER]/FILE` or `http://[SERVER]/FILE` as option 59 on {given.source}, by architecture (option 61).",),
        recheck=f"bellrock probe dhcpv6 --from {interface_of(given.point) or 'INTERFACE'}",
    )  # fmt: skip


def _went_on(wire: Wire, exchange: Exchange) -> bool:
    """iPXE may carry its script inside: then it needs no option, and fetches at once; or an operating system took over.

    Where only what is sent to everybody can be seen, it may have.
    """
    if exchange.client not in heard_alone(wire):
        return True
    given = {one.message.yiaddr for one in exchange.acks}
    fetched = any(packet.source in given and packet.at > exchange.last for packet, _said in of(wire, Request))
    files = any(one.client in given and one.at > exchange.last for one in wire.transfers)
    talked = any(
        one.source in given and one.first > exchange.last and one.protocol == "tcp" for one in wire.conversations
    )
    return fetched or files or talked


def _finding(wire: Wire, exchange: Exchange) -> Finding:
    given = lease(exchange)
    assert given is not None  # noqa: S101 -- `find` asked for one
    who = f"{exchange.client} ({exchange.kind})" if exchange.kind else exchange.client
    asker = "iPXE" if exchange.ipxe else "its firmware"
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, vid=exchange.vid, flow="dhcp", address=server_of(given),
        what=f"{server_of(given)} gives {who} an address and names nothing to boot", cause=_cause(given, asker),
        proof=(*sentences(wire, (*exchange.discovers[:1], given)), f"It says: {boot_options(given)}.", "No other server, and no proxyDHCP server, says more."),
        evidence=links((*(one.packet for one in exchange.discovers[:1]), given.packet)), confidence=Confidence.CERTAIN, fix=_fix(exchange, given),
        recheck=probe(exchange),
    )  # fmt: skip


def _cause(given: Told, asker: str) -> str:
    if answer.boot_server(given.message):
        return f"The server names where to boot from ({answer.boot_server(given.message)}), but no file (field file, option 67): {asker} gives up."
    return f"The server is not set up to boot machines, or not this kind of machine: {asker} gives up."


def _fix(exchange: Exchange, given: Told) -> tuple[str, ...]:
    arch = "" if exchange.arch is None else f" for architecture {exchange.arch} (option 93)"
    return (
        f"On {server_of(given)}: name next-server and boot file{arch} (options 66 and 67; dhcpd `next-server`, `filename`; Kea `next-server`, "
        "`boot-file-name`; dnsmasq `--dhcp-boot`). External DHCP beside MAAS must point to the rack.",
        "Or start a proxyDHCP server beside it, and let relays send to it as well.",
    )  # fmt: skip
