"""Readers of what was generated, one for each syntax: text in, rules out, or an error. They know no generator."""
