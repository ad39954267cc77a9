"""What a platform is asked to say: nothing of the policy is lost without a word."""

from ipaddress import IPv6Address

import msgspec
import pytest

from bellrock.firewall.compile.policy import CompileError, Guard
from bellrock.firewall.compile.vendors.platforms import PLATFORMS
from bellrock.firewall.compile.vendors.prepare import prepare
from bellrock.firewall.compile.vendors.rules import EVERY_PORT, WHOLE
from bellrock.flows.passages import Party, Place
from bellrock.flows.values import Protocol, Role, Stance
from tests.firewall.compile.vendors.site import RACK, only, policy_for, wanted


def prepared(policy, target):
    return prepare(policy, PLATFORMS[target], target)


def test_a_stateless_platform_gets_answers_by_reversed_ports():
    rules, _ = prepared(only("http-boot/fetch"), "cisco")
    asked, answer = rules
    assert (answer.sources, answer.destinations) == (asked.destinations, asked.sources)
    assert (answer.source_ports, answer.destination_ports) == (((80, 80),), EVERY_PORT)
    assert (asked.established, answer.established) == (False, True)
    assert [rule.name for rule in rules] == ["http-boot-fetch-v4", "http-boot-fetch-reply-v4"]


def test_answers_over_udp_have_no_state_to_ask_for():
    assert [rule.established for rule in prepared(only("ntp/poll"), "cisco")[0]] == [False, False]


def test_a_stateful_platform_gets_none():
    assert len(prepared(only("http-boot/fetch"), "asa")[0]) == 1


def test_an_echo_is_answered_by_the_reply_and_an_error_by_nothing():
    assert [rule.types for rule in prepared(only("icmp/echo"), "cisco")[0]] == [((8, None),), ((0, None),)]
    assert [rule.types for rule in prepared(only("icmpv6/echo", 6), "cisco")[0]] == [((128, None),), ((129, None),)]
    assert len(prepared(only("icmp/errors"), "cisco")[0]) == 1
    assert len(prepared(only("icmp/errors", answered=True), "cisco")[0]) == 1


def test_data_of_a_helper_have_lines_of_their_own_and_a_notice():
    rules, notices = prepared(only("tftp/data"), "cisco")
    assert [rule.source_ports for rule in rules] == [((1024, 65535),)] * 2
    assert any(notice.startswith("no connection tracking helper") and notice.endswith(": tftp") for notice in notices)
    assert not any("helper" in notice for notice in prepared(only("icmp/errors"), "cisco")[1])


def test_codes_stand_apart_where_a_platform_has_them():
    term = only("icmp/errors", types=((3, 4), (3, 1), (11, None), (8, 0)))
    rules, notices = prepared(term, "cisco")
    assert [rule.types for rule in rules] == [((11, None), (8, None)), ((3, 4),), ((3, 1),)]
    assert any("codes are not named" in notice for notice in notices)


def test_codes_are_left_out_where_it_has_only_types():
    rules, notices = prepared(only("icmp/errors", types=((3, 4), (3, 1))), "srx")
    assert [rule.types for rule in rules] == [((3, None),)]
    assert any("codes are not named" in notice and "icmp-errors" in notice for notice in notices)


def test_types_are_left_out_where_it_has_only_the_protocol():
    rules, notices = prepared(only("icmp/errors"), "sonic")
    assert [rule.types for rule in rules] == [()]
    assert any("types cannot be told apart" in notice for notice in notices)


def test_all_types_stay_all():
    assert [rule.types for rule in prepared(only("icmp/errors", types=()), "cisco")[0]] == [()]


def test_what_must_not_be_there_is_denied_first():
    policy = wanted()
    terms = tuple(
        msgspec.structs.replace(term, stance=Stance.FORBIDDEN) if term.id == "dns/query" else term
        for term in policy.terms
    )
    rules, _ = prepared(msgspec.structs.replace(policy, terms=terms), "cisco")
    denied = [rule for rule in rules if not rule.accept]
    assert denied
    assert rules[: len(denied)] == denied
    assert not any(rule.name.startswith("dns-query-reply") for rule in rules)


