"""TOML texts ↔ values: a document or one clear line, and for each mistake in it the line and the key.

`text` reads and tells, `tables` converts tables into Structs, `lines` finds keys. What a file means is its reader's business.
"""
