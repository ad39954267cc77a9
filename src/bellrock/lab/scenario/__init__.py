"""Faults that are declared, made to happen in a lab, and expected to be named: a training ground for people, and the judge of the tool.

A scenario is a world that is healthy by itself, faults in it, ways to look at it, and what must be found. `scenarios/NAME.toml` and
`worlds/NAME.toml` are beside this package; docs/reference/scenario-files.md has every key.
"""
