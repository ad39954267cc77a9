"""All rules together: their order, what follows from what, and that none judges a healthy machine."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis import RULES, diagnose
from bellrock.model import Severity
from tests.diagnosis.looks import SWITCH, bpdu, cable, heard, lacp, look

cables = st.builds(
    cable,
    st.sampled_from(["eth0", "eth1", "eth2"]),
    carrier=st.sampled_from([True, False, None]),
    link=st.fixed_dictionaries({"mtu": st.integers(0, 70_000), "duplex": st.sampled_from(["", "half", "full"])}),
    heard=st.sampled_from([(), (heard(),)]),
    lacp=st.sampled_from([None, lacp(0x45), lacp(0x3D)]),
    bpdu=st.sampled_from([None, bpdu(None), bpdu(True), bpdu(False)]),
    neighbour=st.sampled_from([None, SWITCH]),
    first_passed=st.one_of(st.none(), st.floats(0, 100)),
    strangers=st.integers(0, 3),
)


def test_a_healthy_machine_has_no_findings():
    assert diagnose(look(cable("eth0"), cable("eth1"))) == ()


def test_the_gravest_come_first():
    it = look(cable("eth0", link={"duplex": "half", "mtu": 1000}), cable("eth1", carrier=False))
    assert [one.severity for one in diagnose(it)] == [Severity.ERROR, Severity.WARNING, Severity.NOTICE]


def test_silence_that_has_a_cause_is_not_told_beside_it():
    blocked = cable("eth1", lacp=lacp(0x45), heard=(), first_passed=None)
    (one,) = diagnose(look(cable("eth0"), blocked))
    assert (one.id, one.symptoms) == ("lacp-expected", ("node-7/eth1 hears no region and no rack",))
    both = diagnose(
        look(cable("eth0"), cable("eth1", heard=()), cable("eth2", bpdu=bpdu(False), heard=(), first_passed=None))
    )
    assert [(one.id, one.interface) for one in both] == [("stp-not-forwarding", "eth2"), ("no-region-heard", "eth1")]


@given(st.lists(cables, max_size=4, unique_by=lambda it: it.interface.name), st.booleans())
def test_any_look_can_be_judged_and_every_finding_has_a_proof(it, told):
    for one in diagnose(look(*it, told="region" if told else "")):
        assert one.id in RULES
        assert one.proof
        assert one.what
