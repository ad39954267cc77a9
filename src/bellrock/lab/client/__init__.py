"""A machine that boots over the network as firmware does: `python -m bellrock.lab.client SETTINGS`, a program of the lab."""
