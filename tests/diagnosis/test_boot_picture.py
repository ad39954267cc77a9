"""Boots as SVG."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.boot import STEPS, Boot, Step
from bellrock.diagnosis.boot_picture import MARKS, MAX_BOOTS, clean, picture, ticks_of, title, told, unseen
from bellrock.diagnosis.boots import boots
from tests.diagnosis.wires import NODE, NODE_IP, leased, transfer, wire

SVG = "{http://www.w3.org/2000/svg}"
TEXT = st.text(max_size=90)
STEP = st.builds(
    Step, step=st.sampled_from(STEPS), stage=TEXT, outcome=st.sampled_from(list(MARKS)), what=TEXT,
    packets=st.lists(st.integers(1, 10**9), max_size=16).map(tuple), time=st.floats(0, 1e6), seconds=st.floats(0, 1e6),
)  # fmt: skip
BOOT = st.builds(
    Boot, mac=TEXT, address=TEXT, firmware=TEXT, steps=st.lists(STEP, max_size=8).map(tuple), stopped_at=TEXT
)


def drawn(*boots_):
    return ElementTree.fromstring(picture(boots_))


def texts(root):
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def test_each_step_has_a_row_with_a_bar_where_it_was():
    (boot,) = boots(wire(leased(1.0), transfer(at=2.0, until=4.0)))
    root = drawn(boot)
    bars = {one.find(f"{SVG}title").text.split(":")[0]: one.find(f"{SVG}rect") for one in root.iter(f"{SVG}g")}
    assert set(bars) == {"link", "dhcp (firmware)", "tftp (firmware)"}
    left, width = (float(bars["tftp (firmware)"].get(name)) for name in ("x", "width"))
    assert left > float(bars["dhcp (firmware)"].get("x"))
    assert width > 100
    assert float(bars["link"].get("width")) == 3.0
    assert f"{NODE} · {NODE_IP} · UEFI x64 · seen as far as tftp (2.0 s)" in texts(root)


def test_long_sentences_are_cut_and_whole_in_the_title():
    what = "x" * 200
    root = drawn(Boot(mac=NODE, steps=(Step(step="dns", outcome="failed", what=what, packets=(7,)),), stopped_at="dns"))
    assert not any(what in text for text in texts(root))
    assert what in next(root.iter(f"{SVG}title")).text
    assert "(packets 7)" in next(root.iter(f"{SVG}title")).text


def test_nobody_and_too_many():
    assert texts(drawn()) == ["nobody was seen to boot"]
    many = drawn(*[Boot(mac=str(number)) for number in range(MAX_BOOTS + 3)])
    assert texts(many)[-1] == "and 3 more boots"


def test_it_needs_nothing_from_elsewhere():
    text = picture([Boot(mac='<script>"&', steps=(Step(step="dns", outcome="failed", what="</svg><script>"),))])
    assert "<script" not in text
    assert not any(
        word in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
        for word in ("http", "url(", "@import", "href", "onload")
    )


def test_what_was_not_seen_is_told_once():
    boot = Boot(mac=NODE, steps=(
        Step(step="lacp", outcome="not-seen"), Step(step="dns", outcome="not-seen", what="x", packets=(3,)), Step(step="dns", outcome="not-seen"),
        Step(step="tftp", outcome="not-needed"), Step(step="arp", outcome="worked"),
    ))  # fmt: skip
    assert unseen(boot) == "not seen: lacp; not needed: tftp"
    assert [one.step for one in boot.steps if told(one)] == ["dns", "arp"]
    assert unseen(Boot(mac=NODE)) == ""


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        (0, [0, 0.0002, 0.0004, 0.0006, 0.0008, 0.001]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (7, [0, 2, 4, 6, 8]),
        (33, [0, 10, 20, 30, 40]),
    ],
)
def test_ticks_are_round(seconds, ticks):
    assert ticks_of(seconds) == ticks


@given(st.floats(0, 1e9))
def test_there_are_few_ticks_and_they_reach_to_the_end(seconds):
    found = ticks_of(seconds)
    assert 3 <= len(found) <= 9
    assert found[-1] >= seconds * 0.999


def test_titles():
    assert title(Boot(mac=NODE, stopped_at="dhcp")) == f"{NODE} · stopped at dhcp"


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ((), "seen without a step that worked"),
        ((("dhcp", "not-seen", 1.0),), "seen without a step that worked"),
        ((("link", "worked", 0.0), ("dhcp", "worked", 0.9), ("tftp", "not-seen", 5.0)), "seen as far as dhcp (0.9 s)"),
        ((("dhcp", "slow", 3.0), ("http-boot", "worked", 4.0)), "seen as far as http-boot (4.0 s)"),
        ((("dhcp", "worked", 3.0), ("mirror", "worked", 40.0)), "nothing stopped it"),
        ((("mirror", "not-needed", 40.0), ("dns", "worked", 2.0)), "seen as far as dns (2.0 s)"),
    ],
    ids=["nothing", "unseen", "dhcp", "file", "end", "not needed"],
)
def test_an_end_is_told_where_it_was_seen_alone(steps, end):
    boot = Boot(mac=NODE, steps=tuple(Step(step=step, outcome=outcome, time=at) for step, outcome, at in steps))
    assert title(boot) == f"{NODE} · {end}"


def test_characters_that_xml_does_not_hold_are_replaced():
    assert clean("a\x00\u202e b\ud800") == "a�� b�"


@given(st.lists(BOOT, max_size=4))
def test_whatever_is_in_a_boot_it_is_well_formed(given_):
    drawn(*given_)
