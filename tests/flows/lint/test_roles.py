import pytest

from bellrock.flows.lint import HostAddress, Kind, Weight
from bellrock.flows.lint.roles import has, of_role, remarks, roles_of_host
from bellrock.flows.values import Role
from tests.flows.lint.scenes import RACK, scene, site

MORE = site(
    '[role.proxy]\naddresses = ["10.20.0.2-10.20.0.4"]\n[role.mirror]\naddresses = ["10.0.0.0/8"]\n'
    '[role.snap-store]\naddresses = ["any"]\n[role.dns]\naddresses = ["fd00::53"]\n[role.ntp]\naddresses = ["10.30.0.0/24"]'
)


@pytest.mark.parametrize(
    ("address", "roles"),
    [
        ("10.20.0.2/24", ["rack", "proxy"]),
        ("10.20.0.2/32", ["rack"]),
        ("10.20.0.3/24", ["region", "proxy"]),
        ("10.20.0.77/24", ["node", "mirror"]),
        ("10.9.0.1/24", ["mirror", "admin"]),
        ("10.30.0.9/24", ["mirror", "ntp"]),
        ("10.30.0.9/16", ["ntp"]),
        ("fd00::53/64", ["dns"]),
        ("fd00::54/64", []),
        ("192.0.2.1/24", []),
        ("127.0.0.1/8", []),
    ],
)
def test_what_a_host_plays(address, roles):
    assert list(roles_of_host(MORE, (HostAddress("eth0", address),))) == roles


def test_several_addresses_add_up():
    addresses = (HostAddress("eth0", "10.20.0.2/24"), HostAddress("eth1", "fd00::53/64"))
    assert roles_of_host(MORE, addresses) == (Role.RACK, Role.PROXY, Role.DNS)


def test_which_of_its_addresses_a_role_has():
    assert of_role(scene(), Role.RACK) == RACK
    assert of_role(scene(), Role.REGION) == ()
    assert of_role(scene(), Role.LOG) == ()
    assert has(MORE.roles[Role.SNAP_STORE], RACK[0])


def test_a_host_as_the_site_has_it_is_no_remark():
    assert list(remarks(scene())) == []


@pytest.mark.parametrize(
    ("changed", "kind", "weight", "sentence", "proof"),
    [
        ({"addresses": (*RACK, HostAddress("docker0", "172.17.0.1/16"))}, Kind.UNKNOWN_ADDRESS, Weight.HINT,
         "172.17.0.1 on docker0 is in no subnet and no role of the site", "docker0 has 172.17.0.1/16"),
        ({"addresses": (HostAddress("eth0", "10.20.0.2/16"),)}, Kind.PREFIX, Weight.COMPLAINT,
         "10.20.0.2 on eth0 has another prefix length than its subnet pxe in the site",
         "here 10.20.0.0/16, in the site 10.20.0.0/24"),
        ({"roles": ()}, Kind.STRANGER, Weight.COMPLAINT, "this host plays no role in the site",
         "no role has one of its addresses: 10.20.0.2 on eth0"),
        ({"roles": ("region",)}, Kind.STRANGER, Weight.COMPLAINT,
         "this host has no address of role region: the site gives it others", "addresses here: 10.20.0.2 on eth0"),
        ({"roles": ("bmc",)}, Kind.STRANGER, Weight.COMPLAINT,
         "this host has no address of role bmc: the site gives it no addresses", "addresses here: 10.20.0.2 on eth0"),
        ({"addresses": ()}, Kind.STRANGER, Weight.COMPLAINT, "this host has no address of role rack: the site gives it others",
         "addresses here: it has no address but its own loopback"),
    ],
)  # fmt: skip
def test_addresses_that_do_not_fit(changed, kind, weight, sentence, proof):
    changed = {"roles": tuple(map(Role, changed.pop("roles", ("rack",)))), **changed}
    [remark] = remarks(scene(**changed))
    assert (remark.kind, remark.weight, remark.sentence, remark.proof) == (kind, weight, sentence, proof)


def test_a_single_address_has_no_subnet_to_disagree_about():
    assert list(remarks(scene(addresses=(HostAddress("lo1", "10.20.0.2/32"),)))) == []
