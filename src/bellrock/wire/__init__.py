"""Bytes to values and back: beacons, the frames that carry them, and what neighbours say about themselves.

Every parser returns a value or raises `errors.WireError`, whatever the bytes. No IO, no clock, no policy.
Import the module that you need: each is one protocol or one layer, and the beacon is the only one that loads cryptography.
"""
