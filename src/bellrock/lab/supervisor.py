"""The process that owns a lab: `python -m bellrock.lab.supervisor`, started by `Lab`.

It is the first process of a process namespace, so the kernel ends everything in the lab when it ends, however it ends
(pid_namespaces(7)). Namespaces have no names, so nothing of them stays either. It ends when told to, or when the pipe on its
standard input closes because the process that made it is gone, unless it was told to stay.

Standard input: one line of JSON, `Order`; then silence. Standard output: lines of JSON, `Progress | Ready | Failed`.
"""

import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import msgspec

from bellrock.lab import control, namespaces, state
from bellrock.lab.build import Builder
from bellrock.lab.control import AddInterface, RemoveInterface, Reply, Request, Retag, SetCarrier, decode_request
from bellrock.lab.namespaces import Space
from bellrock.lab.orders import Failed, Order, Progress, Ready, Word
from bellrock.lab.programs import Programs
from bellrock.lab.schema import LabError, LabFile
from bellrock.lab.state import Descriptors, State


def main() -> None:
    """Build the lab that standard input orders, and own it until the end."""
    order = msgspec.json.decode(_line(0), type=Order)
    say = _Mouth()
    try:
        own = os.geteuid() if order.user_namespace else None
        if order.user_namespace:
            namespaces.own_user()
        else:
            namespaces.own_processes()
        pid, started = _become_first()
        first = State(name=order.name, file=order.file, pid=pid, started=started, user=own)
        directory = state.claim(Path(order.root), first, order.lab)
    except LabError as error:
        say(Failed(str(error)))
        return
    failed = None
    try:
        Supervisor(order.lab, directory, first, say).run()
    except (LabError, OSError, subprocess.SubprocessError) as error:
        failed = Failed(str(error))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if failed is not None:  # said last, for it says that nothing is left
        say(failed)


class Supervisor:
    """A lab and its programs."""

    def __init__(self, lab: LabFile, directory: Path, first: State, say: Callable[[Word], None]) -> None:
        self._directory = directory
        self._state = first
        self._say = say
        namespaces.leave()
        self._back = namespaces.home()
        self._builder = Builder(lab, directory, self._back, lambda text: say(Progress(text)))
        self._programs = Programs(namespaces.enter)
        self._selector = selectors.DefaultSelector()
        self._ends = False
        self._stays = False

    def run(self) -> None:
        """Build, then serve until the end.

        Raises:
            LabError: the lab cannot be built.
        """
        wake = self._watch_children()
        self._builder.build()
        listener = self._listen()
        spaces = {name: Descriptors(it.net, it.uts, it.mount) for name, it in self._builder.spaces.items()}
        self._state = msgspec.structs.replace(self._state, spaces=spaces, ready=True)
        state.write(self._directory, self._state)
        self._selector.register(0, selectors.EVENT_READ, self._orphaned)
        self._selector.register(wake, selectors.EVENT_READ, lambda: self._reap(wake))
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        self._say(Ready(self._state))
        self._redirect()
        while not self._ends:
            for key, _ in self._selector.select():
                key.data()
        self._stop()

    def _redirect(self) -> None:
        """Whatever this process says from now on that is not for its maker goes to a file."""
        log = os.open(self._directory / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 2)
        os.close(log)

    def _watch_children(self) -> int:
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._told_to_end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return read

    def _told_to_end(self, _number: int, _frame: FrameType | None) -> None:
        self._ends = True

    def _orphaned(self) -> None:
        if not os.read(0, 4096):
            self._selector.unregister(0)
            self._ends = not self._stays

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        listener.bind(str(self._directory / "control.sock"))
        listener.listen(16)
        return listener

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.settimeout(5.0)
        self._selector.register(client, selectors.EVENT_READ, lambda: self._serve(client))

    def _serve(self, client: socket.socket) -> None:
        try:
            message = client.recv(1 << 16)
            if message:
                client.send(msgspec.json.encode(self._answer(message)))
                return
        except OSError:
            pass
        self._selector.unregister(client)
        client.close()

    def _answer(self, message: bytes) -> Reply:
        try:
            return Reply(value=self._carry_out(decode_request(message)))
        except (LabError, OSError, subprocess.SubprocessError) as error:
            return Reply(error=str(error))

    def _carry_out(self, request: Request) -> object:
        match request:
            case control.Status():
                return self._programs.status()
            case control.Start():
                self._programs.start(self._space(request.host), request, self._directory)
            case control.End():
                return self._programs.end(request.name, request.signal)
            case control.Ports():
                return self._builder.switches.table()
            case control.Stay():
                self._stays = True
            case control.Down():
                self._ends = True
            case _:
                return self._change(request)
        return None

    def _change(self, request: Retag | SetCarrier | AddInterface | RemoveInterface) -> float | None:
        builder, host, interface = self._builder, request.host, request.interface
        match request:
            case Retag():
                builder.retag(host, interface, request.port)
            case SetCarrier():
                builder.set_carrier(host, interface, request.up)
            case AddInterface():
                builder.add_interface(host, interface, request.spec)
                return time.time()
            case RemoveInterface():
                builder.remove_interface(host, interface)
        return None

    def _space(self, host: str) -> Space:
        if host not in self._builder.spaces:
            raise LabError(f"{host}: no such host; there are {', '.join(self._builder.spaces)}")
        return self._builder.spaces[host]

    def _reap(self, wake: int) -> None:
        """Take note of programs that ended, and bury orphans, which come to the first process of a namespace."""
        with suppress(BlockingIOError):
            os.read(wake, 4096)
        with suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
                if not self._programs.poll(ended.si_pid) and not self._builder.switches.poll(ended.si_pid):
                    os.waitpid(ended.si_pid, os.WNOHANG)

    def _stop(self) -> None:
        self._programs.stop()
        self._builder.switches.stop()


def _become_first() -> tuple[int, int]:
    """Go on as the first process of the new process namespace; its id and start time as the outside knows them."""
    read, write = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child:
        os.write(write, json.dumps([child, state.start_time(child)]).encode())
        os._exit(0)
    os.close(write)
    pid, started = json.loads(os.read(read, 256))
    os.close(read)
    return pid, started


def _line(descriptor: int) -> bytes:
    """The first line from a descriptor, read without a buffer, so that its end is noticed later."""
    parts = []
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
        if part.endswith(b"\n"):
            break
    return b"".join(parts)


class _Mouth:
    """Standard output, which its reader may have closed."""

    def __call__(self, word: Word) -> None:
        with suppress(BrokenPipeError):
            os.write(1, msgspec.json.encode(word) + b"\n")


if __name__ == "__main__":
    main()
