"""Link-up without addresses, and back: against a real kernel."""

import subprocess
from pathlib import Path

import pytest

from bellrock.link import raising
from bellrock.link.device import LinkError
from bellrock.link.netlink import LinkMonitor
from bellrock.link.raising import IPV6_SWITCHES, Raised
from bellrock.model import Interface
from tests.link.namespaces import network_namespace, until

pytestmark = pytest.mark.lab


@pytest.fixture
def net():
    with network_namespace() as inside:
        inside.ip("link add n4-a type veth peer name n4-b")
        inside.ip("link set n4-b up")
        yield inside


def interfaces(*names: str) -> list[Interface]:
    monitor = LinkMonitor()
    found = [one for one in monitor.snapshot().values() if one.name in names]
    monitor.close()
    return found


def up(name: str) -> bool:
    return interfaces(name)[0].up


def ipv6_off(name: str) -> str:
    return (IPV6_SWITCHES / name / "disable_ipv6").read_text().strip()


def addresses(name: str) -> str:
    return subprocess.run(["ip", "-o", "addr", "show", "dev", name], capture_output=True, text=True, check=True).stdout


def test_an_interface_comes_up_without_an_address_and_goes_back(net):
    raised = Raised()
    assert raised.up(interfaces("n4-a", "n4-b")) == ("n4-a",), "the other one was up before"
    until(lambda: interfaces("n4-a")[0].carrier, "carrier")
    assert addresses("n4-a") == ""
    assert raised.up(interfaces("n4-a")) == ()
    assert raised.restore() == ()
    assert not up("n4-a")
    assert up("n4-b")
    assert ipv6_off("n4-a") == "0"
    assert raised.restore() == ()


def test_ipv6_that_was_off_stays_off(net):
    (IPV6_SWITCHES / "n4-a" / "disable_ipv6").write_text("1\n")
    raised = Raised()
    raised.up(interfaces("n4-a"))
    raised.restore()
    assert ipv6_off("n4-a") == "1"


def test_without_the_switches_of_ipv6_it_comes_up_all_the_same(net):
    raised = Raised(Path("/nowhere"))
    assert raised.up(interfaces("n4-a")) == ("n4-a",)
    assert up("n4-a")
    assert raised.restore() == ()


def test_an_interface_that_left_needs_no_putting_back(net):
    raised = Raised()
    raised.up(interfaces("n4-a"))
    net.ip("link del n4-a")
    assert raised.restore() == ()


def test_what_the_kernel_refuses_is_one_line(net):
    ghost = Interface(name="n4-ghost", index=999, mac="", up=False)
    raised = Raised()
    with pytest.raises(LinkError, match="n4-ghost cannot be set up: no such device") as caught:
        raised.up([ghost])
    assert caught.value.code == "ENODEV"
    assert raised.restore() == ()


def test_what_cannot_be_put_back_is_told(net, monkeypatch):
    raised = Raised()
    raised.up(interfaces("n4-a"))

    def refuse(index, name, *, up):
        raise LinkError(f"{name} cannot be set down: operation not permitted", 1)

    monkeypatch.setattr(raising, "_set", refuse)
    assert raised.restore() == ("n4-a cannot be set down: operation not permitted",)


def test_a_kernel_that_does_not_answer(net, monkeypatch):
    def silent(_sock):
        raise TimeoutError

    monkeypatch.setattr(raising, "_answer", silent)
    with pytest.raises(LinkError, match="n4-a cannot be set up: no answer"):
        Raised().up(interfaces("n4-a"))


def test_answers_to_others_are_passed_over(monkeypatch):
    told = [b"", raising._HEADER.pack(20, 16, 0, 0, 0) + bytes(4), raising._HEADER.pack(20, 2, 0, 0, 0) + bytes(4)]

    class Sock:
        def recv(self, _size):
            return told.pop(0)

    assert raising._answer(Sock()) == 0
