"""The only door to the street: raw and ordinary sockets, link state, clocks.

`PacketDevice` hears and sends frames on every interface through one AF_PACKET socket. `UdpDevice` does what an ordinary
socket can where the right to open such a socket is missing. `LinkMonitor` tells of interfaces by netlink. Import the modules; this package
imports none of them, so that a program pays for what it uses.
"""
