"""Which programs Bellrock is in a lab, with which arguments."""

import stat
import sys
from pathlib import Path

import pytest

from bellrock.lab import agents
from bellrock.lab.parse import parse
from bellrock.lab.schema import LabError

LAB = parse(
    b"""
[switch.s]
[host.hub]
role = "region"
interface.eth0 = { to = "s", access = 10, addresses = ["10.0.0.1/24", "fd00::1/64"] }
interface.eth1 = { to = "s", access = 20, addresses = ["10.20.0.1/24"] }
interface.eth2 = { addresses = ["10.30.0.1/24"], up = false }
[host.near]
role = "rack"
interface.eth0 = { to = "s", access = 20, addresses = ["10.20.0.2/24"] }
interface.eth1 = { to = "s", trunk = [10, 20], vlans = [10, 20] }
[host.bridged]
role = "node"
interface.eth0 = { to = "s", access = 10 }
bridge.br0 = { members = ["eth0"], addresses = ["10.0.0.3/24"], vlans = [7] }
[host.misplaced]
role = "node"
interface.eth0 = { to = "s", access = 20, addresses = ["10.0.0.4/24"] }
[host.mute]
role = "node"
interface.eth0 = { to = "s", access = 10, addresses = ["10.0.0.5/24"] }
[host.bare]
role = "node"
interface.eth0 = { to = "s", access = 10 }
[host.plain]
[[fault]]
kind = "mute"
at = "mute/eth0"
""",
    "f",
)
AT = Path("/run/x")


def argv(name):
    (found,) = [it for it in agents.programs(LAB, AT, ("bellrock",)) if it.name == name]
    return " ".join(found.argv)


def test_the_region_comes_first_and_listens_on_its_addresses_and_past_the_network():
    first = agents.programs(LAB, AT, ("bellrock",))[0]
    assert (first.host, first.name) == ("hub", "hub")
    assert argv("hub") == (
        "bellrock region --listen unix:/run/x/region.sock --listen http://10.0.0.1:5240 --listen http://10.20.0.1:5240 --in-lab "
        "--config /dev/null --state-dir /run/x/hosts/hub --secret-file /run/x/secret --json"
    )


def test_a_rack_says_its_name_its_role_its_vlans_and_where_the_region_is():
    assert argv("near") == (
        "bellrock rack --role rack --region http://10.20.0.1:5240 --config /dev/null --state-dir /run/x/hosts/near "
        "--secret-file /run/x/secret --name near --vlan eth1:10,20 --json"
    )


REACH = [
    ("hub.rack", "http://10.0.0.1:5240"),
    ("near", "http://10.20.0.1:5240"),
    ("bridged", "http://10.0.0.1:5240"),
    ("misplaced", "unix:/run/x/region.sock"),
    ("mute", "unix:/run/x/region.sock"),
    ("bare", "unix:/run/x/region.sock"),
]


@pytest.mark.parametrize(("name", "url"), REACH)
def test_a_host_without_a_way_to_the_region_has_one_past_the_network(name, url):
    assert f" --region {url} " in argv(name)


def test_a_bridge_speaks_with_its_vlans_and_a_node_is_one():
    assert "--vlan br0:7" in argv("bridged")
    assert "--role node" in argv("bridged")


def test_hosts_without_a_role_run_nothing():
    names = [it.name for it in agents.programs(LAB, AT, ("bellrock",))]
    assert names == ["hub", "hub.rack", "near", "bridged", "misplaced", "mute", "bare"]


def test_without_a_region_one_line_says_what_is_missing():
    with pytest.raises(LabError, match='no host has role = "region"'):
        agents.programs(parse(b"[host.a]\nrole = 'rack'\n", "f"), AT, ("bellrock",))


def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path):
    path = agents.make_secret(tmp_path)
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(text)) == 16
    assert agents.make_secret(tmp_path).read_text() == text


def test_the_tool_is_the_one_beside_this_python_or_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(LabError, match="install the package"):
        agents.bellrock()
    (tmp_path / "bin").mkdir()
    for place in (tmp_path / "bin", tmp_path):
        (place / "bellrock").write_text("#!/bin/sh\n")
        (place / "bellrock").chmod(0o755)
        assert agents.bellrock() == (str(place / "bellrock"),)


def test_the_region_keeps_its_token_here():
    assert agents.api_token(AT, "hub") == Path("/run/x/hosts/hub/region/api-token")


JOINING = parse(
    b"""
join = true
policy = "approve"
[switch.s]
[host.hub]
role = "region"
interface.eth0 = { to = "s", addresses = ["10.0.0.1/24"] }
[host.finds]
role = "rack"
interface.eth0 = { to = "s" }
[host.told]
role = "rack"
join = false
interface.eth0 = { to = "s", addresses = ["10.0.0.2/24"] }
[host.stranger]
role = "node"
secret = "wrong"
interface.eth0 = { to = "s" }
""",
    "f",
)


def test_a_region_that_is_joined_serves_tls_and_beacons_by_itself():
    found = {it.name: " ".join(it.argv) for it in agents.programs(JOINING, AT, ("bellrock",))}
    assert list(found) == ["hub", "finds", "told", "stranger"]
    assert found["hub"].startswith(
        "bellrock region --listen unix:/run/x/region.sock --listen 10.0.0.1:5240 --policy approve --config /dev/null --state-dir "
    )


def test_who_joins_is_told_no_region_and_who_does_not_has_a_way_past_the_network():
    found = {it.name: " ".join(it.argv) for it in agents.programs(JOINING, AT, ("bellrock",))}
    assert "--region" not in found["finds"]
    assert " --region unix:/run/x/region.sock " in found["told"]
    assert " --secret-file /run/x/secret-wrong " in found["stranger"]
    assert " --secret-file /run/x/secret " in found["finds"]


def test_a_host_may_have_a_secret_of_its_own(tmp_path):
    agents.make_secrets(JOINING, tmp_path)
    ours, other = (agents.secret_file(tmp_path, name) for name in ("", "wrong"))
    assert ours.read_text() != other.read_text()
    assert stat.S_IMODE(other.stat().st_mode) == 0o600
