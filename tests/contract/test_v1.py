"""Messages survive the wire, foreign text is refused in one clause, proofs bind what they should."""

import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract import (
    CAPTURES,
    TELLS_HERE,
    VERSION,
    Ack,
    Challenge,
    ContractError,
    Hello,
    KeepAlive,
    Rejected,
    Report,
    Welcome,
    decode_agent_message,
    decode_hello,
    decode_region_message,
    encode,
    prove,
)
from bellrock.contract.capturing import EndCapture, ReadCapture, RunCapture
from bellrock.contract.here import Told
from bellrock.contract.probing import RunProbes
from bellrock.contract.v1 import MAX_MESSAGE, Done, MeasureMtu, Order
from bellrock.model import (
    Evidence,
    EvidenceGone,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    Host,
    HostGone,
    HostSeen,
    Interface,
    InterfaceGone,
    InterfaceKind,
    InterfaceSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
)

HOST = Host("01M3250V7TXQRSP72K94ZGK21K", "rack-1", "rack")
PORT, PEER = Port(HOST.id, "eth0", 10), Port("peer", "eth1")
NEIGHBOUR = Neighbour(protocol="lldp", chassis_id="52:54:00:00:00:01", port_id="ge-0/0/1", pvid=10, max_frame_size=9216)
OBSERVATIONS = (
    HostSeen(HOST, Wall(1.5)),
    InterfaceSeen(
        HOST.id,
        Interface(
            name="br0", index=4, mac="52:54:00:12:34:56", kind=InterfaceKind.BRIDGE, parents=("eth0",), vids=(10,)
        ),
    ),
    EvidenceSeen(Evidence(kind=EvidenceKind.CONFIRMED, port=PORT, peer=PEER, round_trip=0.001, proof=("A", "B"))),
    EvidenceSeen(Evidence(kind=EvidenceKind.LLDP, port=PORT, neighbour=NEIGHBOUR)),
    EvidenceGone(EvidenceKey(EvidenceKind.HEARD, PORT, PEER), "moved", Wall(2.0)),
    RefusalCount(PORT, "52:54:00:00:00:02", "skew", 3, "61 s ahead", 61.0, Wall(3.0)),
    InterfaceGone(HOST.id, "eth9"),
    HostGone("peer"),
)
AGENT_MESSAGES = (
    Hello(version=VERSION, host=HOST, boot="B", nonce="00", proof="11", software="bellrock 0.1", sent=Wall(4.0)),
    Report(7, "B", Wall(5.0), OBSERVATIONS, begin=True, complete=True),
    KeepAlive(7, Wall(6.0)),
)
REGION_MESSAGES = (Challenge(VERSION, "region", "00"), Welcome("22", 6), Rejected("because"), Ack(7))


@pytest.mark.parametrize("message", AGENT_MESSAGES, ids=lambda m: type(m).__name__)
def test_what_an_agent_says_arrives_as_it_was(message):
    assert decode_agent_message(encode(message)) == message


@pytest.mark.parametrize("message", REGION_MESSAGES, ids=lambda m: type(m).__name__)
def test_what_a_region_says_arrives_as_it_was(message):
    assert decode_region_message(encode(message)) == message


@pytest.mark.parametrize("message", REGION_MESSAGES, ids=lambda m: type(m).__name__)
def test_a_region_message_is_not_taken_from_an_agent(message):
    with pytest.raises(ContractError):
        decode_agent_message(encode(message))


def test_fields_of_a_later_version_are_ignored():
    assert decode_region_message('{"type":"ack","seq":7,"colour":"blue"}') == Ack(7)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("", "truncated"),
        ("{}", "missing required field `type`"),
        ('{"type":"ack"}', "missing required field `seq`"),
        ('{"type":"ack","seq":"seven"}', "Expected `int`"),
        (b'{"type":"\xff"}', "Invalid"),
        ("[" * 100_000, ""),
        (" " * (MAX_MESSAGE + 1), f"at most {MAX_MESSAGE}"),
    ],
)
def test_foreign_text_is_refused_in_one_clause(text, clause):
    with pytest.raises(ContractError) as caught:
        decode_region_message(text)
    assert clause.lower() in str(caught.value).lower()
    assert "\n" not in str(caught.value)


