"""From flows to the rules of a platform."""
