import pytest

from bellrock.diagnosis.readings_refused import Refusal, refusals, skew
from tests.diagnosis.sites import case, here


def test_by_host_and_peer():
    one, other = here(refused=(("a", "replay", 1), ("b", "wrong secret", 2))), here("rack-2")
    assert list(refusals(case(one, other))) == [Refusal(one, "a", "replay", 1), Refusal(one, "b", "wrong secret", 2)]


@pytest.mark.parametrize(
    ("why", "seconds"),
    [
        ("clock skew +312 s", 312.0),
        ("clock skew -40 s", -40.0),
        ("clock skew ", None),
        ("clock skew x s", None),
        ("replay", None),
        ("", None),
    ],
)
def test_seconds_of_a_skew(why, seconds):
    assert skew(why) == seconds
