"""A DAG run of one process: its API of tasks has the version that its own client speaks, and no other."""

import json
import os
import subprocess
import sys
from pathlib import Path

_VERSIONS = """
import json
import httpx
from dvctt.pipeline.airflow_once import offer_newest_version_alone
from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
from airflow.api_fastapi.execution_api.versions import bundle
from airflow.sdk.api.datamodels._generated import API_VERSION
offer_newest_version_alone()
api = InProcessExecutionAPI()
client = httpx.Client(transport=api.transport, base_url="http://in-process.invalid")
answers = [client.get("/health", headers={"Airflow-API-Version": v}).status_code for v in (API_VERSION, "2025-04-11")]
print(json.dumps([bundle.version_values, API_VERSION, api.app.versions.version_values, answers]))
"""


def test_the_api_of_a_run_in_one_process_has_the_version_of_its_client_alone(tmp_path: Path) -> None:
    # In a process of its own: Airflow cannot be imported into this one with another home.
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    finished = subprocess.run(
        [sys.executable, "-c", _VERSIONS],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    of_airflow, of_client, offered, answers = json.loads(finished.stdout.splitlines()[-1])
    assert {of_client, "2025-04-11"} <= set(of_airflow)
    assert offered == [of_client]
    assert answers == [200, 404]
