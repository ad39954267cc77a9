"""What is said before anybody is known. The first octet: 0 what an agent says, 1 what a region says, 2 a node's letter, 3 the answer to it."""

from collections.abc import Callable
from typing import TypeVar

from bellrock.contract import ContractError
from bellrock.contract.join import (
    MAX_SECRETS,
    JoinAnswer,
    JoinOffer,
    JoinProof,
    JoinRequest,
    decode_agent_join,
    decode_region_join,
    encode_join,
)
from bellrock.contract.letters import open_answer, open_report, seal_answer, seal_report
from bellrock.contract.pake import ExchangeError, Half
from bellrock.wire.compression import deflate
from bellrock.wire.errors import Reason, WireError
from fuzz.contract import demand, value_or_refusal

T = TypeVar("T")
KEY = bytes(range(32))


def one(data: bytes) -> None:
    chosen, said = data[0] % 4 if data else 0, data[1:]
    if chosen == 0:
        heard = value_or_refusal(lambda: taken(decode_agent_join, said))
        demand(heard is None or decode_agent_join(encode_join(heard)) == heard, "said again it is something else")
        judge_agent(heard)
    elif chosen == 1:
        told = value_or_refusal(lambda: taken(decode_region_join, said))
        demand(told is None or decode_region_join(encode_join(told)) == told, "said again it is something else")
        judge_region(told)
    elif chosen == 2:
        report = value_or_refusal(lambda: taken(open_report, deflate(said)))
        demand(report is None or open_report(seal_report(report)) == report, "written again it is something else")
    else:
        answer = value_or_refusal(lambda: taken(open_answer, deflate(said)))
        demand(answer is None or open_answer(seal_answer(answer)) == answer, "written again it is something else")


def taken(read: Callable[[bytes], T], octets: bytes) -> T:
    try:
        return read(octets)
    except ContractError as error:
        raise WireError(Reason.MALFORMED, str(error)) from None


def judge_agent(heard: object) -> None:
    if isinstance(heard, JoinRequest):
        judge_half(heard.message, agent=False)
    elif isinstance(heard, JoinProof):
        demand(0 < len(heard.proofs) <= MAX_SECRETS, "as many guesses as he likes")
        demand(all(bytes.fromhex(proof).hex() == proof for proof in heard.proofs), "a proof that is no octets")


def judge_region(told: object) -> None:
    if isinstance(told, JoinOffer):
        demand(0 < len(told.messages) <= MAX_SECRETS, "as many guesses as he likes")
        for message in told.messages:
            judge_half(message, agent=True)
    elif isinstance(told, JoinAnswer):
        demand(bytes.fromhex(told.proof).hex() == told.proof, "a proof that is no octets")


def judge_half(message: str, *, agent: bool) -> None:
    """Whatever the other end sends, there is a key that it cannot know, or the one error."""
    half = Half(KEY, lambda size: bytes(size - 1) + b"\7", agent=agent)
    try:
        key = half.finish(bytes.fromhex(message))
    except ExchangeError:
        return
    demand(len(key) == 32, "a key of another size")
