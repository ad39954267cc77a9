"""The agent's end of the contract, against a region that the test plays by hand over a real WebSocket."""

import asyncio
import contextlib
import logging

import pytest
from websockets.asyncio.server import serve, unix_serve
from websockets.exceptions import ConnectionClosed

from bellrock.agent import stream as module
from bellrock.agent.greeting import PATH
from bellrock.agent.spool import Spool, SpoolError
from bellrock.agent.stream import MAX_WORDS, Stream
from bellrock.agent.ways import Fixed, Way
from bellrock.contract import (
    CAPTURES,
    VERSION,
    Ack,
    Challenge,
    Delivered,
    Done,
    Hello,
    KeepAlive,
    MeasureMtu,
    NodeAnswer,
    Order,
    Rejected,
    Report,
    Welcome,
    decode_agent_message,
    encode,
    prove,
)
from bellrock.model import Host, Wall
from bellrock.wire.keys import Key, Keyring

KEYRING = Keyring([Key(b"k" * 32)])
KEY = KEYRING.signing.stream_key
HOST = Host("01M3250V7TXQRSP72K94ZGK21K", "rack-1", "rack")
NONCE = "ab" * 32


class Region:
    """Answers as told, remembers what it heard."""

    def __init__(self, *, key=KEY, acked=0, acknowledge=True, keep_alive=15.0, version=VERSION, hang_up_after=None):
        self.key, self.acked, self.acknowledge = key, acked, acknowledge
        self.keep_alive, self.version, self.hang_up_after = keep_alive, version, hang_up_after
        self.heard = []
        self.path = ""
        self.connections = 0
        self.reject = ""
        self.takes = ()

    async def __call__(self, connection):
        self.connections += 1
        self.connection = connection
        self.path = connection.request.path
        await connection.send(encode(Challenge(self.version, "region", NONCE)))
        hello = decode_agent_message(await connection.recv())
        self.heard.append(hello)
        if self.reject:
            await connection.send(encode(Rejected(self.reject)))
            return
        assert hello.proof == prove(KEY, "agent", NONCE, hello.nonce, HOST.id)
        proof = prove(self.key, "region", hello.nonce, NONCE, "region")
        await connection.send(encode(Welcome(proof, self.acked, self.keep_alive, self.takes)))
        async for text in connection:
            message = decode_agent_message(text)
            self.heard.append(message)
            if isinstance(message, Report):
                if self.acknowledge:
                    self.acked = message.seq
                    await connection.send(encode(Ack(message.seq)))
                if message.seq == self.hang_up_after:
                    self.hang_up_after = None
                    return

    def reports(self):
        return [message.seq for message in self.heard if isinstance(message, Report)]

    async def until(self, predicate, within=60.0):
        async with asyncio.timeout(within):
            while not predicate():
                await asyncio.sleep(0.005)


def report(seq):
    return Report(seq, "B", Wall(0.0), ())


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool.sqlite")
    yield spool
    spool.close()


@contextlib.asynccontextmanager
async def running(region, spool, *, unix=None, forgotten=lambda: None):
    """A stream that talks to `region`, over TCP on loopback or a Unix socket."""
    server = await (unix_serve(region, unix) if unix else serve(region, "127.0.0.1", 0))
    async with server:
        where = f"unix:{unix}" if unix else f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        stream = Stream(Fixed(where), HOST, "B", KEYRING, spool, forgotten)
        task = asyncio.ensure_future(stream.run())
        try:
            yield stream
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def play(scene):
    asyncio.run(scene())


def test_what_waits_is_sent_in_order_and_forgotten_when_acknowledged(spool):
    async def scene():
        region = Region()
        for seq in (1, 2, 3):
            spool.append(report(seq))
        async with running(region, spool) as stream:
            assert await stream.drained(10)
            spool.append(report(4))
            stream.wake()
            await region.until(lambda: region.reports() == [1, 2, 3, 4] and spool.waiting == 0)
            assert (stream.begun, stream.unacknowledged, stream.acknowledged.count()) == (1, 0, 4)
        assert region.path == PATH
        assert isinstance(region.heard[0], Hello)

    play(scene)


