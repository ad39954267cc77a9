"""The servers of the lab's worlds: real ones, each configured from a few settings that mean the same for every make of server."""
