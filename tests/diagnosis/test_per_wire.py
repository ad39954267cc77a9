from bellrock.diagnosis.per_wire import per_wire
from tests.diagnosis.wires import discover, wire


def test_a_reading_is_made_once_for_each_wire_and_goes_with_it():
    made = []

    @per_wire
    def numbers(given):
        """Of its packets."""
        made.append(len(given.packets))
        return [packet.number for packet in given.packets]

    one, other = wire(discover()), wire(discover(), discover(1))
    assert (numbers(one), numbers(one), made) == ([1], [1], [1])
    assert (numbers(other), numbers(one), made) == ([1, 2], [1], [1, 2, 1])
    assert numbers.__doc__ == "Of its packets."
    del other
    assert numbers._kept is not None
    del one
    assert numbers._kept is None
