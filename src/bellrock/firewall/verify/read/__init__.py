"""nft's JSON → Ruleset. What is not known is `Unsupported` with its text: never a guess, never a traceback."""

from bellrock.firewall.verify.read.document import read_nft as read_nft
from bellrock.firewall.verify.read.entries import MOST_OCTETS as MOST_OCTETS
from bellrock.firewall.verify.read.listing import Listing as Listing
from bellrock.firewall.verify.read.listing import read_listing as read_listing
