"""Steps `http-boot`, `metadata`, `proxy`, `mirror`: what a client fetched by HTTP, and connections that did not come about."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.attempts import Attempt, joined
from bellrock.diagnosis.boots.clients import BOOT_AGENTS
from bellrock.diagnosis.boots.once import conversations, once
from bellrock.diagnosis.boots.part import GAVE_UP, Part
from bellrock.diagnosis.boots.services import complaint
from bellrock.diagnosis.packets import NS, Alert, Conversation, Packet, Request, Response
from bellrock.wire.text import endpoint

FLOWS: Final = {
    "http-boot": "http-boot", "https-boot": "http-boot", "api": "metadata", "proxy": "proxy", "proxy-auth": "proxy", "apt": "mirror",
    "snap": "mirror",
}  # fmt: skip
"""Flow of the catalogue → step."""
_PORTS: Final = {5240: "metadata", 3128: "proxy", 8000: "proxy", 5248: "http-boot"}
"""Of connections that no flow explains and that did not come about: somebody was told a wrong address."""
METADATA: Final = ("169.254.169.254", "fd00:ec2::254")
"""Where clouds serve metadata; cloud-init asks there."""
_METADATA_PATHS: Final = ("/MAAS/metadata", "/metadata/", "/latest/meta-data", "/openstack/", "/2012-", "/2009-")
_MIRROR_PATHS: Final = ("/dists/", "/pool/", "/repodata/", "/v2/snaps/")
_AGENTS: Final = (("UefiHttpBoot", "firmware"), ("iPXE", "ipxe"))
_Ends = tuple[str, int, str, int]


def steps(part: Part) -> list[Step]:
    """By time."""
    said = _said(part)
    talks = [one for one in conversations(part.conversations, part.best) if one.protocol == "tcp"]
    return joined(part, (one for talk in talks for one in _attempts(part, talk, said)))


class _Asked(Struct):
    """A request, as often as it was sent, and its answer."""

    request: Request
    packets: list[Packet]
    answer: tuple[Packet, Response] | None = None


def _said(part: Part) -> dict[_Ends, list[Packet]]:
    """Heads and alerts by the ends of their connection, the client's end first."""
    found: defaultdict[_Ends, list[Packet]] = defaultdict(list)
    for group in once(
        (one for one in part.packets if isinstance(one.said, Request | Response | Alert)),
        lambda one: (_way(one), one.said),
    ):
        source, source_port, destination, port = _way(group[0])
        # What the server says is found by the client's end as well, and an alert may come from either.
        found[source, source_port, destination, port].append(group[0])
        found[destination, port, source, source_port].append(group[0])
    return found


def _way(packet: Packet) -> _Ends:
    return packet.source, packet.source_port, packet.destination, packet.destination_port


def _attempts(part: Part, talk: Conversation, said: dict[_Ends, list[Packet]]) -> Iterator[Attempt]:
    heads = said.get((talk.source, talk.source_port, talk.destination, talk.destination_port), [])
    asked = _asked(heads)
    if not asked:
        yield from _connected(part, talk, heads)
    whom = endpoint(talk.destination, talk.destination_port)
    for place, one in enumerate(asked):
        packet, request = one.packets[0], one.request
        step = _step(part, talk, packet, request)
        if not step:
            continue
        outcome, why = _answered(part, talk, one)
        until = _until(talk, one, last=place == len(asked) - 1)
        numbers = (*(each.number for each in one.packets), *((one.answer[0].number,) if one.answer else ()))
        yield Attempt(
            step=step, stage=_stage(part, packet, request), thing=request.target, whom=whom, outcome=outcome, why=why, at=packet.at, until=until,
            packets=numbers, octets=_length(one.answer, outcome),
        )  # fmt: skip


def _asked(heads: Sequence[Packet]) -> list[_Asked]:
    """Requests of one connection with their answers, which come in the same order (RFC 9112 §9.3.2); TCP may send either again."""
    found: list[_Asked] = []
    for packet in heads:
        waiting = [one for one in found if one.answer is None]
        if isinstance(packet.said, Response):
            if waiting:
                waiting[0].answer = packet, packet.said
        elif isinstance(packet.said, Request):
            if waiting and waiting[-1].request == packet.said:
                waiting[-1].packets.append(packet)
            else:
                found.append(_Asked(packet.said, [packet]))
    done = [one.request for one in found if one.answer]
    return [one for one in found if one.answer or one.request not in done]


