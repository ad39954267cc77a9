from bellrock.flows import CATALOGUE, Role, flow, passages
from bellrock.flows.matrix import Way, cell_row, matrix, pairs_of, ports_of
from tests.flows.sites import site


def cells(flows=CATALOGUE, pairs=None):
    return {(cell.source, cell.destination): cell for cell in matrix(flows, pairs)}


def test_each_exchange_is_in_the_cells_of_its_ends():
    found = cells([flow("dns")])
    assert set(found) == {
        (Role.NODE, Role.RACK), (Role.NODE, Role.REGION), (Role.NODE, Role.DNS), (Role.RACK, Role.DNS), (Role.REGION, Role.DNS),
    }  # fmt: skip
    assert found[Role.NODE, Role.RACK].ways == (
        Way(flow="dns", protocol="udp", ports="53"), Way(flow="dns", protocol="tcp", ports="53")
    )  # fmt: skip


def test_what_connection_tracking_relates_reaches_nobody_by_itself():
    assert set(cells([flow("tftp")])) == {(Role.NODE, Role.RACK)}


def test_ports_of_a_cell_are_sorted_and_told_once():
    assert ports_of(cells()[Role.NODE, Role.RACK]) == "udp/53,67,69,547,5240 tcp/53,80,443,3128"
    assert ports_of(cells()[Role.ANYONE, Role.ANYONE]) == "icmp icmpv6 igmp"


def test_what_must_not_be_is_marked():
    [cell] = matrix([flow("libvirt-dnsmasq")], {(Role.LIBVIRT_HOST, Role.NODE)})
    assert ports_of(cell) == "!udp/68"
    assert cell_row(cell) == {
        "source": "libvirt-host",
        "destination": "node",
        "ways": [{"flow": "libvirt-dnsmasq", "protocol": "udp", "ports": "68", "forbidden": True}],
    }


def test_a_site_leaves_the_pairs_that_it_has():
    found = cells(pairs=pairs_of(passages(site())))
    assert (Role.NODE, Role.RACK) in found
    assert not any(Role.BMC in pair or Role.LXD_HOST in pair for pair in found)


def test_cells_are_in_the_order_of_roles():
    order = list(Role)
    keys = [(order.index(cell.source), order.index(cell.destination)) for cell in matrix(CATALOGUE)]
    assert keys == sorted(keys)
