"""Versioned messages between agents and a region, as JSON text frames on one WebSocket (`/api/v1/agents/stream`).

The region speaks first:

    region → agent   Challenge
    agent  → region  Hello          proves the shared secret by HMAC over both nonces
    region → agent   Welcome        proves it too; says up to which report it has committed
    agent  → region  Report …       numbered without gaps, resent from the spool until acknowledged
    region → agent   Ack            committed up to and with this number
    agent  → region  KeepAlive      all that was reported up to `seq` still holds

A version, once shipped, is never edited; fields may be added with defaults. Kinds of messages and orders may be added as well, but
either end ends the connection over a kind that it does not know: so each is sent only to an end that has said that it knows it
(`Hello.carries_out`, `Welcome.takes`), and an older one is served as before.
"""

from bellrock.contract.probing import MAX_TRIES, Results, RunProbes, Tried, Try
from bellrock.contract.v1 import (
    CAPTURES,
    MAX_OBSERVATIONS,
    TELLS_HERE,
    VERSION,
    Ack,
    AgentMessage,
    Challenge,
    ContractError,
    Delivered,
    Done,
    Hello,
    KeepAlive,
    MeasureMtu,
    NodeAnswer,
    NodeReport,
    Order,
    Placed,
    RegionMessage,
    Rejected,
    Relayed,
    Renew,
    Renewed,
    Report,
    Welcome,
    decode_agent_message,
    decode_hello,
    decode_region_message,
    encode,
    prove,
)

__all__ = [
    "CAPTURES",
    "MAX_OBSERVATIONS",
    "MAX_TRIES",
    "TELLS_HERE",
    "VERSION",
    "Ack",
    "AgentMessage",
    "Challenge",
    "ContractError",
    "Delivered",
    "Done",
    "Hello",
    "KeepAlive",
    "MeasureMtu",
    "NodeAnswer",
    "NodeReport",
    "Order",
    "Placed",
    "RegionMessage",
    "Rejected",
    "Relayed",
    "Renew",
    "Renewed",
    "Report",
    "Results",
    "RunProbes",
    "Tried",
    "Try",
    "Welcome",
    "decode_agent_message",
    "decode_hello",
    "decode_region_message",
    "encode",
    "prove",
]
