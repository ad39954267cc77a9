import pytest

from bellrock.model.listening import Listener


@pytest.mark.parametrize(
    ("family", "address", "wildcard"),
    [(4, "0.0.0.0", True), (6, "::", True), (4, "10.0.0.2", False), (6, "::1", False)],
)
def test_which_addresses_are_any(family, address, wildcard):
    assert Listener(protocol="udp", family=family, address=address, port=69).wildcard is wildcard
