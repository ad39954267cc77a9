"""Rows and sentences of flows; how they look on a terminal is in test_flows.py."""

import pytest

from bellrock.cli import flowtables
from bellrock.cli.flowtables import document, for_people, grid, grid_width, pairs, story, uses, whole
from bellrock.flows import CATALOGUE, flow
from bellrock.flows.matrix import matrix


def test_rows_of_a_flow(monkeypatch):
    assert whole(flow("dns")) == (
        "dns", "DNS", "core", "node", "rack/region", "udp/53 tcp/53", "Name resolution during all phases", "standard"
    )  # fmt: skip
    monkeypatch.setattr(flowtables, "width", lambda: 80)
    columns, rows = for_people((flow("ntp"),))
    assert columns == ("id", "who", "ports", "note")
    assert rows == [("ntp", "node → ntp", "udp/123", "Clock skew breaks token auth and TLS")]
    monkeypatch.setattr(flowtables, "width", lambda: flowtables.WIDE)
    columns, rows = for_people((flow("ntp"),))
    assert columns == ("id", "title", "group", "who", "ports", "note")
    assert rows[0][1:3] == ("NTP / Time Sync", "core")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("tftp", ["data: udp rack port 1024-65535 → node port 1024-65535", "connection tracking calls it related",
                  "sets the conntrack helper tftp", "and the ports that follow from it"]),
        ("dhcp", ["discover: udp node or 0.0.0.0 port 68 → 255.255.255.255 port 67", "stays on the link",
                  "routers do not forward it"]),
        ("libvirt-dnsmasq", ["It must not be there", "Optional", "drops it", "complains where it passes"]),
        ("icmpv6", ["errors: icmpv6 anyone → anyone, type 1, 2, 3, 4", "echo: icmpv6 anyone → anyone, type 128/0"]),
        ("ssh", ["login: tcp admin → node port 22", "`flows lint` says whether its server listens"]),
    ],
)  # fmt: skip
def test_a_flow_in_sentences(name, lines):
    told = " ".join(" ".join(story(flow(name))).split())
    for line in lines:
        assert line in told


def test_lines_are_as_long_as_the_terminal_or_a_page(monkeypatch):
    monkeypatch.setattr(flowtables, "width", lambda: 50)
    assert max(map(len, story(flow("dhcp")))) <= 50
    monkeypatch.setattr(flowtables, "width", lambda: 300)
    assert 80 < max(map(len, story(flow("dhcp")))) <= 100


def test_nobody_serves_what_everybody_says():
    for name in ("icmp", "beacon"):
        assert "listens" not in dict(uses(flow(name)))["check"]


def test_a_document_has_every_exchange_and_use():
    told = document(flow("icmp"))
    assert told["exchanges"][0]["source_ports"] == ""
    assert {one["by"] for one in told["uses"]} == {"firewall", "capture", "check"}
    assert document(flow("dhcp"))["exchanges"][0]["source_addresses"] == ["0.0.0.0"]
    assert document(flow("tftp"))["exchanges"][0]["source_ports"] == "any"


def test_a_grid_and_its_width():
    cells = matrix([flow("dns"), flow("ssh")])
    columns, rows = grid(cells)
    assert columns == ("from → to", "node", "rack", "region", "dns")
    assert rows[0] == ("node", "", "udp/53 tcp/53", "udp/53 tcp/53", "udp/53 tcp/53")
    assert rows[-1] == ("admin", "tcp/22", "tcp/22", "tcp/22", "")
    assert grid_width(columns, rows) == (9 + 3) + 4 * (6 + 3)
    assert pairs(cells)[0] == ("node", "rack", "udp/53 tcp/53", "dns")


def test_every_flow_of_the_catalogue_has_its_uses():
    for one in CATALOGUE:
        assert all(how for _, how in uses(one)), one.id
