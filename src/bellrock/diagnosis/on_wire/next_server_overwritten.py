"""next-server-overwritten: a machine boots from somewhere else than the DHCP server meant."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.dhcp_story import Exchange, Told, boot_answers, exchanges, relayed, server
from bellrock.diagnosis.dhcp_words import boot_options, probe, sentences
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.readings import links
from bellrock.diagnosis.tftp_story import Fetch, failure, fetches
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp_answer as answer

ID = "next-server-overwritten"
TITLE = "The machine is sent to the wrong boot server"
EXPLAINS = frozenset(
    ("tftp-unanswered", "boot-file-missing", "tftp-stalled", "service-refused", "never-arrived", "address-not-routable")
)
MAX_COPIES: Final = 64
"""Answers of one exchange that are compared with each other."""
_SAME: Final = 1_000_000_000
"""Nanoseconds in which two copies of one answer pass all points."""


def find(case: Case) -> Iterator[Finding]:
    """One for each client. Two boot servers in one answer are no fault where the machine could boot from the one that it chose."""
    wire = case.wire
    if wire is None:
        return
    wanted: dict[str, list[Fetch]] = {}
    for fetch in fetches(case):
        wanted.setdefault(fetch.client, []).append(fetch)
    told: set[str] = set()
    for exchange in exchanges(wire):
        if exchange.boots and exchange.client not in told:
            found = _changed(wire, exchange) or _elsewhere(wire, exchange, wanted.get(exchange.client, []))
            if found:
                told.add(exchange.client)
                yield found


def _changed(wire: Wire, exchange: Exchange) -> Finding | None:
    """Two copies of one answer, seen at two points, differ."""
    answers = (*exchange.acks, *exchange.offers)[:MAX_COPIES]
    for at, one in enumerate(answers):
        for other in answers[at + 1 :]:
            same = one.message.kind == other.message.kind and server(one) == server(other)
            passing = _link(one) != _link(other) and abs(one.packet.at - other.packet.at) < _SAME
            if same and passing and _boots_from(one) != _boots_from(other):
                meant, came = sorted((one, other), key=lambda each: each.packet.number)
                return _of_copies(wire, exchange, meant, came)
    return None


def _link(one: Told) -> tuple[str, tuple[int, ...]]:
    return one.packet.point, one.packet.vids


def _boots_from(one: Told) -> tuple[str, ...]:
    return (*answer.next_servers(one.message), answer.file(one.message))


def _of_copies(wire: Wire, exchange: Exchange, meant: Told, came: Told) -> Finding:
    by = came.packet.source if relayed(came) else came.packet.source_mac
    return _finding(
        wire, exchange, (meant, came),
        what=f"On its way to {exchange.client} the answer of {server(meant)} was changed: it names {_named(came)} instead of {_named(meant)}",
        cause=f"Between the two points something rewrites DHCP answers: the relay or router ({by}), or a firewall with a DHCP helper.",
        address=answer.boot_server(came.message), confidence=Confidence.CERTAIN,
        fix=(f"Take the setting of its own next-server or boot file out of the relay ({by}); a relay passes answers on as they are (RFC 1542 §4.1.2).",),
    )  # fmt: skip


def _named(one: Told) -> str:
    return f"{answer.boot_server(one.message) or 'no boot server'} ({answer.file(one.message) or 'no file'})"


def _elsewhere(wire: Wire, exchange: Exchange, wanted: list[Fetch]) -> Finding | None:
    """The machine asked the router, or one of two servers that one answer names, and did not get its file there."""
    for given in boot_answers(exchange):
        meant = {name for name in (*answer.next_servers(given.message), server(given)) if name}
        router = {answer.gateway(given.message), given.message.giaddr if relayed(given) else ""} - {"", server(given)}
        for fetch in wanted:
            if fetch.views[0].at < exchange.first or not failure(fetch):
                continue
            others = sorted(meant - {fetch.server})
            ambiguous = len({name for name in answer.next_servers(given.message) if name}) > 1
            if fetch.server in router or (ambiguous and fetch.server in meant):
                return _of_fetch(wire, exchange, given, fetch, others, fetch.server in router)
    return None


def _of_fetch(wire: Wire, exchange: Exchange, given: Told, fetch: Fetch, others: list[str], router: bool) -> Finding:
    said = "the router" if router else "one of two boot servers that the answer names"
    return _finding(
        wire, exchange, (given,),
        what=f"{exchange.client} boots from {fetch.server}, {said}, and gets nothing there",
        cause=f"The effective next-server is {fetch.server}; {', '.join(others) or 'no other'} is named beside it: firmware differs in which it takes.",
        address=fetch.server, confidence=Confidence.LIKELY,
        fix=(
            f"On {server(given)} and on every relay: name one boot server only, the rack, by siaddr (`next-server`) and option 66 alike.",
            "Some routers put themselves in as next-server where the DHCP server leaves siaddr empty: set it on the DHCP server.",
        ),
        more=(f"Packet {fetch.numbers[0]}: it asks {fetch.server} for {fetch.path!r} in vain.",), numbers=fetch.numbers,
    )  # fmt: skip


def _finding(
    wire: Wire, exchange: Exchange, answers: tuple[Told, ...], *, what: str, cause: str, address: str, confidence: Confidence,
    fix: tuple[str, ...], more: tuple[str, ...] = (), numbers: tuple[int, ...] = (),
) -> Finding:  # fmt: skip
    side_by_side = [
        f"Packet {one.packet.number}{f' at {one.packet.point}' if one.packet.point else ''} says: {boot_options(one)}."
        for one in answers
    ]
    return Finding(
        id=ID, severity=Severity.ERROR, client=exchange.client, vid=exchange.vid, address=address, what=what, cause=cause,
        proof=(*sentences(wire, answers), *side_by_side, *more),
        evidence=(*links(one.packet for one in answers), *(f"packet {number}" for number in numbers[:4])), confidence=confidence, fix=fix,
        recheck=probe(exchange),
    )  # fmt: skip
