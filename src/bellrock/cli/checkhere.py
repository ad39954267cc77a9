"""This host as it sees itself, for `bellrock check`: the same look that agents take."""

import asyncio
import os
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bellrock.cli.output import Failure

if TYPE_CHECKING:
    from bellrock.model.here import Here


class Host:
    """Looks at this host once for each round of checks; rules that have not changed are judged once."""

    def __init__(self, roles: Iterable[str]) -> None:
        from bellrock.agent.here import Inspector

        self._inspector = Inspector(socket.gethostname(), roles, rules if os.geteuid() == 0 else None)

    def look(self) -> "Here":
        """The host now; what this process may not see is not known."""
        from msgspec.structs import replace

        from bellrock.model.here import Load

        # Rounds are told within an event loop, and the look wants one of its own.
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(asyncio.run, self._inspector.look()).result()
        # What this command costs says nothing of an agent here, but how many there are does.
        return replace(found, load=None if found.load is None else Load(agents=found.load.agents))


async def rules() -> tuple[bytes, str]:
    """What `nft -j list ruleset` and `nft -a list ruleset` print.

    Raises:
        OSError: nft is not there, or they cannot be read.
    """
    from bellrock.cli.nft import run

    told = []
    for option in ("-j", "-a"):
        try:
            done = run(["nft", option, "list", "ruleset"])
        except Failure as error:
            raise OSError(error.format_message()) from None
        if done.returncode:
            raise OSError(f"nft {option} list ruleset ended with {done.returncode}")
        told.append(done.stdout)
    return told[0], told[1].decode(errors="replace")
