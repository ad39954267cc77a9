import errno

import pytest

from bellrock.link.device import LinkError, SendCounter, errno_name, interface_text
from tests.link.namespaces import network_namespace


def test_a_failure_is_counted_by_name_and_said_in_one_line():
    counter = SendCounter()
    first = counter.failed(errno.ENETDOWN, "a frame of 300 octets for eth0")
    counter.failed(errno.ENETDOWN, "another")
    counter.failed(errno.ENOBUFS, "a third")
    assert str(first) == (
        "a frame of 300 octets for eth0 was not sent: the interface is down; it is tried again when it comes up (ENETDOWN)"
    )
    assert first.code == "ENETDOWN"
    assert counter.errors == {"ENETDOWN": 2, "ENOBUFS": 1}
    assert counter.sent == 0


def test_an_unexpected_errno_has_a_line_too():
    error = SendCounter().failed(errno.EXDEV, "a frame")
    assert str(error) == "a frame was not sent: the kernel refused it (EXDEV)"
    assert errno_name(4095) == "errno 4095"


def test_link_error_is_an_oserror_and_keeps_its_text():
    with pytest.raises(OSError, match="^no socket$") as caught:
        raise LinkError("no socket")
    assert caught.value.code == ""
    assert LinkError("taken", errno.EADDRINUSE).code == "EADDRINUSE"


@pytest.mark.lab
def test_interfaces_are_named_while_they_exist():
    with network_namespace() as net:
        near, _ = net.veth()
        assert interface_text(near) == "blk-a"
        net.ip("link del blk-a")
        assert interface_text(near) == f"interface {near}"
        assert interface_text(0) == "any interface"
