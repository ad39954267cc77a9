"""Moments differ where answers may."""

from __future__ import annotations

from types import SimpleNamespace

from bellrock.region.service.moments import Moments
from bellrock.region.service.publish import Topic


def test_what_makes_another_moment():
    inference = SimpleNamespace(revision=3, advanced=lambda: True)
    view = SimpleNamespace(names={"a": "rack1"})
    publisher = SimpleNamespace(turns=dict.fromkeys(Topic, 0))
    registrar = SimpleNamespace(turn=0)
    moments = Moments(lambda: view, inference, publisher, registrar)
    claims, told = moments.claims(), moments.told()
    for topic in set(Topic) - {Topic.TOPOLOGY, Topic.INTERFACES}:
        publisher.turns[topic] += 1
    view.names = {"a": "rack1"}  # made anew, the same
    assert (moments.claims(), moments.told()) == (claims, told)
    publisher.turns[Topic.INTERFACES] += 1
    assert (moments.claims(), moments.told() != told) == (claims, True)
    told = moments.told()
    registrar.turn += 1
    assert (moments.claims(), moments.told() != told) == (claims, True)
    view.names = {"a": "rack2"}
    assert moments.claims() != claims
    claims = moments.claims()
    inference.revision += 1
    assert moments.claims() != claims
