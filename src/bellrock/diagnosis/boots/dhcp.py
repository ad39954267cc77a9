"""Steps `dhcp` and `proxydhcp` over IPv4: what came of each series of exchanges."""

from collections.abc import Iterable, Iterator
from typing import Final

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.part import GAVE_UP, SLOW, Part, counted, names
from bellrock.diagnosis.boots.series import Series
from bellrock.diagnosis.dhcp_story import NAMES, Told, attempts, boot_answers, relayed, server
from bellrock.diagnosis.packets import NS, Arp, Packet
from bellrock.wire import dhcp, dhcp_answer
from bellrock.wire import dhcp_options as option
from bellrock.wire.dhcp import Message

_OF_ADDRESSES: Final = ("discovers", "offers", "requests", "acks", "naks", "declines")
_DECIDE: Final = ("acks", "naks", "declines")
Said = tuple[Outcome, str]


def steps(part: Part, series: Iterable[Series]) -> Iterator[Step]:
    """One for each series, and one for what a proxyDHCP server adds to it. Renewals that worked are no step of a boot."""
    for one in series:
        told = [message for kind in _OF_ADDRESSES for message in one.all(kind)]
        if told and not (one.renews and one.over):
            outcome, what = _outcome(part, one)
            times = min(each.packet.at for each in told), max(each.packet.at for each in told)
            yield part.step("dhcp", outcome, f"{what}{_asking(one)}", times, _numbers(told), one.stage)
        yield from _proxy(part, one)


def boot_file(one: Series) -> tuple[str, str]:
    """The boot file that the client was told of, and where it is; empty: nobody told it."""
    for exchange in reversed(one.exchanges):
        for each in boot_answers(exchange):
            if dhcp_answer.file(each.message):
                return dhcp_answer.file(each.message), dhcp_answer.boot_server(each.message)
    return "", ""


def firmware_of(arch: int) -> str:
    """`UEFI x64` for 7."""
    return NAMES.get(arch, f"architecture {arch}")


def _outcome(part: Part, one: Series) -> Said:
    last = _decision(one)
    if last is None:
        return _request_alone(part, one) if one.all("requests") else _without_request(part, one)
    kind, told = last
    if kind == "declines":
        taken = option.address(told.message.options.get(option.REQUESTED_ADDRESS, b"")) or "the address"
        return "failed", f"the client declined {taken}: somebody else answers there"
    if kind == "naks":
        why = option.text(told.message.options.get(option.TEXT, b""))
        return "failed", f"{server(told)} refused it (NAK{f': {why}' if why else ''})"
    return _leased(one, told)


def _decision(one: Series) -> tuple[str, Told] | None:
    """The answer that counts: a client that has asked takes the first one (RFC 2131 §3.1), and may decline the address after that."""
    found = sorted(((each.packet.at, kind, each) for kind in _DECIDE for each in one.all(kind)), key=lambda it: it[:2])
    asked = max((each.packet.at for each in one.all("requests")), default=0)
    after = [it for it in found if it[0] >= asked] or found[-1:]
    declined = [it for it in after if it[1] == "declines"]
    return (declined or after)[0][1:] if found else None


def _leased(one: Series, told: Told) -> Said:
    what = f"{told.message.yiaddr} from {server(told)}"
    if one.stage == "firmware":
        if not any(boot_answers(exchange) for exchange in one.exchanges):
            return "failed", f"{what}, and nobody told it a boot file"
        file, where = boot_file(one)
        what += f", boot file {file}{f' at {where}' if where and '://' not in file else ''}" if file else ""
    if naks := attempts(each for each in one.all("naks") if each.packet.at < told.packet.at):
        return "slow", f"{what}, after {counted(naks, 'NAK')}"
    return ("slow" if _waited(one, told) > SLOW or one.tries > 1 else "worked"), what


def _waited(one: Series, told: Told) -> float:
    """Seconds that the client waited for servers. How long it collects offers is its own doing: EDK II does for 4 s (PXE 2.1 §2.2.3)."""
    asked = max((each.packet.at for each in one.all("requests") if each.packet.at <= told.packet.at), default=one.begin)
    offered = min((each.packet.at for each in one.all("offers")), default=one.begin)
    return max(told.packet.at - asked, offered - one.begin) / NS


