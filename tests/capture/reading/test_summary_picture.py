"""Who talks to whom, drawn."""

from xml.etree import ElementTree

import pytest

from bellrock.capture.reading import summary_picture as module
from bellrock.capture.reading.summary import Line, Summary
from bellrock.capture.reading.summary_picture import picture

SVG = "{http://www.w3.org/2000/svg}"


def line(flow="dns", source="10.0.0.57", destination="10.0.0.4", **more):
    given = {
        "protocol": "udp", "ports": (53,), "packets": 3, "bytes": 300, "replies": 1, "reply_bytes": 100, "conversations": 1, "first": 0.0,
        "last": 1.0, "vlans": (), "untagged": True, "points": ("eth0",),
    }  # fmt: skip
    return Line(flow=flow, source=source, destination=destination, **(given | more))


def drawn(*lines, unexplained=()):
    summary = Summary(
        packets=1, bytes=1, first=0.0, last=1.0, flows=lines, unexplained=unexplained, below=(), expected=None, missing=(), left_out=0,
        lines_left_out=0, troubles=(), damaged=False,
    )  # fmt: skip
    text = picture(summary)
    return ElementTree.fromstring(text), text


def texts(root):
    return [one.text for one in root.iter(f"{SVG}text")]


def test_one_part_for_each_vlan():
    root, _ = drawn(line(vlans=(20, 10), untagged=False), line("ntp", untagged=True))
    said = texts(root)
    assert [one for one in said if one.startswith(("VLAN", "Without"))] == ["Without a VLAN tag", "VLAN 10", "VLAN 20"]
    assert said.count("dns · 10.0.0.4") == 2
    assert "ntp · 10.0.0.4" in said


def test_a_line_for_each_pair():
    root, _ = drawn(line(), line(source="10.0.0.58"), line("ntp"))
    assert len(list(root.iter(f"{SVG}path"))) == 3
    assert texts(root).count("10.0.0.57") == 1
    titles = [one.text for one in root.iter(f"{SVG}title")]
    assert titles[0] == "10.0.0.57 → 10.0.0.4: 3 packets, 1 of them replies, 300 octets"


@pytest.mark.parametrize(
    ("one", "kind"), [(line(), "good"), (line(replies=0), "slow"), (line(""), "bad"), (line("", replies=0), "bad")]
)
def test_what_is_silent_or_strange_looks_so(one, kind):
    root, _ = drawn(one)
    (path,) = root.iter(f"{SVG}path")
    assert path.get("class") == kind


def test_what_no_flow_explains():
    root, _ = drawn(unexplained=(line("", ports=(9999,)), line("", protocol="ospf", ports=(), destination="224.0.0.5")))
    assert {"udp/9999 · 10.0.0.4", "ospf · 224.0.0.5"} <= set(texts(root))


def test_who_has_no_address_is_told_by_card():
    root, _ = drawn(line("dhcp", "0.0.0.0", stations=("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03")))
    assert "02:00:00:00:00:01 and 2 more (0.0.0.0)" in texts(root)
    root, _ = drawn(line("dhcp", "0.0.0.0", stations=("02:00:00:00:00:01",)))
    assert "02:00:00:00:00:01 (0.0.0.0)" in texts(root)


def test_rows_are_bounded_those_with_most_packets_stay(monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 3)
    root, _ = drawn(*(line(source=f"10.0.0.{at}", packets=at + 1) for at in range(9)))
    said = texts(root)
    assert "Without a VLAN tag · 6 more pairs are not drawn" in said
    assert [one for one in said if one.startswith("10.")] == ["10.0.0.8", "10.0.0.7", "10.0.0.6"]


def test_vlans_are_bounded():
    root, _ = drawn(*(line(vlans=(at,), untagged=False) for at in range(1, 100)))
    assert len([one for one in texts(root) if one.startswith("VLAN")]) == module.MAX_VLANS


def test_nobody_talks():
    root, _ = drawn()
    assert texts(root) == ["nobody was seen to talk over IP"]


def test_nothing_of_the_network_is_markup():
    root, text = drawn(line('"><script>alert(1)</script>\x1b', points=("&",)))
    assert "<script" not in text
    assert any(one.startswith('"><script>') for one in texts(root))


def test_it_needs_nothing_else():
    _, text = drawn(line())
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in text


def test_widths_stay_within_bounds():
    root, _ = drawn(line(bytes=0), line("ntp", bytes=10**15))
    widths = [float(one.get("stroke-width")) for one in root.iter(f"{SVG}path")]
    assert min(widths) == 1.0
    assert max(widths) == 9.0
