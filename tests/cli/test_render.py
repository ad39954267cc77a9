"""The topology as a person reads it."""

import click
import pytest

from bellrock.cli.render import age_text, count, headline, port_text, topology_lines

MEMBERS = [
    {"host": "rack-1", "interface": "eth0", "vid": 10, "strength": "confirmed", "age": 0.42},
    {"host": "rack-2", "interface": "eth1", "vid": None, "strength": "inferred"},
]
DOCUMENT = {
    "fabrics": [
        {"name": "fabric-1", "vlans": [{"name": "VLAN 10", "members": MEMBERS, "subnets": ["10.0.0.0/24", "fd00::/64"]}]},
        {"name": "fabric-2", "vlans": [{"name": "untagged", "members": [], "subnets": []}]},
    ],
    "conflicts": [
        {"kind": "two-vids", "where": [{"host": "rack-1", "interface": "eth0", "vid": 10}], "proof": "10 and 20 meet"}
    ],
    "unknown": [{"host": "rack-2", "interface": "eth7", "why": "no carrier"}],
}  # fmt: skip


def lines(document):
    return "\n".join(click.unstyle(line) for line in topology_lines(document)).split("\n")


def test_everything_is_said_once():
    assert lines(DOCUMENT) == [
        "2 fabrics, 2 VLANs, 2 hosts; 1 conflict; 1 interface unknown",
        "",
        "! two-vids: rack-1/eth0.10",
        "  10 and 20 meet",
        "",
        "fabric-1",
        "  VLAN 10  10.0.0.0/24  fd00::/64",
        "    ● rack-1/eth0.10  confirmed  as of 0.4 s ago",
        "    ○ rack-2/eth1     inferred",
        "",
        "fabric-2",
        "  untagged",
        "",
        "unknown",
        "  ? rack-2/eth7  no carrier",
        "",
        "● confirmed  ◐ heard  ◆ lldp  ■ configured  ○ inferred",
    ]


def test_nothing_found_is_said_too():
    found = lines({"fabrics": [], "conflicts": [], "unknown": []})
    assert found[0] == "0 fabrics, 0 VLANs, 0 hosts; 0 conflicts; 0 interfaces unknown"
    assert len(found) == 3


def hostile(value):
    """Every text of a document with control characters in it."""
    if isinstance(value, dict):
        return {key: hostile(one) for key, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    return f"{value}\x1b[2J\n\x07\u202e" if isinstance(value, str) else value


def test_no_text_of_the_network_moves_the_cursor():
    plain, forged = list(topology_lines(DOCUMENT)), list(topology_lines(hostile(DOCUMENT)))
    assert len(plain) == len(forged)
    for ours, theirs in zip(plain[:-1], forged[:-1], strict=True):
        assert theirs.count("\n") == ours.count("\n")
        assert "\x1b[2J" not in theirs
        assert "\x07" not in theirs
        assert "\u202e" not in theirs
    assert "\\x1b[2J" in "".join(forged)


def test_what_is_heard_is_coloured_by_its_strength():
    styled = "".join(topology_lines(DOCUMENT))
    assert click.style("●", fg="green") in styled
    assert click.style("○", fg=None) in styled


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0.0 s ago"), (0.44, "0.4 s ago"), (1, "1 s ago"), (99.4, "99 s ago"), (100, "2 min ago"), (6000, "100 min ago")],
)  # fmt: skip
def test_ages_are_as_exact_as_they_matter(seconds, text):
    assert age_text(seconds) == text


@pytest.mark.parametrize(("vid", "text"), [(None, "a/eth0"), (0, "a/eth0.0"), (4094, "a/eth0.4094")])
def test_a_port_is_written_as_it_is_asked_for(vid, text):
    assert port_text({"host": "a", "interface": "eth0", "vid": vid}) == text
    assert port_text({"host": "a", "interface": "eth0"}) == "a/eth0"


def test_things_are_counted_in_words():
    assert [count(range(n), "host") for n in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]
    assert headline(DOCUMENT).startswith("2 fabrics")
