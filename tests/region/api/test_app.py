"""The application's description of itself."""

from __future__ import annotations

from bellrock.region.api.examples import EXAMPLES
from bellrock.region.api.rights import OPEN, RIGHTS
from tests.region.support import asynchronous, region


@asynchronous
async def test_openapi(tmp_path):
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.get("/api/v1/openapi.json")).status_code == 401
        answer = await client.get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {running.token}"})
        assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
        schema = answer.json()
        assert schema["openapi"].startswith("3.1")
        operations = {
            (path, method): operation
            for path, item in schema["paths"].items()
            for method, operation in item.items()
            if method != "parameters"
        }
        assert {(method.upper(), path) for path, method in operations} <= RIGHTS.keys()
        for where, operation in operations.items():
            assert operation["summary"], where
            assert operation["description"], where
            documented = set(operation["responses"])
            right = RIGHTS[where[1].upper(), where[0]]
            assert right is OPEN or "401" in documented, where
            assert right.role in (None, "viewer") or "403" in documented, where
            for status in documented - {"200", "201", "202", "204", "304"}:
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
