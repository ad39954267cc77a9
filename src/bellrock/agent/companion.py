"""A small process beside the agent that keeps two rights which the agent gives up: to bind low ports, and to read firewall rules.

It is split off before the agent drops its privileges, keeps CAP_NET_BIND_SERVICE and CAP_NET_ADMIN of them and nothing else, and
answers two questions over a pair of sockets. It never parses what came from a network, and ends with the agent.
"""

import array
import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import subprocess
from ipaddress import ip_address
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from bellrock.agent import privileges

MAX_QUESTION: Final = 256
MAX_ANSWER: Final = 1024
MAX_RULES: Final = 16 << 20
"""Octets of one listing."""
LISTING: Final = 5.0
"""Seconds that one run of nft may take."""
PATIENCE: Final = 15.0
"""Seconds that a question may take: longer than all that the companion waits for."""
_NFT: Final = ("/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft")
_LISTINGS: Final = (("-j",), ("-a",))
_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C"}
_NET_BIND_SERVICE, _NET_ADMIN = 10, 12
_GONE: Final = "the process that keeps the right to do so is gone"

log = logging.getLogger(__name__)


class Bind(Struct, frozen=True, tag="bind"):
    """A socket, bound to an address of this host."""

    protocol: Literal["tcp", "udp"]
    address: Annotated[str, Meta(max_length=45)]
    port: Annotated[int, Meta(ge=1, le=65535)]


class Rules(Struct, frozen=True, tag="rules"):
    """The ruleset of nftables, as JSON and as text: two descriptors."""


class Answer(Struct, frozen=True):
    """`error`: an errno, 0 for none; `why` for people. The descriptors come with it."""

    error: int = 0
    why: str = ""


class CompanionError(OSError):
    """It could not be done: errno where there is one, and one line."""


class Companion:
    """The agent's end. Questions wait for one another."""

    def __init__(self) -> None:
        """Split off the process. To be called while this process has one thread, and before its privileges are dropped."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _live(theirs, self._parent)
        theirs.close()
        ours.setblocking(False)
        self._socket = ours
        self._lock = asyncio.Lock()
        self._dead = False
        self._owed = 0
        """Answers that have not come yet. All but the last are of questions that nobody asks any more."""

    async def bind(self, protocol: Literal["tcp", "udp"], address: str, port: int) -> socket.socket:
        """A bound socket that does not block.

        Raises:
            CompanionError: it cannot be bound, with the errno of that; or the companion is gone.
        """
        descriptors = await self._ask(Bind(protocol, address, port))
        if len(descriptors) != 1:
            _close(descriptors)
            raise CompanionError(0, "the companion gave no socket")
        sock = socket.socket(fileno=descriptors[0])
        sock.setblocking(False)
        return sock

    async def rules(self) -> tuple[bytes, str]:
        """What `nft -j list ruleset` and `nft -a list ruleset` print.

        Raises:
            CompanionError: they cannot be read, with one line that says why.
        """
        descriptors = await self._ask(Rules())
        try:
            texts = [_read(one) for one in descriptors]
        finally:
            _close(descriptors)
        if len(texts) != len(_LISTINGS):
            raise CompanionError(0, "the companion gave no rules")
        return texts[0], texts[1].decode(errors="replace")

    def close(self) -> None:
        """End it; may be called twice."""
        if self._socket.fileno() >= 0:
            self._socket.close()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGTERM)  # it may be waiting for nft, and it owes nobody an answer
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)

    async def _ask(self, question: Bind | Rules) -> list[int]:
        async with self._lock:
            if self._dead:
                raise CompanionError(0, _GONE)
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._exchange(question)
            except TimeoutError:
                raise CompanionError(0, f"the companion did not answer within {PATIENCE:.0f} s") from None
            except CompanionError:
                raise
            except OSError:
                self._dead = True
                raise CompanionError(0, _GONE) from None

    async def _exchange(self, question: Bind | Rules) -> list[int]:
        self._socket.send(msgspec.json.encode(question))
        self._owed += 1
        while True:
            await self._readable()
            text, descriptors = _received(self._socket)
            if not text:
                _close(descriptors)
                raise ConnectionResetError(0, "it is gone")
            self._owed -= 1
            if not self._owed:
                break
            _close(descriptors)
        answer = msgspec.json.decode(text, type=Answer)
        if answer.error or answer.why:
            _close(descriptors)
            raise CompanionError(answer.error, answer.why)
        return descriptors

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._socket, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._socket)


def _received(sock: socket.socket) -> tuple[bytes, list[int]]:
    descriptors = array.array("i")
    size = len(_LISTINGS) * descriptors.itemsize
    text, ancillary, _, _ = sock.recvmsg(MAX_ANSWER, socket.CMSG_SPACE(size), socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return text, list(descriptors)


def _read(descriptor: int) -> bytes:
    if os.fstat(descriptor).st_size > MAX_RULES:
        raise CompanionError(0, f"the rules are longer than {MAX_RULES >> 20} MiB")
    return os.pread(descriptor, MAX_RULES, 0)


def _close(descriptors: list[int]) -> None:
    for one in descriptors:
        os.close(one)


# The other process


def _live(sock: socket.socket, parent: int) -> None:
    """Answer until the agent is gone; never returns."""
    try:
        os.setsid()  # a Ctrl-C at a terminal is for the agent, which then closes
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        _forget_descriptors(sock.fileno())
        # Inherited by nft, and heeded by what its listing is written to.
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_RULES + 1, MAX_RULES + 1))
        privileges.keep((_NET_BIND_SERVICE, _NET_ADMIN))
        if os.getppid() == parent:
            _serve(sock)
    finally:
        os._exit(0)


def _forget_descriptors(kept: int) -> None:
    """Nothing of the agent's but standard error stays open here."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.closerange(3, kept)
    os.closerange(kept + 1, min(1 << 20, os.sysconf("SC_OPEN_MAX")))


