"""tftp-answered-from-elsewhere: TFTP's answer comes from another address than the one that was asked."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.tftp_story import Fetch, evidence, failed, proof, recheck
from bellrock.model import Confidence, Finding, Severity

ID = "tftp-answered-from-elsewhere"
TITLE = "The TFTP server answers from another address"
EXPLAINS = frozenset(("tftp-unanswered", "tftp-stalled", "tftp-data-blocked"))


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server. Where the file came in spite of it, the client does not mind."""
    for fetch in failed(case, "elsewhere"):
        yield _finding(fetch)


def _finding(fetch: Fetch) -> Finding:
    other = next(one.answered_from for one in fetch.views if one.answered_from not in ("", fetch.server))
    return Finding(
        id=ID, severity=Severity.ERROR, client=fetch.client, vid=fetch.vid, address=fetch.server,
        what=f"{fetch.client} asks {fetch.server} for {fetch.path!r}, and {other} answers: the client drops that",
        cause="The server has several addresses and answers from another one (two interfaces on one LAN, or a route back by another way).",
        proof=(*proof(fetch), f"The data comes from {other}; a client takes it from {fetch.server} only (RFC 1350 §4)."),
        evidence=evidence(fetch), confidence=Confidence.CERTAIN,
        fix=(
            f"Let the TFTP server bind to the one address that DHCP names: `in.tftpd --address {fetch.server}:69`, dnsmasq `--listen-address`.",
            "Two interfaces on one LAN: make a bond of them or take one away; at least `sysctl net.ipv4.conf.all.arp_ignore=1 "
            "net.ipv4.conf.all.arp_announce=2`.",
            f"Or name {other} as next-server.",
        ),
        recheck=recheck(fetch),
    )  # fmt: skip