@pytest.mark.parametrize("guess", [False, True])
def test_that_nobody_is_where_one_is_only_guessed_is_no_warning(spool, caplog, guess):
    async def scene():
        ways = Fixed("")
        ways._way = Way("http://127.0.0.1:1", guess=guess)
        task = asyncio.ensure_future(Stream(ways, HOST, "B", KEYRING, spool, lambda: None).run())
        async with asyncio.timeout(10):
            while not (said := [one for one in caplog.records if "reports wait on disk" in one.message]):
                await asyncio.sleep(0.01)
        task.cancel()
        assert {one.levelname for one in said} == {"INFO" if guess else "WARNING"}

    caplog.set_level("INFO", "bellrock")
    play(scene)


def test_new_secrets_connect_anew_without_a_warning(spool, caplog):
    async def scene():
        region = Region()
        async with running(region, spool) as stream:
            await region.until(lambda: stream.connected.is_set())
            stream.rekey(KEYRING)
            await region.until(lambda: region.connections == 2 and stream.connected.is_set())
            assert (stream.begun, stream.ends.value("rekeyed"), stream.ends.value("lost")) == (2, 1, 0)
            assert [one for one in caplog.records if one.levelname == "WARNING"] == []
            await region.connection.close()
            await region.until(lambda: "the region closed the connection" in caplog.text)

    play(scene)


@pytest.mark.parametrize("takes", [(), ("here",)], ids=["older", "newer"])
def test_each_end_knows_what_the_other_takes(spool, takes):
    async def scene():
        region = Region()
        region.takes = takes
        async with running(region, spool) as stream:
            await asyncio.wait_for(stream.connected.wait(), 10)
            assert stream.takes == takes
            assert region.heard[0].carries_out == (CAPTURES,)

    asyncio.run(scene())


def test_a_unix_socket_serves_as_well(spool, tmp_path):
    async def scene():
        region = Region()
        spool.append(report(1))
        async with running(region, spool, unix=str(tmp_path / "region.sock")) as stream:
            assert await stream.drained(10)
        assert region.reports() == [1]

    play(scene)


def test_after_a_break_it_goes_on_behind_what_the_region_committed(spool):
    async def scene():
        region = Region(hang_up_after=2)
        for seq in (1, 2, 3):
            spool.append(report(seq))
        async with running(region, spool) as stream:
            assert await stream.drained(10)
        assert region.connections == 2
        # The third may have been under way when the region hung up; it is committed once all the same.
        assert region.reports() in ([1, 2, 3], [1, 2, 3, 3])

    play(scene)


def test_a_region_that_forgot_is_told_so_and_the_numbers_go_on(spool):
    async def scene():
        spool.append(report(1))
        spool.append(report(2))
        spool.acknowledge(2)
        region = Region(acked=0)
        forgotten = []

        def tell_anew():
            forgotten.append(spool.last)
            spool.append(Report(spool.last + 1, "B+", Wall(0.0), (), begin=True, complete=True))

        async with running(region, spool, forgotten=tell_anew) as stream:
            await region.until(lambda: region.reports() == [3])
            assert await stream.drained(10)
        assert forgotten == [2]

    play(scene)


def test_silence_is_filled_with_keep_alives(spool):
    async def scene():
        region = Region(keep_alive=0.02)
        spool.append(report(1))
        async with running(region, spool):
            await region.until(lambda: sum(isinstance(m, KeepAlive) for m in region.heard) >= 2)
        assert [m.seq for m in region.heard if isinstance(m, KeepAlive)][:2] == [0, 1]

    play(scene)


def test_keep_alives_go_also_while_there_is_always_something_to_report(spool):
    async def scene():
        region = Region(keep_alive=0.02)

        async def always(stream):
            seq = 0
            while True:
                seq += 1
                spool.append(report(seq))
                stream.wake()
                await asyncio.sleep(0)

        async with running(region, spool) as stream:
            busy = asyncio.create_task(always(stream))
            await region.until(lambda: sum(isinstance(m, KeepAlive) for m in region.heard) >= 3)
            busy.cancel()
        assert [m.seq for m in region.heard if isinstance(m, KeepAlive)][2] > 1

    play(scene)


