"""Infrastructure of the enterprise around: directories, proxies that ask who you are, registries."""

from typing import Final

from bellrock.flows.catalogue.making import on_tcp, tcp
from bellrock.flows.values import Flow, Group, Role

LDAP: Final = Flow(
    id="ldap",
    title="LDAP/LDAPS",
    group=Group.ENTERPRISE,
    source=(Role.NODE,),
    destination=(Role.DIRECTORY,),
    protocols=on_tcp(389, 636),
    note="For auth if integrated",
    optional=True,
    exchanges=(
        tcp("bind", ((Role.NODE,), (Role.DIRECTORY,)), (389, 636), "RFC 4511 §5.2: LDAP listens on 389; over TLS from the start on 636 (IANA ldaps)"),
    ),
)  # fmt: skip

PROXY_AUTH: Final = Flow(
    id="proxy-auth",
    title="HTTP proxies with auth",
    group=Group.ENTERPRISE,
    source=(Role.NODE,),
    destination=(Role.PROXY,),
    protocols=on_tcp(3128),
    note="Inject APT auth via cloud-init",
    optional=True,
    exchanges=(
        tcp("request", ((Role.NODE,), (Role.PROXY,)), (3128,), "RFC 9110 §11.7: the proxy answers 407 until the client proves who it is"),
    ),
)  # fmt: skip

REGISTRY: Final = Flow(
    id="registry",
    title="Artifact registry",
    group=Group.ENTERPRISE,
    source=(Role.NODE,),
    destination=(Role.REGISTRY,),
    protocols=on_tcp(5000),
    note="Private Docker/OCI registries",
    optional=True,
    exchanges=(
        tcp("pull", ((Role.NODE,), (Role.REGISTRY,)), (5000,), "OCI distribution specification §Pull: manifests and blobs by HTTP"),
    ),
)  # fmt: skip

ENTERPRISE: Final = (LDAP, PROXY_AUTH, REGISTRY)
