"""Capture files at full speed: octets → chunks of packets → columns of fields → conversations. What they mean is decided in `diagnosis`.

The way of a packet: `containers.opened(path)` gives `Chunk`s, `columns.columns(chunk, pieces)` their `Columns`, `register.Register.number`
the conversation of each packet, `tally.Tally` what each conversation amounts to.
"""
