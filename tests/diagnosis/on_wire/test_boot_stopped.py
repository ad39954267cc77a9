import pytest

from bellrock.diagnosis.boot import Boot, Step
from bellrock.diagnosis.boots import boots
from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import boot_stopped as rule
from bellrock.model import Confidence, Finding, Severity
from tests.diagnosis.healthy_boots import WELL, silent, well
from tests.diagnosis.wires import NODE, NODE_IP, arp_answers, case, leased  # fmt: skip

DIRECT = arp_answers(1)


def boot(step="tftp", outcome="failed", stage="firmware", **more):
    told = Step(step=step, outcome=outcome, stage=stage, what="10.0.0.2 has broken off", packets=(3,), time=2.0)
    return Boot(**{"mac": NODE, "address": NODE_IP, "arch": 7, "steps": (told,), "stopped_at": step} | more)


def found(*given, things=(DIRECT,)):
    return list(rule.find(case(leased(), *things, boots=given)))


def test_a_boot_that_stopped_is_told():
    (one,) = found(boot())
    assert one.what == f"The boot of {NODE} stopped at tftp: 10.0.0.2 has broken off"
    assert (one.severity, one.confidence, one.client, one.evidence) == (
        Severity.WARNING,
        Confidence.POSSIBLE,
        NODE,
        ("packet 3",),
    )


def test_of_who_does_not_boot_it_is_a_notice():
    (one,) = found(boot("metadata", stage="", arch=None))
    assert one.severity is Severity.NOTICE


@pytest.mark.parametrize(
    "given",
    [
        (boot(stopped_at=""),), (boot("dns"),), (boot("dhcp", stage="installer"),), (boot(), boot(stopped_at="")), (boot(outcome="worked"),),
    ],
    ids=["nothing stopped it", "a name at a venture", "a system asks for one more address", "the next one worked", "the step went well"],
)  # fmt: skip
def test_what_is_none(given):
    assert found(*given) == []


def test_silence_counts_where_an_answer_would_have_been_seen():
    assert found(boot(outcome="unanswered"))
    assert found(boot(outcome="unanswered"), things=()) == []
    assert found(boot("dhcp", outcome="unanswered"), things=())


def error(**more):
    return Finding(
        **{"id": "tftp-unanswered", "severity": Severity.ERROR, "what": "it is so", "proof": ("seen",)} | more
    )


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (error(client=NODE), False), (error(client=NODE_IP), False), (error(), False), (error(client="00:16:3e:00:00:99"), True),
        (error(client=NODE, severity=Severity.NOTICE), True), (error(severity=Severity.WARNING), True),
    ],
    ids=["of the machine", "of its address", "of everybody", "of another", "a notice", "a warning of everybody"],
)  # fmt: skip
def test_whatever_tells_more_takes_its_place(other, told):
    ids = [one.id for one in judge(case(leased(), DIRECT, until=5, boots=(boot(),)), [other])]
    assert (rule.ID in ids) is told


@pytest.mark.parametrize("name", WELL)
def test_healthy_boots_have_come_to_their_end(name):
    given = well(name)
    assert not list(rule.find(case(*given.wire.packets, boots=boots(given.wire))))


def test_healthy_wires_and_no_wire_at_all():
    assert silent(rule) == {}
