import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import tftp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.tftp import Ack, Agreed, Data, Read, Refusal
from tests.wire.vectors import refuses

TABLE = [
    pytest.param("0001 612e62696e00 6f6374657400", Read("a.bin"), id="read"),
    pytest.param(
        "0001 6100 6f6374657400 626c6b73697a6500 3134363800 7473697a6500 3000",
        Read("a", {"blksize": "1468", "tsize": "0"}), id="read with options",
    ),
    pytest.param("0003 0001 616263", Data(1, b"abc"), id="data"),
    pytest.param("0003 ffff", Data(65535, b""), id="last block, empty"),
    pytest.param("0004 0000", Ack(0), id="acknowledgement"),
    pytest.param("0005 0001 6e6f6e6500", Refusal(1, "none"), id="error"),
    pytest.param("0006 626c6b73697a6500 3134333200", Agreed({"blksize": "1432"}), id="options agreed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), TABLE)
def test_parse(text, message):
    assert tftp.parse(bytes.fromhex(text)) == message


@pytest.mark.parametrize(("text", "message"), TABLE)
def test_build(text, message):
    assert tftp.build(message) == bytes.fromhex(text)


@pytest.mark.parametrize(("text", "message"), TABLE)
def test_less_than_a_header_is_truncated(text, message):
    for size in range(4):
        with refuses(Reason.TRUNCATED):
            tftp.parse(bytes.fromhex(text)[:size])


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.UNSUPPORTED, "0002 6100 6f6374657400"),
        (Reason.UNSUPPORTED, "0000 0000"),
        (Reason.MALFORMED, "0001 6162"),
        (Reason.MALFORMED, "0001 616200"),
        (Reason.MALFORMED, "0006 626c6b73697a6500"),
        (Reason.MALFORMED, "0006 626c6b73697a6500 3134"),
        (Reason.TOO_BIG, "0006" + "6100" * 260),
    ],
    ids=["write", "zero", "unended", "no mode", "no value", "unended value", "long"],
)
def test_refusals(reason, text):
    with refuses(reason):
        tftp.parse(bytes.fromhex(text))


def test_names_of_options_are_case_insensitive_and_the_first_counts():
    assert tftp.parse(b"\0\6BlkSize\x001024\0blksize\x008\0") == Agreed({"blksize": "1024"})
    assert tftp.parse(b"\0\1a\0OCTET\0") == Read("a")


def test_errors_without_their_nul_or_with_control_characters():
    assert tftp.parse(b"\0\5\0\2no") == Refusal(2, "no")
    assert tftp.parse(b"\0\5\0\2\x1b[2J\0rest") == Refusal(2, "�[2J")


@pytest.mark.parametrize(
    "message",
    [Read("a\0b"), Read("x" * 512), Data(65536, b""), Ack(-1), Refusal(0, "a\0"), Agreed({"a": "\0"})],
    ids=repr,
)
def test_what_cannot_be_written(message):
    with pytest.raises(ValueError, match="fit|NUL"):
        tftp.build(message)


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
OPTIONS = st.dictionaries(WORDS.map(str.lower), WORDS, max_size=4)
NUMBERS = st.integers(0, 65535)
MESSAGES = (
    st.builds(Read, WORDS, OPTIONS)
    | st.builds(Data, NUMBERS, st.binary(max_size=60))
    | st.builds(Ack, NUMBERS)
    | st.builds(Refusal, NUMBERS, WORDS)
    | st.builds(Agreed, OPTIONS.filter(bool))
)


@given(MESSAGES)
def test_what_is_built_is_parsed(message):
    assert tftp.parse(tftp.build(message)) == message


@given(
    st.binary(max_size=80) | st.builds(lambda n, rest: bytes((0, n)) + rest, st.integers(0, 7), st.binary(max_size=600))
)
def test_any_octets_are_a_message_or_refused(data):
    try:
        message = tftp.parse(data)
    except WireError:
        return
    if isinstance(message, Data | Ack):
        assert tftp.build(message) == data[: len(data) if isinstance(message, Data) else 4]
    if isinstance(message, Refusal):
        assert message.text.isprintable()