def _serve(sock: socket.socket) -> None:
    decoder = msgspec.json.Decoder(Bind | Rules)
    while question := sock.recv(MAX_QUESTION):
        descriptors: list[int] = []
        try:
            answer, descriptors = _answer(decoder.decode(question))
        except msgspec.DecodeError:
            answer = Answer(0, "that is no question")
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        with contextlib.suppress(OSError):
            sock.sendmsg([msgspec.json.encode(answer)], rights)
        _close(descriptors)


def _answer(question: Bind | Rules) -> tuple[Answer, list[int]]:
    try:
        if isinstance(question, Bind):
            return Answer(), [bound(question.protocol, question.address, question.port).detach()]
        return _rules()
    except OSError as error:
        return Answer(error.errno or 0, (error.strerror or str(error)).lower()), []
    except ValueError as error:
        return Answer(0, str(error)[:200]), []


def bound(protocol: Literal["tcp", "udp"], address: str, port: int) -> socket.socket:
    """A socket at an address and port of this host, which nobody else has.

    Raises:
        OSError: it is taken, not of this host, or not permitted.
        ValueError: not an address.
    """
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if protocol == "tcp":
            # Without it a connection that has ended here lately would keep the port for a minute; a listener keeps it all the same.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _rules() -> tuple[Answer, list[int]]:
    program = next((one for one in _NFT if os.access(one, os.X_OK)), None)
    if program is None:
        return Answer(0, "nft is not installed, so that no rules can be read"), []
    descriptors: list[int] = []
    for options in _LISTINGS:
        made = os.memfd_create("rules", os.MFD_CLOEXEC)
        descriptors.append(made)
        why = _list_into(made, [program, *options, "list", "ruleset"])
        if why:
            _close(descriptors)
            return Answer(0, why), []
    return Answer(), descriptors


def _list_into(descriptor: int, command: list[str]) -> str:
    """Run nft; why there is no listing, or nothing."""
    try:
        done = subprocess.run(  # noqa: S603 -- a fixed program with fixed words
            command, stdin=subprocess.DEVNULL, stdout=descriptor, stderr=subprocess.PIPE, timeout=LISTING,
            check=False, env=_ENVIRONMENT,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"nft did not end within {LISTING:g} s"
    if done.returncode == -signal.SIGXFSZ:
        return f"the rules are longer than {MAX_RULES >> 20} MiB"
    said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
    return (
        "" if done.returncode == 0 else f"nft cannot list the rules: {said or f'it ended with {done.returncode}'}"[:200]
    )
