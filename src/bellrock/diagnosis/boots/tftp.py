"""Step `tftp`: files by TFTP. A boot loader looks for its settings under many names; the ones that are not there are no fault."""

from collections.abc import Iterator

from bellrock.diagnosis.boot import Outcome, Step
from bellrock.diagnosis.boots.attempts import Attempt, joined
from bellrock.diagnosis.boots.once import transfers
from bellrock.diagnosis.boots.part import GAVE_UP, SLOW, Part
from bellrock.diagnosis.packets import NS, Transfer


def steps(part: Part) -> list[Step]:
    """By time."""
    return joined(part, _attempts(part))


def _attempts(part: Part) -> Iterator[Attempt]:
    begun: dict[str, str] = {}
    """Stage of DHCP → the file that it began with: what comes after it is asked for by that program."""
    groups = transfers(part.transfers)
    last = {_file(views[0]): views[0].at for views in groups}
    stalled: set[tuple[str, str, int]] = set()
    for views in groups:
        one = views[0]
        again = last[_file(one)] > one.at
        stage = part.stage(one.at)
        first = begun.setdefault(stage, one.path)
        if stage == "firmware" and one.path != first:
            stage = "bootloader"
        elif one.ended == "aborted" and again:
            continue  # firmware asks for the size first and ends that transfer itself; the file it fetches by another one
        # Who asks again has given up, and so has who stood still at the same place before.
        given_up = again or (*_file(one), one.octets) in stalled
        if one.ended == "open":
            stalled.add((*_file(one), one.octets))
        outcome, why = _outcome(part, one, given_up=given_up)
        yield Attempt(
            step="tftp", stage=stage, thing=one.path, whom=one.server, outcome=outcome, why=why, at=one.at, until=max(one.at, one.until),
            packets=tuple(view.packet for view in views), passing=one.ended == "refused" and stage == "bootloader", tries=one.asked,
            silent=one.ended == "silent", octets=one.octets if one.ended == "whole" else 0,
        )  # fmt: skip


def _file(one: Transfer) -> tuple[str, str]:
    return one.path, one.server


def _outcome(part: Part, one: Transfer, *, given_up: bool) -> tuple[Outcome, str]:
    elsewhere = f"; data came from {one.answered_from}" if one.answered_from else ""
    complained = f"; {one.complained}" if one.complained else ""
    match one.ended:
        case "whole":
            late = (one.until - one.at) / NS > SLOW and one.repeated > 0
            why = f"{one.repeated} packets were sent again" if late else ""
            return ("slow" if late or one.asked > 1 else "worked"), why
        case "refused":
            return "failed", f"refused: {one.error or 'no reason given'}"
        case "aborted":
            return "failed", f"the client ended it{f': {one.error}' if one.error else ''}{elsewhere}"
        case "silent":
            # Who complains has answered: nobody serves there.
            outcome: Outcome = "failed" if one.complained else part.silent(one.asked, one.until)
            return outcome, f"no answer{complained}"
        case _:
            return _open(part, one, f"{elsewhere}{complained}", given_up=given_up)


def _open(part: Part, one: Transfer, more: str, *, given_up: bool) -> tuple[Outcome, str]:
    """No end was seen: it hangs, or the capture is over."""
    if not given_up and (part.end - one.until) / NS < GAVE_UP and part.until > part.end:
        return "not-seen", f"the capture ends inside, after {one.octets} octets{more}"
    return "failed", f"{f'it stands still after {one.octets} octets' if one.octets else 'nothing of it arrives'}{more}"