def test_a_hello_is_read_alone_and_within_its_bound():
    hello = AGENT_MESSAGES[0]
    assert decode_hello(encode(hello)) == hello
    for other in (*AGENT_MESSAGES[1:], *REGION_MESSAGES):
        with pytest.raises(ContractError, match="Invalid value"):
            decode_hello(encode(other))
    text = encode(hello)
    assert decode_hello(text + " " * (4096 - len(text))) == hello
    for large in (text + " " * (4097 - len(text)), (text + " " * (4097 - len(text))).encode(), "\u00e9" * 2049):
        with pytest.raises(ContractError, match="octets; at most 4096 are taken"):
            decode_hello(large)


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_message_or_a_contract_error(data):
    try:
        decode_agent_message(data)
    except ContractError:
        return
    raise AssertionError("random bytes were taken for a message")


NAMES = st.text(string.ascii_letters, min_size=1, max_size=8)


@given(a=st.tuples(NAMES, NAMES, NAMES, NAMES), b=st.tuples(NAMES, NAMES, NAMES, NAMES))
def test_a_proof_binds_speaker_nonces_and_name(a, b):
    assert (prove(b"key", *a) == prove(b"key", *b)) == (a == b)


def test_a_proof_needs_the_key():
    assert prove(b"key", "agent", "1", "2", "n") != prove(b"kez", "agent", "1", "2", "n")


class OldHello(msgspec.Struct, tag="hello", kw_only=True):
    """As the first regions know it."""

    version: int
    host: Host
    boot: str
    nonce: str
    proof: str
    software: str = ""
    sent: Wall = Wall(0.0)
    secrets: tuple[str, ...] = ()


class OldWelcome(msgspec.Struct, tag="welcome"):
    """As the first agents know it."""

    proof: str
    acked: int
    keep_alive: float = 15.0


class OldOrder(msgspec.Struct, tag="order"):
    """As the first agents know it."""

    id: str
    do: MeasureMtu | RunProbes


OLD_REGION = msgspec.json.Decoder(OldHello | Report | KeepAlive | Done)
OLD_AGENT = msgspec.json.Decoder(Challenge | OldWelcome | Rejected | Ack | OldOrder)


def test_an_older_region_reads_the_hello_of_today_and_has_said_that_it_takes_no_more():
    hello = Hello(version=VERSION, host=HOST, boot="B", nonce="00", proof="11", carries_out=(CAPTURES,))
    assert OLD_REGION.decode(encode(hello)).host == HOST
    welcome = msgspec.json.encode(OldWelcome("22", 6))
    assert decode_region_message(welcome) == Welcome("22", 6, takes=())
    with pytest.raises(msgspec.ValidationError, match="here"):
        OLD_REGION.decode(encode(Told(sent=Wall(1.0), whole=True)))


@pytest.mark.parametrize(
    "do",
    [RunCapture(seconds=1.0, octets=1 << 20), EndCapture("A"), ReadCapture("A", 0)],
    ids=lambda do: type(do).__name__,
)
def test_an_older_agent_reads_the_welcome_of_today_and_has_said_that_it_carries_no_more_out(do):
    assert OLD_AGENT.decode(encode(Welcome("22", 6, takes=(TELLS_HERE,)))) == OldWelcome("22", 6)
    hello = OldHello(version=VERSION, host=HOST, boot="B", nonce="00", proof="11")
    assert decode_hello(msgspec.json.encode(hello)).carries_out == ()
    assert OLD_AGENT.decode(encode(Order("A", MeasureMtu()))).do == MeasureMtu()
    with pytest.raises(msgspec.ValidationError):
        OLD_AGENT.decode(encode(Order("A", do)))
