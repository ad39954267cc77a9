"""http-boot-failed: a machine that boots by HTTP is refused its file, is sent in circles, or never asks for it."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import PATIENCE, Exchange, Told, boot_answers, exchanges, heard_alone, server
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences
from bellrock.diagnosis.packets import NS, Packet, Request, Response, Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import links
from bellrock.diagnosis.readings_http import address, is_image
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer
from bellrock.wire.dhcp import Message

ID = "http-boot-failed"
TITLE = "Boot by HTTP fails"
EXPLAINS: frozenset[str] = frozenset()
AGENTS: Final = ("UefiHttpBoot", "iPXE", "GRUB")
"""How firmware (EDK II), iPXE and GRUB name themselves to web servers."""
OTHERS: Final = frozenset((401, 404, 407, 410, 416))
"""Statuses that rules of their own tell: not there, or wants a password; and 416, by which a download that is whole already ends."""


_Trial = tuple[Packet, Request, Response | None]


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server. What TCP shows (nobody listens, nothing arrives) is told by rules of connections."""
    wire = case.wire
    if wire is None:
        return
    told: set[tuple[str, str]] = set()
    for exchange in exchanges(wire):
        urls = [one for one in boot_answers(exchange) if answer.url(one.message)]
        if not exchange.acks or not (urls or exchange.ipxe or exchange.boots):
            continue
        asked = _asked(wire, exchange)
        bad = [
            one for one in asked if one[2] and one[2].status >= 400 and one[2].status not in OTHERS and _matters(one[1])
        ]
        key = exchange.client, bad[-1][0].destination if bad else ""
        if key in told:
            continue
        if bad and not _recovered(wire, asked, bad[-1]):
            told.add(key)
            yield _refused(exchange, *bad[-1])
        elif not asked and exchange.http and urls and _silent(wire, exchange):
            told.add(key)
            yield _never_asked(wire, exchange, urls[0])


def _asked(wire: Wire, exchange: Exchange) -> list[_Trial]:
    """What the machine asked for while it booted, with the first answer to each."""
    mine = {one.message.yiaddr for one in exchange.acks}
    return [one for address in mine for one in _trials(wire).get(address, ()) if one[0].at >= exchange.last]


@per_wire
def _trials(wire: Wire) -> dict[str, list[_Trial]]:
    """By client's address, all requests, each with its answer."""
    found: dict[str, list[_Trial]] = {}
    waiting: dict[tuple[str, int, str, int], tuple[list[_Trial], int]] = {}
    for packet in wire.packets:
        if isinstance(packet.said, Request):
            trials = found.setdefault(packet.source, [])
            waiting[packet.source, packet.source_port, packet.destination, packet.destination_port] = (
                trials,
                len(trials),
            )
            trials.append((packet, packet.said, None))
        elif isinstance(packet.said, Response):
            ends = packet.destination, packet.destination_port, packet.source, packet.source_port
            if ends in waiting:
                trials, place = waiting.pop(ends)
                trials[place] = (*trials[place][:2], packet.said)
    return found


def _boots(request: Request) -> bool:
    return request.agent.startswith(AGENTS)


def _matters(request: Request) -> bool:
    """Whether a boot ends where this is refused: a program that boots asks for it, or anybody (wget, curl) for an image."""
    return _boots(request) or is_image(request.target)


def _recovered(wire: Wire, asked: list[_Trial], bad: _Trial) -> bool:
    """Whether the same was given in the end, or something else was fetched after it; what an OS fetches later is no boot of firmware."""
    like = [one for one in asked if _matters(one[1]) or not _boots(bad[1])]
    fetched = any(one.client == bad[0].source and one.at > bad[0].at and one.ended == "whole" for one in wire.transfers)
    return fetched or any(
        reply is not None and reply.status < 300 and packet.at > bad[0].at for packet, _, reply in like
    )


def _silent(wire: Wire, exchange: Exchange) -> bool:
    """Nothing at all went to a web server, though there was time: neither a connection nor a question for its name."""
    mine = {one.message.yiaddr for one in exchange.acks}
    spoke = any(
        one.source in mine and (one.protocol == "tcp" or one.destination_port == 53) for one in wire.conversations
    )
    spoke = spoke or any(
        packet.at > exchange.last and not isinstance(packet.said, Message)
        and (packet.source in mine or packet.source_mac == exchange.client)
        for packet in wire.packets
    )  # fmt: skip
    return not spoke and exchange.client in heard_alone(wire) and wire.last - exchange.last >= PATIENCE * NS


def _refused(exchange: Exchange, packet: Packet, request: Request, reply: Response | None) -> Finding:
    assert reply is not None  # noqa: S101 -- `find` chose those with an answer
    url = address(packet, request)
    by = f" by {reply.server}" if reply.server else ""
    via = f", on the way through {reply.via}" if reply.via else ""
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, vid=exchange.vid, flow="http-boot", address=packet.destination,
        what=f"{packet.destination} refuses {url} to {exchange.client}: {reply.status} {reply.reason}".rstrip(),
        cause=f"The web server{by}{via} does not give the file: {'it fails itself' if reply.status >= 500 else 'this machine may not have it, or asks wrongly'}.",
        proof=(f"Packet {packet.number}: {exchange.client} ({request.agent or 'no agent named'}) asks for {url}; the answer is {reply.status} {reply.reason}".rstrip() + ".",),
        evidence=links((packet,)), confidence=Confidence.CERTAIN,
        fix=(f"Read the error log of the web server on {packet.destination} for {request.target}.",),
        recheck=f"bellrock probe http-boot --to {packet.destination}:{packet.destination_port} -o path={request.target}",
    )  # fmt: skip


def _never_asked(wire: Wire, exchange: Exchange, given: Told) -> Finding:
    url = answer.url(given.message)
    names = answer.name_servers(given.message)
    nameless = not names and answer.url_host(url) != "" and not answer.url_host(url).replace(".", "").isdigit()
    cause = (
        f"The URL names {answer.url_host(url)}, and the offer names no DNS server (option 6)." if nameless
        else "Its firmware does not take the URL: a scheme that it does not speak (https without certificates), or HTTP boot is switched off."
    )  # fmt: skip
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, vid=exchange.vid, flow="http-boot", address=server(given),
        what=f"{exchange.client} was told to boot {url}, and never asks for it", cause=cause,
        proof=(*sentences(wire, (given,)), f"It says: {boot_options(given)}.", f"The capture goes on for {(wire.last - exchange.last) / NS:.1f} s without a word of the machine."),
        evidence=links((given.packet,)), confidence=Confidence.CERTAIN if nameless else Confidence.POSSIBLE,
        fix=("Name the server by its address in the URL, or offer a DNS server (option 6).", "Use http, or enrol the server's authority in the firmware for https."),
        recheck=probe(exchange),
    )  # fmt: skip
