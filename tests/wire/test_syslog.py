import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import syslog
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.syslog import Message
from tests.wire.vectors import refuses

# The first two are examples 1 and 2 of RFC 5424 §6.5, the third of RFC 3164 §5.4.
MODERN = [
    pytest.param(
        b"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed for lonvick on /dev/pts/8",
        Message(
            priority=34, timestamp="2003-10-11T22:14:15.003Z", host="mymachine.example.com", app="su", id="ID47",
            text="'su root' failed for lonvick on /dev/pts/8",
        ),
        id="RFC 5424, 1",
    ),
    pytest.param(
        b"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
        Message(
            priority=165, timestamp="2003-08-24T05:14:15.000003-07:00", host="192.0.2.1", app="myproc", process="8710",
            text="%% It's time to make the do-nuts.",
        ),
        id="RFC 5424, 2",
    ),
    pytest.param(b"<0>1 - - - - - - x", Message(priority=0, text="x"), id="nothing known"),
]  # fmt: skip
BSD = [
    pytest.param(
        b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
        Message(priority=34, timestamp="Oct 11 22:14:15", host="mymachine", app="su", text="'su root' failed for lonvick on /dev/pts/8"),
        id="RFC 3164",
    ),
    pytest.param(b"<14>bellrock[7]: hello", Message(priority=14, app="bellrock", process="7", text="hello"), id="no time"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "message"), MODERN + BSD)
def test_parse(octets, message):
    assert syslog.parse(octets) == message


@pytest.mark.parametrize(("octets", "message"), MODERN)
def test_build(octets, message):
    assert syslog.build(message) == octets


@pytest.mark.parametrize(("octets", "message"), BSD)
def test_build_bsd(octets, message):
    assert syslog.build_bsd(message) == octets


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b'<165>1 - - - - ID47 [exampleSDID@32473 iut="3" eventSource="Appl\\"ication"][x@1 a="b"] \xef\xbb\xbfAn entry', "An entry"),
        (b"<165>1 - - - - - -", ""),
        (b"<165>1 - - - - - [a@1]", ""),
        (b"<165>1 - - - - - - two  words\x1b[2J\n", "two  words�[2J"),
    ],
    ids=["structured data", "no text", "only structured data", "control characters"],
)  # fmt: skip
def test_what_stands_around_the_text(octets, text):
    assert syslog.parse(octets).text == text


@pytest.mark.parametrize(
    ("reason", "octets"),
    [
        (Reason.MALFORMED, b""),
        (Reason.MALFORMED, b"hello"),
        (Reason.MALFORMED, b"<192>x"),
        (Reason.MALFORMED, b"<1>1 - - - -"),
        (Reason.MALFORMED, b"<1>1 - -  - - - text"),
        (Reason.MALFORMED, b"<1>1 - - - - - text"),
        (Reason.MALFORMED, b"<1>1 - - - - - [a"),
        (Reason.TOO_BIG, b"<1>" + b"x" * 8190),
    ],
    ids=["empty", "text", "priority", "fields", "empty field", "no structured data", "unended", "long"],
)
def test_refusals(reason, octets):
    with refuses(reason):
        syslog.parse(octets)


@pytest.mark.parametrize(
    "changes", [{"priority": 192}, {"priority": -1}, {"host": "a b"}, {"app": ""}, {"id": "\N{BULLET}"}], ids=str
)
def test_what_cannot_be_written(changes):
    for build in (syslog.build, syslog.build_bsd):
        with pytest.raises(ValueError, match="fit"):
            build(Message(**({"priority": 1, "text": ""} | changes)))


def test_framing():
    assert syslog.counted(b"<1>a b") == b"6 <1>a b"
    assert syslog.delimited(b"<1>a\nb") == b"<1>a b\n"


FIELD = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


@given(
    st.integers(0, 191), FIELD, FIELD, FIELD, FIELD, FIELD, st.text(st.characters(min_codepoint=33, max_codepoint=126))
)
def test_what_is_built_is_parsed(priority, timestamp, host, app, process, kind, text):
    message = Message(
        priority=priority, timestamp=timestamp, host=host, app=app, process=process, id=kind, text=text[:200]
    )
    assert syslog.parse(syslog.build(message)) == message


@given(
    st.binary(max_size=80)
    | st.builds(
        lambda head, rest: head + rest, st.sampled_from([b"<1>", b"<1>1 ", b"<1>1 - - - - - "]), st.binary(max_size=60)
    )
)
def test_any_octets_are_a_message_or_refused(data):
    try:
        message = syslog.parse(data)
    except WireError:
        return
    assert 0 <= message.priority <= 191
    assert all(word.isprintable() for word in (message.text, message.app, message.host, message.id))