def test_no_more_than_the_window_is_under_way(spool, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 5)

    async def scene():
        region = Region(acknowledge=False, keep_alive=0.02)
        for seq in range(1, 21):
            spool.append(report(seq))
        async with running(region, spool) as stream:
            await region.until(lambda: sum(isinstance(m, KeepAlive) for m in region.heard) > 1)
            assert region.reports() == [1, 2, 3, 4, 5]
            assert not await stream.drained(0.01)

    play(scene)


@pytest.mark.parametrize(
    ("region", "line"),
    [
        (Region(key=b"x" * 32), "the region does not know the shared secret; it is told nothing"),
        (Region(version=VERSION + 1), f"the region speaks version {VERSION + 1} of the contract"),
    ],
)
def test_a_region_that_is_not_ours_gets_no_report(spool, caplog, region, line):
    async def scene():
        spool.append(report(1))
        async with running(region, spool) as stream:
            await region.until(lambda: region.connections >= 2)
            assert not stream.connected.is_set()
            assert (stream.begun, stream.ends.value("turned-away") >= 1) == (0, True)

    play(scene)
    assert region.reports() == []
    assert sum(line in record.message for record in caplog.records) == 1, "told once, not at every attempt"


def test_being_turned_away_is_told_with_the_regions_reason(spool, caplog):
    async def scene():
        region = Region()
        region.reject = "this agent's secret is not this region's"
        async with running(region, spool):
            await region.until(lambda: region.connections >= 2)

    play(scene)
    assert "turned this agent away: this agent's secret is not this region's" in caplog.text


def test_nobody_there_is_a_line_and_patience(spool, caplog):
    caplog.set_level(logging.WARNING)

    async def scene():
        stream = Stream(Fixed("http://127.0.0.1:9"), HOST, "B", KEYRING, spool, lambda: None)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await stream.run()

    play(scene)
    (record,) = [r for r in caplog.records if r.name == "bellrock.agent.stream"]
    assert "reports wait on disk" in record.message


def test_a_disk_that_does_not_even_take_acknowledgements_does_not_end_the_stream(spool, monkeypatch):
    async def scene():
        region = Region(keep_alive=0.02)
        spool.append(report(1))
        real, failures = spool.acknowledge, [SpoolError("disk is full")] * 3

        def acknowledge(seq):
            if failures:
                raise failures.pop()
            real(seq)

        monkeypatch.setattr(spool, "acknowledge", acknowledge)
        async with running(region, spool) as stream:
            assert await stream.drained(10)
        assert (region.connections, region.reports()) == (1, [1])

    play(scene)


def damage(spool):
    spool._db.execute("UPDATE report SET body = 'x'")


@pytest.mark.parametrize("when", ["before", "while connected"])
def test_a_damaged_spool_does_not_end_the_stream_and_the_region_is_told_anew(spool, caplog, when):
    async def scene():
        region = Region(keep_alive=0.02)
        forgotten = []

        def tell_anew():
            forgotten.append(spool.last)
            spool.append(Report(spool.last + 1, "B+", Wall(0.0), (), begin=True, complete=True))

        if when == "before":
            for seq in (1, 2):
                spool.append(report(seq))
            damage(spool)
        async with running(region, spool, forgotten=tell_anew) as stream:
            if when != "before":
                spool.append(report(1))
                stream.wake()
                assert await stream.drained(10)
                spool.append(report(2))
                damage(spool)
                stream.wake()
            await region.until(lambda: region.reports()[-1:] == [3] and spool.waiting == 0)
        assert forgotten == [2]
        assert region.connections == 2

    play(scene)
    assert "the region is told everything anew" in caplog.text
    assert sum("report 1 cannot" in r.message or "report 2 cannot" in r.message for r in caplog.records) == 2


def test_a_spool_that_another_finds_damaged_is_noticed_at_the_next_keep_alive(spool):
    async def scene():
        region = Region(acknowledge=False, keep_alive=0.02)
        forgotten = []
        spool.append(report(1))
        async with running(region, spool, forgotten=lambda: forgotten.append(spool.last)):
            await region.until(lambda: region.reports() == [1])
            damage(spool)
            with pytest.raises(SpoolError):
                spool.after(0)
            await region.until(lambda: forgotten)
        assert forgotten == [1]

    play(scene)


