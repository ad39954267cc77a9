from ipaddress import ip_network

import pytest

from bellrock.diagnosis.across import advertised_url_not_routable as rule
from bellrock.diagnosis.case import Route
from bellrock.flows.addresses import collected
from bellrock.flows.site import Members
from bellrock.flows.values import Role
from tests.diagnosis.sites import case, found, here, probe, site, subnet

GOOD = "https://10.0.0.1:5443"
NEAR = (Route("10.0.0.0/24", "eth0"),)
DEFAULT = (*NEAR, Route("0.0.0.0/0", "eth0", "10.0.0.254"))


def region(*urls, **more):
    return here(
        "region-1",
        **(
            {
                "advertised": urls,
                "addresses": (("eth0", "10.0.0.1/24"), ("docker0", "172.17.0.1/16"), ("virbr9", "fd09::1/64")),
            }
            | more
        ),
    )


RACK = here(routes=NEAR)


@pytest.mark.parametrize(
    ("urls", "says"),
    [
        (("https://127.0.0.1:5443",), "127.0.0.1 is the machine itself"),
        (("https://[::1]:5443",), "::1 is the machine itself"),
        (("https://0.0.0.0:5443", "https://127.0.0.1:5443"), "0.0.0.0 is the machine itself"),
        (("https://169.254.3.4:5443",), "no router passes on"),
        (("https://172.17.0.1:5443",), "the address of region-1's docker0, behind which are its own containers"),
        (("https://10.9.0.1:5443",), "rack-1 has no route to 10.9.0.1: none of its 1 routes leads there"),
    ],
)
def test_addresses_that_lead_nowhere(urls, says):
    [one] = found(rule, case(region(*urls, inside=("docker0",)), RACK))
    assert says in one.proof[1]
    assert one.what.startswith(f"region-1 tells machines to come to {', '.join(urls)}, which")
    assert (one.host, one.address) == ("region-1", urls[0])


@pytest.mark.parametrize(
    ("urls", "rack"),
    [
        ((), RACK),
        ((GOOD,), RACK),
        (("https://127.0.0.1:5443", GOOD), RACK),
        (("https://10.9.0.1:5443", GOOD), RACK),
        (("https://10.9.0.1:5443",), here(routes=DEFAULT)),
        (("https://10.9.0.1:5443",), here(routes=None)),
        (("https://10.9.0.1:5443",), here(routes=())),
        (("https://10.9.0.1:5443",), here(routes=NEAR, addresses=(("eth0", "fd00::2/64"),))),
        (("https://10.9.0.1:5443",), here(routes=NEAR, addresses=(("eth0", "10.0.0.2/24"), ("eth1", "10.9.0.1/24")))),
        (("https://region.example:5443",), RACK),
        (("https://region.example:5443", "https://127.0.0.1:5443"), RACK),
        (("nonsense://[",), RACK),
        (("https://172.17.0.1:5443", GOOD), RACK),
    ],
    ids=[
        "none", "a good one", "one good of two", "one routable of two", "a default route", "routes not told", "no routes at all",
        "another family there", "its own", "a name", "a name and itself", "no URL", "a bridge and a good one",
    ],
)  # fmt: skip
def test_healthy_or_not_known(urls, rack):
    assert found(rule, case(region(*urls, inside=("docker0",)), rack)) == []


def test_on_a_machine_that_is_alone_its_own_address_is_good_enough():
    assert found(rule, case(region("https://127.0.0.1:5443"))) == []


def nodes(prefix):
    members = Members(addresses=collected((ip_network(prefix),)), subnets=("pxe",))
    return site(subnet(prefix), roles={Role.NODE: members})


def test_everything_that_is_advertised_is_of_a_family_that_no_node_has():
    [one] = found(rule, case(region("https://[2001:db8::1]:5443"), site=nodes("10.0.0.0/24")))
    assert "no addresses of IPv6" in one.proof[1]
    for urls, prefix in (
        ((GOOD, "https://[2001:db8::1]:5443"), "10.0.0.0/24"),
        (("https://[2001:db8::1]:5443",), "2001:db8::/64"),
    ):
        assert found(rule, case(region(*urls), site=nodes(prefix))) == []


def api(verdict, target="10.0.0.1", flow="api", **more):
    return probe(flow, verdict, target, port=5443, protocol="tcp", detail="silence", **more)


def test_every_try_of_it_was_lost():
    [one] = found(rule, case(region(GOOD), probes=(api("filtered"), api("unreachable", flow="stream"))))
    assert one.proof[1] == "api at 10.0.0.1:5443 from rack-1: silence"


@pytest.mark.parametrize(
    "probes",
    [
        (), (api("filtered"), api("works", source="rack-2")), (api("not-checked"),), (api("filtered", "10.0.0.9"),),
        (api("filtered", flow="ssh"),), (api("filtered", expectation="blocked"),), (api("refused"),),
        (api("filtered", "region.example"),),
    ],
)  # fmt: skip
def test_a_url_that_works_for_somebody_or_was_not_tried(probes):
    assert found(rule, case(region(GOOD), probes=probes)) == []


def test_of_two_urls_one_that_was_not_tried_may_work():
    assert found(rule, case(region(GOOD, "https://10.0.0.7:5443"), probes=(api("filtered"),))) == []


def test_of_several_urls_that_were_tried_the_first_try_of_all_is_told():
    tries = (api("filtered", "10.0.0.7", source="rack-2"), api("filtered"), api("unreachable", "10.0.0.7"))
    [one] = found(rule, case(region(GOOD, "https://10.0.0.7:5443"), probes=tries))
    assert one.proof[1] == "api at 10.0.0.7:5443 from rack-2: silence"


LOST = api("unreachable", "10.9.0.1")


def test_a_host_that_found_no_way_and_has_no_route():
    [one] = found(rule, case(RACK, probes=(LOST, LOST, api("unreachable", "10.9.0.1", flow="stream"))))
    assert one.what == "rack-1 is to come to 10.9.0.1 for api, and has no way there"
    assert one.proof[1] == "None of the 1 routes of rack-1 leads to 10.9.0.1, and it has no default route."
    [two] = found(
        rule,
        case(RACK, here("rack-2", routes=NEAR), probes=(LOST, api("unreachable", "2001:db8::1", source="elsewhere"))),
    )
    assert two.host == "rack-1"
    [six] = found(rule, case(RACK, probes=(api("unreachable", "2001:db8::1"),)))
    assert "no address of IPv6" in six.proof[1]


@pytest.mark.parametrize(
    ("host", "probed"),
    [
        (here(routes=DEFAULT), LOST), (here(routes=None), LOST), (RACK, api("filtered", "10.9.0.1")), (RACK, api("unreachable", "10.0.0.2")),
        (RACK, api("unreachable", "10.9.0.1", flow="ssh")), (RACK, api("unreachable", "10.9.0.1", expectation="blocked")),
        (RACK, api("unreachable", "name")),
    ],
)  # fmt: skip
def test_a_router_that_says_so_is_another_matter(host, probed):
    assert found(rule, case(host, probes=(probed,))) == []
