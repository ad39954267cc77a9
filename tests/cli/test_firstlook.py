"""What `bellrock up` says once beaconing has settled."""

import asyncio
import json
from pathlib import Path

import pytest

from bellrock.cli import firstlook
from bellrock.cli.answers import Interface, Neighbour, Refusal
from bellrock.cli.firstlook import FirstLook, found_lines, is_alone, remedy_lines
from bellrock.cli.output import Failure

ALONE = {
    "fabrics": [],
    "conflicts": [],
    "unknown": [{"host": "a", "interface": f"eth{n}", "why": "nothing heard"} for n in range(3)],
}


def interface(name="eth0", **changes):
    fields = {"host": "a", "speaks": True, "settled": True, "up": True, "carrier": True}
    return {"name": name, **fields, **changes}


def with_members(*hosts):
    members = [{"host": host, "interface": "eth0", "vid": None, "strength": "heard"} for host in hosts]
    return ALONE | {"fabrics": [{"name": "f", "vlans": [{"name": "v", "members": members, "subnets": []}]}]}


@pytest.fixture
def region(monkeypatch):
    """Answers by path: each a list, of which the last one stays; and no waiting."""
    answers = {"/interfaces": [[interface()]], "/refusals": [[]], "/topology": [ALONE]}

    def send(address, state_dir, method, path, body, **_):
        found = answers[path].pop(0) if len(answers[path]) > 1 else answers[path][0]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    monkeypatch.setattr(firstlook, "EARLIEST", 0.0)
    monkeypatch.setattr(firstlook, "STEP", 0.0)
    return answers


def look(*, as_json=False, secret=Path("/s/secret")):
    asyncio.run(FirstLook("http://x:1", Path("/s"), "0a1b2c3d", secret, as_json=as_json).run())


def test_alone_it_says_what_would_settle_it(region, capsys):
    look()
    assert capsys.readouterr().out.splitlines() == [
        "found    0 fabrics, 0 VLANs, 0 hosts; 0 conflicts; 3 interfaces unknown",
        "         1 interface, 1 with carrier; no switch has named itself",
        "unknown  eth0, eth1, eth2; `bellrock topology show` says why",
        "alone    no other Bellrock is heard; one on another machine of this network would tell more. Start it there:",
        "           bellrock rack --secret-file FILE     (FILE: a copy of /s/secret)",
        "           bellrock secret show-id FILE         (must say 0a1b2c3d, as here)",
    ]


def test_with_another_host_there_is_nothing_to_propose(region, capsys):
    region["/topology"] = [with_members("a", "b")]
    look()
    out = capsys.readouterr().out
    assert out.startswith("found    1 fabric, 1 VLAN, 2 hosts;")
    assert "alone" not in out


def test_it_waits_until_all_have_settled(region, capsys):
    region["/interfaces"] = [
        [],
        [interface(settled=False)],
        [interface(settled=False)],
        [interface(), interface("eth1")],
    ]
    look()
    assert "2 interfaces, 2 with carrier" in capsys.readouterr().out
    assert len(region["/interfaces"]) == 1


@pytest.mark.parametrize("change", [{"up": False}, {"carrier": False}, {"speaks": False}])
def test_what_cannot_settle_is_not_waited_for(region, capsys, change):
    region["/interfaces"] = [[interface(settled=False, **change)]]
    look()
    assert capsys.readouterr().out.startswith("found")


def test_it_does_not_wait_for_ever(region, capsys, monkeypatch):
    monkeypatch.setattr(firstlook, "LATEST", 0.0)
    region["/interfaces"] = [[interface(settled=False)]]
    look()
    assert capsys.readouterr().out.startswith("found")


def test_a_region_that_cannot_be_read_is_no_end_of_it(region, capsys):
    region["/refusals"] = [Failure("no region there")]
    look()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "found    nothing could be read: no region there\n")


@pytest.mark.parametrize("secret", [Path("/s/secret"), None])
def test_for_programs_it_is_one_line_without_the_secret(region, capsys, secret):
    look(as_json=True, secret=secret)
    assert json.loads(capsys.readouterr().out) == {
        "found": {"interfaces": 1, "unknown": 3, "alone": True},
        "secret_file": None if secret is None else "/s/secret",
        "secret_id": "0a1b2c3d",
    }


def test_many_are_counted_neighbours_named_and_refusals_told():
    ports = tuple(
        Interface("a", f"eth{n}", True, True, True, n % 2 == 0, Neighbour(f"sw\x1b{n}", f"ge-{n}")) for n in range(6)
    )
    unknown = {"unknown": [{"host": "a", "interface": f"eth{n}", "why": ""} for n in range(6)]}
    refusals = (Refusal("eth0", "02:00", "skew", 2), Refusal("eth1", "04:00", "wrong-secret", 5))
    assert list(found_lines(ports, ALONE | unknown, refusals))[1:] == [
        "         6 interfaces, 3 with carrier; eth0 at sw\\x1b0 ge-0, eth1 at sw\\x1b1 ge-1, eth2 at sw\\x1b2 ge-2, "
        "eth3 at sw\\x1b3 ge-3 and 2 more",
        "refused  7 beacons, most from 04:00 on eth1 (wrong-secret)",
        "unknown  eth0, eth1, eth2, eth3 and 2 more; `bellrock topology show` says why",
    ]
    one = list(found_lines(ports[:1], with_members("a") | {"unknown": []}, ()))
    assert one[1:] == ["         1 interface, 1 with carrier; eth0 at sw\\x1b0 ge-0"]


def test_a_secret_of_the_environment_has_no_path():
    assert "(FILE: the secret of this one)" in "\n".join(remedy_lines(None, "00"))
    assert str(Path.cwd() / "s") in "\n".join(remedy_lines(Path("s"), "00"))


@pytest.mark.parametrize(
    ("topology", "alone"),
    [(ALONE, True), (with_members("a"), True), (with_members("b"), False), (with_members("a", "b"), False)],
)
def test_who_is_alone(topology, alone):
    assert is_alone(topology) is alone