def test_kubernetes_cannot_deny_and_says_so():
    policy = policy_for("kubernetes")
    first = next(term for term in policy.terms if term.id == "dns/query")
    forbidden = msgspec.structs.replace(first, stance=Stance.FORBIDDEN)
    rules, notices = prepared(msgspec.structs.replace(policy, terms=(forbidden, *policy.terms)), "kubernetes")
    assert all(rule.accept for rule in rules)
    assert any(notice.startswith("no line can deny it") and "dns/query" in notice for notice in notices)


def test_the_pods_themselves_are_any_address_and_any_source_port_is_taken():
    rules, notices = prepared(only("dhcp/renew", base=wanted(RACK)), "kubernetes")
    (rule,) = rules
    assert (rule.destinations, rule.source_ports) == (WHOLE[4], EVERY_PORT)
    assert rule.sources != WHOLE[4]
    assert any("source ports" in notice and "dhcp/renew" in notice for notice in notices)


def test_windows_takes_any_local_address_for_a_broadcast_only():
    rules, notices = prepared(wanted(RACK), "windows")
    by_name = {rule.name: rule for rule in rules}
    assert by_name["dhcp-discover-v4"].destinations == WHOLE[4]
    assert by_name["dhcp-offer-v4"].sources == WHOLE[4]
    assert by_name["http-boot-fetch-v4"].destinations != WHOLE[4]
    assert any(notice.startswith("broadcast") and "dhcp/discover" in notice for notice in notices)


@pytest.mark.parametrize(
    ("target", "word"), [("windows", "IGMP"), ("kubernetes", "ICMP"), ("fortigate", "ICMP"), ("asa", "IPv6")]
)
def test_what_is_left_out_is_named(target, word):
    _, notices = prepared(policy_for(target), target)
    assert any(notice.startswith("left out") and word in notice for notice in notices)


def test_interfaces_that_are_not_named_are_told_of():
    assert any("interfaces" in notice for notice in prepared(wanted(), "cisco")[1])
    quiet = prepared(only("http-boot/fetch", in_interfaces=(), out_interfaces=()), "cisco")[1]
    assert not any("interfaces are not" in notice for notice in quiet)


def test_an_open_output_stays_open():
    rules, _ = prepared(wanted(RACK, filter_output=False), "windows")
    assert {rule.direction for rule in rules} == {"in"}


def test_rules_that_come_to_say_the_same_are_one_with_all_remarks():
    policy = wanted()
    term = next(term for term in policy.terms if term.id == "ntp/poll")
    twin = msgspec.structs.replace(term, exchange="again")
    rules, _ = prepared(msgspec.structs.replace(policy, terms=(term, twin)), "asa")
    (rule,) = rules
    assert "ntp/poll" in rule.comment
    assert "ntp/again" in rule.comment


def test_names_are_unique_and_short():
    for target in PLATFORMS:
        names = [rule.name for rule in prepared(policy_for(target), target)[0]]
        assert len(names) == len(set(names))
        assert max(map(len, names)) <= 35


