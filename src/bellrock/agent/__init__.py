"""The agent: a rack or a node. It ties the engine to the network and its reports to a region; it decides nothing itself."""
