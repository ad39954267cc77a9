"""Options that say what is wanted."""

from ipaddress import ip_network

import click
import pytest
from click.testing import CliRunner

from bellrock.cli.capture_wanted import wanted, wanted_options
from bellrock.cli.output import Failure
from bellrock.flows.values import Role

SITE = b"""
[flows]
disable = ["ntp"]
[[subnet]]
name = "nodes"
cidr = "10.1.0.0/16"
[role.node]
subnets = ["nodes"]
[role.rack]
addresses = ["10.0.0.2"]
[ports]
http-boot = { tcp = [8080] }
"""


def of(*arguments):
    kept = []

    @click.command()
    @wanted_options
    def command(**selection):
        kept.append(wanted(selection))

    done = CliRunner().invoke(command, list(map(str, arguments)))
    if isinstance(done.exception, SystemExit):
        raise Failure(done.stderr, done.exit_code)
    assert done.exception is None, done.exception
    return kept[0]


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "site.toml"
    path.write_bytes(SITE)
    return path


def test_flows_roles_hosts():
    asked = of(
        "tftp",
        "dhcp",
        "--rack",
        "10.0.0.2,10.0.0.3",
        "--role",
        "relay=10.0.1.1",
        "--host",
        "02:00:00:00:00:01",
        "--subnet",
        "10.4.0.0/16",
        "--errors",
        "--tags",
        "1",
    )
    assert [one.id for one in asked.flows] == ["dhcp", "tftp"]
    assert asked.addresses[Role.RACK] == (ip_network("10.0.0.2"), ip_network("10.0.0.3"))
    assert asked.addresses[Role.RELAY] == (ip_network("10.0.1.1"),)
    assert (asked.stations, asked.about) == (("02:00:00:00:00:01",), (ip_network("10.4.0.0/16"),))
    assert (asked.errors, asked.tags) == (True, 1)
    assert len(of("--all").flows) > 22
    assert of().flows == ()


def test_a_site_gives_ports_and_addresses(site):
    asked = of("http-boot", "--site", site, "--node", "10.1.7.0/24")
    assert asked.flows[0].exchanges[0].destination_ports == ((8080, 8080),)
    assert asked.addresses[Role.RACK] == (ip_network("10.0.0.2"),)
    assert asked.addresses[Role.NODE] == (ip_network("10.1.7.0/24"),)
    assert "ntp" not in {one.id for one in of("--all", "--site", site).flows}


def test_what_the_site_does_not_have(site, tmp_path):
    with pytest.raises(Failure, match="the site has disabled flow ntp"):
        of("ntp", "--site", site)
    with pytest.raises(Failure, match="leave out --profile"):
        of("dns", "--site", site, "--profile", "maas-3")
    with pytest.raises(Failure) as caught:
        of("dns", "--site", tmp_path / "none.toml")
    assert caught.value.exit_code == 3


def test_a_profile():
    (asked,) = of("http-boot", "--profile", "maas-3").flows
    assert asked.profile == "maas-3"
