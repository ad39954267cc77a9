from bellrock.diagnosis.on_wire import dhcp_declined as rule
from bellrock.model import Severity
from tests.diagnosis.healthy_boots import silent
from tests.diagnosis.wires import NODE, NODE_IP, RACK_IP, ack, case, decline, leased, pxe  # fmt: skip


def lost(*numbers, asks=None):
    return [
        (leased(one, address=f"10.0.0.{one}", xid=one, asks=asks), decline(one + 0.5, address=f"10.0.0.{one}", xid=one)) for one in numbers
    ]  # fmt: skip


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_who_declines_and_gets_no_other_is_an_error():
    found = only(leased(), decline(0.5))
    assert found.what == f"{NODE} declines {NODE_IP}: another machine answers for it"
    assert (found.severity, found.client, found.address) == (Severity.ERROR, NODE, NODE_IP)
    assert f"arping -D -c 3 -I IF {NODE_IP}" in found.fix[0]
    assert RACK_IP in found.fix[1]


def test_who_took_another_one_is_a_notice():
    found = only(lost(3), leased(9, address="10.0.0.99", xid=9))
    assert found.severity is Severity.NOTICE
    assert found.cause.endswith(" It then took 10.0.0.99.")


def test_who_does_not_boot_is_a_warning():
    assert only(lost(3, asks={1: b"x"})).severity is Severity.WARNING


def test_many_addresses_point_to_proxy_arp():
    found = only(lost(3, 8, 13))
    assert found.what == f"{NODE} declines 10.0.0.3, 10.0.0.8, 10.0.0.13: another machine answers for them"
    assert (found.severity, found.address) == (Severity.ERROR, "")
    assert "proxy ARP" in found.cause
    assert only(lost(3, 8, 13), ack(20, address="10.0.0.99", xid=20)).severity is Severity.WARNING


def test_two_addresses_are_two_machines():
    assert "machines have" in only(lost(3, 8, asks=pxe())).cause


def test_healthy_wires_and_no_wire_at_all():
    assert silent(rule) == {}
