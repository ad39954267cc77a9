"""The web pages of a management controller: what is seen of them from here, whose they seem to be, whether they ask for a password.

Whether they should be seen from here is decided elsewhere.
"""

import re
from typing import Any, Final

from msgspec import Struct

from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.http import Answer
from bellrock.probe.net import Net
from bellrock.probe.options import read
from bellrock.probe.redfish import SPACING
from bellrock.probe.url import Url
from bellrock.probe.values import Ask, Found, Load, Probe, Unexpected
from bellrock.probe.visit import TLS_OPTION, Place, Visit, denied, place, pointed_elsewhere, troubled
from bellrock.wire.text import printable

_OPTIONS: Final = (TLS_OPTION, *tls.OPTIONS)
_TITLE: Final = re.compile(rb"<title[^>]{0,200}>([^<]{1,400})", re.IGNORECASE)
_PASSWORD: Final = re.compile(rb"""<input[^>]{0,400}type=["']?password""", re.IGNORECASE)
_VENDORS: Final = (
    ("Dell iDRAC", re.compile(rb"idrac|integrated dell remote access|/restgui/start\.html", re.IGNORECASE)),
    ("HPE iLO", re.compile(rb"hpe?-ilo|integrated lights-out|\bilo ?[2-7]\b", re.IGNORECASE)),
    ("Supermicro", re.compile(rb"supermicro|aten international|/cgi/login\.cgi", re.IGNORECASE)),
    ("Lenovo XClarity", re.compile(rb"xclarity|/designs/imm", re.IGNORECASE)),
    ("OpenBMC", re.compile(rb"openbmc|\bbmcweb\b", re.IGNORECASE)),
    ("AMI MegaRAC", re.compile(rb"megarac", re.IGNORECASE)),
    ("Fujitsu iRMC", re.compile(rb"irmc", re.IGNORECASE)),
    ("Cisco IMC", re.compile(rb"cisco integrated management|\bcimc\b", re.IGNORECASE)),
    ("Huawei iBMC", re.compile(rb"\bibmc\b", re.IGNORECASE)),
)
"""Words of their pages, Server fields and paths; a hint, and no proof."""


class Plan(Struct, frozen=True):
    """Whom to visit."""

    place: Place


def plan(ask: Ask) -> Plan:
    """Pure.

    Raises:
        PlanError: an option is not as it should be.
    """
    return Plan(place(ask, read(ask, _OPTIONS), strict=False))


async def run(plan: Plan, net: Net) -> tuple[Found, ...]:
    """Look at the first page, wherever on the controller it is."""
    async with net.alone(), Visit(net, plan.place) as visit:
        answer, here = await visit.followed("/")
        facts = visit.facts() | answer.facts() | _seen(answer, here)
        if found := pointed_elsewhere(answer, facts) or (
            None if denied(answer) else troubled(answer, here.target, facts)
        ):
            return (found,)
    if answer.status in (403, 404) and "vendor" not in facts and not facts["login"]:
        raise Unexpected(f"it speaks HTTP, but shows no page at {here.target}: {answer.said}")
    return (Found(verdict=Verdict.WORKS, detail=_sentence(visit, answer, here, facts), facts=facts),)


def _seen(answer: Answer, here: Url) -> dict[str, Any]:
    title = _TITLE.search(answer.body)
    told = b"\n".join((answer.header("server").encode(), here.target.encode(), answer.body))
    vendor = next((name for name, pattern in _VENDORS if pattern.search(told)), None)
    found = {"title": printable(title[1].replace(b"\n", b" "))[:80] if title else None, "vendor": vendor}
    login = answer.status == 401 or _PASSWORD.search(answer.body) is not None
    return {"page": here.shown, "login": login} | {key: value for key, value in found.items() if value}


def _sentence(visit: Visit, answer: Answer, here: Url, facts: dict[str, Any]) -> str:
    whose = f"pages of {facts['vendor']}" if "vendor" in facts else "web pages without a sign of whose they are"
    title = f", entitled {facts['title']!r}" if "title" in facts else ""
    login = ", with a login" if facts["login"] else ""
    status = "" if answer.status == 200 else f" ({answer.said})"
    doubts = visit.doubts()
    return f"{whose}{title}{login} at {here.shown}{status}{f'; {doubts}' if doubts else ''}"


PROBE: Final = Probe(
    flows=("bmc-web",), plan=plan, run=run, options=_OPTIONS,
    load=Load(packets=8, connections=8, octets=2 * 1024 * 1024, spacing=SPACING),
)  # fmt: skip
