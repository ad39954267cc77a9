"""Where rules live, as people say it."""

from typing import Final

from bellrock.flows.nearest import nearest
from bellrock.flows.passages import Place
from bellrock.flows.site import Site, SiteError
from bellrock.flows.site_roles import ROLES
from bellrock.flows.values import Role

ROUTER: Final = "router"
GATEWAY: Final = "-gateway"
PLACES: Final = (ROUTER, *ROLES, *(f"{role}{GATEWAY}" for role in ROLES))
"""What `parse_place` knows."""


def parse_place(text: tuple[str, ...], site: Site) -> Place:
    """`router`; a role, or several that one machine plays (`rack`, `region` or `rack,region`); `bmc-gateway`, the router before BMCs.

    `bmc` means the same: no rules of ours stand on a management controller.

    Raises:
        SiteError: none of these, a mixture of them, a role that nobody plays at this site, or a site with no roles at all.
    """
    words = [word for item in text for word in item.replace(",", " ").split()]
    for word in words:
        if word not in PLACES:
            raise SiteError(f"no place {word!r}; {nearest(word, (ROUTER, *ROLES, f'{Role.BMC}{GATEWAY}'))}")
    if not site.roles:
        raise SiteError(
            "this site gives no role addresses, so nothing would pass; add [role.node], [role.rack] … to it"
        )
    routers = [word for word in words if word in (ROUTER, Role.BMC) or word.endswith(GATEWAY)]
    if not words:
        raise SiteError(f"no place is named; give {ROUTER}, a role, or several roles of one machine")
    if routers and len(words) > 1:
        raise SiteError(
            f"{' and '.join(words)}: rules stand at one router, or on one machine with some roles; name one place"
        )
    if words == [ROUTER]:
        return Place()
    roles = tuple(dict.fromkeys(Role(word.removesuffix(GATEWAY)) for word in words))
    _check_played(roles, site)
    return Place(gateway_of=roles[0]) if routers else Place(roles=roles)


def _check_played(roles: tuple[Role, ...], site: Site) -> None:
    for role in roles:
        if role not in site.roles:
            having = ", ".join(site.roles) or "none"
            raise SiteError(
                f"role {role} has no addresses at this site; add [role.{role}] to it (roles that it has: {having})"
            )
