"""Rulesets in nft's JSON. The first octet: 1 puts the rest as the statements of a rule of a chain that stands; else it is the document."""

from bellrock.firewall.verify.read import read_listing, read_nft
from bellrock.firewall.verify.ruleset import Ruleset
from fuzz.contract import demand, value_or_refusal

HEAD = b'{"nftables": [{"chain": {"family": "inet", "table": "t", "name": "f", "type": "filter", "hook": "forward", "prio": 0}}, '
RULE = b'{"rule": {"family": "inet", "table": "t", "chain": "f", "handle": 1, "expr": '


def one(data: bytes) -> None:
    body = data[1:]
    document = HEAD + RULE + body + b"}}]}" if data[:1] == b"\x01" else body
    listing = read_listing(body.decode(errors="replace"))
    found = value_or_refusal(lambda: read_nft(document, listing))
    if found is not None:
        judge(found)


def judge(found: Ruleset) -> None:
    """What was read is complete: every rule has a text, every chain its key."""
    for key, chain in found.chains.items():
        demand(chain.key == key, "a chain under another's key")
        demand(all(rule.chain == key for rule in chain.rules), "a rule in another's chain")
