"""The catalogue of flows: who talks to whom, over what, and why; and the sites that adjust it."""
