"""What can be asked of a running lab: one JSON message each way on its `control.sock` (a SOCK_SEQPACKET socket)."""

import socket
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from bellrock.lab.schema import InterfaceSpec, LabError, PortSpec

MAX_MESSAGE: Final = 1 << 16
"""Octets of a request; answers may be longer."""
TIMEOUT: Final = 30.0
"""Seconds for an answer."""


class Status(Struct, frozen=True, tag="status"):
    """How the programs are. Answer: {program: exit code, or null while it runs}."""


class Start(Struct, frozen=True, tag="start"):
    """Start a program in a host; what it prints goes to `NAME.log` in the lab's directory. Answer: null."""

    host: str
    name: str
    argv: tuple[str, ...]
    environment: dict[str, str] = {}


class End(Struct, frozen=True, tag="end"):
    """Send a program a signal and, if it is SIGKILL or SIGTERM, wait until it is gone. Answer: its exit code, or null."""

    name: str
    signal: int = 9


class Retag(Struct, frozen=True, tag="retag"):
    """Treat the switch port of an interface as `port` says from now on."""

    host: str
    interface: str
    port: PortSpec


class SetCarrier(Struct, frozen=True, tag="set-carrier"):
    """Shut the switch port of an interface, or open it."""

    host: str
    interface: str
    up: bool


class AddInterface(Struct, frozen=True, tag="add-interface"):
    """A new interface in a running host. Answer: the CLOCK_REALTIME second at which its carrier came."""

    host: str
    interface: str
    spec: InterfaceSpec


class RemoveInterface(Struct, frozen=True, tag="remove-interface"):
    """Pull an interface out of a running host."""

    host: str
    interface: str


class Ports(Struct, frozen=True, tag="ports"):
    """Answer: the switches' port table in words."""


class Stay(Struct, frozen=True, tag="stay"):
    """Live on when the process that made the lab ends."""


class Down(Struct, frozen=True, tag="down"):
    """End, and take everything away."""


Request = Status | Start | End | Retag | SetCarrier | AddInterface | RemoveInterface | Ports | Stay | Down


class Reply(Struct, frozen=True, omit_defaults=True):
    """The answer to any request."""

    value: Any = None
    error: str | None = None


_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_replies = msgspec.json.Decoder(Reply)


def decode_request(message: bytes) -> Request:
    """What was asked.

    Raises:
        LabError: nothing that is known here.
    """
    try:
        return _requests.decode(message)
    except msgspec.DecodeError as error:
        raise LabError(f"not a request: {error}") from None


class Control:
    """A connection to the supervisor of a lab."""

    def __init__(self, directory: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        self._socket.settimeout(TIMEOUT)
        try:
            self._socket.connect(str(directory / "control.sock"))
        except OSError as error:
            self._socket.close()
            raise LabError(f"lab {directory.name} does not answer ({error.strerror}); see bellrock lab list") from None

    def ask(self, request: Request) -> Any:  # noqa: ANN401 - JSON, as the request's description says
        """Ask, and wait for the answer.

        Raises:
            LabError: it could not be done, or the lab is gone.
        """
        try:
            self._socket.send(msgspec.json.encode(request))
            message = self._socket.recv(1 << 20)
        except OSError as error:
            raise LabError(f"the lab does not answer: {error}") from None
        if not message:
            raise LabError("the lab has ended")
        reply = _replies.decode(message)
        if reply.error is not None:
            raise LabError(reply.error)
        return reply.value

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
