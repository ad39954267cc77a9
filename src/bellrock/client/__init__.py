"""A client of a region's API: typed, generated from its OpenAPI document, synchronous.

with Bellrock("https://10.0.0.1:5443", token=..., tls=...) as region:
    for interface in region.each_of_interfaces(vlan="pxe"):
        print(interface.host, interface.name)
"""

from bellrock.client.bellrock import Bellrock
from bellrock.client.errors import ClientError, NoRegion, NotARegion, Refused
from bellrock.client.transport import Place, parse_place

__all__ = ["Bellrock", "ClientError", "NoRegion", "NotARegion", "Place", "Refused", "parse_place"]
