import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading.picks import Kind
from bellrock.capture.reading.said import DECODERS, said
from bellrock.capture.reading.streams import READERS
from bellrock.diagnosis.packets import Beacon, Log
from bellrock.wire import syslog, tftp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.icmp import Echo
from bellrock.wire.syslog import Message
from tests.capture.reading.film import discover, who_has
from tests.wire.vectors import refuses

MODERN = syslog.build(Message(priority=30, app="cloud-init", text="password=secret"))
BSD = b"<13>Oct 11 22:14:15 node sudo[7]: secret"


@pytest.mark.parametrize(
    ("kind", "octets", "value"),
    [
        (Kind.SYSLOG, MODERN, Log(30, "cloud-init")),
        (Kind.SYSLOG, BSD, Log(13, "sudo")),
        (Kind.SYSLOG, b"<0>", Log(0)),
        (Kind.LOG_STREAM, syslog.counted(MODERN) + b"more", Log(30, "cloud-init")),
        (Kind.LOG_STREAM, syslog.delimited(BSD) + b"<1>next", Log(13, "sudo")),
        (Kind.BEACON, b"\2\1\0\x40" + bytes(64), Beacon(2)),
        (Kind.BEACON, b"\1\2\0\0", Beacon(1)),
        (Kind.TFTP, tftp.build(tftp.Read("a", {"blksize": "8"})), tftp.Read("a", {"blksize": "8"})),
        (Kind.TFTP, tftp.build(tftp.Refusal(0, "no")), tftp.Refusal(0, "no")),
        (Kind.TFTP, tftp.build(tftp.Ack(7)), None),
        (Kind.ECHO, b"\x08\0\0\0\0\7\0\1", Echo(reply=False, id=7, sequence=1)),
    ],
    ids=str,
)
def test_values(kind, octets, value):
    found = said(kind, 4, octets)
    assert found == value
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("kind", "octets", "reason"),
    [
        (Kind.BEACON, b"\2\1\0", Reason.TRUNCATED),
        (Kind.BEACON, b"\3\1\0\0", Reason.UNKNOWN_VERSION),
        (Kind.BEACON, b"\2\7\0\0", Reason.MALFORMED),
        (Kind.SYSLOG, b"nothing", Reason.MALFORMED),
        (Kind.LOG_STREAM, b"17", Reason.MALFORMED),
        (Kind.TFTP, b"\0\7\0\0", Reason.UNSUPPORTED),
    ],
    ids=str,
)
def test_refused(kind, octets, reason):
    with refuses(reason):
        said(kind, 4, octets)


def test_every_kind_has_its_reader():
    assert {*DECODERS, *READERS, Kind.COMPLAINT, Kind.ECHO} == set(Kind)
    assert not DECODERS.keys() & READERS.keys()


@pytest.mark.parametrize("version", [4, 6])
@given(st.sampled_from([kind for kind in Kind if kind not in READERS]), st.data())
def test_a_value_or_the_one_error(version, kind, data):
    octets = data.draw(st.sampled_from([b"", discover()[:240], who_has()[:9], b"<1>1 ", b"\0\1a\0"])) + data.draw(
        st.binary(max_size=80)
    )
    with contextlib.suppress(WireError):
        said(kind, version, octets)
