"""Letters: messages between two agents of one link, carried in beacons, where there is no address to send them by.

A letter is cut into parts. Each travels in an advertisement of its own, which authenticates it; the receiver acknowledges
the parts that it has, and what is not acknowledged is sent again. All of it is paced: letters are for nodes that are told
where they are, not for traffic.
"""

import base64

from bellrock.beacon.core import Core
from bellrock.beacon.envelopes import Arrivals, Box, Posted, Receipt, cut
from bellrock.beacon.ports import Bucket, PortState
from bellrock.beacon.timers import Alarm
from bellrock.beacon.values import Arrival, LetterCame, LetterDelivered, LetterLost, Now, Transmission
from bellrock.model import Host, Port
from bellrock.wire.beacon import Extension, Letter
from bellrock.wire.document import MAX_PARTS
from bellrock.wire.errors import Reason

AT_ONCE = 4
"""Letters under way on one port; a node has one, a rack answers a few."""
PATIENCE = 1.01
"""Times the pace's pause until the next try, lest it come a rounding error too early."""
TOO_MANY_LETTERS = "too-many-letters"
"""A sender began more letters at once than are kept, or parts that do not belong together."""


class Letters:
    """Sends and receives the letters of all ports.

    Attributes:
        relays: letters to nobody in particular are taken too: a region listens to this agent.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._boxes: dict[Port, Box] = {}
        self._arrivals = Arrivals()
        self.relays = False

    def post(self, port: Port, state: PortState | None, to: str, octets: bytes, now: Now) -> str:
        """Send `octets` to the agent `to`, or, where `to` is empty, to any that a region listens to; the letter's id.

        What becomes of it is an event: LetterDelivered or LetterLost, and never both.
        """
        config = self._core.config
        identity = self._core.composer.letter_id(now)
        parts = cut(octets, state.facts.mtu) if state is not None else ()
        if state is None or not state.facts.speaks:
            return self._lose(port, identity, "nothing can be sent on this port now")
        box = self._boxes.setdefault(port, Box(Bucket(*config.letter_pace, now.mono)))
        if not parts:
            return self._lose(port, identity, f"{len(octets)} octets do not fit the {MAX_PARTS} parts of a letter")
        if len(box.letters) >= AT_ONCE:
            return self._lose(port, identity, f"{AT_ONCE} letters are under way on this port already")
        until = now.mono + config.letter_within
        box.letters[identity] = Posted(identity, to, parts, config.letter_again[0], until)
        self._core.arm(state, Alarm.LETTER, now.mono)
        return identity

    def hear(self, state: PortState, extension: Extension, arrival: Arrival, now: Now) -> None:
        """A beacon of a peer, authenticated and new, that carries a part of a letter or acknowledges some."""
        letter = extension.letter
        if letter is None:
            return
        us = self._core.identity.agent
        if not letter.text:
            if letter.to == us:
                self._acknowledged(state, extension.agent, letter, now)
        elif letter.to == us or (not letter.to and self.relays):
            self._take(state, Host(extension.agent, extension.host, extension.role), letter, arrival, now)

    def work(self, state: PortState, now: Now) -> None:
        """Alarm.LETTER: send what is due, as far as the pace allows, and give up what took too long."""
        box = self._boxes[state.port]
        self._give_up(state.port, box, now)
        at: float = now.mono
        while box.due() <= now.mono:
            if not box.bucket.take(now.mono):
                at += PATIENCE / self._core.config.letter_pace[1]
                break
            self._send_one(state, box, now)
        due = box.due()
        if due < float("inf"):
            self._core.arm(state, Alarm.LETTER, max(at, due))

    def drop(self, port: Port) -> None:
        """A port went down: what was under way there is lost."""
        box = self._boxes.pop(port, None)
        for identity in box.letters if box else ():
            self._lose(port, identity, "the port went down")

    def _lose(self, port: Port, identity: str, why: str) -> str:
        self._core.events.append(LetterLost(port, identity, why))
        return identity

    def _give_up(self, port: Port, box: Box, now: Now) -> None:
        over = [identity for identity, letter in box.letters.items() if letter.until <= now.mono]
        for identity in over:
            del box.letters[identity]
            self._lose(port, identity, f"nobody has taken the whole of it within {self._core.config.letter_within:g} s")

    def _send_one(self, state: PortState, box: Box, now: Now) -> None:
        """What is due first: a receipt before a part, since somebody waits for it."""
        for key, receipt in box.receipts.items():
            if receipt.at <= now.mono:
                del box.receipts[key]
                box.turn += 1
                note = Letter(to=receipt.to, id=key[1], parts=receipt.parts, got=receipt.got)
                self._say(state, note, box.turn, now)
                return
        again = self._core.config.letter_again[1]
        letter = min(box.letters.values(), key=Posted.due)
        if not letter.unsent:
            letter.repeat(again)
        part = letter.unsent.popleft()
        if not letter.unsent:
            letter.again_at = now.mono + self._core.around(letter.pause)
        note = Letter(to=letter.to, id=letter.id, part=part, parts=len(letter.parts), text=letter.parts[part])
        self._say(state, note, letter.turn, now)
        box.letters.move_to_end(letter.id)

    def _say(self, state: PortState, letter: Letter, turn: int, now: Now) -> None:
        """One advertisement, in one copy only: what is lost is said again, in the other address family."""
        core, copy = self._core, state.copies[turn % len(state.copies)]
        beacon = core.composer.carry(state.facts, copy, letter, now)
        core.sent.add(beacon.id, state.port, now)
        core.out.append(Transmission(port=state.port, beacon=beacon, family=copy.family, source_ip=copy.source_ip))

    def _acknowledged(self, state: PortState, agent: str, letter: Letter, now: Now) -> None:
        box = self._boxes.get(state.port)
        posted = box.letters.get(letter.id) if box else None
        if box is None or posted is None or posted.to not in ("", agent):
            return
        if posted.acknowledge(agent, letter.got, now.mono + self._core.around(posted.pause)):
            del box.letters[letter.id]
            self._core.events.append(LetterDelivered(state.port, letter.id, agent))

    def _take(self, state: PortState, sender: Host, letter: Letter, arrival: Arrival, now: Now) -> None:
        key, box = (sender.id, letter.id), self._boxes.get(state.port)
        if box is not None and not box.owes_more(key):
            self._refuse(arrival, TOO_MANY_LETTERS, "its letters come faster than they are acknowledged", now)
            return
        self._arrivals.expire(now.mono - self._core.config.letter_within)
        if parts := self._arrivals.finished(key):
            self._owe(state, key, parts, tuple(range(parts)), now, at_once=True)
            return
        octets = _octets(letter)
        if octets is None:
            self._refuse(arrival, Reason.MALFORMED, "a part of a letter that is not base64", now)
            return
        coming = self._arrivals.open(key, state.port, sender, letter.parts, now.mono)
        if coming is None:
            self._refuse(arrival, TOO_MANY_LETTERS, "no room for another letter of this sender", now)
            return
        coming.texts[letter.part] = octets
        whole = len(coming.texts) == coming.parts
        self._owe(state, key, coming.parts, tuple(sorted(coming.texts)), now, at_once=whole)
        if whole:
            self._core.events.append(LetterCame(state.port, sender, letter.id, self._arrivals.finish(key)))

    def _refuse(self, arrival: Arrival, reason: str, detail: str, now: Now) -> None:
        self._core.refuse(arrival.port, arrival.source_mac, reason, detail, now)

    def _owe(
        self, state: PortState, key: tuple[str, str], parts: int, got: tuple[int, ...], now: Now, *, at_once: bool
    ) -> None:
        if not state.facts.speaks:
            return
        box = self._boxes.setdefault(state.port, Box(Bucket(*self._core.config.letter_pace, now.mono)))
        earlier = box.receipts.get(key)
        at = now.mono if at_once else now.mono + self._core.between(*self._core.config.answer_window)
        at = min(at, earlier.at) if earlier else at
        box.receipts[key] = Receipt(key[0], parts, got, at)
        self._core.arm(state, Alarm.LETTER, at)


def _octets(letter: Letter) -> bytes | None:
    """What a part holds; None if it is no part: not base64, or numbered beyond the end."""
    if letter.part >= letter.parts:
        return None
    try:
        return base64.b64decode(letter.text, validate=True)
    except ValueError:  # binascii.Error is one; text beyond ASCII raises a plain one
        return None
