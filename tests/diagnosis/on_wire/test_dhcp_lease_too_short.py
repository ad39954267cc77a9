import pytest

from bellrock.diagnosis.on_wire import dhcp_lease_too_short as rule
from bellrock.model import Confidence, Severity
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, NODE_IP, RACK_IP, case, conversation, lease, leased, transfer

SHORT = leased(options=lease(seconds=30))


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_a_short_lease_is_a_warning():
    found = only(SHORT, transfer())
    assert found.what == f"{RACK_IP} leases {NODE_IP} to {NODE} for 30 s only"
    assert (found.severity, found.confidence, found.address) == (Severity.WARNING, Confidence.LIKELY, RACK_IP)


@pytest.mark.parametrize(
    "use", [transfer(at=1, until=40), conversation(at=1, until=40)], ids=["transfer", "conversation"]
)
def test_it_was_used_beyond_its_end(use):
    found = only(SHORT, use)
    assert (found.severity, found.confidence) == (Severity.ERROR, Confidence.CERTAIN)
    assert found.proof[-1] == f"At 40.000 s the machine still used {NODE_IP}: the lease had run out by then."


def test_a_lease_that_is_renewed_goes_on():
    (found,) = rule.find(case(SHORT, leased(20, options=lease(seconds=30), xid=2), conversation(at=1, until=45)))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    "things",
    [
        (SHORT, leased(9, xid=2)), leased(options=lease(seconds=120)), leased(options=lease(seconds=30), asks={60: b"android"}),
        leased(options=lease(o51=None)),
    ],
    ids=["a longer one after it", "long enough", "does not boot", "no lease time"],
)  # fmt: skip
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


def test_healthy_wires():
    assert silent(rule) == {}
