"""Fuzzing of every parser of `bellrock.wire`, of site files, of rulesets, of answers to scans and of what is said before anybody is known: bytes become a value or the documented error, and nothing else ever happens.

    .venv/bin/python -m fuzz.run [--seconds N] [--jobs N] [NAME...]

Each harness is a module with `one(data: bytes) -> None`, which raises what is not allowed. `seeds` makes the corpus, `drive` runs
one harness under atheris, `run` runs several, each in its own process.
"""

HARNESSES = (
    "beacon",
    "frame",
    "ethernet",
    "ip",
    "udp",
    "lldp",
    "cdp",
    "site",
    "ruleset",
    "scan",
    "switch",
    "joining",
    "dhcp",
    "walk",
    "management",
    "datagrams",
    "repository",
    "passing",
    "capture",
)
