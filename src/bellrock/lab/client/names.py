"""Looks names up as an installer does: each of its resolvers in turn, with patience."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from bellrock.lab.client.story import BootFailed, Story

PORT: Final = 53


def look_up(name: str, resolvers: tuple[str, ...], story: Story) -> str:
    """An address of a name (itself, where it is one).

    Raises:
        BootFailed: no resolver is known, none answers, or the name is unknown.
    """
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    story.reach("dns")
    why = "no resolver is known"
    for wait in story.waits():
        for resolver in resolvers:
            try:
                answer = dns.query.udp(dns.message.make_query(name, "A"), resolver, timeout=wait, port=PORT)
            except (OSError, dns.exception.DNSException) as error:
                why = f"{resolver}: {type(error).__name__}"
                continue
            found = [str(item) for rrset in answer.answer if rrset.rdtype == dns.rdatatype.A for item in rrset]
            if found:
                story.tell("dns", "worked", f"{name} is {found[0]} by {resolver}")
                return found[0]
            raise BootFailed("dns", f"{name}: {dns.rcode.to_text(answer.rcode())} by {resolver}")
    raise BootFailed("dns", f"{name} was not found: {why}")


def host_of(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
