"""Filters that this kernel takes."""

import pytest

from bellrock.capture import accepted as module
from bellrock.capture.accepted import accepted, takes
from bellrock.capture.compiled import FilterError
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import CATALOGUE, flow
from bellrock.link.filter import Instruction
from tests.capture.packets import KNOWN

PASS = Instruction(0x06, 0, 0, 1)
LOAD = Instruction(0x28, 0, 0, 12)


def test_small_ones_as_they_are():
    made, program = accepted(Wanted(flows=(flow("dhcp"),), addresses=KNOWN))
    assert takes(program)
    assert not any("anywhere" in note for note in made.notes)


def test_everything_is_widened_until_the_kernel_takes_it():
    made, program = accepted(Wanted(flows=CATALOGUE, addresses=KNOWN))
    assert takes(program)
    assert any("anywhere" in note for note in made.notes)


def test_the_kernel_is_asked():
    assert takes((PASS,))
    assert not takes((*[LOAD] * 4095, PASS))
    assert not takes((*[LOAD] * 4096, PASS))
    with pytest.raises(FilterError, match="Invalid argument"):
        takes((LOAD,))


@pytest.mark.parametrize("there", [True, False])
def test_a_kernel_that_takes_none(monkeypatch, tmp_path, there):
    limit = tmp_path / "optmem_max"
    if there:
        limit.write_text("20480\n")
    monkeypatch.setattr(module, "OPTMEM", limit)
    monkeypatch.setattr(module, "takes", lambda program: False)
    with pytest.raises(
        FilterError, match="optmem_max is 20480" if there else "fewer flows, fewer VLAN tags or no errors$"
    ):
        accepted(Wanted(flows=(flow("dhcp"),)))
