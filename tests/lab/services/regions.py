"""Bellrock's own region on the server host, as other services are: by its command."""

import subprocess

from tests.cli.programs import BELLROCK
from tests.lab.services.world import SERVER, World


def region(world: World, port: int = 5240, name: str = "region"):
    """A region with TLS, and its state directory."""
    state = world.directory / name
    secret = world.directory / f"{name}.secret"
    secret.write_text("5e" * 32)
    secret.chmod(0o600)
    program = world.start(
        BELLROCK, "region", "--listen", f"{SERVER}:{port}", "--state-dir", state, "--secret-file", secret, "--no-beacons",
    )  # fmt: skip
    program.says("listening on")
    return program, state


def token(world: World, state) -> str:
    """For a program that may look."""
    command = world.server.command(
        str(BELLROCK),
        "token",
        "new",
        "prober",
        "--state-dir",
        str(state),
        "--region",
        f"unix:{state}/region/local.sock",
    )
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.split()[-1]
