import pytest

from bellrock.diagnosis.on_host import wrong_secret
from tests.diagnosis.sites import case, found, here, whats

MAC = "02:00:00:00:00:09"


def test_each_source_once_whoever_refuses_it():
    given = case(here(refused=((MAC, "wrong secret", 40),)), here("rack-2", refused=((MAC, "wrong secret", 9),)))
    assert whats(wrong_secret, given) == [
        ("warning", f"rack-1 and rack-2 hear beacons of {MAC} that their secret does not open")
    ]
    [one] = found(wrong_secret, given)
    assert one.proof[1] == f"rack-2 refused 9 beacons of {MAC}: wrong secret."
    assert whats(wrong_secret, case(given.here[0]))[0][1].startswith("rack-1 hears")


@pytest.mark.parametrize(
    "refused",
    [
        (),
        ((MAC, "replay", 99),),
        ((MAC, "wrong secret", 2),),
        ((MAC, "version 3", 99),),
        ((MAC, "clock skew +99 s", 9),),
    ],
)
def test_other_refusals_and_a_beacon_or_two_are_none(refused):
    assert found(wrong_secret, case(here(refused=refused))) == []
