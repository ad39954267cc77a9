"""Who this agent is: an id that stays on disk, and a boot id made at each start."""

import os
import socket
import time
from pathlib import Path

import ulid_transform

from bellrock.agent.settings import Settings
from bellrock.beacon import Identity


class IdentityError(Exception):
    """The state directory or the id in it cannot be used: which, why, and what to do."""


def load(settings: Settings) -> Identity:
    """The identity kept in the state directory, made there at the first start.

    Raises:
        IdentityError: the directory cannot be made or written, or its id is not a ULID.
    """
    path = settings.state_dir / "agent-id"
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        agent = path.read_text().strip() if path.exists() else _make(path)
    except OSError as error:
        raise IdentityError(
            f"state directory {settings.state_dir}: {error.strerror}; give another with --state-dir"
        ) from None
    except UnicodeError:
        agent = ""
    if len(agent) != 26 or not agent.isalnum():
        raise IdentityError(f"{path}: not an agent id (26 letters and digits); remove the file to have a new one made")
    name = settings.name or socket.gethostname()
    boot = ulid_transform.ulid_at_time(time.time())
    return Identity(agent, name, settings.role.value, boot, _advertised(settings.region))


def _make(path: Path) -> str:
    agent = ulid_transform.ulid_at_time(time.time())
    temporary = path.with_suffix(".new")
    with temporary.open("w") as file:
        file.write(agent + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    return agent


def _advertised(region: str) -> tuple[str, ...]:
    """The region's address if another machine could use it."""
    local = ("http://127.", "http://localhost", "http://[::1]")
    return (region,) if region.startswith("http://") and not region.startswith(local) else ()
