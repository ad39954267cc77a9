"""What a directory let be seen of itself, and what that amounts to."""

from typing import Any, Final, Literal

from msgspec import Struct

from bellrock.model import Verdict
from bellrock.probe import tls
from bellrock.probe.values import Found
from bellrock.wire import ldap
from bellrock.wire.ldap import START_TLS, Entry, Result

Way = Literal["auto", "starttls", "ldaps", "none"]
MAX_SHOWN: Final = 16
"""Values of one attribute in a result's facts."""
_WANTS_LOGIN: Final = (
    ldap.OPERATIONS_ERROR, ldap.STRONGER_AUTHENTICATION, ldap.INAPPROPRIATE_AUTHENTICATION, ldap.INVALID_CREDENTIALS,
    ldap.INSUFFICIENT_ACCESS, ldap.UNWILLING,
)  # fmt: skip
"""What servers say to searches of whom they do not know; Active Directory: operationsError."""


class Root(Struct, frozen=True):
    """What a search for the root DSE brought."""

    result: Result
    entry: Entry | None


def of_entry(entry: Entry) -> dict[str, Any]:
    """The facts that a root DSE tells."""
    found: dict[str, Any] = {
        "naming_contexts": shown(entry, "namingContexts"), "versions": shown(entry, "supportedLDAPVersion"),
        "sasl_mechanisms": shown(entry, "supportedSASLMechanisms"), "active_directory": "isglobalcatalogready" in entry,
    }  # fmt: skip
    for name, attribute in (("vendor", "vendorName"), ("vendor_version", "vendorVersion"), ("host", "dnsHostName")):
        if values := shown(entry, attribute):
            found[name] = values[0]
    return found


def shown(entry: Entry, attribute: str) -> list[str]:
    """The first values of an attribute."""
    return list(entry.get(attribute.lower(), ())[:MAX_SHOWN])


def judged(
    root: Root, session: tls.Session | None, facts: dict[str, Any], *, way: Way = "auto", base: str = ""
) -> Found:
    """The verdict on what the last search brought. `facts`: those of the talk; `base`: the naming context that is expected."""
    if root.result.code:
        return refused(root.result, facts)
    if root.entry is None:
        why = "it shows its root DSE to nobody who has not logged in"
        return Found(verdict=Verdict.AUTHENTICATION_NEEDED, detail=why, facts=facts)
    versions, contexts = facts["versions"], facts["naming_contexts"]
    if versions and "3" not in versions:
        return Found(
            verdict=Verdict.DEGRADED, detail=f"it speaks LDAP version {', '.join(versions)}, and not 3", facts=facts
        )
    if base and _plainly(base) not in map(_plainly, root.entry.get("namingcontexts", ())):
        why = f"another directory than expected: it serves {', '.join(contexts) or 'no naming context'}, and not {base}"
        return Found(verdict=Verdict.WRONG_SERVICE, detail=why, facts=facts)
    of = f"root DSE of {', '.join(contexts[:3]) or 'a directory without naming contexts'}"
    return Found(verdict=Verdict.WORKS, detail=f"{of}, {_how(way, session, facts)}", facts=facts)


def _how(way: Way, session: tls.Session | None, facts: dict[str, Any]) -> str:
    if session is not None:
        return f"over {'LDAPS' if way == 'ldaps' else 'StartTLS'} ({session.version})"
    if facts["starttls"]:
        return "in the clear, as was asked for; StartTLS is offered"
    return "in the clear; StartTLS is not offered, so passwords would pass in the clear too"


def refused(result: Result, facts: dict[str, Any]) -> Found:
    """The verdict where the directory does not do what it was asked for."""
    facts = facts | {"result": result.words}
    if result.code in _WANTS_LOGIN:
        verdict, detail = Verdict.AUTHENTICATION_NEEDED, f"it answers nobody who has not logged in: {result.words}"
    elif result.code == ldap.CONFIDENTIALITY:
        verdict, detail = Verdict.TLS_FAULT, f"it answers over TLS only: {result.words}"
    elif result.code == ldap.PROTOCOL_ERROR:
        verdict, detail = Verdict.WRONG_SERVICE, f"it does not understand a search of LDAP version 3: {result.words}"
    else:
        verdict, detail = Verdict.DEGRADED, f"the directory does not answer a search: {result.words}"
    return Found(verdict=verdict, detail=detail, facts=facts)


def _plainly(name: str) -> str:
    """RFC 4514, as far as names are compared here: case and spaces around `,` and `=` mean nothing."""
    parts = (part.strip().partition("=") for part in name.split(","))
    return ",".join(f"{kind.strip()}={value.strip()}".lower() for kind, _, value in parts)


def offers_tls(entry: Entry) -> bool:
    """Whether StartTLS is among its extensions."""
    return START_TLS in entry.get("supportedextension", ())
