"""Names in braces."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.lab.scenario.words import filled, filled_all


def test_what_is_known_is_replaced_and_nothing_else():
    words = {"rack-1": "10.0.0.2", "host-7/eth0": "02:00:00:00:00:01"}
    text = "add rule inet t c { type filter; } ip daddr {rack-1} ether {host-7/eth0} {nobody} {}"
    assert (
        filled(text, words)
        == "add rule inet t c { type filter; } ip daddr 10.0.0.2 ether 02:00:00:00:00:01 {nobody} {}"
    )
    assert filled_all(["{rack-1}", "x"], words) == ["10.0.0.2", "x"]


@given(st.text())
def test_without_words_a_text_stays_as_it_is(text):
    assert filled(text, {}) == text
