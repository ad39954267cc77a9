from bellrock.firewall.verify.court import Court
from bellrock.firewall.verify.route import FORWARDED
from bellrock.flows.crossing import crossings
from bellrock.flows.passages import Place
from tests.firewall.verify.rules import ACCEPT, chain, of, ruleset
from tests.flows.sites import site

ASKED = crossings(site(), Place())


def test_programs_are_made_once_for_each_way():
    court = Court(ruleset())
    assert court.program(FORWARDED) is court.program(FORWARDED)
    assert court.program(FORWARDED, (("daddr", 1),)) is not court.program(FORWARDED)


def test_cases_come_in_the_order_in_which_they_were_asked():
    assert tuple(case.crossing for case in Court(ruleset()).hear(ASKED)) == ASKED


def test_only_exchanges_with_answers_are_heard_in_both_directions():
    for case in Court(ruleset()).hear(ASKED):
        assert bool(case.reply) == case.crossing.passage.exchange.answered
        assert case.request[0].of == "first packets"


def test_later_packets_are_heard_only_where_they_fail_and_the_first_did_not():
    rules = chain("f", (of(ct_state=3), ACCEPT), hook="forward", policy="drop")
    cases = {
        (case.crossing.passage.flow.id, case.crossing.passage.exchange.name): case
        for case in Court(ruleset(rules)).hear(ASKED)
    }
    api = cases["http-boot", "fetch"]
    assert [heard.of for heard in api.request] == ["first packets", "later packets"]
    assert all(outcome.verdict == "drop" for outcome in api.request[1].outcomes)
    closed = Court(ruleset(chain("f", hook="forward", policy="drop"))).hear(ASKED)
    assert all(len(case.request) == 1 for case in closed)


def test_of_a_flow_that_half_begins_only_that_half_goes_on():
    rules = chain("f", (of(ct_state=3, sport=(0, 32767)), ACCEPT), hook="forward", policy="drop")
    case = next(case for case in Court(ruleset(rules)).hear(ASKED) if case.crossing.passage.flow.id == "http-boot")
    later = case.request[1].outcomes
    assert all(box.fields["sport"].last <= 32767 for outcome in later for box in outcome.packets)
