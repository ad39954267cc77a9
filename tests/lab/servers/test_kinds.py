"""Every kind of server starts and serves, from settings alone."""

import glob

import pytest

from bellrock.lab.client.card import Card
from bellrock.lab.client.lease import lease
from bellrock.lab.client.settings import Settings
from bellrock.lab.client.story import Story
from bellrock.lab.scenario import parse
from bellrock.lab.scenario.effective import effective
from bellrock.lab.scenario.ground import ground
from bellrock.lab.scenario.inside import inside, listening
from bellrock.lab.scenario.schema import FaultSpec
from bellrock.lab.schema import LabError
from bellrock.lab.servers.kinds import KINDS, make, trouble
from bellrock.lab.servers.values import Place


@pytest.mark.parametrize(
    ("kind", "settings", "why"),
    [
        ("dhcpd", {"lease": 30}, ""),
        ("dhcpd", {"lease": "long"}, "Expected `int`"),
        ("tftpd", {"colour": "red"}, "unknown field `colour`"),
        ("gopher", {}, "expected a kind of dhcpd, kea"),
    ],
)
def test_what_is_wrong_with_settings(kind, settings, why, tmp_path):
    assert why in trouble(kind, settings)
    if why:
        with pytest.raises(LabError, match="service x: "):
            make(kind, Place(name="x", directory=tmp_path, addresses={}), settings)


@pytest.mark.lab
@pytest.mark.parametrize("kind", ["dhcpd", "kea", "dnsmasq"])
def test_each_make_of_dhcp_server_gives_the_same(kind):
    world = effective(
        parse.world("boot"),
        [FaultSpec(configure={"dhcp": {"kind": kind}, **{name: {"wanted": False} for name in OTHERS}})],
    )
    with ground(world, f"kind-{kind}") as made:
        made.start()
        found = {(host, stage, arch): leased(made, host, stage, arch) for host, stage, arch in ASKED}
    for (host, stage, arch), one in found.items():
        net = "10.10.0" if host == "node-1" else "10.20.0"
        assert one.address.startswith(f"{net}.1")
        assert (one.server, one.next_server, one.router) == ("10.10.0.2", "10.10.0.2", f"{net}.1")
        assert one.file == WANTED[stage, arch]
        # iPXE does not ask for time servers.
        assert (one.dns, one.ntp) == (("10.10.0.2",), () if stage == "ipxe" else ("10.10.0.2",))


OTHERS = ("tftp", "http", "dns", "ntp", "proxy", "syslog", "metadata", "mirror")
ASKED = [("node-1", "firmware", 7), ("node-1", "firmware", 16), ("node-1", "ipxe", 7), ("node-2", "firmware", 0)]
WANTED = {
    ("firmware", 7): "bootx64.efi", ("firmware", 0): "undionly.kpxe", ("firmware", 16): "http://10.10.0.2/bootx64.efi",
    ("ipxe", 7): "http://10.10.0.2/boot.ipxe",
}  # fmt: skip


def leased(made, host, stage, arch):
    def work():
        card = Card("eth0")
        card.bare()
        return lease(card, stage, Story(Settings(arch=arch, tries=6), write=lambda _: None))

    return inside(made.lab, host, work)


@pytest.mark.lab
def test_all_kinds_of_the_boot_world_serve_and_leave_nothing_behind():
    world = effective(parse.world("boot"), [FaultSpec(configure={"bmc": {"wanted": True}})])
    used = {spec.kind for spec in world.service.values()}
    assert used | {"kea", "dnsmasq"} == set(KINDS)
    with ground(world, "kinds-all") as made:
        made.start()
        assert ("udp", 623) in listening(made.lab, "bmc-1")
        patterns = [pattern for server in made._servers.values() for pattern in server.leaves]
        directory = made.directory
    assert not directory.exists()
    assert patterns
    assert not [path for pattern in patterns for path in glob.glob(pattern)]
