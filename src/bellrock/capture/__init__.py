"""Capture filters, capture files, live capture. What the packets mean is not decided here."""
