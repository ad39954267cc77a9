"""The harnesses hold without a fuzzer too: every seed passes, the seeds are those that `fuzz.seeds` makes, and they reach what they are for."""

import importlib
from collections import Counter

import pytest

from bellrock.wire.beacon import Decoded, examine
from bellrock.wire.errors import WireError
from fuzz import HARNESSES, contract, seeds
from fuzz import beacon as beacon_harness

SEEDS = [
    pytest.param(harness, path, id=f"{harness}/{path.name}")
    for harness in HARNESSES
    for path in sorted((seeds.CORPUS / harness).iterdir())
]


@pytest.mark.parametrize(("harness", "path"), SEEDS)
def test_every_seed_passes(harness, path):
    importlib.import_module(f"fuzz.{harness}").one(path.read_bytes())


@pytest.mark.parametrize(("harness", "path"), SEEDS)
def test_every_prefix_of_a_seed_passes(harness, path):
    one, data = importlib.import_module(f"fuzz.{harness}").one, path.read_bytes()
    for size in range(len(data)):
        one(data[:size])


def test_the_corpus_is_what_seeds_makes(tmp_path, monkeypatch):
    monkeypatch.setattr(seeds, "CORPUS", tmp_path)
    seeds.main()
    committed = seeds.HERE / "corpus"
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {path.relative_to(committed): path.read_bytes() for path in committed.rglob("*") if path.is_file()}
    assert made == kept
    assert all(len(data) < 1024 for data in kept.values())


def test_beacon_seeds_get_past_the_signature():
    accepted = Counter()
    for path in (seeds.CORPUS / "beacon").iterdir():
        data = path.read_bytes()
        found = examine(beacon_harness.payload(data), beacon_harness.RING, beacon_harness.NOW)
        accepted[data[0] & 0x7F, isinstance(found, Decoded)] += 1
    assert {mode for mode, accepts in accepted if accepts} == {2, 3, 4, 5, 6}


@pytest.mark.parametrize("harness", [name for name in HARNESSES if name != "beacon"])
def test_other_seeds_reach_values(harness, monkeypatch):
    module, values = importlib.import_module(f"fuzz.{harness}"), []

    def watching(parse):
        value = contract.value_or_refusal(parse)
        values.append(value)
        return value

    monkeypatch.setattr(module, "value_or_refusal", watching)
    for path in (seeds.CORPUS / harness).iterdir():
        module.one(path.read_bytes())
    assert sum(value is not None for value in values) >= len(values) / 2


def test_a_harness_stops_at_what_is_not_allowed(monkeypatch):
    module = importlib.import_module("fuzz.lldp")

    def crash(_):
        raise KeyError("planted")

    monkeypatch.setattr(module.lldp, "parse", crash)
    with pytest.raises(KeyError):
        module.one(b"\x01")
    with pytest.raises(contract.BrokenError):
        contract.judge(WireError("no reason", "a detail long enough"))
