import pytest
from msgspec.structs import replace

from bellrock.flows.lint import HostAddress, Kind, Weight
from bellrock.flows.lint.services import PROGRAMS, at_port, remarks, served, services, serving
from bellrock.flows.profiles import PROFILES
from bellrock.flows.values import Protocol, Role
from tests.flows.lint.scenes import RACK, listener, scene, site

ALL = [
    listener("udp", 67, name="dnsmasq"), listener("udp", 69, name="in.tftpd"), listener("tcp", 80, name="nginx"),
    listener("tcp", 443, name="nginx"), listener("udp", 53, name="named"), listener("tcp", 53, name="named"),
    listener("tcp", 3128, name="squid"), listener("tcp", 22, "10.20.0.2", name="sshd"),
]  # fmt: skip
"""Everything that a rack serves."""


def without(*ports):
    return [one for one in ALL if one.port not in ports]


def about(flow, *listeners, **more):
    return [remark for remark in remarks(scene(*listeners, **more)) if remark.flow == flow]


def test_a_rack_that_serves_everything_is_no_remark():
    assert list(remarks(scene(*ALL))) == []


def test_what_a_rack_serves():
    found = {service.flow.id: service.ports for service in services(scene())}
    assert found == {
        "dhcp": ((Protocol.UDP, 67),), "tftp": ((Protocol.UDP, 69),), "http-boot": ((Protocol.TCP, 80),),
        "https-boot": ((Protocol.TCP, 443),), "dns": ((Protocol.UDP, 53), (Protocol.TCP, 53)),
        "proxy": ((Protocol.TCP, 3128),), "ssh": ((Protocol.TCP, 22),),
    }  # fmt: skip


def test_ipv6_is_served_where_the_role_has_it():
    six = site(base=site_text().replace('"10.20.0.2"', '"10.20.0.2", "fd00::2"'))
    assert "dhcpv6" in {service.flow.id for service in services(scene(of=six))}
    unknown = scene(roles=("ntp",))
    assert [service.flow.id for service in services(unknown)] == ["ntp"]


def site_text():
    from tests.flows.lint.scenes import SITE

    return SITE


def test_clients_serve_nothing_though_answers_come_to_them():
    assert [service.flow.id for service in services(scene(roles=("node",)))] == ["ssh"]


def test_what_is_forbidden_is_no_service():
    assert [service.flow.id for service in services(scene(roles=("libvirt-host",)))] == ["libvirt"]


def test_silence_is_a_complaint_with_its_port():
    [remark] = about("tftp", *without(69))
    assert (remark.kind, remark.weight) == (Kind.SILENT, Weight.COMPLAINT)
    assert remark.sentence == "the site says rack serves tftp on udp/69 here, nothing listens"
    assert remark.proof == "no socket of this network namespace has udp/69"
    assert "`[flows] disable` in site.toml" in remark.advice


@pytest.mark.parametrize(("flow", "port"), [("https-boot", 443), ("ssh", 22)])
def test_silence_of_what_may_be_left_out_is_a_hint(flow, port):
    [remark] = about(flow, *without(port))
    assert (remark.kind, remark.weight) == (Kind.SILENT, Weight.HINT)


def test_another_profile_is_recognized_by_its_port():
    [remark] = about("proxy", *without(3128), listener("tcp", 8000, name="squid"))
    assert remark.proof == "squid (pid 7, 0.0.0.0:8000) listens on tcp/8000, where the profile maas-3 has proxy"
    assert 'profile maas-3? Write `profile = "maas-3"` in site.toml' in remark.advice


def test_and_back():
    of = site("", 'profile = "maas-3"')
    assert of.profile == "maas-3"
    [remark] = about("proxy", listener("tcp", 3128, name="squid"), of=of)
    assert "where the profile standard has proxy" in remark.proof


def test_a_port_that_another_flow_of_this_host_needs_is_no_sign_of_a_profile():
    of = site('[ports]\nregistry = [8000]\n[role.registry]\naddresses = ["10.20.0.2"]')
    [remark] = about("proxy", *without(3128), listener("tcp", 8000, name="squid"), of=of, roles=("rack", "registry"))
    assert remark.proof == "no socket of this network namespace has tcp/3128"


