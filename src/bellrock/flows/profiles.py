"""Profiles: the catalogue with the ports of a kind of installation."""

from typing import Final

from msgspec import Struct

from bellrock.flows.catalogue import CATALOGUE
from bellrock.flows.maas3 import MAAS_3
from bellrock.flows.nearest import nearest
from bellrock.flows.values import Flow


class Profile(Struct, frozen=True, kw_only=True):
    """A named catalogue."""

    name: str
    title: str
    flows: tuple[Flow, ...]


PROFILES: Final[dict[str, Profile]] = {
    "standard": Profile(name="standard", title="Conventional ports", flows=CATALOGUE),
    "maas-3": Profile(name="maas-3", title="Ports of a stock MAAS 3.x", flows=MAAS_3),
}


class UnknownProfileError(LookupError):
    """A profile that does not exist; the message names those that do."""


def catalogue(profile: str = "standard") -> tuple[Flow, ...]:
    """All flows of a profile, with its ports.

    Raises:
        UnknownProfileError: there is none of this name.
    """
    if profile not in PROFILES:
        raise UnknownProfileError(f"no profile {profile!r}; {nearest(profile, PROFILES)}")
    return PROFILES[profile].flows
