"""Site files: a text becomes a site, from which passages and gaps follow, or printable lines that name the file."""

from bellrock.flows import Place, Role, Site, crossings, gaps, parse, passages
from fuzz.contract import demand, value_or_refusal

PLACES = (Place(), Place(gateway_of=Role.BMC), Place(roles=(Role.RACK, Role.REGION)))


def one(data: bytes) -> None:
    site = value_or_refusal(lambda: parse(data, "s.toml"))
    if site is not None:
        follow(site)


def follow(site: Site) -> None:
    for passage in passages(site):
        demand(bool(passage.source.ranges and passage.destination.ranges), "a passage with an empty end")
    for place in PLACES:
        crossings(site, place)
    demand(all(line.isprintable() for line in gaps(site)), "a gap that is not printable")
