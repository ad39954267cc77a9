"""A small site of both families, and its policies."""

from functools import cache
from pathlib import Path

import msgspec

from bellrock.firewall.compile.policy import Options, policy
from bellrock.firewall.compile.vendors.platforms import PLATFORMS
from bellrock.flows.passages import Place
from bellrock.flows.site_file import parse
from bellrock.flows.values import Role

GOLDEN = Path(__file__).parents[2] / "golden" / "vendors"
ROUTER, RACK = Place(), Place(roles=(Role.RACK,))


@cache
def wanted(place=ROUTER, **options):
    """What the site asks of a place."""
    return policy(parse((GOLDEN / "site.toml").read_bytes(), "site.toml"), place, Options(**options))


def policy_for(target):
    """What it asks of a place where the target can stand."""
    return wanted(RACK if PLATFORMS[target].on_host else ROUTER)


def only(name, family=4, *, base=None, **fields):
    """A policy of one term, of which a router itself hears nothing."""
    base = base or wanted()
    first = next(term for term in base.terms if term.id == name and term.family == family)
    return msgspec.structs.replace(base, terms=(msgspec.structs.replace(first, **fields),), heard=())
