"""Left-hand sides: what nft asks of a packet before it looks."""

import pytest

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.read.context import Context, Known
from bellrock.firewall.verify.read.subjects import implied, subject
from bellrock.firewall.verify.read.values import UndecidedError
from tests.firewall.verify.read.documents import ct, meta, of, payload


def at(family: str = "inet") -> Context:
    return Context(family, "t", Known(), family in {"bridge", "netdev"})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (payload("tcp", "window"), of(l4proto=6)),
        (payload("esp", "spi"), of(l4proto=50)),
        (payload("arp", "operation"), Boxes.everything()),
        ({"jhash": {"mod": 2, "expr": payload("ip", "saddr")}}, of(nfproto=2)),
        ([payload("ip", "saddr"), payload("udp", "dport")], of(nfproto=2, l4proto=17)),
        (ct("zone"), of(ct_state=(1, 3))),
        (ct("state"), Boxes.everything()),
        (5, Boxes.everything()),
    ],
)
def test_implied(expression, expected):
    assert implied(expression, at()) == expected


def test_a_frame_without_ip_has_no_transport():
    assert implied(payload("tcp", "window"), at("bridge")) == of(l4proto=6, nfproto=[2, 10])


def test_a_subject_has_a_width():
    assert subject(payload("ip", "saddr"), at()).width == 32
    assert subject({"meta": "mark"}, at()).width == 32


@pytest.mark.parametrize(
    "left", [meta("cpu"), ct("zone"), payload("ip", "id"), {"ct": {"key": "mark", "dir": "original"}}, None]
)
def test_what_no_ruleset_decides(left):
    with pytest.raises(UndecidedError):
        subject(left, at())
