"""The application's description of itself."""

from __future__ import annotations

from bellrock.region.api.examples import EXAMPLES
from tests.region.support import asynchronous, region

OPEN = {"/healthz", "/api/v1/login"}


@asynchronous
async def test_openapi(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        answer = await client.get("/api/v1/openapi.json")
        assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
        schema = answer.json()
        assert schema["openapi"].startswith("3.1")
        operations = {
            (path, method): operation
            for path, item in schema["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }
        assert set(operations) == {
            ("/healthz", "get"),
            ("/api/v1/login", "post"),
            ("/api/v1/login-tokens", "post"),
            ("/api/v1/logout", "post"),
            ("/api/v1/topology", "get"),
            ("/api/v1/topology/explain", "get"),
            ("/api/v1/hosts", "get"),
            ("/api/v1/interfaces", "get"),
            ("/api/v1/evidence", "get"),
            ("/api/v1/refusals", "get"),
            ("/api/v1/fabrics/{identity}", "patch"),
            ("/api/v1/vlans/{identity}", "patch"),
        }
        for where, operation in operations.items():
            assert operation["summary"], where
            assert operation["description"], where
            documented = set(operation["responses"])
            assert where[0] in OPEN or "401" in documented, where
            for status in documented - {"200", "201", "204"}:
                content = operation["responses"][status].get("content", {})
                assert set(content) == {"application/problem+json"}, (where, status)
            for parameter in operation.get("parameters", []):
                assert parameter["in"] == "path" or parameter["description"], where
        for name, shape in schema["components"]["schemas"].items():
            assert shape.get("description"), name
        examples = {
            shape["title"]: shape["examples"]
            for shape in schema["components"]["schemas"].values()
            if shape.get("examples")
        }
        assert set(examples) >= {type(one).__name__ for one in EXAMPLES}
        assert set(schema["components"]["securitySchemes"]) == {"session", "token"}
