"""A port that is held open draws no ICMP error, keeps nothing, and is shared."""

import errno
import socket

import pytest

from bellrock.link.shield import Shield
from tests.lab.apart import apart
from tests.lab.test_agent_network import ip

pytestmark = pytest.mark.lab


def bounced() -> bool:
    """Whether a datagram to the port comes back as an error."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        sock.connect(("127.0.0.1", 5240))
        sock.send(b"beacon")
        try:
            sock.recv(1)
        except OSError as error:
            return error.errno == errno.ECONNREFUSED
    return False


def test_unicast_is_not_bounced_while_the_shield_is_up():
    def scene():
        ip("link set lo up")
        without = bounced()
        shield = Shield()
        families, shielded = shield.families, bounced()
        shield.close()
        shield.close()
        return without, shielded, families, bounced()

    without, shielded, families, after = apart(scene)
    assert (without, shielded, after) == (True, False, True)
    assert socket.AF_INET in families


def test_a_port_that_somebody_holds_for_himself_is_left_to_him():
    def scene():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("", 5240))
            shield = Shield()
            families = shield.families
            shield.close()
        return families

    assert socket.AF_INET not in apart(scene)


def test_two_share_it():
    def scene():
        first, second = Shield(), Shield()
        families = first.families, second.families
        first.close()
        second.close()
        return families

    first, second = apart(scene)
    assert first == second != ()