def test_damage_that_an_acknowledgement_finds_leads_to_a_new_handshake(spool):
    async def scene():
        region = Region(keep_alive=0.02)
        spool.append(report(1))
        forgotten = []
        async with running(region, spool, forgotten=lambda: forgotten.append(spool.last)) as stream:
            assert await stream.drained(10)
            spool._db.execute("DROP TABLE mark")
            await region.until(lambda: forgotten)
        assert (forgotten, region.connections) == ([1], 2)

    play(scene)


@pytest.mark.parametrize("acked", [2, 41])
def test_numbers_of_an_earlier_spool_are_not_taken_for_those_of_this_one(spool, acked):
    """The region has reports 1 to `acked` of a spool that is lost; three others wait in the one that took its place."""

    async def scene():
        region = Region(acked=acked)
        for seq in (1, 2, 3):
            spool.append(report(seq))

        def tell_anew():
            spool.append(Report(spool.last + 1, "B+", Wall(0.0), (), begin=True, complete=True))

        async with running(region, spool, forgotten=tell_anew):
            await region.until(lambda: region.reports() and spool.waiting == 0)
        assert region.reports() == [max(acked, 3) + 1]
        assert not spool.unsure

    play(scene)


def test_a_spool_that_fails_to_read_is_told_once_and_tried_again(spool, monkeypatch, caplog):
    async def scene():
        region = Region()
        spool.append(report(1))
        real, failures = spool.after, [SpoolError("disk I/O error")] * 2

        def after(seq, limit):
            if failures:
                raise failures.pop()
            return real(seq, limit)

        monkeypatch.setattr(spool, "after", after)
        async with running(region, spool) as stream:
            assert await stream.drained(10)
        assert (region.connections, region.reports()) == (3, [1])

    play(scene)
    assert sum("disk I/O error; reports wait" in record.message for record in caplog.records) == 1


def test_a_region_that_does_not_begin_with_a_challenge_is_told_nothing(spool, caplog):
    async def scene():
        heard = []

        async def region(connection):
            await connection.send(encode(Ack(1)))
            with contextlib.suppress(ConnectionClosed):
                heard.extend([message async for message in connection])
            connections.append(connection)

        connections = []
        async with running(region, spool), asyncio.timeout(10):
            while not connections:
                await asyncio.sleep(0.005)
        assert heard == []

    play(scene)
    assert "the region began with Ack, not with a challenge" in caplog.text


def test_being_turned_away_later_is_told_and_tried_again(spool, caplog):
    class Moody(Region):
        async def __call__(self, connection):
            with contextlib.suppress(asyncio.CancelledError):
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(super().__call__(connection))
                    while not self.reports():
                        await asyncio.sleep(0.005)
                    await connection.send(encode(Rejected("another agent uses this identity")))

    async def scene():
        region = Moody()
        spool.append(report(1))
        async with running(region, spool):
            await region.until(lambda: region.connections >= 2)

    play(scene)
    assert "turned this agent away: another agent uses this identity" in caplog.text


def test_a_connection_that_worked_makes_the_next_attempt_come_soon_and_the_next_complaint_be_told(
    spool, monkeypatch, caplog
):
    monkeypatch.setattr(module, "STEADY", 0.0)

    async def scene():
        region = Region()
        async with running(region, spool) as stream:
            for seq in (1, 2):
                region.hang_up_after = seq
                spool.append(report(seq))
                stream.wake()
                await region.until(lambda: stream.begun == seq + 1)  # noqa: B023 -- awaited in this turn

    play(scene)
    assert sum("the region closed the connection" in record.message for record in caplog.records) == 2


def test_what_is_appended_while_others_are_sent_goes_at_once(spool, monkeypatch):
    async def scene():
        region = Region()
        spool.append(report(1))
        real = spool.after

        def after(seq, limit):
            reports = real(seq, limit)
            if spool.last == 1:
                spool.append(report(2))  # and nobody wakes the stream
            return reports

        monkeypatch.setattr(spool, "after", after)
        async with running(region, spool):
            await region.until(lambda: region.reports() == [1, 2])

    play(scene)


