"""Finding the region to join: look around until it is sure that there is one, or that the secret is wrong, or time is up."""

from typing import Final

from bellrock.agent.candidates import Candidate, candidates
from bellrock.agent.outcomes import NoRegion, WrongSecret, no_region, wrong_secret
from bellrock.agent.scout import Scout
from bellrock.agent.sight import Sight

LISTEN: Final = 0.25
"""Seconds after the first region was heard of in which another may be, so that nobody joins the one that answers faster."""


async def seek(look: Scout, wanted: str, within: float, hint: str = "") -> list[Candidate] | WrongSecret | NoRegion:
    """The regions heard of; or, as soon as everybody had his say and our secret opens nothing of it, that it is wrong.

    Args:
        look: a scout that has started.
        wanted: name, address or fingerprint that was typed; "" for any.
        within: seconds.
        hint: said where none is heard: why this process may be deaf.
    """

    def chosen(sight: Sight) -> list[Candidate]:
        return [one for one in candidates(sight) if not wanted or one.is_called(wanted)]

    def enough(sight: Sight) -> bool:
        return bool(chosen(sight)) or is_hopeless(sight)

    await look.until(enough, within)
    sight = look.sight
    if not chosen(sight):
        return wrong_secret(sight) if is_hopeless(sight) else no_region(sight, within, hint, wanted)
    if not wanted:
        await look.until(_settled, LISTEN)
    return chosen(sight)


def is_hopeless(sight: Sight) -> bool:
    """Whether everybody had his say, and our secret opened nothing of it."""
    return sight.settled and bool(sight.wrong) and not sight.beacons and not sight.skewed


def _settled(sight: Sight) -> bool:
    return sight.settled
