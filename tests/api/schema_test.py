"""schemathesis sends what /openapi.json allows, and what it does not, and holds the answers against it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from tests.api.harness import CLIENTS, MODEL, TIMEOUT_S, ServerTest

# What is not there yet says so with 501.
CONFIGURATION = """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
"""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


class SchemaTest(ServerTest):
    # So that answers whose length nobody limits are short.
    ARGUMENTS = ("--context-length", "64")

    def document(self):
        """The server's own, with the name of a model that is there, few choices at a time, and some of the samplers,
        which every dialect has: each value of each of them would be an answer of its own."""
        with urllib.request.urlopen(f"{self.server.url}/openapi.json") as answer:
            document = json.load(answer)
        schemas = document["components"]["schemas"]
        for name in ("ModelName", "AnyModelName"):
            schemas[name] = {"type": "string", "enum": [MODEL]}
        samplers = schemas["Samplers"]["properties"]
        schemas["Samplers"]["properties"] = {name: samplers[name] for name in ("temperature", "seed", "logit_bias")}
        for schema in schemas.values():
            for part in schema.get("allOf", [schema]):
                for field in ("n", "best_of"):
                    part.get("properties", {}).get(field, {}).update(maximum=2)
        return document

    def test_answers_are_as_described(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "openapi.json").write_text(json.dumps(self.document()), encoding="utf-8")
            (folder / "schemathesis.toml").write_text(CONFIGURATION, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", self.server.url,
                 "--phases", "coverage", "--checks", CHECKS, "--continue-on-failure", "--no-shrink",
                 "--request-timeout", str(TIMEOUT_S)],
                cwd=folder, env=dict(os.environ, PYTHONPATH=str(CLIENTS / "python")), text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"✅ +[0-9]+ passed")


if __name__ == "__main__":
    unittest.main()
