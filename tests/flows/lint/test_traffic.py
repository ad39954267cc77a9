import pytest

from bellrock.flows import passages
from bellrock.flows.lint import Kind, Weight
from bellrock.flows.lint.traffic import TOP, remarks, settle
from tests.flows.lint.scenes import scene, site, talk

NODE, RACK, REGION, HOST = "10.20.0.50", "10.20.0.2", "10.20.0.3", "10.20.0.7"
SYN = {"protocol": "tcp", "begun": True}


def settled(*conversations, of=None):
    return settle(passages(of or site()), conversations)


@pytest.mark.parametrize(
    ("conversation", "flow"),
    [
        (talk(NODE, 2070, RACK, 69), "tftp"),
        (talk(NODE, 40000, REGION, 5240, **SYN), "api"),
        (talk(REGION, 5240, NODE, 40000, "tcp"), "api"),
        (talk("0.0.0.0", 68, "255.255.255.255", 67), "dhcp"),
        (talk(RACK, 67, "255.255.255.255", 68), "dhcp"),
        (talk(RACK, 67, NODE, 68), "dhcp"),
        (talk(RACK, 40000, REGION, 5240, **SYN), "stream"),
        (talk(RACK, 53, NODE, 33333), "dns"),
        (talk("fe80::1", 5240, "ff02::15a", 5240), "beacon"),
    ],
)
def test_a_conversation_finds_its_flow(conversation, flow):
    found = settled(conversation)
    assert (found.seen, found.unexplained, found.forbidden) == (((flow, 1),), (), ())


@pytest.mark.parametrize(
    "conversation",
    [
        talk(NODE, 2070, REGION, 69),
        talk("192.0.2.1", 2070, RACK, 69),
        talk(NODE, 40000, RACK, 69, "tcp"),
        talk(RACK, 69, NODE, 2070),
        talk(RACK, 50001, NODE, 2070),
        talk(NODE, 5353, "224.0.0.251", 5353),
    ],
)
def test_what_no_flow_explains(conversation):
    found = settled(conversation)
    assert (found.seen, found.unexplained) == ((), (conversation,))


def test_tftps_data_is_explained_by_the_request_before_it():
    data, answer = talk(RACK, 50001, NODE, 2070, packets=9), talk(NODE, 2070, RACK, 50001, packets=8)
    found = settled(data, talk(NODE, 2070, RACK, 69), answer)
    assert (found.seen, found.unexplained) == ((("tftp", 18),), ())


def test_talk_within_this_host_is_nobodys_business():
    found = settled(talk("127.0.0.1", 40000, "127.0.0.1", 53), talk("::1", 1, "::1", 2))
    assert (found.seen, found.unexplained) == ((), ())


def test_a_needed_flow_goes_before_a_forbidden_one_with_the_same_packets():
    both = site(base=site_text().replace('addresses = ["10.20.0.7"]', 'addresses = ["10.20.0.7", "10.20.0.2"]'))
    found = settled(talk(RACK, 67, NODE, 68), of=both)
    assert (found.seen, found.forbidden) == ((("dhcp", 1),), ())


def site_text():
    from tests.flows.lint.scenes import SITE

    return SITE


def said(*conversations, **more):
    there = scene(**more)
    return list(remarks(there, settle(there.passages, conversations)))


def test_forbidden_traffic_is_a_complaint():
    [remark] = said(talk(HOST, 67, NODE, 68, interface="eth0", vid=20, packets=3))
    assert (remark.kind, remark.weight, remark.flow) == (Kind.FORBIDDEN, Weight.COMPLAINT, "libvirt-dnsmasq")
    assert remark.sentence == (
        "traffic of libvirt-dnsmasq was seen, which must not be: 10.20.0.7:67 → 10.20.0.50:68 udp, 3 packets on eth0 VLAN 20"
    )
    assert remark.proof.startswith("RFC 2131")


def test_a_foreign_dhcp_server_is_a_complaint():
    [remark] = said(talk("10.20.0.99", 67, "255.255.255.255", 68, interface="eth0"))
    assert (remark.kind, remark.weight, remark.flow) == (Kind.ROGUE_DHCP, Weight.COMPLAINT, "dhcp")
    assert remark.sentence == "10.20.0.99 answers DHCP on eth0, and is no DHCP server or relay of the site"


def test_unexplained_traffic_is_summed_up_by_server_port():
    found = said(
        talk(NODE, 40001, HOST, 3306, packets=2, protocol="tcp"),
        talk(HOST, 3306, NODE, 40001, packets=3, protocol="tcp"),
        talk(NODE, 22, HOST, 40000, protocol="tcp", begun=True),
        talk("fd00::9", 40000, "fd00::8", 9),
    )
    assert [(remark.weight, remark.sentence, remark.proof) for remark in found] == [
        (Weight.HINT, "no flow of the site explains 10.20.0.50 → 10.20.0.7 on tcp/3306", "5 packets seen"),
        (Weight.HINT, "no flow of the site explains 10.20.0.50 → 10.20.0.7 on tcp/40000", "1 packet seen"),
        (Weight.HINT, "no flow of the site explains fd00::9 → fd00::8 on udp/9", "1 packet seen"),
    ]


def test_only_the_most_of_it_is_told_and_the_rest_is_counted():
    found = said(*(talk(NODE, 40000, HOST, 10_000 + port, packets=port + 1) for port in range(TOP + 5)))
    assert len(found) == TOP + 1
    assert found[0].proof == f"{TOP + 5} packets seen"
    assert (found[-1].sentence, found[-1].proof) == (
        "no flow of the site explains 5 more pairs of hosts and ports", "15 packets seen"
    )  # fmt: skip


def test_a_site_without_dhcp_takes_no_server_for_a_rogue():
    of = site('[flows]\ndisable = ["dhcp"]')
    [remark] = said(talk("10.20.0.99", 67, "255.255.255.255", 68), of=of)
    assert remark.kind is Kind.UNEXPLAINED
