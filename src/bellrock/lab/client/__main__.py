"""`python -m bellrock.lab.client SETTINGS [GATES STEP,…]`: boots once. Exit 0: it came to its end; 1: it stopped; its log says where."""

import sys
from pathlib import Path

import msgspec

from bellrock.lab.client.boot import Machine
from bellrock.lab.client.settings import Settings
from bellrock.lab.client.story import BootFailed, Story
from bellrock.lab.schema import LabError


def main(words: list[str]) -> int:
    """Boot as SETTINGS (JSON) says; before each STEP, wait until GATES/STEP is there."""
    settings = msgspec.json.decode(words[0], type=Settings)
    gates, closed = (Path(words[1]), frozenset(words[2].split(","))) if len(words) > 2 else (None, frozenset[str]())
    story = Story(settings, gates, closed)
    try:
        Machine(story).boot()
    except BootFailed as stopped:
        story.tell(stopped.step, "failed", str(stopped))
        return 1
    except (OSError, LabError) as error:
        story.tell("", "failed", f"{type(error).__name__}: {error}")
        return 1
    story.tell("", "done")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
