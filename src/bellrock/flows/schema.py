"""The JSON Schema of site files, for editors and other programs."""

from typing import Any, Final

import msgspec

from bellrock.flows.profiles import PROFILES, catalogue
from bellrock.flows.site_roles import ROLES
from bellrock.flows.site_spec import SiteFile
from bellrock.flows.values import Protocol
from bellrock.flows.wanted import BOOT

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Of JSON Schema 2020-12. It says what a site file may hold; that subnets are apart and names exist, only `parse` says."""
    (root,), parts = msgspec.json.schema_components([SiteFile], ref_template="#/$defs/{name}")
    site = parts[root["$ref"].rpartition("/")[2]]
    site["properties"]["profile"]["enum"] = list(PROFILES)
    site["properties"]["role"].update(propertyNames={"enum": [role.value for role in ROLES]})
    ids = sorted({flow.id for name in PROFILES for flow in catalogue(name)})
    with_ports = sorted(
        {flow.id for name in PROFILES for flow in catalogue(name) if any(one.ports for one in flow.protocols)}
    )
    _name_ports(site["properties"]["ports"], with_ports)
    parts["FlowsSpec"]["properties"]["disable"]["items"] = {"type": "string", "enum": ids}
    site["properties"]["probe"]["propertyNames"] = {"enum": list(BOOT)}
    parts["TargetSpec"]["anyOf"] = [{"required": [key]} for key in ("address", "name")]
    parts["RoleSpec"]["anyOf"] = [{"required": [key]} for key in ("addresses", "subnets", "vlans")]
    schema = {"$schema": DRAFT, "title": "Bellrock site file", "$ref": root["$ref"], "$defs": parts}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))
    return plain


def _name_ports(ports: dict[str, Any], ids: list[str]) -> None:
    ports["propertyNames"] = {"enum": ids}
    for choice in ports["additionalProperties"]["anyOf"]:
        if choice["type"] == "object":
            choice["propertyNames"] = {"enum": [Protocol.TCP.value, Protocol.UDP.value]}
