"""Servers on loopback that say what a test has them say, good or bad."""

import asyncio
import os
import socket
import threading
from contextlib import contextmanager

from bellrock.probe import Ask, check


@contextmanager
def udp_server(answer, address="127.0.0.1"):
    """A port of loopback where `answer(payload, say)` is called for each datagram; `say(octets, port=0)` sends one back,
    from another port of ours if asked to."""
    stop = threading.Event()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        sock.bind((address, 0))
        other.bind((address, 0))
        sock.settimeout(0.02)

        def serve():
            while not stop.is_set():
                try:
                    payload, peer = sock.recvfrom(65535)
                except TimeoutError:
                    continue
                answer(
                    payload,
                    lambda octets, elsewhere=False, peer=peer: (other if elsewhere else sock).sendto(octets, peer),
                )

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            stop.set()
            thread.join()


@contextmanager
def tcp_server(serve, address="127.0.0.1"):
    """A port of loopback where `serve(connection)` is called for each connection, one after the other, and closes it."""
    stop = threading.Event()
    with socket.create_server((address, 0)) as sock:
        sock.settimeout(0.02)

        def accept():
            while not stop.is_set():
                try:
                    connection, _ = sock.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    try:
                        serve(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            stop.set()
            thread.join()


def probes(flow, port, *, address="127.0.0.1", within=5.0, protocol=None, nonce=None, **options):
    """All results of a probe of a server on loopback."""
    ask = Ask(
        flow=flow,
        address=address,
        port=port,
        within=within,
        protocol=protocol,
        options=options,
        nonce=nonce or os.urandom(16),
    )
    return asyncio.run(check(ask))


def probe(flow, port, **settings):
    """The only one."""
    (only,) = probes(flow, port, **settings)
    return only
