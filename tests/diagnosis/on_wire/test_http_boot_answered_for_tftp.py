import pytest

from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import http_boot_answered_for_tftp as rule
from tests.diagnosis.healthy_boots import by_http, silent
from tests.diagnosis.wires import ANY, NODE, RACK_IP, case, discover, lease, leased, offer, pxe, transfer

HTTP = pxe(16)
URL = lease(o60=b"HTTPClient", o67=b"http://10.0.0.2/bootx64.efi")


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_a_tftp_file_name():
    found = only(discover(options=HTTP), offer(0.01), discover(4, options=HTTP))
    assert (
        found.what
        == f"{NODE} boots by HTTP (UEFI x64 HTTP, architecture 16) and was answered with the TFTP file name 'bootx64.efi'"
    )
    assert (found.client, found.address, found.flow) == (NODE, RACK_IP, "dhcp")
    assert "`http://10.0.0.2/…`" in found.fix[0]


def test_an_offer_that_firmware_passes_over_again_and_again_is_its_symptom():
    """As EDK II asks, whose own pace is 4, 8, 16 s."""
    asks = [(discover(at, options=HTTP, xid=7), offer(at + 0.01, xid=7)) for at in (0, 4, 12)]
    (found,) = judge(case(asks, until=30))
    assert (found.id, len(found.symptoms)) == (rule.ID, 1)


def test_a_url_without_the_class():
    found = only(discover(options=HTTP), offer(0.01, file=b"", options=lease(o67=b"http://10.0.0.2/bootx64.efi")))
    assert found.what.endswith("names 'http://10.0.0.2/bootx64.efi' without the class HTTPClient")


@pytest.mark.parametrize(
    "things",
    [
        by_http(),
        (discover(options=HTTP, xid=1), offer(0.01, xid=1), leased(9, xid=2), transfer(at=10)),
        (discover(options=HTTP, xid=1), offer(0.01, xid=1), leased(9, xid=2, asks=HTTP, file=b"", options=URL)),
        (discover(options=HTTP), offer(0.01, file=b"", siaddr=ANY)),
        discover(options=HTTP),
        leased(),
    ],
    ids=["as it should be", "PXE works", "HTTP works later", "nothing named", "no answer", "PXE"],
)
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


def test_healthy_wires():
    assert silent(rule) == {}
