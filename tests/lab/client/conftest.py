"""A running boot world for tests of the client, one for a module of tests."""

import pytest

from bellrock.lab.client.settings import Settings
from bellrock.lab.client.story import Story
from bellrock.lab.scenario import parse
from bellrock.lab.scenario.effective import effective
from bellrock.lab.scenario.ground import ground
from bellrock.lab.scenario.inside import inside
from bellrock.lab.scenario.schema import FaultSpec


class Booting:
    """Work of a client, done on its host in this process; `lines` is what it told."""

    def __init__(self, made):
        self.made = made

    def at(self, host, work, **settings):
        """What `work(story)` returns, and the lines of the story."""
        lines = []
        told = Settings(**({"patience": 0.5, "tries": 4} | settings))
        return inside(self.made.lab, host, lambda: work(Story(told, write=lines.append))), lines


SIX = FaultSpec(
    at="rack-1",
    service={
        "name": "dhcp6", "kind": "dnsmasq", "files": {"7": "tftp://[fd10::2]/bootx64.efi"},
        "subnet": {"fd10::/64": {"pool": ["fd10::100", "fd10::150"]}},
    },
)  # fmt: skip
PROXY = FaultSpec(
    at="host-7",
    name="pxe-proxy",
    start=(
        "dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--bind-dynamic", "--interface=eth0", "--user=root", "--pid-file=",
        "--dhcp-range=10.10.0.0,proxy", "--pxe-service=X86-64_EFI,boot,bootx64.efi,10.10.0.2", "--log-facility=-", "--no-ping",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return effective(parse.world("boot"), [SIX])


@pytest.fixture(scope="module")
def booting(world):
    with ground(world, f"client-{id(world)}") as made:
        made.start()
        yield Booting(made)
