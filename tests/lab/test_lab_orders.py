"""What a maker and a supervisor say to each other survives the pipe."""

from pathlib import Path

import msgspec
import pytest

from bellrock.lab.orders import Failed, Order, Progress, Ready, Word
from bellrock.lab.parse import load
from bellrock.lab.state import Descriptors, State

RACKS = load(Path(__file__).parents[2] / "examples" / "three-racks.toml")


def test_an_order_holds_the_whole_lab():
    order = Order(lab=RACKS, name="x", file="f", root="/run", user_namespace=True)
    assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order


@pytest.mark.parametrize(
    "word",
    [
        Progress("half"),
        Failed("no"),
        Ready(State(name="x", file="f", pid=1, started=2, user=3, spaces={"a": Descriptors(1, 2, 3)})),
    ],
)
def test_words(word):
    assert msgspec.json.decode(msgspec.json.encode(word), type=Word) == word
