"""Bellrock tells the truth about a bare-metal provisioning network, with proof."""
