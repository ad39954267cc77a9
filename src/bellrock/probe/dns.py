"""DNS: whether a name server answers over UDP and TCP, knows the names that machines need, and says the same as others."""

import asyncio
from ipaddress import ip_address, ip_network
from typing import Any, Final

from msgspec import Struct

from bellrock.flows import Protocol
from bellrock.link.obstacle import Obstructed
from bellrock.model import Verdict
from bellrock.probe.dns_messages import Answer, Asked, Question, asked, question, shown
from bellrock.probe.dns_talk import ROUNDS, Heard, over_tcp, over_udp
from bellrock.probe.drawn import drawn
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.run import obstructed
from bellrock.probe.values import Ask, Found, Load, Option, PlanError, Probe, Unexpected
from bellrock.probe.variants import Check, each

MAX_NAMES, MAX_ALSO = 16, 4
EDNS: Final = 1232
"""RFC 9715 §3.2: octets of an answer over UDP that fit every path whole."""
ALIVE: Final = question("127.0.0.1")
"""RFC 6303 §4.2: a resolver answers this itself, so that its answer proves the resolver and not the world behind it."""

_OWN: Final = tuple(
    ip_network(one)
    for one in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
"""RFC 1918, 6598, 3927, 4193, 4291."""

OPTIONS: Final = (
    Option(name="names", meaning=f"what machines look up, with commas between: NAME, NAME/TYPE or ADDRESS (default type A; at most {MAX_NAMES}); each must be found"),
    Option(name="also", meaning=f"addresses of other servers, with commas between, that must say the same of these names (at most {MAX_ALSO})"),
    Option(name="recursion", meaning="yes: it must offer recursion; no: it must not; any (default)"),
    Option(name="edns", meaning=f"octets of an answer over UDP that are asked for (default {EDNS}; 512 to 4096)"),
)  # fmt: skip


class Plan(Struct, frozen=True, kw_only=True):
    """Questions, and what their answers are held against."""

    asked: tuple[Asked, ...]
    names: tuple[Question, ...]
    also: tuple[str, ...]
    recursion: str
    protocols: tuple[Protocol, ...]


def plan(ask: Ask) -> Plan:
    """One question that shows whether the server lives, and those for the names."""
    given = read(ask, OPTIONS)
    names = tuple(dict.fromkeys(question(name) for name in given.several("names")))
    also = given.addresses("also")
    if len(names) > MAX_NAMES or len(also) > MAX_ALSO:
        raise PlanError(f"dns: at most {MAX_NAMES} names and {MAX_ALSO} other servers are asked at a time")
    first, size = int.from_bytes(drawn(ask, "dns id", 2), "big"), given.whole("edns", EDNS, least=512, most=4096)
    wanted = (ALIVE, *(name for name in names if name != ALIVE))
    return Plan(
        asked=tuple(asked(one, first + 2 * at, drawn(ask, f"dns case {at}", 32), size) for at, one in enumerate(wanted)),
        names=names, also=also, recursion=given.choice("recursion", ("any", "yes", "no"), "any"),
        protocols=(ask.protocol,) if ask.protocol else (Protocol.UDP, Protocol.TCP),
    )  # fmt: skip


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Over each protocol for itself; other servers are compared over the first of them."""
    checks: dict[Protocol, Check] = {
        Protocol.UDP: lambda own: _udp(plan, own),
        Protocol.TCP: lambda own: _tcp(plan, own),
    }
    return await each(net, {protocol.value: checks[protocol] for protocol in plan.protocols})


async def _udp(plan: Plan, net: Net) -> Found:
    wait = 0.75 * net.ask.within / ROUNDS
    heard, *others = await asyncio.gather(
        over_udp(net, net.ask.address, plan.asked, wait),
        *(_other(plan, net.apart(), address, wait) for address in plan.also),
        return_exceptions=True,
    )
    if isinstance(heard, BaseException):
        raise heard
    said = [other for other in others if isinstance(other, Heard)]
    for other in said:
        net.record.noticed(f"{other.address}: {other.cut or '; '.join(map(shown, other.answers.values()))}")
    return judge(plan, heard, said)


async def _tcp(plan: Plan, net: Net) -> Found:
    heard = await over_tcp(net, net.ask.address, plan.asked, 0.8 * net.ask.within)
    return judge(plan, heard, [])


async def _other(plan: Plan, net: Net, address: str, wait: float) -> Heard:
    """Another server's answers; none, with the reason, where it gives none."""
    try:
        return await over_udp(net, address, plan.asked, wait)
    except TimeoutError:
        return Heard(address=address, cut="nothing came back")
    except Unexpected as error:
        return Heard(address=address, cut=str(error))
    except Obstructed as error:
        return Heard(address=address, cut=obstructed(error, address, answered=False).detail)


def judge(plan: Plan, heard: Heard, others: list[Heard]) -> Found:
    """What one server's answers are worth, and whether the others say the same."""
    faults = [
        *(fault for one in plan.names or (ALIVE,) if (fault := _fault(one, heard, needed=bool(plan.names)))),
        *_of_server(plan, heard),
        *(fault for other in others if (fault := _disagreement(plan, heard, other))),
    ]
    detail = "; ".join(faults) or _good(plan, heard)
    facts = _facts(heard, others) | (
        {} if any(_serves(plan, one) for one in heard.answers.values()) else {"serves": False}
    )
    return Found(verdict=Verdict.DEGRADED if faults else Verdict.WORKS, detail=detail, facts=facts)


def _serves(plan: Plan, answer: Answer) -> bool:
    """Whether a machine gets something from it: a name that it needs, or at least no refusal."""
    if plan.names:
        return answer.question in plan.names and (bool(answer.records) or answer.truncated)
    return answer.rcode not in ("REFUSED", "SERVFAIL")


def _good(plan: Plan, heard: Heard) -> str:
    if not plan.names:
        without = "" if any(one.recursion for one in heard.answers.values()) else ", without recursion"
        return f"it answers{without}; no names were given to be looked up"
    first = heard.answers[plan.names[0]]
    more = f", and {len(plan.names) - 1} more names are found" if len(plan.names) > 1 else ""
    return f"{first.question.shown} is {', '.join(first.records[:3])}{more}"


def _fault(wanted: Question, heard: Heard, *, needed: bool) -> str:
    """What is wrong with the answer to a question; empty: nothing. `needed`: it has to have records."""
    found = heard.answers.get(wanted)
    if found is None:
        return (
            f"no answer about {wanted.shown}, while it answers other questions{': ' + heard.cut if heard.cut else ''}"
        )
    why = f" ({found.why})" if found.why else ""
    if found.rcode == "REFUSED" and not needed:
        return f"it answers, but looks up nothing for this address (REFUSED): an access list, or it serves zones of its own only; the option names says what it should know{why}"
    known = {
        "REFUSED": f"it refuses to answer about {wanted.shown} (REFUSED): it does not serve this address, or not this name",
        "SERVFAIL": f"it cannot find out {wanted.shown} (SERVFAIL): those whom it asks itself do not answer, or their signatures do not hold",
        "NXDOMAIN": f"there is no {wanted.name} (NXDOMAIN)" if needed else "",
        "NOERROR": _no_records(found) if needed else "",
    }
    text = known.get(found.rcode, f"it answers {found.rcode} to {wanted.shown}")
    return text + why if text else ""


def _no_records(found: Answer) -> str:
    if found.records:
        return ""
    if found.truncated:
        return ""  # told by _of_server
    if found.referral and not found.authoritative and not found.recursion:
        return f"it names other servers instead of {found.question.shown}: it is not responsible for it and offers no recursion"
    return f"{found.question.name} exists and has no record of type {found.question.kind}"


def _of_server(plan: Plan, heard: Heard) -> list[str]:
    offers = any(one.recursion for one in heard.answers.values())
    faults = [f"the answer about {one.shown} does not fit UDP and is not to be had over TCP" for one in heard.too_long]
    if heard.loses_edns:
        faults.append(
            "questions with EDNS get no answer, those without do: something on the way drops them or their answers"
        )
    if plan.recursion == "yes" and not offers:
        faults.append("it offers no recursion")
    if plan.recursion == "no" and offers:
        faults.append("it offers recursion to this address")
    return faults


def _disagreement(plan: Plan, heard: Heard, other: Heard) -> str:
    if not other.answers:
        return f"{other.address} does not answer: {other.cut}"
    for name in plan.names:
        ours, theirs = _saying(heard, name), _saying(other, name)
        if ours != theirs and not _may_differ(heard, other, name):
            return f"servers disagree about {name.shown}: {heard.address} says {ours}, {other.address} says {theirs}"
    return ""


def _may_differ(heard: Heard, other: Heard, name: Question) -> bool:
    """Resolvers that both found public addresses: of mirrors and the like each is told the nearest. Who has the zone itself must agree."""
    both = [one for one in (heard.answers.get(name), other.answers.get(name)) if one is not None]
    return (
        len(both) == 2 and name.kind in ("A", "AAAA") and all(one.records and not one.authoritative for one in both)
        and not any(_is_own(record) for one in both for record in one.records)
    )  # fmt: skip


def _is_own(record: str) -> bool:
    """An address that sites give themselves: it means the same to whoever asks."""
    address = ip_address(record)
    return any(address.version == one.version and address in one for one in _OWN)


def _saying(heard: Heard, name: Question) -> str:
    found = heard.answers.get(name)
    if found is None:
        return "nothing"
    return ", ".join(found.records) or (found.rcode if found.rcode != "NOERROR" else "no such record")


def _facts(heard: Heard, others: list[Heard]) -> dict[str, Any]:
    answers = heard.answers.values()
    facts: dict[str, Any] = {
        "answers": {one.question.shown: list(one.records) if one.records else one.rcode for one in answers},
        "recursion": any(one.recursion for one in answers),
        "authoritative": [one.question.shown for one in answers if one.authoritative],
        "edns_octets": next((one.edns for one in answers if one.edns is not None), None),
        "largest_octets": max((one.octets for one in answers), default=0),
        "keeps_case": all(one.keeps_case for one in answers),
    }  # fmt: skip
    if others:
        facts["also"] = {other.address: other.cut or {one.question.shown: _saying(other, one.question) for one in other.answers.values()} for other in others}  # fmt: skip
    return facts


PROBE: Final = Probe(
    flows=("dns",), plan=plan, run=run, options=OPTIONS, protocols=(Protocol.UDP, Protocol.TCP),
    load=Load(
        packets=(MAX_NAMES + 1) * (2 + (ROUNDS + 1) * (1 + MAX_ALSO)), connections=2 + MAX_ALSO, octets=4 * 65_535,
    ),
)  # fmt: skip
