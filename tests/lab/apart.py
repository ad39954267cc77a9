"""Runs code in namespaces of its own, in a thread that ends with them, so that the test's process stays where it is."""

import os
import threading
from collections.abc import Callable
from typing import TypeVar

from bellrock.lab import namespaces

T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """The result of `work`, done in new network, mount and host name namespaces."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            namespaces.leave()
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it did not end within a minute"
    if errors:
        raise errors[0]
    return results[0]


def descriptors() -> set[str]:
    """What this process has open."""
    return set(os.listdir("/proc/self/fd"))
