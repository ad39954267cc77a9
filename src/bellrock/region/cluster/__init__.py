"""Several processes of one region on one database: one leads, the others serve agents beside it and pass on what only it can answer.

    agents ── outpost ─┬─ mind (`Region`)                    at the leader
                       └─ `FarMind` ── letters ── leader     at the others
    people ── `Tunnel` ── letters ── `Mouth` ── the leader's application

Reports need none of this: every process commits those of its own agents, and reads those of the others from the feed
(`service.ingest`). Letters (`store.members`) are lost with a connection; whoever connects anew says first that it begins afresh, and
what had been said before is forgotten at the other end.
"""

from bellrock.region.cluster.process import Process

__all__ = ["Process"]
