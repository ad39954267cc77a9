"""A region in this process, for commands that ask one."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from click.testing import CliRunner

from bellrock.cli.root import cli
from tests.region.support import region


class Asked:
    """Runs commands against a region."""

    def __init__(self, url, state_dir):
        self.url = url
        self.state_dir = state_dir

    def __call__(self, *arguments, code=0, given=None, **environment):
        """What `bellrock ARGUMENTS` says; it must end with `code`."""
        where = ["--region", self.url, "--state-dir", str(self.state_dir)]
        done = CliRunner().invoke(
            cli,
            [*arguments, *where],
            input=given,
            prog_name="bellrock",
            env={"BELLROCK_TOKEN_FILE": None} | environment,
        )
        assert done.exit_code == code, (done.output, done.exception)
        return done


@contextmanager
def asked(state_dir):
    """A region that serves in a thread."""
    started, holder = threading.Event(), {}

    async def serve() -> None:
        async with region(state_dir / "region") as running:
            holder["url"], holder["loop"], holder["stop"] = running.url, asyncio.get_running_loop(), running.stop
            started.set()
            await running.stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(30)
        yield Asked(holder["url"], state_dir)
    finally:
        holder["loop"].call_soon_threadsafe(holder["stop"].set)
        thread.join(30)
        assert not thread.is_alive()
