"""Laws that hold whatever comes in, in whatever order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.beacon import Arrival, Config, EvidenceFound, EvidenceLost, LetterDelivered, LetterLost, Refusal
from bellrock.beacon.envelopes import MAX_OWED, TOGETHER
from bellrock.beacon.responder import MAX_SCANS
from bellrock.beacon.values import TooBig
from bellrock.model import Port
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Letter, Received, Remote, ScanAnswer, ScanCall
from bellrock.wire.errors import Reason, WireError
from tests.beacon.playbook import Playbook

SMALL = Config(max_peers=3, max_ids=32, max_dynamic_vids=2)

interfaces = st.sampled_from(["eth0", "eth1", "eth2"])
vids = st.sampled_from([None, None, 10, 20, 30, 40])
ids = st.one_of(st.sampled_from([f"ours-v2-{n}" for n in range(1, 40)]), st.text("abc", min_size=1, max_size=3))
texts = st.one_of(st.sampled_from(["YQ==", "YQ", "=", "A" * 1024, "é", "\0", "0,1;2"]), st.text(max_size=8))
letters = st.builds(
    Letter,
    to=st.sampled_from(["", "us", "us", "them"]), id=st.one_of(st.sampled_from(["L", "M"]), ids), part=st.integers(0, 4),
    parts=st.integers(1, 4), text=st.one_of(st.just(""), st.just("YQ=="), texts),
    got=st.lists(st.integers(0, 63), max_size=4).map(tuple),
)  # fmt: skip
calls = st.builds(
    ScanCall,
    id=st.sampled_from("ABCDEFG"), vid=st.integers(0, 4095), outer=st.sampled_from([0, 0, 100]),
    seconds=st.sampled_from([0.0, 5.0, 3600.0]), stop=st.booleans(),
)  # fmt: skip
answers = st.builds(
    ScanAnswer, id=st.sampled_from("ABC"), heard=st.one_of(st.sampled_from(["", "1-20", "4095>1"]), texts)
)
sizes = st.sampled_from([0, 0, 1, 1279, 1500, 65535])
extensions = st.builds(
    Extension,
    agent=st.sampled_from(["us", "a", "b", "c", "d", "peer-02:00:00:00:00:02"]), host=st.just("host"),
    boot=st.sampled_from(["our-boot", "x", "y"]), seq=st.integers(0, 5000), interface=st.sampled_from(["", "eth0", "eth1"]),
    vid=vids, sent_us=st.integers(0, 2**62), acks=st.lists(ids, max_size=4).map(tuple),
    received=st.one_of(st.none(), st.builds(Received, interface=interfaces, vid=vids, hops=st.sampled_from([None, 1, 64]))),
    urgent=st.booleans(), held=st.one_of(st.sampled_from(["", "-,-", "ff,zz", ","]), texts), regions=st.just(()) | st.lists(texts).map(tuple),
    authority=texts, padded=sizes, mtu=sizes, fragmented=st.lists(ids, max_size=4).map(tuple),
    letter=st.none() | letters, scan=st.none() | st.none() | calls, scanned=st.none() | st.none() | answers,
)  # fmt: skip
beacons = st.builds(
    Beacon,
    version=st.sampled_from([1, 2]), type=st.sampled_from(list(BeaconType)), id=ids,
    remote=st.builds(Remote, name=interfaces, mac_address=st.sampled_from(["02:00:00:00:00:02", ""]),
                     type=st.sampled_from(["physical", "vlan", ""]), parents=st.sampled_from([(), ("eth0",)]), vid=vids),
    acks=st.one_of(st.none(), ids), extension=st.one_of(st.none(), extensions),
)  # fmt: skip
sources = st.sampled_from(["fe80::2", "10.0.0.2", "::", "0.0.0.0", "", "2001:db8::1"])
steps = st.one_of(
    st.tuples(st.just("hear"), beacons, interfaces, vids, sources, st.sampled_from([1, 1, 1, 64]), st.booleans()),
    st.tuples(st.just("port"), interfaces, vids, st.booleans(), st.booleans()),
    st.tuples(st.just("drop"), interfaces, vids),
    st.tuples(st.just("refuse"), interfaces, st.sampled_from(list(Reason))),
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.01, 0.3, 2.5, 30.0, 100.0])),
    st.tuples(st.just("echo"), interfaces, vids, st.integers(0, 5)),
    st.tuples(st.just("acknowledge"), interfaces, vids, st.integers(0, 5)),
    st.tuples(
        st.just("post"), interfaces, vids, st.sampled_from(["", "a", "us"]), st.sampled_from([0, 1, 3000, 50_000])
    ),
    st.tuples(st.just("say"), interfaces, vids, letters),
    st.tuples(st.just("take"), interfaces, vids, st.lists(st.integers(0, 63), max_size=4).map(tuple)),
    st.tuples(st.just("measure"), interfaces, sizes),
)


class Run:
    """Plays steps, and checks the laws as it goes."""

    def __init__(self):
        self.play = Playbook(SMALL)
        self.play.engine.relays = True
        self.posted = []
        """Letters of which it is not told yet what became of them."""
        self.said = []
        """Letters of a peer."""
        self.sent = []
        self.held = {}
        self.acked = set()
        """(port, id) that came in as an acknowledgement."""

    def step(self, step):
        getattr(self, step[0])(*step[1:])
        self.check()

    def hear(self, beacon, interface, vid, source, hops, multicast):
        port = Port("us", interface, vid)
        arrival = Arrival(
            port=port, beacon=beacon, source_mac="02:00:00:00:00:02", source_ip=source, source_port=5240, hop_limit=hops,
            multicast=multicast, received=self.play.now,
        )  # fmt: skip
        extension = beacon.extension
        if extension is not None and extension.scan is None and extension.scanned is None:
            self.acked.update((port, ack) for ack in beacon.extension.acks)
        self.play.engine.receive(arrival, self.play.now)
        self.play._collect()

    def port(self, interface, vid, speaks, learn):
        self.play.port(interface, vid, speaks=speaks, learn_vids=learn)

    def drop(self, interface, vid):
        self.play.drop(interface, vid)

    def refuse(self, interface, reason):
        refusal = Refusal(
            port=Port("us", interface), source_mac="x", error=WireError(reason, "so"), received=self.play.now
        )
        self.play.engine.receive(refusal, self.play.now)
        self.play._collect()

    def wait(self, seconds):
        before = self.play.engine.next_deadline()
        self.play.wait(seconds)
        after = self.play.engine.next_deadline()
        assert after is None or after.at > self.play.time - 1e-9
        assert before is None or after is None or after.at >= before.at or before.at <= self.play.time

    def echo(self, interface, vid, index):
        if index < len(self.sent):
            self.hear(self.sent[-1 - index].beacon, interface, vid, "fe80::1", 1, True)

    def acknowledge(self, interface, vid, index):
        """A good peer acknowledges one of the beacons that we sent last."""
        if index < len(self.sent):
            extension = Extension(
                agent="e", host="host", boot="x", seq=len(self.acked), interface="eth0",
                acks=(self.sent[-1 - index].beacon.id,), received=Received("eth0", None, 1),
            )  # fmt: skip
            remote = Remote("eth0", "02:00:00:00:00:02")
            beacon = Beacon(
                version=2, type=BeaconType.ADVERTISEMENT, id=f"e{len(self.acked)}", remote=remote, extension=extension
            )
            self.hear(beacon, interface, vid, "fe80::2", 1, True)

    def post(self, interface, vid, to, size):
        self.posted.append(self.play.engine.post(Port("us", interface, vid), to, bytes(size), self.play.now))
        self.play._collect()

    def say(self, interface, vid, letter):
        """A peer who is well-behaved but for what its letters hold."""
        extension = Extension(agent="w", host="host", boot="x", seq=len(self.said), letter=letter)
        beacon_id, remote = f"l{len(self.said)}", Remote("eth0", "02:00:00:00:00:02")
        self.said.append(letter)
        beacon = Beacon(version=2, type=BeaconType.ADVERTISEMENT, id=beacon_id, remote=remote, extension=extension)
        self.hear(beacon, interface, vid, "fe80::2", 1, True)

    def take(self, interface, vid, got):
        """It acknowledges parts of the letter that was posted last."""
        if self.posted:
            self.say(interface, vid, Letter(to="us", id=self.posted[-1], got=got))

    def measure(self, interface, size):
        """A search for what passes, and an ICMP message that anybody may have forged."""
        self.play.engine.measure(Port("us", interface), self.play.now)
        self.play.engine.receive(TooBig(port=Port("us", interface), size=size), self.play.now)
        self.play._collect()

    def check(self):
        play, core = self.play, self.play.engine._core
        self.sent += [sent for _, sent in play.sent]
        own = {sent.beacon.id: sent.port for sent in self.sent}
        for event in play.events:
            self.event(event, own)
        play.forget()
        assert len(core.sent) + len(core.seen) <= SMALL.max_ids
        assert all(len(state.peers) <= SMALL.max_peers for state in core.ports)
        assert len(core.ports) <= 18 + 3 * SMALL.max_dynamic_vids
        letters = self.play.engine._letters
        assert len(letters._arrivals) <= TOGETHER
        assert all(len(box.receipts) <= MAX_OWED for box in letters._boxes.values())
        assert all(len(scans) <= MAX_SCANS for scans in self.play.engine._responder._scans.values())
        held = {(kind, state.port, peer.port) for state in core.ports for peer in state.peers for kind in peer.since}
        assert held == set(self.held)

    def event(self, event, own):
        if isinstance(event, EvidenceFound):
            found = event.evidence
            self.held[found.kind, found.port, found.peer] = found
            if found.kind == "confirmed":
                # No claim of confirmed without our own id, sent on this very port, acknowledged there.
                assert own[found.proof[0]] == found.port
                assert (found.port, found.proof[0]) in self.acked
                assert 0 <= found.round_trip <= SMALL.confirm_within
        elif isinstance(event, EvidenceLost):
            # Nothing is lost that was not held.
            del self.held[event.key.kind, event.key.port, event.key.peer]
        elif isinstance(event, LetterDelivered | LetterLost):
            # What became of a letter is told once.
            self.posted.remove(event.id)


@settings(max_examples=300, deadline=None)
@given(st.lists(steps, max_size=40))
def test_no_input_makes_it_raise_claim_without_proof_or_grow_without_bound(script):
    run = Run()
    run.port("eth0", None, True, True)
    for step in script:
        run.step(step)


@settings(max_examples=100, deadline=None)
@given(st.lists(steps, max_size=25), st.floats(0, 0.999))
def test_alarms_come_to_rest(script, jitter):
    """However the draws fall, an engine left alone rings a bounded number of times."""
    run = Run()
    run.play = Playbook(SMALL, jitter=jitter)
    for step in script:
        run.step(step)
    rings, engine = 0, run.play.engine
    end = run.play.time + 60
    while (due := engine.next_deadline()) is not None and due.at <= end:
        run.play.time = max(run.play.time, due.at)
        engine.handle_timeout(run.play.now)
        rings += 1
        assert rings < 4000
