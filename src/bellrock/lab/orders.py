"""What is said between a lab's maker and its supervisor while the lab is built, as lines of JSON."""

from msgspec import Struct

from bellrock.lab.schema import LabFile
from bellrock.lab.state import State


class Order(Struct, frozen=True, kw_only=True):
    """What to build, and where its directory goes."""

    lab: LabFile
    name: str
    file: str
    root: str
    user_namespace: bool


class Progress(Struct, frozen=True, tag="progress"):
    """Something is done."""

    text: str


class Ready(Struct, frozen=True, tag="ready"):
    """The lab is built."""

    state: State


class Failed(Struct, frozen=True, tag="failed"):
    """It could not be built, and why; nothing of it is left."""

    why: str


Word = Progress | Ready | Failed
