"""lambda_fn/compose.yaml as podman-compose brings it up: the API, a worker, a local queue and bucket."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import httpx
import pytest
import yaml

from lambda_fn.bulk.results import read_lines
from tests.image import build
from tests.image.container import PODMAN
from tests.rie import free_port
from tests.test_layout import locked

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800), pytest.mark.usefixtures("image")]

UP_S = 120


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    """The ports of the API and of the local AWS, with everything running."""
    folder = tmp_path_factory.mktemp("compose")
    build.build_moto()
    build.run("podman", "tag", build.IMAGE, "localhost/crypto-sentiment:latest")
    ports = {"api": free_port(), "aws": free_port()}
    # As the file has it, but for ports that are free here. Debian's podman knows no conditions: the order comes below.
    described = yaml.safe_load(build.COMPOSE.read_text())
    services = described["services"]
    services["api"]["ports"] = [f"127.0.0.1:{ports['api']}:8000"]
    services["aws"]["ports"] = [f"127.0.0.1:{ports['aws']}:5000"]
    assert services["worker"].pop("depends_on") == {"queue": {"condition": "service_completed_successfully"}}
    assert services["queue"].pop("depends_on") == {"aws": {"condition": "service_healthy"}}
    file = folder / "compose.yaml"
    file.write_text(yaml.safe_dump(described))
    engine = folder / "containers.conf"
    limits = 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]'
    engine.write_text(f'[containers]\n{limits}\n[engine]\nruntime = "runc"\n')
    environment = {**os.environ, "CONTAINERS_CONF": str(engine)}

    def compose(*arguments: str) -> str:
        command = [str(Path(sys.executable).with_name("podman-compose")), "-f", str(file), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    try:
        compose("up", "-d", "--no-build", "aws")
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{ports['aws']}/moto-api/").is_success)
        compose("up", "--no-build", "queue")
        compose("up", "-d", "--no-build", "worker", "api")
        yield ports
    finally:
        compose("down", "-v", "-t", "5")


def wait_until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + UP_S
    while True:
        try:
            if done():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_api_answers_and_its_container_is_read_only(up):
    url = f"http://127.0.0.1:{up['api']}"
    wait_until(lambda: httpx.get(f"{url}/health").is_success)
    answer = httpx.post(f"{url}/analyze", json={"text": "to the moon"}, timeout=60)
    assert answer.json()["sentiment"]["label"] == "positive"
    (api,) = json.loads(build.run(*PODMAN, "inspect", "crypto-sentiment_api_1"))
    assert api["HostConfig"]["ReadonlyRootfs"]
    assert api["Config"]["User"] == "993:990"


def test_what_is_put_on_the_queue_is_scored_into_the_bucket(up):
    keys = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    endpoint = f"http://127.0.0.1:{up['aws']}"
    sqs, s3 = (boto3.client(service, endpoint_url=endpoint, **keys) for service in ("sqs", "s3"))
    body = json.dumps({"comments": [{"id": "a", "text": "to the moon"}]})
    sqs.send_message(QueueUrl=f"{endpoint}/123456789012/comments", MessageBody=body)
    wait_until(lambda: "Contents" in s3.list_objects_v2(Bucket="sentiment-results"))
    found = s3.list_objects_v2(Bucket="sentiment-results")["Contents"]
    [line] = read_lines(s3.get_object(Bucket="sentiment-results", Key=found[0]["Key"])["Body"].read())
    assert (line["id"], line["label"]) == ("a", "positive")


def test_the_local_aws_is_the_version_that_the_tests_have():
    image = yaml.safe_load(build.COMPOSE.read_text())["services"]["aws"]["image"]
    assert image.rpartition(":")[2] in locked("requirements.txt")["moto"]
