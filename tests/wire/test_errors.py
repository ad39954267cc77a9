import copy
import pickle

import pytest

from bellrock.wire.errors import Reason, WireError


def test_what_it_says():
    error = WireError(Reason.SKEW, "an hour ahead", 3600.0)
    assert (error.reason, error.detail, error.skew) == (Reason.SKEW, "an hour ahead", 3600.0)
    assert str(error) == "skew: an hour ahead"


def test_the_detail_is_put_together_when_read():
    error = WireError(Reason.TRUNCATED, ("%d octets, expected %s", 3, "four"))
    assert error.detail == "3 octets, expected four"
    assert str(error) == "truncated: 3 octets, expected four"
    assert error.skew is None


def test_percent_signs_in_text_are_left_alone():
    assert WireError(Reason.MALFORMED, "100 % wrong").detail == "100 % wrong"


@pytest.mark.parametrize("again", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_it_survives_copying(again):
    error = again(WireError(Reason.SKEW, ("%d s", 5), 5.0))
    assert (error.reason, error.detail, error.skew) == (Reason.SKEW, "5 s", 5.0)


def test_reasons_are_words_that_can_be_counted():
    assert all(reason.value == reason.value.lower() and " " not in reason.value for reason in Reason)
    assert len({reason.value for reason in Reason}) == len(Reason)