@pytest.mark.parametrize(
    ("policy", "target", "words"),
    [
        (lambda: wanted(), "windows", "protects hosts"),
        (lambda: wanted(RACK), "cisco", "stands between subnets"),
        (lambda: only("http-boot/fetch", 6), "asa", "nothing was written"),
        (
            lambda: msgspec.structs.replace(wanted(), guards=(Guard(interface="a", family=4, ranges=()),)),
            "cisco",
            "spoof guard",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(policy, target, words):
    with pytest.raises(CompileError, match=words) as caught:
        prepared(policy(), target)
    assert str(caught.value).startswith(f"{target}")
    assert "\n" not in str(caught.value)


def test_a_term_of_igmp_is_left_out():
    policy = wanted()
    term = next(term for term in policy.terms if term.family == 4)
    igmp = msgspec.structs.replace(term, flow="igmp", exchange="membership", protocol=Protocol.IGMP)
    rules, notices = prepared(msgspec.structs.replace(policy, terms=(term, igmp)), "asa")
    assert {rule.protocol for rule in rules} == {term.protocol}
    assert any("IGMP" in notice and "igmp/membership" in notice for notice in notices)


def test_a_text_that_nothing_could_hold_is_not_begun():
    many = party_of(range(0, 2000, 2))
    policy = only("http-boot/fetch", source=many, destination=many)
    with pytest.raises(CompileError, match="cisco writes a line for each pair .* 2,000,000 lines") as caught:
        prepared(policy, "cisco")
    assert "\n" not in str(caught.value)
    assert len(prepared(policy, "juniper")[0]) == 2


def party_of(addresses):
    return Party("many", 4, tuple((address, address) for address in addresses))


def test_a_gateway_list_takes_all_traffic_and_says_so_loudly():
    gateway = msgspec.structs.replace(only("http-boot/fetch"), place=Place(gateway_of=Role.BMC))
    [notice] = [one for one in prepared(gateway, "cisco")[1] if "drops everything else" in one]
    assert "build --for router if this device forwards anything else" in notice
    assert not any("drops everything else" in one for one in prepared(only("http-boot/fetch"), "cisco")[1])


HEARS = [target for target, platform in PLATFORMS.items() if platform.hears]


@pytest.mark.parametrize("target", HEARS)
def test_a_list_for_what_comes_in_lets_the_router_hear_its_links(target):
    rules, _ = prepared(wanted(), target)
    assert discovered(rules, "2001:db8:1::7", "2001:db8:1::1", 135), "a neighbour that asks whether the router is there"
    assert discovered(rules, "fe80::7", "ff02::1:ff00:1", 135)
    assert discovered(rules, "fe80::7", "2001:db8:1::1", 136)
    assert discovered(rules, "::", "ff02::2", 133)
    assert discovered(rules, "fe80::7", "ff02::16", 143)
    by_name = {rule.name: rule for rule in rules}
    assert by_name["igmp-membership-v4"].protocol is Protocol.IGMP
    assert by_name["dhcp-discover-v4"].destinations == ((2**32 - 1, 2**32 - 1),)
    assert by_name["dhcpv6-solicit-v6"].destination_ports == ((547, 547),)
    assert {rule.direction for rule in rules} == {""}


def discovered(rules, source, destination, kind):
    ends = int(IPv6Address(source)), int(IPv6Address(destination))
    return any(
        rule.accept
        and rule.protocol is Protocol.ICMPV6
        and all(
            any(a <= end <= b for a, b in side)
            for end, side in zip(ends, (rule.sources, rule.destinations), strict=True)
        )
        and (not rule.types or (kind, None) in rule.types)
        for rule in rules
    )


def test_what_stands_elsewhere_has_no_such_lines():
    stateless = {target for target, platform in PLATFORMS.items() if not platform.stateful}
    assert stateless == set(HEARS)
    for target in PLATFORMS.keys() - stateless:
        names = {rule.name for rule in prepared(policy_for(target), target)[0] if rule.direction == ""}
        assert not names & {"icmpv6-neighbour-discovery-v6", "igmp-membership-v4", "dhcp-discover-v4"}


def test_a_family_without_a_list_gets_none_by_what_the_router_hears():
    """A list of neighbour discovery and a denial would cut a family off that nobody asked to filter."""
    policy = wanted()
    four = msgspec.structs.replace(policy, terms=tuple(term for term in policy.terms if term.family == 4))
    assert {rule.family for rule in prepared(four, "cisco")[0]} == {4}


def test_a_gateway_of_one_role_hears_no_dhcp_of_others():
    names = {rule.name for rule in prepared(wanted(Place(gateway_of=Role.BMC)), "cisco")[0]}
    assert "icmpv6-neighbour-discovery-v6" in names
    assert "igmp-membership-v4" in names
    assert not any(name.startswith("dhcp") for name in names)
