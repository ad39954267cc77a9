"""What the region answers about flows, as the command line reads it."""

import pytest
from msgspec import ValidationError, convert

from bellrock.cli.probeanswers import Begun, Found, Matrix, Schedule, Webhook
from bellrock.model import Verdict

FOUND = {
    "agent": "rack1",
    "flow": "dns",
    "target": "10.0.0.53:53",
    "verdict": "filtered",
    "detail": "nothing came back",
}


def test_a_result_is_read_as_if_this_machine_had_tried_it():
    step = {"at": 1.0, "direction": "sent", "what": "DNS over UDP", "octets": 40}
    more = {"rtt_ms": 1.5, "evidence": [step], "variant": "udp", "facts": {"a": 1}, "place": 3, "unheard_of": True}
    found = convert(FOUND | more, Found)
    probed = found.as_probed()
    assert (probed.flow, probed.target, probed.verdict, probed.detail) == (
        "dns", "10.0.0.53:53", Verdict.FILTERED, "nothing came back",
    )  # fmt: skip
    assert (probed.source, probed.variant, probed.rtt_ms, probed.facts, found.place) == (
        "rack1",
        "udp",
        1.5,
        {"a": 1},
        3,
    )
    assert [(one.what, one.octets) for one in probed.evidence] == [("DNS over UDP", 40)]


def test_what_an_older_region_leaves_out_has_its_default():
    assert convert(FOUND, Found).expected == "pass"
    assert convert({"id": "site", "every": 300}, Schedule).next is None
    assert convert({"id": "w", "url": "https://a.lab/"}, Webhook).delivered == 0
    assert convert({"run": "r", "checks": 2, "left": 1}, Begun).results == ()
    assert convert({"site": None, "agents": [], "flows": [], "cells": []}, Matrix).untried == ()


@pytest.mark.parametrize(
    "answer",
    [
        FOUND | {"verdict": "fine"},
        {name: FOUND[name] for name in ("agent", "flow")},
        [FOUND],
        FOUND | {"rtt_ms": "fast"},
    ],
    ids=["verdict", "missing", "list", "number"],
)
def test_what_is_no_result(answer):
    with pytest.raises(ValidationError):
        convert(answer, Found)
