import gzip

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract import ContractError, Delivered, NodeAnswer, NodeReport, Placed
from bellrock.contract.letters import open_answer, open_report, seal_answer, seal_report
from bellrock.model import Finding, Host, HostSeen, Severity, Wall

NODE = Host("01ARZ3NDEKTSV4RRFFQ69G5FAV", "node-7", "node")
REPORT = NodeReport(host=NODE, boot="b", sent=Wall(1.0), observations=(HostSeen(NODE, Wall(1.0)),))
FINDING = Finding(id="no-carrier", severity=Severity.NOTICE, what="x", proof=("y.",))


def test_what_is_sealed_opens():
    assert open_report(seal_report(REPORT)) == REPORT
    answer = Delivered(
        "L", NodeAnswer(region="r", placed=(Placed("eth0", "fabric-1", ("pxe",), (None,)),), findings=(FINDING,))
    )
    assert open_answer(seal_answer(answer)) == answer


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"not gzip",
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"\xff", mtime=0),
        gzip.compress(b"[" * 20_000, mtime=0),
        gzip.compress(bytes(600_000), mtime=0),
    ],
)
@pytest.mark.parametrize("opener", [open_report, open_answer])
def test_what_is_no_letter(octets, opener):
    with pytest.raises(ContractError):
        opener(octets)


@pytest.mark.parametrize("many", [{"observations": (HostSeen(NODE, Wall(1.0)),) * 501}, {"findings": (FINDING,) * 257}])
def test_reports_have_bounds(many):
    with pytest.raises(ContractError, match="more than 500 observations or 256 findings"):
        open_report(seal_report(msgspec.structs.replace(REPORT, **many)))


@given(st.binary(max_size=200))
def test_a_report_or_the_one_error(octets):
    with pytest.raises(ContractError):
        open_report(gzip.compress(octets))
