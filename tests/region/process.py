"""A region in a process of its own, to be killed: `python -m tests.region.process STATE_DIR [MAX_FILE_OCTETS]`."""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import signal
import sys
from pathlib import Path

from bellrock.region.server import Ready, RegionError, Settings, serve
from tests.region.support import SECRET


async def main(state_dir: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # SIGUSR1 gives the disk its space back.
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, limit_files, resource.RLIM_INFINITY)
    settings = Settings(state_dir=state_dir, listen=("127.0.0.1:0",), keys=(SECRET,))

    def ready(one: Ready) -> None:
        print(json.dumps({"url": one.addresses[0]}), flush=True)
        if len(sys.argv) > 2:
            limit_files(int(sys.argv[2]))

    await serve(settings, ready, stop)


def limit_files(octets: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write then fails with EFBIG instead of ending the process
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except RegionError as error:
        sys.exit(f"error: {error}")