def _without_request(part: Part, one: Series) -> Said:
    """The client asked for an address, and took none."""
    discovers, offers = one.all("discovers"), one.all("offers")
    if offers:
        given = names([each.message.yiaddr for each in offers])
        gave_up = (min(part.end, part.until) - one.last) / NS >= GAVE_UP or attempts(discovers) > 1
        what = f"{names([server(each) for each in offers])} offers {given}, and the client does not take it"
        return ("failed" if gave_up and discovers else "not-seen"), what
    if one.tries == 1 and all(each.message.broadcast for each in discovers) and (part.end - one.last) / NS >= SLOW:
        return "unanswered", "no offer"
    outcome = part.silent(one.tries, one.last, everybody=True)
    return outcome, "no offer" if outcome == "unanswered" else "no offer was to be seen here"


def _request_alone(part: Part, one: Series) -> Said:
    """It asked for an address that it knew, or for one that was offered: no answer to that is in the capture."""
    requests = one.all("requests")
    said = requests[-1].message
    wanted = option.address(said.options.get(option.REQUESTED_ADDRESS, b"")) or said.ciaddr
    whom = dhcp_answer.server(said) or "any server"
    if _uses(part, wanted, requests[-1].packet.at):
        return "worked", f"the client uses {wanted} of {whom}; the answer does not pass here"
    # Those of an exchange before it may each have had its answer where nobody looked.
    tries = attempts(one.exchanges[-1].requests)
    outcome = part.silent(tries, one.last, everybody=requests[-1].packet.destination in ("", "255.255.255.255"))
    answer = "no answer" if outcome == "unanswered" else "no answer was to be seen here"
    return outcome, f"asked {whom} for {wanted} {counted(tries, 'time')}, {answer}"


def _uses(part: Part, address: str, since: int) -> bool:
    """Whether the client speaks from an address after a time."""
    if address == dhcp.NOBODY:
        return False
    spoken = any(one.client == address and one.at >= since for one in part.transfers)
    return spoken or any(_from(part.mac, one, address) for one in part.packets if one.at >= since)


def _from(mac: str, packet: Packet, address: str) -> bool:
    said = packet.said
    if isinstance(said, Arp):
        return (said.sender_mac, said.sender) == (mac, address)
    return packet.source == address and not isinstance(said, Message)


def _asking(one: Series) -> str:
    """How it was asked: how often, through whom, as what."""
    told = [f"after {one.tries} tries"] if one.tries > 1 else []
    told += [
        f"through relay {relay}"
        for relay in list(dict.fromkeys(each.message.giaddr for each in one.told if relayed(each)))[:2]
    ]
    if one.arch is not None and one.stage == "firmware":
        told.append(f"arch {one.arch} ({firmware_of(one.arch)})")
    return "".join(f", {text}" for text in told)


def _proxy(part: Part, one: Series) -> Iterator[Step]:
    asked, answers, offers = one.all("proxy_requests"), one.all("proxy_answers"), one.all("proxies")
    if asked:
        yield _asked_proxy(part, one, asked, answers)
    elif offers:
        said, packet = offers[0].message, offers[0].packet
        file = dhcp_answer.file(said)
        unasked = f"{packet.source} would tell the boot file at port {dhcp.PROXY_PORT}; nobody was seen to ask there"
        outcome: Outcome = "worked" if file else "not-seen"
        what = f"{file} from {packet.source}" if file else unasked
        yield part.step("proxydhcp", outcome, what, (packet.at, packet.at), _numbers(offers), one.stage)


def _asked_proxy(part: Part, one: Series, asked: tuple[Told, ...], answers: tuple[Told, ...]) -> Step:
    times = asked[0].packet.at, (answers or asked)[-1].packet.at
    tries = attempts(asked)
    if answers:
        file = dhcp_answer.file(answers[0].message)
        what = f"{file or 'an answer without a boot file'} from {answers[0].packet.source}, port {dhcp.PROXY_PORT}"
        # PXE 2.1 §2.4: an answer may have a menu in place of a file.
        outcome: Outcome = ("slow" if tries > 1 else "worked") if dhcp_answer.boots(answers[0].message) else "failed"
    else:
        outcome = part.silent(tries, asked[-1].packet.at)
        what = f"asked {asked[0].packet.destination}, port {dhcp.PROXY_PORT}, {counted(tries, 'time')}, no answer"
    return part.step("proxydhcp", outcome, what, times, _numbers([*asked, *answers]), one.stage)


def _numbers(told: Iterable[Told]) -> list[int]:
    return [each.packet.number for each in told]
