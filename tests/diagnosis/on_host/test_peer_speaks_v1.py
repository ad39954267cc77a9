import msgspec
import pytest

from bellrock.diagnosis.on_host import peer_speaks_v1
from tests.diagnosis.looks import cable, heard, look
from tests.diagnosis.sites import case, found, here, whats

MAC = "02:00:00:00:00:09"


def test_beacons_of_a_version_that_is_not_taken():
    assert whats(peer_speaks_v1, case(here(refused=((MAC, "version 3", 4),)))) == [
        ("warning", f"{MAC} speaks version 3 of the beacon protocol, which rack-1 does not take")
    ]
    both = case(here(refused=((MAC, "version 3", 4),)), here("rack-2", refused=((MAC, "version 3", 4),)))
    [one] = found(peer_speaks_v1, both)
    assert "which rack-1 and rack-2 do not take" in one.what


def test_a_peer_that_speaks_the_first_one_alone_is_worth_a_notice():
    old = msgspec.structs.replace(heard(), version=1)
    given = case(looks=(look(cable(heard=(old, old))),))
    assert whats(peer_speaks_v1, given) == [("notice", "rack-1 speaks version 1 of the beacon protocol alone")]


@pytest.mark.parametrize("refused", [(), ((MAC, "wrong secret", 9),), ((MAC, "replay", 9),)])
def test_others_are_none(refused):
    new = msgspec.structs.replace(heard(), version=2)
    assert found(peer_speaks_v1, case(here(refused=refused), looks=(look(cable(heard=(new, heard()))),))) == []