def test_a_known_program_at_another_port_is_pointed_at():
    [remark] = about("ssh", *without(22), listener("tcp", 2222, name="sshd"))
    assert remark.proof == "sshd (pid 7, 0.0.0.0:2222) listens on tcp/2222"
    assert remark.advice == "if that is it, override the ports of ssh in site.toml; else set sshd (pid 7) right"


@pytest.mark.parametrize("other", [listener("tcp", 2222, "127.0.0.1", name="sshd"), listener("tcp", 2222, name="x")])
def test_not_where_nobody_reaches_it_nor_a_stranger(other):
    [remark] = about("ssh", *without(22), other)
    assert remark.proof.startswith("no socket")


@pytest.mark.parametrize(
    ("namespace", "advice"),
    [("blue", "ip netns exec blue bellrock flows lint"), ("net:[4026]", "nsenter --net --target PID")],
)
def test_a_server_in_another_namespace_is_found(namespace, advice):
    there = replace(listener("udp", 69, name="in.tftpd"), namespace=namespace)
    [remark] = about("tftp", *without(69), elsewhere=(listener("udp", 70), there))
    assert remark.proof == f"in.tftpd (pid 7, 0.0.0.0:69) listens in network namespace {namespace}, not in this one"
    assert advice in remark.advice


def test_a_server_that_nodes_cannot_reach():
    [remark] = about("tftp", *without(69), listener("udp", 69, "127.0.0.1", name="in.tftpd"))
    assert (remark.kind, remark.weight) == (Kind.UNREACHABLE, Weight.COMPLAINT)
    assert remark.proof == "in.tftpd (pid 7, 127.0.0.1:69); the site has rack at 10.20.0.2 on eth0"
    other = (*RACK, HostAddress("eth1", "192.0.2.1/24"))
    assert about("tftp", *without(69), listener("udp", 69, "192.0.2.1", name="in.tftpd"), addresses=other)
    [nowhere] = about("tftp", *without(69), listener("udp", 69, name="in.tftpd"), addresses=())
    assert nowhere.proof.endswith("the site has rack at any address that others reach")


def test_an_ipv6_socket_that_takes_ipv4_serves_it_and_one_that_does_not_does_not():
    assert about("http-boot", *without(80), listener("tcp", 80, "::", name="nginx", dual=True)) == []
    [remark] = about("http-boot", *without(80), listener("tcp", 80, "::", name="nginx"))
    assert remark.kind is Kind.UNREACHABLE


def test_one_protocol_of_two_is_a_hint():
    [remark] = about("dns", *without(53), listener("udp", 53, name="named"))
    assert (remark.kind, remark.weight) == (Kind.PARTLY, Weight.HINT)
    assert remark.sentence == "dns is served here on udp/53, but not on tcp/53"
    assert "RFC 7766 §5" in remark.proof


def test_one_port_of_several_is_enough():
    of = site('[role.mirror]\naddresses = ["10.20.0.2"]')
    assert about("apt", listener("tcp", 443, name="nginx"), of=of, roles=("mirror",)) == []


def test_with_for_a_role_is_served_at_any_address_that_others_reach():
    here = scene(listener("udp", 123, name="chronyd"), roles=("ntp",))
    assert serving(here, Role.NTP, here.listeners[0])
    assert list(remarks(here)) == []


def test_what_is_served_is_told_with_who_does():
    found = list(served(scene(*ALL, listener("tcp", 80, "127.0.0.1", name="other"))))
    assert found[:2] == [
        ("dhcp", "dnsmasq (pid 7, 0.0.0.0:67) on udp/67"), ("tftp", "in.tftpd (pid 7, 0.0.0.0:69) on udp/69")
    ]  # fmt: skip
    assert [flow for flow, _ in found] == ["dhcp", "tftp", "http-boot", "https-boot", "dns", "dns", "proxy", "ssh"]


def test_ports_are_of_their_protocol():
    assert at_port(tuple(ALL), (Protocol.TCP, 53)) == [ALL[5]]


def test_programs_are_of_flows_that_exist():
    assert set(PROGRAMS) <= {flow.id for flow in PROFILES["standard"].flows}