def test_other_words_than_reports_go_both_ways_while_the_region_listens(spool):
    async def scene():
        region, heard, watched = Region(hang_up_after=1), [], []
        async with running(region, spool) as stream:
            stream.listeners.append(heard.append)
            stream.watchers.append(watched.append)
            assert stream.say(Done("too early")) is False
            await asyncio.wait_for(stream.connected.wait(), 10)
            assert stream.say(Done("O")) is True
            await region.until(lambda: Done("O") in region.heard)
            await region.connection.send(encode(Delivered("L", NodeAnswer(region="r"))))
            await region.connection.send(encode(Order("P", MeasureMtu())))
            await region.until(lambda: len(heard) == 2)
            spool.append(report(1))
            stream.wake()
            await region.until(lambda: watched == [True, False, True])
        assert heard == [Delivered("L", NodeAnswer(region="r")), Order("P", MeasureMtu())]
        assert Done("too early") not in region.heard

    play(scene)


def test_words_that_wait_have_a_bound(spool):
    async def scene():
        async with running(Region(), spool) as stream:
            await asyncio.wait_for(stream.connected.wait(), 10)
            assert [stream.say(Done(str(number))) for number in range(MAX_WORDS + 1)] == [True] * MAX_WORDS + [False]

    play(scene)


def test_what_concerns_reports_is_said_behind_them(spool):
    async def scene():
        region = Region()
        async with running(region, spool) as stream:
            await asyncio.wait_for(stream.connected.wait(), 10)
            for seq in (1, 2):
                spool.append(report(seq))
            assert stream.say(Done("behind"), behind_reports=True)
            assert stream.say(Done("at once"))
            spool.append(report(3))
            await region.until(lambda: Done("behind") in region.heard)
        words = [
            one.order if isinstance(one, Done) else one.seq for one in region.heard if isinstance(one, Done | Report)
        ]
        assert words == ["at once", 1, 2, 3, "behind"]

    play(scene)


def test_what_is_to_be_said_behind_reports_is_forgotten_with_the_connection(spool):
    async def scene():
        region = Region(hang_up_after=1, acknowledge=False)
        async with running(region, spool) as stream:
            await asyncio.wait_for(stream.connected.wait(), 10)
            spool.append(report(1))
            spool.append(report(2))
            assert stream.say(Done("O"), behind_reports=True)
            await region.until(lambda: region.reports()[-1:] == [2] and region.connections == 2)
            assert not stream._behind

    play(scene)


def test_who_has_much_to_say_waits_for_room_and_is_told_when_nobody_listens_any_more(spool, monkeypatch):
    async def scene():
        region = Region(hang_up_after=1)
        async with running(region, spool) as stream:
            assert await stream.tell(Done("too early")) is False
            await asyncio.wait_for(stream.connected.wait(), 10)
            many = [str(number) for number in range(3 * MAX_WORDS)]
            for one in many:
                assert await stream.tell(Done(one))
            await region.until(lambda: [one.order for one in region.heard if isinstance(one, Done)] == many)
            monkeypatch.setattr(
                stream, "_send_words", lambda _: asyncio.Event().wait()
            )  # a connection that takes nothing
            for number in range(MAX_WORDS):
                assert stream.say(Done(f"more {number}"))
            waiting = asyncio.ensure_future(stream.tell(Done("last")))
            await asyncio.sleep(0)
            assert not waiting.done()
            await region.connection.close()
            assert await asyncio.wait_for(waiting, 10) is False

    play(scene)


def test_it_ends_when_it_is_to_even_as_its_connection_breaks(spool, monkeypatch):
    """A group of tasks that fails at the moment in which its owner is cancelled must not make it go on for ever."""

    async def scene():
        ended = asyncio.Event()

        async def breaks(*_):
            owner = asyncio.current_task()

            async def fail():
                owner.cancel()
                ended.set()
                raise ConnectionError("gone")

            async with asyncio.TaskGroup() as group:
                group.create_task(fail())

        async with serve(Region(), "127.0.0.1", 0) as server:
            where = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            stream = Stream(Fixed(where), HOST, "B", KEYRING, spool, lambda: None)
            monkeypatch.setattr(stream, "_serve", breaks)
            task = asyncio.ensure_future(stream.run())
            await ended.wait()
            done, _ = await asyncio.wait({task}, timeout=20)
            try:
                assert task in done
                assert task.cancelled()
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    play(scene)
