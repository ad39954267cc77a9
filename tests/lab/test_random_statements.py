"""Every statement that the reader knows is in some random ruleset, or is named with the reason why not."""

import random
import re

from bellrock.firewall.verify.read import statements
from tests.lab.random_rules import random_plan
from tests.lab.random_statements import UNJUDGED

WORDS = {
    "set": r"(?:add|update|delete) @",
    "map": r"(?:tcp|udp|ip|ip6) \w+ map \{",
    "mangle": r"(?:mark|dscp) set",
    "continue": r"continue",
}


def test_every_statement_is_generated_or_listed_with_a_reason():
    text = "\n".join(random_plan(random.Random(f"words/{seed}")).text for seed in range(1500))
    found = {name for name in statements._READERS if re.search(rf"(?<![\w@-]){WORDS.get(name, name)}", text)}
    assert set(statements._READERS) - found == set(UNJUDGED)
    assert all(UNJUDGED.values())


def test_what_changes_the_meaning_of_a_table_is_generated():
    text = "\n".join(random_plan(random.Random(f"words/{seed}")).text for seed in range(1500))
    for words in (
        "flags dormant",
        "@th,16,16 set",
        "ct zone set",
        "counter name",
        "vmap {",
        "numgen",
        "jhash",
        "maxseg",
    ):
        assert words in text, words
    assert re.search(r"vmap (?:@\w+|\{[^}]*\}) (?:accept|drop)", text)
