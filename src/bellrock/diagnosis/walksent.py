"""A walk's request that never left its source."""

from bellrock.contract.walk import Ruled, WhichRule
from bellrock.diagnosis.walkfacts import Case
from bellrock.diagnosis.walkwords import Judged, Question, unruled, unsure
from bellrock.model import DiedAt, Verdict


def not_sent(case: Case, ruled: Ruled | None) -> Judged:
    """Nothing left the source."""
    sent = case.sent
    nothing = f"nothing left {case.source}"
    if sent.obstacle == "no route":
        return Judged(
            DiedAt.NOT_SENT, Verdict.UNREACHABLE, f"{nothing}: it has no route to {case.path.target}; add one, or a default route"
        )  # fmt: skip
    if sent.obstacle == "refusing route":
        return Judged(DiedAt.NOT_SENT, Verdict.UNREACHABLE, f"{nothing}: {sent.why}")
    if ruled is not None and ruled.verdict in ("drop", "reject") and not _let_out(case):
        return Judged(
            DiedAt.NOT_SENT, Verdict.FILTERED, f"{nothing}: its own firewall does not let it out: {ruled.rule}", ruled.rule
        )  # fmt: skip
    if sent.neighbour == "silent" or sent.obstacle == "no neighbour":
        next_hop = (
            f"its gateway {sent.gateway}" if sent.gateway else f"{case.path.target}, which should be on its link,"
        )
        where = f" on {sent.interface}" if sent.interface else ""
        return Judged(
            DiedAt.NOT_SENT, Verdict.UNREACHABLE,
            f"{nothing}: {next_hop} does not answer {'ARP' if ':' not in case.path.target else 'neighbour discovery'}{where}",
        )  # fmt: skip
    if sent.obstacle == "own firewall" or (sent.by and sent.by == sent.source):
        return Judged(DiedAt.NOT_SENT, Verdict.FILTERED, f"{nothing}: {sent.why}{unruled(ruled)}")
    return _unexplained(case, ruled, nothing)


def _let_out(case: Case) -> bool:
    """Whether the source's rules have let it out, whatever they seem to say.

    Linux tells the sender of a datagram at once that a rule drops it (EPERM), and the sender of a TCP SYN nothing.
    """
    return case.path.protocol == "udp" and case.sent.tries > 0 and case.sent.obstacle in ("", "no neighbour")


def _unexplained(case: Case, ruled: Ruled | None, nothing: str) -> Judged:
    """There is a route and a neighbour, and yet nothing left."""
    sent = case.sent
    if not sent.why and case.near.lost:
        what = f"whether anything left {case.source} cannot be told{unsure(case)}"
        return Judged(DiedAt.UNKNOWN, Verdict.NOT_CHECKED, what)
    if not sent.why:
        what = f"{nothing}, and its kernel does not say why{unruled(ruled)}"
        return Judged(DiedAt.NOT_SENT, Verdict.FILTERED, what)
    verdict = Verdict.NOT_CHECKED if sent.obstacle == "local" else Verdict.UNREACHABLE
    return Judged(DiedAt.NOT_SENT, verdict, f"{nothing}: {sent.why}{unsure(case)}")


def leaving_source(case: Case) -> Question | None:
    """What do the source's rules do with the request?"""
    sent, path = case.sent, case.path
    if not sent.source or sent.obstacle in ("no route", "refusing route", "local"):
        return None
    return Question(
        "source",
        WhichRule(path.protocol, sent.source, sent.source_port or path.source_port, path.target, path.port, "output", sent.interface),
    )  # fmt: skip
