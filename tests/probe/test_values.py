"""What probes have in common."""

import pytest

from bellrock.link.source import Source
from bellrock.probe.values import WITHIN, Ask, Load, TlsFault


def test_an_ask_has_what_most_want():
    ask = Ask(flow="ntp", address="192.0.2.1")
    assert (ask.port, ask.within, ask.source, ask.options, len(ask.nonce)) == (0, WITHIN, Source(), {}, 16)


def test_an_ask_is_not_changed():
    with pytest.raises(AttributeError):
        Ask(flow="ntp").port = 1


def test_options_of_one_ask_are_not_anothers():
    one, other = Ask(flow="ntp"), Ask(flow="ntp")
    one.options["x"] = "1"
    assert other.options == {}


def test_a_tls_fault_has_facts_of_its_own():
    assert TlsFault("expired").facts == {}
    assert (str(TlsFault("expired", {"a": 1})), TlsFault("expired", {"a": 1}).facts) == ("expired", {"a": 1})


def test_a_load_opens_no_connections_and_spaces_nothing_unless_it_says_so():
    load = Load(packets=1, octets=1)
    assert (load.connections, load.spacing) == (0, 0.0)
