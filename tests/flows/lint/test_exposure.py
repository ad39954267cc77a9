import pytest
from msgspec.structs import replace

from bellrock.flows.lint import HostAddress, Kind, Weight
from bellrock.flows.lint.exposure import common, remarks
from tests.flows.lint.scenes import RACK, listener, scene, site

SSHD = listener("tcp", 22, name="sshd")


def about(kind, *listeners, **more):
    return [remark for remark in remarks(scene(*listeners, **more)) if remark.kind is kind]


def test_a_wildcard_within_the_site_is_a_hint():
    [remark] = about(Kind.EXPOSED, SSHD)
    assert (remark.weight, remark.flow) == (Weight.HINT, "ssh")
    assert remark.sentence == "sshd (pid 7, 0.0.0.0:22) answers ssh on every address of this host"
    assert remark.proof.startswith("it is reached at 10.20.0.2 on eth0. Port 22 of machines is reached from")
    assert "bellrock firewall check" in remark.advice


def test_a_wildcard_that_reaches_beyond_the_site_is_a_complaint():
    [remark] = about(Kind.EXPOSED, SSHD, addresses=(*RACK, HostAddress("eth1", "203.0.113.5/24")))
    assert remark.weight is Weight.COMPLAINT
    assert remark.sentence.endswith("also outside of the site: 203.0.113.5 on eth1")


@pytest.mark.parametrize(
    ("socket", "more"),
    [
        (listener("tcp", 22, "10.20.0.2", name="sshd"), {}),
        (listener("tcp", 22, name="sshd", interface="lo"), {}),
        (listener("tcp", 2222, name="sshd"), {}),
        (SSHD, {"roles": ("ntp",)}),
    ],
)
def test_what_is_not_exposed(socket, more):
    assert about(Kind.EXPOSED, socket, **more) == []


def test_each_socket_is_told_once_though_two_roles_need_it():
    assert len(about(Kind.EXPOSED, SSHD, roles=("rack", "region", "node"))) == 1


def test_the_page_of_a_management_controller():
    of = site('[role.bmc]\naddresses = ["10.20.0.2"]')
    found = about(Kind.EXPOSED, listener("tcp", 80, name="lighttpd"), of=of, roles=("bmc",))
    assert [remark.flow for remark in found] == ["bmc-web"]


@pytest.mark.parametrize(
    ("admin", "proof"),
    [
        ('addresses = ["10.20.0.0/25"]', "both have 10.20.0.0 to 10.20.0.127"),
        ('addresses = ["10.20.0.9"]', "both have 10.20.0.9"),
        ('addresses = ["10.20.0.9", "10.20.0.11"]', "both have 10.20.0.9 and 1 more ranges"),
        ('addresses = ["any"]', "both have 10.20.0.0 to 10.20.0.255"),
    ],
)
def test_administrators_among_nodes(admin, proof):
    of = site(base=scene_text().replace('[role.admin]\nsubnets = ["office"]', f"[role.admin]\n{admin}"))
    [remark] = [remark for remark in about(Kind.OVERLAP, of=of) if remark.flow == "ssh"]
    assert remark.weight is Weight.COMPLAINT
    assert remark.sentence == "role admin, which alone may use ssh, contains addresses of role node"
    assert remark.proof == proof


def scene_text():
    from tests.flows.lint.scenes import SITE

    return SITE


def test_administrators_of_their_own_are_no_remark():
    assert about(Kind.OVERLAP) == []
    assert about(Kind.OVERLAP, of=site(base=scene_text().partition("[role.admin]")[0])) == []


def test_a_condition_on_somebody_who_does_not_begin_the_flow_excludes_nobody():
    there = scene(of=site(base=scene_text().replace('subnets = ["office"]', 'addresses = ["any"]')))
    [ssh] = [one for one in there.flows if one.id == "ssh"]
    [condition] = ssh.conditions
    turned = replace(ssh, conditions=(replace(condition, subject="log"),))
    assert [remark.kind for remark in remarks(replace(there, flows=(ssh,)))] == [Kind.OVERLAP]
    assert list(remarks(replace(there, flows=(turned,)))) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "shared"),
    [
        ((), ((1, 2),), ()),
        (((1, 5),), ((3, 9),), ((3, 5),)),
        (((1, 5), (7, 9)), ((2, 3), (5, 8)), ((2, 3), (5, 5), (7, 8))),
        (((1, 2),), ((3, 4),), ()),
        (((3, 4),), ((1, 2),), ()),
    ],
)
def test_what_ranges_share(ours, theirs, shared):
    assert common(ours, theirs) == shared


def test_a_role_that_is_everybody_opens_what_is_to_be_kept():
    text = scene_text() + '\n[role.bmc]\naddresses = ["10.9.0.0/24"]\n[role.snap-store]\naddresses = ["any"]\n'
    [remark] = [one for one in remarks(scene(of=site(base=text))) if one.kind is Kind.OPENED]
    assert (remark.weight, remark.flow) == (Weight.HINT, "bmc-web")
    assert "flow snap lets role" in remark.sentence
    assert "internet" in remark.advice
    assert not [
        one for one in remarks(scene(of=site(base=text.replace('"any"', '"internet"')))) if one.kind is Kind.OPENED
    ]
