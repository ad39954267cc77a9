"""Verdicts of one run, each by what was wanted and by what the others have shown."""

import pytest

from bellrock.diagnosis.obstacles import NO_WAY
from bellrock.diagnosis.verdicts import NOT_OUT, host_of, judge
from bellrock.flows import Protocol, Role, Wanted
from bellrock.model import Probed, Traced, Verdict

ANSWERED = (
    Verdict.WORKS,
    Verdict.DEGRADED,
    Verdict.AUTHENTICATION_NEEDED,
    Verdict.TLS_FAULT,
    Verdict.WRONG_SERVICE,
    Verdict.EXPOSED,
)


def want(flow: str = "ntp", **more) -> Wanted:
    plain = {
        "exchange": "poll",
        "source": Role.NODE,
        "target": Role.NTP,
        "address": "10.0.0.5",
        "port": 123,
        "protocol": Protocol.UDP,
        "why": "it does",
    }
    return Wanted(flow=flow, **(plain | more))


def got(verdict: Verdict, **more) -> Probed:
    return Probed(**({"flow": "ntp", "target": "10.0.0.5:123", "verdict": verdict, "detail": "as it was seen"} | more))


@pytest.mark.parametrize("verdict", Verdict)
def test_what_must_pass_is_as_it_was_seen(verdict: Verdict):
    assert judge([(want(), got(verdict))]) == (got(verdict),)


@pytest.mark.parametrize("verdict", Verdict)
def test_what_must_be_blocked_is_exposed_where_anything_answers(verdict: Verdict):
    (found,) = judge([(want(expectation="blocked"), got(verdict))])
    if verdict is Verdict.NOT_CHECKED:
        assert found == got(verdict)
    elif verdict in ANSWERED:
        assert (found.verdict, found.detail) == (Verdict.EXPOSED, "it answers here, and must not: as it was seen")
    else:
        assert (found.verdict, found.detail) == (Verdict.WORKS, "nothing answers, as it should be: as it was seen")
        assert found.facts == {"seen": verdict.value}


def test_on_a_link_others_may_answer_than_the_one_that_must_not():
    on_link = want("libvirt-dnsmasq", address="", interface="eth0", expectation="blocked")
    (other,) = judge([(on_link, got(Verdict.WRONG_SERVICE))])
    (itself,) = judge([(on_link, got(Verdict.WORKS))])
    assert (other.verdict, itself.verdict) == (Verdict.WORKS, Verdict.EXPOSED)


def test_of_alternatives_one_is_enough():
    http, https = (want("apt", exchange="fetch", port=port, alternative=True) for port in (80, 443))
    other = want("apt", exchange="fetch", address="10.0.0.6", port=443, alternative=True)
    found = judge([(http, got(Verdict.WORKS)), (https, got(Verdict.REFUSED)), (other, got(Verdict.REFUSED))])
    assert [one.verdict for one in found] == [Verdict.WORKS, Verdict.WORKS, Verdict.REFUSED]
    assert found[1].detail == "another port of it answers, which is enough; here: as it was seen"
    (alone,) = judge([(https, got(Verdict.FILTERED))])
    assert alone.verdict is Verdict.FILTERED


def test_an_alternative_that_answers_wrongly_is_a_fault_all_the_same():
    http, https = (want("apt", exchange="fetch", port=port, alternative=True) for port in (80, 443))
    assert judge([(http, got(Verdict.WORKS)), (https, got(Verdict.TLS_FAULT))])[1].verdict is Verdict.TLS_FAULT


@pytest.mark.parametrize("verdict", [Verdict.DEGRADED, Verdict.AUTHENTICATION_NEEDED], ids=str)
def test_an_alternative_that_serves_with_a_but_is_enough(verdict: Verdict):
    """A proxy that asks for credentials at one of its two usual ports need not be at the other."""
    one, other = (want("proxy", exchange="request", port=port, alternative=True) for port in (3128, 8000))
    assert judge([(one, got(verdict)), (other, got(Verdict.REFUSED))])[1].verdict is Verdict.WORKS


