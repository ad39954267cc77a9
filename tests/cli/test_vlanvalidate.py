"""What is meant, from a site and from a region, and how the judgement is printed."""

import json

import pytest

from bellrock.beacon.scanner import Reached
from bellrock.beacon.trunks import EXTRA, MISSING, Meant
from bellrock.cli import vlanvalidate as module
from bellrock.cli.output import Failure
from bellrock.cli.vlanscan import Scanned, Wanted
from bellrock.cli.vlanvalidate import from_interfaces, judge_all, of_region, of_site, run_validate, together
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
    asked = ("unix:r", tmp_path, "GET", "/interfaces", None)
    monkeypatch.setattr("bellrock.cli.regionapi.send", lambda *given, **_: told if given == asked else None)
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
    assert out.startswith("all that could be judged is as it is meant, at me/eth0, a/eth0, b/eth0\n")
    assert "not known: c/eth\\x1b0 answered on no VID: nothing is known of its VLANs\n" in out


def test_where_nothing_could_be_judged_nothing_is_said_to_be_as_it_is_meant(monkeypatch, capsys):
    monkeypatch.setattr(module, "scan", lambda *_: scanned(eth0=FINE))
    assert run_validate("keys", ("eth0",), Wanted(vids=(10, 20)), {}, "me", as_json=False) == 3
    out = capsys.readouterr().out
    assert out.startswith("nothing could be judged\nnot known: nothing says which VLANs me/eth0 is meant to have\n")
    assert run_validate("keys", ("eth0",), Wanted(vids=(10, 20)), {}, "me", as_json=True) == 3
    assert json.loads(capsys.readouterr().out)["judged"] == []
    run_validate("keys", ("eth0",), Wanted(vids=(10, 20)), {("a", "eth0"): Meant(tagged=frozenset({10, 20}))}, "me", as_json=True)  # fmt: skip
    assert json.loads(capsys.readouterr().out)["judged"] == [{"host": "a", "interface": "eth0"}]


def test_of_many_ports_that_are_right_some_are_named(monkeypatch, capsys):
    ends = [("me", "eth0"), *((f"h{number}", "eth0") for number in range(20))]
    row = {0: (), 10: tuple(Reached(*end, 10) for end in ends[1:])}
    monkeypatch.setattr(module, "scan", lambda *_: scanned(eth0=row))
    intent = dict.fromkeys(ends, Meant(tagged=frozenset({10})))
    assert run_validate("keys", ("eth0",), Wanted(vids=(10,)), intent, "me", as_json=False) == 0
    assert capsys.readouterr().out.endswith(" and 13 more\n")


ALL = range(1, 4095)


@pytest.mark.parametrize(
    ("intent", "got", "lines"),
    [
        (
            {("me", "eth0"): Meant(), ("a", "eth0"): Meant()}, ALL,
            [
                "warning: VLANs 1-4094: each passes at me/eth0, where it is not meant to",
                "    a call with that VID came out at a/eth0 with that VID",
                "    to mend it: take them off the switch port of me/eth0",
                "warning: VLANs 1-4094: each comes out at a/eth0, where it is not meant to",
                "    a call in each of them came out there with that VID",
                "    to mend it: take them off the switch port of a/eth0",
            ],
        ),
        (
            {("me", "eth0"): Meant(tagged=frozenset(ALL)), ("a", "eth0"): Meant(tagged=frozenset({5, 7, 8, 9}))}, (5,),
            [
                "error: VLANs 7-9: none passes between me/eth0 and a/eth0 (missing at a/eth0 or at me/eth0: nobody else who "
                "answered is meant to have it)",
                "    no call in any of them came out at a/eth0, which answers on others",
                "    to mend it: add them to the switch port of me/eth0 or of a/eth0, whichever lacks it, or to a trunk "
                "between them",
                "not known: VLANs 1-4, 6, 10-4094 are silent, and nobody who answered is meant to be in them",
            ],
        ),
    ],
    ids=["a port that passes everything", "VLANs that are missing"],
)  # fmt: skip
def test_the_same_of_many_vlans_is_told_once(monkeypatch, capsys, intent, got, lines):
    row = {0: (), **{vid: (Reached("a", "eth0", vid),) if vid in got else () for vid in ALL}}
    monkeypatch.setattr(module, "scan", lambda *_: scanned(eth0=row))
    assert run_validate("keys", ("eth0",), Wanted(vids=tuple(ALL)), intent, "me", as_json=False) == 1
    assert capsys.readouterr().out.splitlines() == lines


def test_what_differs_in_more_than_the_vlan_stays_apart_and_a_proof_elsewhere_is_of_each():
    row = {0: (), 10: (A, B), 20: (Reached("b", "eth0", 20),), 30: (Reached("b", "eth0", 30),), 40: (B,)}
    intent = {
        ("me", "eth0"): Meant(tagged=frozenset({10, 20, 30, 40})),
        ("a", "eth0"): Meant(tagged=frozenset({10, 20, 30})),
        ("b", "eth0"): Meant(tagged=frozenset({10, 20, 30})),
    }
    told = together(judge_all("me", scanned(eth0=row), intent).findings)
    assert [(one.id, one.what) for one in told] == [
        (MISSING, "VLANs 20, 30: none passes at a/eth0"),
        ("vlan-translated", "VLAN 40 of me/eth0 comes out as VLAN 10 at b/eth0"),
    ]
    assert told[0].proof[1] == "each came out at b/eth0"


def test_a_finding_names_its_cause_where_two_may_be_at_fault(monkeypatch, capsys):
    monkeypatch.setattr(module, "scan", lambda *_: scanned(eth0={0: (), 10: (A,), 20: ()}))
    run_validate("keys", ("eth0",), Wanted(vids=(10, 20)), INTENT, "me", as_json=False)
    assert "(missing at a/eth0 or at me/eth0: nobody else who answered is meant to have it)" in capsys.readouterr().out
