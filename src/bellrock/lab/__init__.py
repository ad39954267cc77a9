"""Virtual networks: hosts as network namespaces around a real VLAN switch, from one file.

`with Lab.from_file("examples/three-racks.toml") as lab:` builds one and takes it away again, whatever happens.
The lab starts programs and never reaches into their insides.
"""
