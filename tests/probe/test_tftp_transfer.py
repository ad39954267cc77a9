import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.probe.tftp_transfer import ENOUGH, Transfer
from bellrock.probe.values import Unexpected
from bellrock.wire.tftp import Ack, Agreed, Data, Read, Refusal

WANTED = {"tsize": "0", "blksize": "1468", "windowsize": "4"}


def transfer(most=1 << 30, blocks=0, **agreed):
    made = Transfer(WANTED, most, blocks)
    if agreed:
        assert made.take(Agreed({name: str(value) for name, value in agreed.items()})) == Ack(0)
    return made


def test_a_file_without_options():
    made = transfer()
    assert made.again() is None
    assert made.take(Data(1, bytes(512))) == Ack(1)
    assert made.again() == Ack(1)
    assert made.take(Data(2, b"end")) == Ack(2)
    assert (made.over, made.whole, made.octets, made.blocks) == (True, True, 515, 2)
    assert made.begins == bytes(512)


def test_a_file_that_ends_with_an_empty_block():
    made = transfer(blksize=8)
    assert made.take(Data(1, bytes(8))) == Ack(1)
    assert made.take(Data(2, b"")) == Ack(2)
    assert (made.whole, made.octets) == (True, 8)


def test_options_are_agreed_and_an_acknowledgement_closes_a_window():
    made = transfer(tsize=99999, blksize=1000, windowsize=3)
    assert (made.blksize, made.windowsize) == (1000, 3)
    assert [made.take(Data(number, bytes(1000))) for number in range(1, 8)] == [
        None,
        None,
        Ack(3),
        None,
        None,
        Ack(6),
        None,
    ]
    assert made.take(Data(8, bytes(10))) == Ack(8)


@pytest.mark.parametrize(
    "agreed",
    [{"blksize": "1469"}, {"blksize": "0"}, {"blksize": "x"}, {"blksize": ""}, {"blksize": "-1"}, {"windowsize": "5"},
     {"blksize": "\N{ARABIC-INDIC DIGIT FIVE}"}, {"blksize": "9" * 5000}],
    ids=["more", "zero", "word", "empty", "negative", "window", "digits of others", "huge"],
)  # fmt: skip
def test_a_server_that_agrees_to_what_nobody_asked_for(agreed):
    with pytest.raises(Unexpected, match="agrees to"):
        Transfer(WANTED, 1).take(Agreed(agreed))


def test_an_option_that_was_not_asked_for():
    with pytest.raises(Unexpected, match="where nothing was asked for"):
        Transfer({}, 1).take(Agreed({"blksize": "512"}))


def test_more_than_was_agreed():
    with pytest.raises(Unexpected, match="513 octets"):
        transfer().take(Data(1, bytes(513)))


@pytest.mark.parametrize("message", [Read("a"), Ack(0)], ids=repr)
def test_what_no_server_says(message):
    with pytest.raises(Unexpected, match="no TFTP server"):
        transfer().take(message)


def test_an_error_ends_it():
    made = transfer()
    assert made.take(Refusal(8, "no options")) is None
    assert (made.over, made.refuses_options) == (True, True)
    other = transfer()
    other.take(Refusal(1))
    assert not other.refuses_options
    assert not transfer().refuses_options


def test_it_is_ended_after_enough():
    made = transfer(most=1000)
    assert made.take(Data(1, bytes(512))) == Ack(1)
    assert made.take(Data(2, bytes(512))) == ENOUGH
    assert (made.over, made.whole) == (True, False)
    one = transfer(blocks=1)
    assert one.take(Data(1, bytes(512))) == ENOUGH


def test_an_agreement_that_comes_again_is_acknowledged_again_until_data_come():
    made = transfer(blksize=1000)
    assert made.take(Agreed({"blksize": "1000"})) == Ack(0)
    assert made.again() == Ack(0)
    made.take(Data(1, bytes(1000)))
    assert made.take(Agreed({"blksize": "1000"})) is None
    assert made.repeated_agreement == 2


def test_a_gap_is_told_once():
    made = transfer(blksize=8, windowsize=4)
    assert made.take(Data(1, bytes(8))) is None
    assert made.take(Data(3, bytes(8))) == Ack(1)
    assert made.take(Data(4, bytes(8))) is None
    assert (made.gaps, made.repeats) == (1, 0)
    assert made.take(Data(2, bytes(8))) is None


def test_a_block_that_comes_again_is_acknowledged_again():
    made = transfer()
    made.take(Data(1, bytes(512)))
    assert made.take(Data(1, bytes(512))) == Ack(1)
    assert made.take(Data(1, bytes(512))) is None
    assert (made.repeats, made.gaps, made.octets) == (2, 0, 512)


def test_numbers_wrap():
    made = transfer(blksize=8)
    for number in range(1, 70_000):
        assert made.take(Data(number % 65536, bytes(8))) == Ack(number % 65536)
    assert made.blocks == 69_999


def serve(file, made, blksize, window, fates):
    """A server as in RFC 7440, on a way that loses, doubles and swaps packets as `fates` say; whether the file came within bounds."""
    blocks = [file[at : at + blksize] for at in range(0, len(file) + 1, blksize)]
    acknowledged = 0
    for _ in range(400):
        if acknowledged == len(blocks):
            return True
        burst = [
            Data(number % 65536, blocks[number - 1])
            for number in range(acknowledged + 1, min(acknowledged + window, len(blocks)) + 1)
        ]
        sent, replies = [], []
        for one in burst:
            fate = next(fates)
            sent += {"lose": [], "double": [one, one]}.get(fate, [one])
            if fate == "swap" and len(sent) > 1:
                sent[-2:] = sent[:-3:-1]
        for one in sent:
            replies += [] if made.over else [made.take(one)]
        if not sent and not made.over:
            replies.append(made.again())
        if made.over and made.whole:
            return True
        for reply in replies:
            if isinstance(reply, Ack) and next(fates) != "lose":
                acknowledged = max(acknowledged, reply.block)
        if not any(replies) and not made.over and isinstance(last := made.again(), Ack):
            acknowledged = max(acknowledged, last.block)
    return False


@given(
    st.binary(max_size=200), st.sampled_from([8, 16, 33]), st.integers(1, 5),
    st.lists(st.sampled_from(["pass", "pass", "lose", "double", "swap"]), max_size=60),
)  # fmt: skip
def test_whatever_the_way_does_the_file_comes_whole_and_in_order(file, blksize, window, fates):
    taken = []

    class Keeping(Transfer):
        def _data(self, message):
            before = self.blocks
            reply = super()._data(message)
            if self.blocks > before:
                taken.append(message.payload)
            return reply

    made = Keeping({"blksize": str(blksize), "windowsize": str(window)}, 1 << 20)
    made.take(Agreed({"blksize": str(blksize), "windowsize": str(window)}))

    def endless():
        yield from fates
        while True:
            yield "pass"

    assert serve(file, made, blksize, window, endless())
    assert b"".join(taken) == file
    assert (made.whole, made.octets) == (True, len(file))