def _until(talk: Conversation, one: _Asked, *, last: bool) -> int:
    """When it was had: with its answer, where all of that fits into one packet (clients keep connections open), else with the connection."""
    said = (one.answer[0] if one.answer else one.packets[-1]).at
    short = one.answer is not None and one.answer[1].length is not None and one.answer[1].length < one.answer[0].octets
    return max(said, talk.last) if last and not short else said


def _length(answer: tuple[Packet, Response] | None, outcome: Outcome) -> int:
    return (answer[1].length or 0) if answer and outcome == "worked" else 0


def _connected(part: Part, talk: Conversation, heads: Sequence[Packet]) -> Iterator[Attempt]:
    """A connection of which no request can be read: it did not come about, or is encrypted."""
    outcome, why = _connection(part, talk)
    step = FLOWS.get(talk.flow) or ("" if talk.flow or outcome == "worked" else _PORTS.get(talk.destination_port, ""))
    if not step or (outcome == "worked" and not talk.begun):
        return  # the end of an older connection, of another boot perhaps, is no step of this one
    alerts = [one.said for one in heads if isinstance(one.said, Alert) and one.said.fatal]
    if alerts:
        outcome, why = "failed", f"TLS ended: {alerts[0].description.replace('_', ' ')}"
    yield Attempt(
        step=step, stage=part.stage(talk.first), thing="a connection", whom=endpoint(talk.destination, talk.destination_port), outcome=outcome,
        why=why, at=talk.first, until=talk.last, packets=(talk.first_packet, talk.last_packet), silent=talk.ended == "never answered",
    )  # fmt: skip


def _connection(part: Part, talk: Conversation) -> tuple[Outcome, str]:
    if talk.ended == "reset" and talk.begun and talk.answered is None:
        return "failed", "refused"
    if talk.ended == "never answered" or not talk.replies:
        _, complained = complaint(part, talk.destination, talk.destination_port)
        return ("failed", complained) if complained else (part.silent(talk.packets, talk.last), "no answer to SYN")
    if talk.stuck_octets and talk.ended != "closed":
        return "failed", f"packets of {talk.stuck_octets} octets do not arrive"
    if talk.ended == "reset":
        return "failed", "reset by the server"
    return "worked", ""


def _answered(part: Part, talk: Conversation, one: _Asked) -> tuple[Outcome, str]:
    stuck = (
        f"packets of {talk.stuck_octets} octets do not arrive" if talk.stuck_octets and talk.ended != "closed" else ""
    )
    if one.answer is None:
        return _unanswered(part, talk, one, stuck or "no answer to the request")
    response = one.answer[1]
    if response.status >= 400:
        return "failed", f"{response.status} {response.reason}".strip()
    return ("failed", f"it stands still: {stuck}") if stuck else ("worked", "")


def _unanswered(part: Part, talk: Conversation, one: _Asked, why: str) -> tuple[Outcome, str]:
    if talk.ended == "reset":
        return "failed", "reset before the answer"
    waited = (part.end - one.packets[-1].at) / NS
    if len(one.packets) > 1 or (talk.point in part.sees and (talk.ended != "open" or waited >= GAVE_UP)):
        return "unanswered", why
    return "not-seen", "the capture ends before the answer" if waited < GAVE_UP else f"{why} was to be seen here"


def _step(part: Part, talk: Conversation, packet: Packet, request: Request) -> str:
    if request.method == "CONNECT" or request.target.startswith(("http://", "ftp://")):
        return "proxy"
    if talk.destination in METADATA or request.target.startswith(_METADATA_PATHS):
        return "metadata"
    if any(path in request.target for path in _MIRROR_PATHS):
        return "mirror"
    boots = request.agent.startswith(BOOT_AGENTS) or part.stage(packet.at) in ("firmware", "ipxe")
    return "http-boot" if boots else FLOWS.get(talk.flow, "")


def _stage(part: Part, packet: Packet, request: Request) -> str:
    return next((stage for agent, stage in _AGENTS if request.agent.startswith(agent)), part.stage(packet.at))
