"""What is meant, from a site and from a region, and how the judgement is printed."""

import json

import pytest

from bellrock.beacon.scanner import Reached
from bellrock.beacon.trunks import EXTRA, MISSING, Meant
from bellrock.cli import vlanvalidate as module
from bellrock.cli.output import Failure
from bellrock.cli.vlanscan import Scanned, Wanted
from bellrock.cli.vlanvalidate import from_interfaces, judge_all, of_region, of_site, run_validate
from bellrock.flows import Site, parse

A, B = Reached("a", "eth0", 10), Reached("b", "eth0", 10)
INTENT = {
    ("me", "eth0"): Meant(tagged=frozenset({10, 20})),
    ("me", "eth1"): Meant(tagged=frozenset({10, 20})),
    ("a", "eth0"): Meant(tagged=frozenset({10, 20})),
    ("b", "eth0"): Meant(tagged=frozenset({10})),
}
FINE = {0: (), 10: (A, B), 20: (Reached("a", "eth0", 20),)}
LOST = {0: (), 10: (A, B), 20: (Reached("b", "eth0", 20),)}


def scanned(why="", **rows):
    return Scanned(rows=rows, host="me", outer=None, seconds=1.0, why=why, unsent={})


def test_a_site_means_its_switch_ports():
    text = b'[[switchport]]\nhost = "a"\ninterface = "eth0"\ntagged = [10, "20-21"]\nuntagged = 1\n'
    assert of_site(parse(text, "site.toml")) == {("a", "eth0"): Meant(tagged=frozenset({10, 20, 21}), untagged=1)}
    with pytest.raises(Failure, match=r"no \[\[switchport\]\]"):
        of_site(Site())


def test_a_region_means_what_vlan_interfaces_use(monkeypatch, tmp_path):
    told = [
        {"host": "a", "name": "eth0", "kind": "physical", "vid": None, "parents": []},
        {"host": "a", "name": "eth0.10", "kind": "vlan", "vid": 10, "parents": ["eth0"]},
        {"host": "a", "name": "storage", "kind": "vlan", "vid": 20, "parents": ["eth0"]},
        {"host": "b", "name": "v", "kind": "vlan", "vid": 10, "parents": []},
    ]
    expected = {("a", "eth0"): Meant(tagged=frozenset({10, 20}), exact=False)}
    assert from_interfaces(told) == expected
    monkeypatch.setattr(module, "get", lambda *asked: told if asked == ("unix:r", tmp_path, "/interfaces") else None)
    assert of_region("unix:r", tmp_path) == expected


def test_what_several_interfaces_show_is_told_once():
    judged = judge_all("me", scanned(eth0=LOST, eth1=LOST), INTENT)
    assert [(one.id, one.host) for one in judged.findings] == [(MISSING, "a"), (EXTRA, "b")]
    assert len(judged.unknown) == len(set(judged.unknown))


@pytest.mark.parametrize(
    ("row", "why", "code"),
    [
        (FINE, "", 0),
        (LOST, "", 1),
        ({0: (), 10: (), 20: ()}, "", 3),
        (LOST, "interrupted", 130),
        (LOST, "stopped by somebody", 3),
    ],
)
def test_it_ends_with_what_was_found(monkeypatch, capsys, row, why, code):
    asked = []

    def scan(keyring, interfaces, wanted, name):
        asked.append((keyring, interfaces, sorted(wanted.sure), name))
        return scanned(why, eth0=row)

    monkeypatch.setattr(module, "scan", scan)
    assert run_validate("keys", ("eth0",), Wanted(vids=(10, 30)), INTENT, "me", as_json=True) == code
    assert asked == [("keys", ("eth0",), [10], "me")]
    document = json.loads(capsys.readouterr().out)
    assert document["interfaces"] == ["eth0"]
    assert [one["id"] for one in document["findings"]] == ([MISSING, EXTRA] if row is LOST else [])


def test_the_text_has_proof_and_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(module, "scan", lambda *_: scanned(eth0=LOST))
    monkeypatch.setattr(module.socket, "gethostname", lambda: "me")
    run_validate("keys", ("eth0",), Wanted(vids=(10, 20)), INTENT, "", as_json=False)
    out = capsys.readouterr().out
    assert (
        "error: VLAN 20 does not pass at a/eth0\n    no call in VLAN 20 came out at a/eth0, which answers on others\n"
        in out
    )
    assert "    to mend it: add VLAN 20 to the switch port of a/eth0, or to a trunk on the way there\n" in out
    assert "warning: VLAN 20 comes out at b/eth0, where it is not meant to\n" in out


def test_where_all_is_well_it_says_so_and_what_it_does_not_know(monkeypatch, capsys):
    monkeypatch.setattr(module, "scan", lambda *_: scanned(eth0=FINE))
    intent = INTENT | {("c", "eth\x1b0"): Meant(tagged=frozenset({10}))}
    run_validate("keys", ("eth0",), Wanted(vids=(10, 20)), intent, "me", as_json=False)
    out = capsys.readouterr().out
    assert out.startswith("all that could be judged is as it is meant\n")
    assert "not known: c/eth\\x1b0 answered on no VID: nothing is known of its VLANs\n" in out


def test_a_finding_names_its_cause_where_two_may_be_at_fault(monkeypatch, capsys):
    monkeypatch.setattr(module, "scan", lambda *_: scanned(eth0={0: (), 10: (A,), 20: ()}))
    run_validate("keys", ("eth0",), Wanted(vids=(10, 20)), INTENT, "me", as_json=False)
    assert "(either there or at me/eth0: nobody else who answered is meant to have it)" in capsys.readouterr().out
