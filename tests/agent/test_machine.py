import pytest

from bellrock.agent.machine import machine_id, physical
from bellrock.model import Interface, InterfaceKind


def interface(index, mac, kind=InterfaceKind.PHYSICAL, permanent=None):
    return Interface(name=f"eth{index}", index=index, mac=mac, kind=kind, permanent_mac=permanent)


A, B = interface(2, "02:00:00:00:00:0a"), interface(3, "02:00:00:00:00:0b")
BRIDGE = interface(4, "02:00:00:00:00:0c", InterfaceKind.BRIDGE)
VETH = interface(1, "02:00:00:00:00:0d", InterfaceKind.VETH)


def test_physical_are_those_with_a_cable_by_index():
    assert physical([BRIDGE, B, A, VETH]) == [VETH, A, B]


@pytest.fixture
def board(tmp_path):
    path = tmp_path / "product_uuid"
    path.write_text("4c4c4544-0042-4810-8056-b3c04f4a5931\n")
    return path


def test_the_same_machine_has_the_same_id_whatever_its_order_and_its_bridges(board):
    first = machine_id([A, B], board)
    assert len(first) == 26
    assert first.isalnum()
    assert machine_id([B, BRIDGE, A], board) == first


def test_boards_and_cards_make_a_difference(board, tmp_path):
    one = machine_id([A], board)
    assert machine_id([B], board) != one
    assert machine_id([A], tmp_path / "none") != one
    (tmp_path / "octets").write_bytes(b"\xff\xfe")
    assert machine_id([A], tmp_path / "octets") == machine_id([A], tmp_path / "none")


def test_the_permanent_address_counts(board):
    assert machine_id([interface(2, "02:00:00:00:00:ff", permanent=A.mac)], board) == machine_id([A], board)
