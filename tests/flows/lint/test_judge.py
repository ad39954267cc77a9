"""Everything that lint says, together; its parts are tested beside this."""

from bellrock.flows.lint import Kind, Weight, lint
from bellrock.flows.values import Role
from tests.flows.lint.scenes import listener, scene, talk

DNSMASQ = listener("udp", 67, name="dnsmasq")


def test_complaints_come_before_hints_and_nothing_watched_is_nothing_seen():
    verdict = lint(scene(DNSMASQ, listener("tcp", 22, name="sshd")))
    weights = [remark.weight for remark in verdict.remarks]
    assert weights == sorted(weights, key=[Weight.COMPLAINT, Weight.HINT].index)
    assert Weight.HINT in weights
    assert verdict.seen == ()
    assert verdict.served[0] == ("dhcp", "dnsmasq (pid 7, 0.0.0.0:67) on udp/67")
    assert verdict.roles == (Role.RACK,)
    assert verdict.unchecked
    assert all(remark.kind is not Kind.UNEXPLAINED for remark in verdict.remarks)


def test_what_was_watched_is_settled():
    verdict = lint(
        scene(conversations=(talk("10.20.0.50", 2070, "10.20.0.2", 69), talk("10.20.0.50", 1, "10.20.0.2", 2)))
    )
    assert verdict.seen == (("tftp", 1),)
    assert [remark.kind for remark in verdict.remarks].count(Kind.UNEXPLAINED) == 1
