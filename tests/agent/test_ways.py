"""The way to a region that was given by hand."""

import asyncio

from bellrock.agent.ways import Fixed


def play(scene):
    asyncio.run(scene())


def test_a_fixed_way_is_always_the_same():
    async def scene():
        fixed = Fixed("unix:/run/region")
        assert (await fixed.next()).url == "unix:/run/region"
        fixed.failed(turned_away=True)
        fixed.worked()
        fixed.renewed("", ())
        await fixed.pause(0)
        assert (fixed.request(), fixed.renew_at(), (await fixed.next()).tls) == ("", None, None)

    play(scene)
