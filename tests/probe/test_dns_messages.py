import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe.dns_messages import MAX_ANSWERS, Question, answer, asked, asked_by, mixed, question, shown
from bellrock.probe.values import PlanError, Unexpected

QUESTION = Question("maas.example.", "A")
ASKED = asked(QUESTION, 700, bytes(range(32)), 1232)


@pytest.mark.parametrize(
    ("text", "name", "kind", "words"),
    [
        ("maas.example", "maas.example.", "A", "maas.example A"),
        ("maas.example./aaaa", "maas.example.", "AAAA", "maas.example AAAA"),
        ("10.0.0.1", "1.0.0.10.in-addr.arpa.", "PTR", "1.0.0.10.in-addr.arpa PTR"),
        ("./NS", ".", "NS", ". NS"),
        (
            "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
            "xn--bcher-kva.example.",
            "A",
            "xn--bcher-kva.example A",
        ),
    ],
)
def test_questions(text, name, kind, words):
    assert question(text) == Question(name, kind)
    assert question(text).shown == words


@pytest.mark.parametrize("text", ["", "a..b", "a/FOO", "a/AXFR", "a/ANY", "x" * 64, "a/", "/A", "a/TYPE70000"])
def test_questions_that_are_none(text):
    if text == "a/":
        assert question(text).kind == "A"
        return
    with pytest.raises(PlanError, match="names"):
        question(text)


def test_both_forms():
    modern, plain = dns.message.from_wire(ASKED.modern), dns.message.from_wire(ASKED.plain)
    assert (modern.id, plain.id) == (700, 701)
    assert (modern.edns, modern.payload, plain.edns) == (0, 1232, -1)
    for message in (modern, plain):
        assert message.flags == dns.flags.RD
        assert message.question[0].name == dns.name.from_text("maas.example.")
    assert dns.message.from_wire(asked(QUESTION, 65535, bytes(32), 512).plain).id == 0


def test_letters_are_written_as_the_drawn_bits_say():
    assert mixed("maas.example.", bytes(4)) == "maas.example."
    assert mixed("maas.example.", b"\xff" * 4) == "MAAS.EXAMPLE."
    assert mixed("maas", b"\x05") == "MaAs"
    assert asked(QUESTION, 1, bytes(range(32)), 512) != asked(QUESTION, 1, bytes(32), 512)


def response(
    *records,
    rcode=dns.rcode.NOERROR,
    flags=dns.flags.RA,
    to=ASKED.modern,
    kind="A",
    authority=(),
    change=lambda message: None,
):
    message = dns.message.make_response(dns.message.from_wire(to))
    message.set_rcode(rcode)
    message.flags |= flags
    if records:
        message.answer.append(dns.rrset.from_text(message.question[0].name, 60, "IN", kind, *records))
    for name, sort, text in authority:
        message.authority.append(dns.rrset.from_text(name, 60, "IN", sort, text))
    change(message)
    return message.to_wire(max_size=65535)


def test_an_answer():
    found = answer(response("10.0.0.2", "10.0.0.1", flags=dns.flags.AA | dns.flags.RA), [ASKED])
    assert found.records == ("10.0.0.1", "10.0.0.2")
    assert (found.question, found.rcode, found.authoritative, found.recursion, found.truncated) == (
        QUESTION,
        "NOERROR",
        True,
        True,
        False,
    )
    assert (found.modern, found.keeps_case, found.referral, found.edns) == (True, True, False, 8192)
    assert shown(found) == "DNS: maas.example A: NOERROR, authoritative, recursion, 10.0.0.1, 10.0.0.2"


def test_an_answer_to_the_plain_form():
    found = answer(response(to=ASKED.plain, flags=dns.flags.TC, rcode=dns.rcode.NXDOMAIN), [ASKED])
    assert (found.modern, found.edns, found.truncated, found.recursion, found.rcode) == (
        False,
        None,
        True,
        False,
        "NXDOMAIN",
    )


def test_only_the_kind_that_was_asked_for_counts():
    found = answer(response("other.example.", kind="CNAME"), [ASKED])
    assert found.records == ()


def test_a_referral():
    found = answer(response(flags=0, authority=[("example.", "NS", "ns.example.")]), [ASKED])
    assert found.referral
    assert not answer(response(flags=0, authority=[("example.", "SOA", "ns.example. a. 1 1 1 1 1")]), [ASKED]).referral


def test_servers_that_change_letters():
    lowered = response("10.0.0.1").replace(ASKED.modern[12:26], ASKED.modern[12:26].lower())
    assert not answer(lowered, [ASKED]).keeps_case


def test_its_own_words_about_an_error():
    def with_code(code, text):
        def change(message):
            message.use_edns(0, options=[dns.edns.EDEOption(code, text)])

        return answer(response(rcode=dns.rcode.SERVFAIL, change=change), [ASKED])

    assert with_code(6, "no \x1b signature").why == "dnssec bogus: no � signature"
    assert with_code(22, None).why == "no reachable authority"
    assert with_code(4711, None).why == "extended error 4711"
    assert shown(with_code(6, "x")).endswith("(dnssec bogus: x)")


def test_many_records_are_cut():
    found = answer(response(*(f"10.0.0.{number}" for number in range(100))), [ASKED])
    assert len(found.records) == MAX_ANSWERS
    assert shown(found).endswith("…")


def test_what_answers_another_question():
    other = asked(Question("other.example.", "A"), 700, bytes(32), 1232)
    assert answer(response("10.0.0.1", to=other.modern), [ASKED]) is None
    assert answer(response("10.0.0.1", to=asked(QUESTION, 9, bytes(32), 512).modern), [ASKED]) is None
    assert (
        answer(
            response("1", to=asked(Question("maas.example.", "TXT"), 700, bytes(32), 512).modern, kind="TXT"), [ASKED]
        )
        is None
    )
    assert asked_by(b"\x02\xbc", [ASKED]) == ASKED
    assert asked_by(b"\x02\xbe", [ASKED]) is None


def test_an_error_may_leave_the_question_out_and_an_answer_may_not():
    def without(rcode):
        return answer(response(rcode=rcode, change=lambda message: message.question.clear()), [ASKED])

    assert without(dns.rcode.FORMERR).rcode == "FORMERR"
    assert without(dns.rcode.FORMERR).keeps_case
    assert without(dns.rcode.NOERROR) is None


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "does not speak DNS"),
        (b"SSH-2.0-x\r\n", "SSH"),
        (ASKED.modern, "sends the question back"),
        (ASKED.modern[:14], "does not speak DNS"),
        (ASKED.modern[:2] + b"\xff" * 40, "does not speak DNS"),
    ],
    ids=["empty", "SSH", "echo", "cut", "garbage"],
)
def test_what_speaks_no_dns(octets, words):
    with pytest.raises(Unexpected, match=words):
        answer(octets, [ASKED])


@given(
    st.binary(max_size=80).map(lambda data: ASKED.modern[:2] + data)
    | st.tuples(st.integers(0, 200), st.integers(0, 255)).map(
        lambda change: bytes(change[1] if at == change[0] else octet for at, octet in enumerate(response("10.0.0.1")))
    )
)
def test_any_octets_are_an_answer_none_or_unexpected(data):
    try:
        found = answer(data, [ASKED])
    except Unexpected as error:
        assert str(error).isprintable() or "\n" not in str(error)  # noqa: PT017 -- every sentence is one line
        return
    if found is not None:
        assert shown(found).isprintable()
