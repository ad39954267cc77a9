"""The kernel's filter of a live capture, run by the kernel: a filter on a socket pair sees what is written as it would see a frame."""

import socket

import pytest

from bellrock.capture.compiled import compile_filter
from bellrock.capture.filter import body
from bellrock.capture.program import cut, keep, live_program, shifted
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import CATALOGUE, flow
from bellrock.link import libc
from bellrock.link.filter import Instruction, pack
from tests.capture.packets import KNOWN, STACKS, belongs, universe
from tests.capture.test_quoted import QUERY, error

UNIVERSE = universe()[::11]
HARDWARE_TEST = 4
"""Instructions that ask for the interface's kind: a socket pair has no interface."""


class Kernel:
    """What the kernel does with a program."""

    def __init__(self, program):
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            libc.attach_filter(self.far.fileno(), pack(program))
        except OSError:
            self.__exit__()
            raise
        self.far.setblocking(False)

    def takes(self, frame):
        """How many octets are kept; 0: none."""
        self.near.send(frame)
        try:
            return len(self.far.recv(65536))
        except BlockingIOError:
            return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.near.close()
        self.far.close()


def wanted_program(wanted):
    return live_program(compile_filter(body(wanted)), wanted.tags)


@pytest.mark.parametrize("known", [{}, KNOWN], ids=["nothing", "all"])
@pytest.mark.parametrize(
    "ids", [(one.id,) for one in CATALOGUE] + [tuple(one.id for one in CATALOGUE[:9])], ids=lambda ids: ids[0]
)
def test_the_kernel_takes_what_libpcap_takes(ids, known):
    flows = tuple(map(flow, ids))
    with Kernel(wanted_program(Wanted(flows=flows, addresses=known))[HARDWARE_TEST:]) as kernel:
        for depth, packet in enumerate(UNIVERSE):
            frame = packet.frame(*STACKS[depth % 3])
            assert bool(kernel.takes(frame)) == belongs(packet, flows, known), packet


@pytest.mark.parametrize("family", [4, 6])
def test_loads_at_places_that_are_computed(family):
    with Kernel(wanted_program(Wanted(flows=(flow("dns"),), errors=True))[HARDWARE_TEST:]) as kernel:
        for stack in STACKS:
            assert kernel.takes(error(QUERY[family], 3, *stack))
            assert not kernel.takes(error(QUERY[family], 0, *stack))


@pytest.mark.parametrize("tags", [0, 1, 2])
def test_no_more_tags_than_wanted(tags):
    with Kernel(wanted_program(Wanted(flows=(flow("dns"),), tags=tags))[HARDWARE_TEST:]) as kernel:
        assert [bool(kernel.takes(QUERY[4].frame(*stack))) for stack in STACKS] == [depth <= tags for depth in range(3)]
        assert not kernel.takes(QUERY[4].frame((0x9100, 1), *STACKS[2]))


def test_other_hardware_is_dropped():
    with Kernel(wanted_program(Wanted(flows=(flow("dns"),)))) as kernel:
        assert not kernel.takes(QUERY[4].frame())


def test_all_and_cut():
    with Kernel(keep(262144)) as kernel:
        assert kernel.takes(b"anything") == 8
    with Kernel(cut(wanted_program(Wanted(flows=(flow("dns"),)))[HARDWARE_TEST:], 20)) as kernel:
        assert kernel.takes(QUERY[4].frame()) == 20
        assert kernel.takes(bytes(60)) == 0


def test_addresses_of_the_frame_stay_where_they_are():
    program = compile_filter("ether host 02:00:00:00:00:01 and ip")
    assert [one for one in shifted(program, 4) if one.k < 12 and one.code == 0x20] == [
        one for one in program if one.k < 12 and one.code == 0x20
    ]
    assert shifted((Instruction(0x28, 0, 0, 12), Instruction(0x30, 0, 0, 0xFFFFF030)), 4) == (
        Instruction(0x28, 0, 0, 16),
        Instruction(0x30, 0, 0, 0xFFFFF030),
    )
