"""Where rules live, as people say it."""

import pytest

from bellrock.flows import Place, Role, Site, SiteError, parse_place
from tests.flows.sites import site

SITE = site('[role.bmc]\naddresses = ["10.9.0.0/24"]')


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (("router",), Place()),
        (("rack",), Place(roles=(Role.RACK,))),
        (("rack", "region"), Place(roles=(Role.RACK, Role.REGION))),
        (("rack,region", "rack"), Place(roles=(Role.RACK, Role.REGION))),
        (("bmc",), Place(gateway_of=Role.BMC)),
        (("bmc-gateway",), Place(gateway_of=Role.BMC)),
        (("node-gateway",), Place(gateway_of=Role.NODE)),
    ],
)
def test_a_place(text, place):
    assert parse_place(text, SITE) == place


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (("rck",), "no place 'rck'; did you mean 'rack'?"),
        (("zzz",), "no place 'zzz'; expected one of router, node"),
        ((), "no place is named; give router, a role, or several roles of one machine"),
        (("router", "rack"), "router and rack: rules stand at one router"),
        (("bmc", "rack"), "bmc and rack: rules stand at one router"),
        (("router", "router"), "router and router: rules stand at one router"),
        (("relay",), "role relay has no addresses at this site; add [role.relay] to it (roles that it has: node, rack, region, bmc)"),
        (("relay-gateway",), "role relay has no addresses at this site"),
    ],
)  # fmt: skip
def test_what_is_no_place_is_told(text, told):
    with pytest.raises(SiteError) as error:
        parse_place(text, SITE)
    assert str(error.value).startswith(told)


@pytest.mark.parametrize("text", ["rack", "router", "bmc"])
def test_an_empty_site_has_no_place_for_rules(text):
    with pytest.raises(
        SiteError, match=r"^this site gives no role addresses, so nothing would pass; add \[role.node\]"
    ):
        parse_place((text,), Site())
