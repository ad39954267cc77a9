"""A whole boot: firmware, iPXE, installer, and perhaps the next one from the disk."""

import socket
import time
from typing import Final
from urllib.parse import urljoin, urlsplit

from bellrock.lab.client import fetch_http, fetch_tftp
from bellrock.lab.client.card import Card
from bellrock.lab.client.datagrams import Talker
from bellrock.lab.client.fetch_http import Answer, Asking
from bellrock.lab.client.lease import Lease, lease, proxied
from bellrock.lab.client.lease6 import lease6
from bellrock.lab.client.names import look_up
from bellrock.lab.client.settings import Stage
from bellrock.lab.client.story import BootFailed, Story
from bellrock.model import Wall
from bellrock.probe.dhcp_plan import HTTP
from bellrock.wire import ntp, syslog
from bellrock.wire.errors import WireError

_NOTICE: Final = 13
"""RFC 5424 §6.2.1: user-level, notice."""
_POSTED: Final = 200_000


class Machine:
    """The client."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._settings = story.settings
        self._card = Card(story.settings.interface, story.settings.mac)

    def boot(self) -> None:
        """Boot to the end.

        Raises:
            BootFailed: it stopped on the way.
        """
        self._card.bare()
        self._story.tell("link", "worked", f"{self._card.name} {self._card.mac}")
        time.sleep(self._settings.link_wait)
        for stage in self._settings.stages:
            self._stage(stage)
        if self._settings.reboot:
            self._story.reach("reboot")
            self._story.tell("reboot", "worked", "it begins anew")
            self._story.stage = "firmware"
            self._lease("firmware")

    def _stage(self, stage: Stage) -> None:
        self._story.stage = stage
        if stage in self._settings.flap:
            self._card.flap()
        found = self._lease(stage)
        match stage:
            case "firmware":
                self._firmware(found)
            case "ipxe":
                self._ipxe(found)
            case "installer":
                Installer(self._story, found).install()

    def _lease(self, stage: Stage) -> Lease:
        self._card.bare()  # each stage brings a network stack of its own, and asks as one without an address
        if self._settings.address:
            address, _, prefix = self._settings.address.partition("/")
            self._card.take(address, int(prefix or 24))
            return Lease(address=address, prefix=int(prefix or 24))
        if self._settings.family == 6:
            return lease6(self._card, stage, self._story)
        return lease(self._card, stage, self._story)

    def _firmware(self, found: Lease) -> None:
        if not found.file and self._settings.proxy_dhcp and found.next_server:
            found = proxied(self._card, found, found.next_server, self._story)
        if not found.file:
            raise BootFailed("dhcp", "no boot file name was received")
        url = found.file
        if url.startswith("tftp://"):
            parts = urlsplit(url)
            fetch_tftp.fetch(parts.hostname or "", parts.path.lstrip("/"), found.address, self._story)
        elif self._settings.arch in HTTP or url.startswith("http"):
            gave = get(
                self._story, found, Asking(url=url, step="http-boot", agent="firmware", trust=self._settings.trust)
            )
            fetch_tftp.start("http-boot", url, gave.body[:4096], self._story)
        else:
            fetch_tftp.fetch(found.next_server, url, found.address, self._story)

    def _ipxe(self, found: Lease) -> None:
        """The script that DHCP names, and what the script names."""
        if not found.file.startswith("http"):
            fetch_tftp.fetch(found.next_server, found.file, found.address, self._story)
            return
        script = get(self._story, found, Asking(url=found.file, step="http-boot", agent="ipxe"))
        for line in script.body.decode("utf-8", "replace").splitlines()[:64]:
            word, _, rest = line.strip().partition(" ")
            if word in ("kernel", "initrd") and rest:
                url = urljoin(found.file, rest.split()[0])
                get(self._story, found, Asking(url=url, step="http-boot", agent="ipxe"))


class Installer:
    """What an installer does with the network, in its order."""

    def __init__(self, story: Story, found: Lease) -> None:
        self._story = story
        self._settings = story.settings
        self._lease = found

    def install(self) -> None:
        """All of it.

        Raises:
            BootFailed: it cannot go on.
        """
        for name in self._settings.names:
            look_up(name, self._lease.dns, self._story)
        for server in self._lease.ntp or self._settings.ntp:
            self._time(server)
        if self._settings.metadata:
            self._get("metadata", urljoin(self._settings.metadata, "meta-data"))
        if self._settings.post:
            self._ask(
                Asking(url=self._settings.post, step="metadata", agent="installer", method="POST", body=bytes(_POSTED))
            )
        self._packages()
        if self._settings.syslog:
            self._log(self._settings.syslog)
        for url in self._settings.fetch:
            self._get("metadata", url)
        if self._settings.metadata:
            done = urljoin(self._settings.metadata, "user-data")
            self._ask(Asking(url=done, step="metadata", agent="installer", linger=self._settings.linger))

    def _packages(self) -> None:
        step = "proxy" if self._settings.proxy else "mirror"
        urls = [urljoin(self._settings.mirror, name) for name in ("Release", "Packages") if self._settings.mirror]
        urls += [self._settings.image] if self._settings.image else []
        for url in urls:
            proxy, login = self._settings.proxy, self._settings.proxy_login
            self._ask(Asking(url=url, step=step, agent="apt", proxy=proxy, login=login))

    def _time(self, server: str) -> None:
        """A server that does not answer, or whose answer makes no sense, does not stop an installation."""
        self._story.reach("ntp")
        address = look_up(server, self._lease.dns, self._story)
        with Talker(self._lease.address) as talker:
            for wait in self._story.waits():
                now = Wall(time.time() + self._settings.clock)
                talker.send(ntp.build(ntp.Packet(transmit=ntp.timestamp(now))), address, 123)
                for octets, _ in talker.answers(wait):
                    try:
                        offset, _ = ntp.offset_and_delay(
                            ntp.parse(octets), now, Wall(time.time() + self._settings.clock)
                        )
                    except WireError:
                        continue
                    self._story.tell("ntp", "worked", f"{address}: {offset:+.3f} s")
                    return
        self._story.tell("ntp", "unanswered", address)

    def _log(self, server: str) -> None:
        self._story.reach("syslog")
        said = syslog.Message(
            priority=_NOTICE, text="installation finished", host=socket.gethostname(), app="cloud-init"
        )
        with Talker(self._lease.address) as talker:
            sent = talker.send(syslog.build(said), look_up(server, self._lease.dns, self._story), 514)
        self._story.tell("syslog", "worked" if sent else "failed", server)

    def _get(self, step: str, url: str) -> Answer:
        return self._ask(Asking(url=url, step=step, agent="installer"))

    def _ask(self, asking: Asking) -> Answer:
        return get(self._story, self._lease, asking)


def get(story: Story, found: Lease, asking: Asking) -> Answer:
    """Fetch with the resolvers of a lease."""
    return fetch_http.fetch(asking, lambda name: look_up(name, found.dns, story), story)
