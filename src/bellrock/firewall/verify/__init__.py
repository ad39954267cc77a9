"""What a ruleset lets through, decided over sets of packets; sharing no code with `compile`."""