@pytest.mark.parametrize("verdict", [Verdict.WRONG_SERVICE, Verdict.TLS_FAULT], ids=str)
def test_an_alternative_that_is_another_service_is_not(verdict: Verdict):
    one, other = (want("proxy", exchange="request", port=port, alternative=True) for port in (3128, 8000))
    assert judge([(one, got(verdict)), (other, got(Verdict.REFUSED))])[1].verdict is Verdict.REFUSED


def at(
    address: str, verdict: Verdict = Verdict.FILTERED, obstacle: str = "silence", by: str = "", **more
) -> tuple[Wanted, Probed]:
    """A check of an address, and what became of it."""
    said = {
        "flow": more.get("flow", "ntp"),
        "target": f"{address}:123",
        "obstacle": obstacle,
        "by": by,
        "detail": more.pop("detail", "as it was seen"),
        "evidence": more.pop("evidence", ()),
    }
    return want(more.pop("flow", "ntp"), address=address, **more), got(verdict, **said)


def kept_out(address: str, obstacle: str = "silence", verdict: Verdict = Verdict.FILTERED) -> tuple[Wanted, Probed]:
    return at(address, verdict, obstacle, flow="ssh", expectation="blocked")


WORKING = at("10.0.0.99", Verdict.WORKS, "")


@pytest.mark.parametrize("obstacle", [*NOT_OUT, "no host", "time exceeded", "too big"])
def test_what_never_got_there_is_not_proved_to_be_blocked(obstacle):
    verdict = Verdict.FILTERED if obstacle in ("own firewall", "too big") else Verdict.UNREACHABLE
    found = judge([WORKING, kept_out("10.0.0.5", obstacle, verdict)])[1]
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.facts == {"seen": verdict.value}
    assert found.detail.endswith(": as it was seen")


@pytest.mark.parametrize(
    ("verdict", "obstacle"),
    [(Verdict.FILTERED, "silence"), (Verdict.UNREACHABLE, "unreachable"), (Verdict.REFUSED, "reset"), (Verdict.FILTERED, "administratively prohibited")],
    ids=lambda value: str(value),
)  # fmt: skip
def test_what_others_keep_out_is_blocked(verdict, obstacle):
    assert judge([WORKING, kept_out("10.0.0.5", obstacle, verdict)])[1].verdict is Verdict.WORKS
    assert judge([kept_out("10.0.0.5", obstacle, verdict)])[0].verdict is Verdict.WORKS


def test_a_connection_that_stood_is_exposed_even_if_its_packets_were_lost():
    assert judge([kept_out("10.0.0.5", "stalled")])[0].verdict is Verdict.EXPOSED


@pytest.mark.parametrize(
    "others", [[at("10.0.0.5", flow="tftp"), WORKING], [at("10.0.0.6")]], ids=["its host is silent", "everything is silent"]
)  # fmt: skip
def test_silence_proves_nothing_where_nothing_else_answers(others):
    found = judge([kept_out("10.0.0.5"), *others])[0]
    assert found.verdict is Verdict.NOT_CHECKED
    assert found.detail == "nothing else answers from here either, so that this silence proves nothing: as it was seen"


@pytest.mark.parametrize("obstacle", ["administratively prohibited", "reset"])
def test_a_word_of_refusal_proves_it_even_so(obstacle):
    verdict = Verdict.REFUSED if obstacle == "reset" else Verdict.FILTERED
    assert judge([kept_out("10.0.0.5", obstacle, verdict), at("10.0.0.6")])[0].verdict is Verdict.WORKS


def test_a_host_of_which_one_service_answers_is_not_silent():
    found = judge([kept_out("10.0.0.5"), at("10.0.0.5", flow="tftp"), at("10.0.0.5", Verdict.REFUSED, "reset")])
    assert found[0].verdict is Verdict.WORKS


