"""Whole conversations through a real router, and what `check_crossings` says of both directions of each."""

from contextlib import AbstractContextManager
from unittest.mock import patch

import pytest

from bellrock.firewall.verify import court, wanted
from bellrock.firewall.verify.state import CT_NEW
from tests.lab.conversations import conversing
from tests.lab.kernel_judge import kernel
from tests.lab.random_rules import Plan

pytestmark = pytest.mark.lab
CONVERSATIONS = 160
SEED = 13

_kind = court._kind


def _never_undone(outcome):
    return court.structs.replace(_kind(outcome), restored=())


def _without_mark(outcome):
    return court.structs.replace(_kind(outcome), ct_mark=0)


TRANSLATED = """
table ip t {
  chain n { type nat hook postrouting priority 100; snat to 10.99.2.77; }
  chain p { type filter hook prerouting priority -150; ip daddr 10.99.2.77 udp sport 1-65535 drop; }
}"""
STATEFUL = """
table inet t { chain f { type filter hook forward priority 0; policy drop;
  ct direction original accept
  ct state established accept
  }
}"""
MARKED = """
table inet t { chain f { type filter hook forward priority 0; policy drop;
  ct direction original ct mark set 7 accept
  ct mark 7 accept
  }
}"""
MISTAKES: dict[str, tuple[AbstractContextManager[object], str]] = {
    "answers are judged as new": (patch.object(wanted, "CT_ESTABLISHED", CT_NEW), STATEFUL),
    "answers come from where nothing was translated to": (patch.object(court, "_kind", _never_undone), TRANSLATED),
    "marks of connections are forgotten": (patch.object(court, "_kind", _without_mark), MARKED),
}


def planned(text: str) -> AbstractContextManager[object]:
    """Conversations through these rules instead of random ones."""
    plan = Plan("forward", text, {"v4": [], "v6": [], "port": []}, nat="type nat" in text)
    return patch("tests.lab.conversations.conversing_plan", lambda rng: plan)


@pytest.fixture(scope="module")
def router():
    with kernel() as made:
        yield made


def test_what_becomes_of_conversations_is_as_the_verifier_says(router):
    score = conversing(router, CONVERSATIONS, SEED)
    assert score.differences == [], "\n\n".join(map(str, score.differences))
    assert score.directions >= CONVERSATIONS
    assert score.unknown < score.directions / 3
    said = {f"{direction} {word}" for direction in ("request", "reply") for word in ("passes", "blocked")}
    assert all(score.verdicts[one] for one in said | {"request partly"}), score.verdicts
    assert len(score.kinds) >= 4, score.kinds


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_would_be_noticed(router, name):
    mistake, text = MISTAKES[name]
    with planned(text):
        assert conversing(router, 20, SEED).differences == []
        with mistake:
            assert conversing(router, 20, SEED, most=1).differences
