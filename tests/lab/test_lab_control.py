"""Requests and answers on a lab's control socket."""

import socket
import threading

import msgspec
import pytest

from bellrock.lab import control
from bellrock.lab.control import Control, Reply, decode_request
from bellrock.lab.schema import InterfaceSpec, LabError, PortSpec

REQUESTS = [
    (control.Status(), b'{"type":"status"}'),
    (control.Start("a", "x", ("true",)), b'{"type":"start","host":"a","name":"x","argv":["true"],"environment":{}}'),
    (control.End("x", 15), b'{"type":"end","name":"x","signal":15}'),
    (control.Retag("a", "e", PortSpec(access=1)), None),
    (control.SetCarrier("a", "e", True), b'{"type":"set-carrier","host":"a","interface":"e","up":true}'),
    (control.AddInterface("a", "e", InterfaceSpec(to="s")), None),
    (control.RemoveInterface("a", "e"), b'{"type":"remove-interface","host":"a","interface":"e"}'),
    (control.Ports(), b'{"type":"ports"}'),
    (control.Stay(), b'{"type":"stay"}'),
    (control.Down(), b'{"type":"down"}'),
]


@pytest.mark.parametrize(("request_", "text"), REQUESTS)
def test_requests_travel_as_json(request_, text):
    message = msgspec.json.encode(request_)
    assert text in (None, message)
    assert decode_request(message) == request_


@pytest.mark.parametrize("message", [b"", b"{", b'{"type":"x"}', b'{"type":"end"}', b"\xff"])
def test_what_is_no_request_is_one_error(message):
    with pytest.raises(LabError, match="^not a request: "):
        decode_request(message)


@pytest.fixture
def answering(short_path):
    """A socket that gives these answers in turn, and then hangs up."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(short_path / "control.sock"))
    listener.listen()
    threads = []

    def start(*answers):
        def serve():
            client, _ = listener.accept()
            with client:
                for answer in answers:
                    client.recv(1 << 16)
                    client.send(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return Control(short_path)

    yield start
    for thread in threads:
        thread.join(5)
    listener.close()


def test_answers_and_errors(answering):
    asker = answering(msgspec.json.encode(Reply(value={"a": None})), b'{"error":"z: no such host"}')
    assert asker.ask(control.Status()) == {"a": None}
    with pytest.raises(LabError, match="^z: no such host$"):
        asker.ask(control.Status())
    with pytest.raises(LabError, match="the lab has ended|does not answer"):
        asker.ask(control.Status())
    asker.close()


def test_nobody_there(short_path):
    with pytest.raises(LabError, match=r"does not answer \(No such file or directory\); see bellrock lab list"):
        Control(short_path)