@pytest.mark.parametrize("obstacle", NO_WAY)
def test_a_word_about_a_host_speaks_for_its_silent_checks(obstacle):
    step = Traced(at=1.0, direction="received", what="ICMP")
    told = at("10.0.0.5", Verdict.UNREACHABLE, obstacle, "10.1.0.1", evidence=(step,), detail="no way")
    silent, elsewhere = at("10.0.0.5", flow="dns", detail="nothing came back"), at("10.0.0.6")
    found = judge([silent, told, elsewhere, WORKING])
    assert (found[0].verdict, found[0].obstacle, found[0].by) == (Verdict.UNREACHABLE, obstacle, "10.1.0.1")
    assert found[0].detail == "no way; said of 10.0.0.5:123, while here nothing came back"
    assert [(step.direction, step.what) for step in found[0].evidence] == [
        ("noticed", "when 10.0.0.5:123 was tried: ICMP")
    ]
    assert found[0].facts == {"seen": "filtered"}
    assert found[1:] == (told[1], elsewhere[1], WORKING[1])


@pytest.mark.parametrize("obstacle", ["administratively prohibited", "too big", "own firewall"])
def test_what_was_said_of_one_packet_is_said_of_no_other(obstacle):
    found = judge([at("10.0.0.5", flow="dns"), at("10.0.0.5", Verdict.FILTERED, obstacle, "10.1.0.1")])
    assert found[0].obstacle == "silence"


def test_where_anything_of_a_host_answered_a_router_does_not_speak_for_it():
    told = at("10.0.0.5", Verdict.UNREACHABLE, "unreachable", "10.1.0.1")
    found = judge([at("10.0.0.5", flow="dns"), told, at("10.0.0.5", Verdict.WORKS, "", flow="tftp")], ["10.0.0.0/24"])
    assert found[0].verdict is Verdict.FILTERED


def test_a_router_without_a_route_speaks_for_the_subnet():
    told = at("10.0.0.5", Verdict.UNREACHABLE, "unreachable", "10.1.0.1")
    near, far, other = at("10.0.0.6"), at("10.0.1.6"), at("2001:db8::1")
    found = judge([told, near, far, other], ["10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24"])
    assert [one.verdict for one in found] == [
        Verdict.UNREACHABLE,
        Verdict.UNREACHABLE,
        Verdict.FILTERED,
        Verdict.FILTERED,
    ]
    assert found[1].by == "10.1.0.1"


@pytest.mark.parametrize("obstacle", ["no host", "no neighbour"])
def test_that_one_host_is_off_says_nothing_of_its_subnet(obstacle):
    told = at("10.0.0.5", Verdict.UNREACHABLE, obstacle, "10.1.0.1")
    assert judge([told, at("10.0.0.6")], ["10.0.0.0/24"])[1].verdict is Verdict.FILTERED


def test_a_subnet_of_which_somebody_answers_has_a_route():
    told, lives = at("10.0.0.5", Verdict.UNREACHABLE, "unreachable", "10.1.0.1"), at("10.0.0.7", Verdict.WORKS, "")
    assert judge([told, lives, at("10.0.0.6")], ["10.0.0.0/24"])[2].verdict is Verdict.FILTERED


@pytest.mark.parametrize(
    ("target", "host"),
    [("10.0.0.5:53", "10.0.0.5"), ("10.0.0.5", "10.0.0.5"), ("[fd00:0::1]:53", "fd00::1"), ("fd00::1", "fd00::1"), ("[fd00::1]", "fd00::1"),
     ("[fe80::1%eth0]:53", "fe80::1%eth0"), ("ntp.example:123", ""), ("eth0", ""), ("", "")],
)  # fmt: skip
def test_the_address_of_a_target(target, host):
    assert host_of(target) == host


def test_what_is_said_of_a_whole_link_speaks_for_no_subnet():
    link = want("dhcp", address="", interface="eth0"), got(Verdict.UNREACHABLE, target="eth0", obstacle="unreachable")
    assert judge([link, at("10.0.0.6")], ["10.0.0.0/24"])[1].verdict is Verdict.FILTERED
