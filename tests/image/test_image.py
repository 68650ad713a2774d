"""What is in the image, and how it runs: as a Lambda function by either event, as a web server, as a worker."""

import gzip
import importlib.util
import json
import signal
import subprocess
import sys
import time

import httpx
import pytest
import zstandard

from lambda_fn.contract import LEAST_MEMORY_MB
from tests.aws import LocalAws
from tests.image import build
from tests.image.container import Container, Function, run_once, wait_until_answers
from tests.rie import free_port

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800), pytest.mark.usefixtures("image")]

EVENT = json.loads((build.REPOSITORY / "tests" / "events" / "http_api_v2.json").read_text())
COMMENTS = [{"id": str(i), "text": text} for i, text in enumerate(["To the moon!", "It is a scam, I lost all."] * 50)]
MEMORY_MB = [512, 1769]


@pytest.fixture(scope="module")
def aws():
    with LocalAws() as local:
        yield local


def sqs_event(comments: list[dict], message_id: str = "m1") -> dict:
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"}
    body = json.dumps({"comments": comments})
    return {"Records": [{"messageId": message_id, "body": body, "attributes": attributes, "eventSource": "aws:sqs"}]}


def request(path: str, body: object, **headers: str) -> dict:
    """An API Gateway event that posts `body` to `path`."""
    context = {**EVENT["requestContext"], "http": {**EVENT["requestContext"]["http"], "path": path}}
    return {
        **EVENT,
        "rawPath": path,
        "routeKey": f"POST {path}",
        "requestContext": context,
        "headers": {**EVENT["headers"], "content-type": "application/json", **headers},
        "body": json.dumps(body),
    }


def test_adds_at_most_250_MB_to_its_base():
    added = build.added_layers()
    assert len(added) == 3  # dependencies, model, code: what changes least comes first
    assert sum(layer.bytes for layer in added) < 250e6
    assert added[-1].bytes < 4e6


def test_holds_nothing_that_does_not_run():
    with Container(["sleep", "600"], entry=True) as container:
        found = container.execute("find", "/opt/python", "/var/task", "-type", "f").stdout.split()
    assert len(found) > 1000
    unwanted = (
        "torch",
        "transformers",
        "huggingface_hub",
        "google/protobuf",
        "flatbuffers",
        "cdk",
        "training",
        "tests",
    )
    folders = {part for path in found for part in path.split("/")[:-1]}
    assert not folders & set(unwanted)
    assert {path.split("/")[3] for path in found if path.startswith("/var/task/")} == {"lambda_fn", "model_artifacts"}
    assert not [path for path in found if path.endswith((".pyi", "/RECORD", "Dockerfile", "requirements.txt", ".h"))]
    assert len([path for path in found if path.endswith(".onnx")]) == 1


def test_every_module_is_compiled_already():
    """A program in the image: each source's compiled form is there and is never checked against the source's time."""
    program = """
import importlib.util, pathlib, sys
sources = [p for root in ("/opt/python", "/var/task") for p in pathlib.Path(root).rglob("*.py")]
stale = [s for s in sources if not (c := pathlib.Path(importlib.util.cache_from_source(s))).exists()
         or int.from_bytes(c.read_bytes()[4:8], "little") != 1]
print(len(sources), stale)
"""
    with Container(["sleep", "600"], entry=True) as container:
        count, stale = container.execute("python3", "-c", program).stdout.strip().split(" ", 1)
    assert int(count) > 1000
    assert stale == "[]"


def test_runs_as_nobody_with_no_rights_and_can_write_only_tmp():
    with Container(["sleep", "600"], entry=True) as container:
        assert container.execute("id", "-u").stdout.strip() == "993"
        status = container.execute("cat", "/proc/self/status").stdout
        assert "CapEff:\t0000000000000000" in status
        for folder in ("/", "/var/task", "/opt/python", "/usr"):
            assert container.execute("touch", f"{folder}/new").returncode != 0
        assert container.execute("touch", "/tmp/new").returncode == 0


def test_imports_every_module_of_the_package():
    program = """
import importlib, pkgutil, lambda_fn
names = [m.name for m in pkgutil.walk_packages(lambda_fn.__path__, "lambda_fn.")]
for name in names: importlib.import_module(name)
print(len(names))
"""
    environment = {"RESULTS_BUCKET": "none", "QUEUE_URL": "none"}
    with Container(["python3", "-c", program], environment, entry=True) as container:
        assert container.wait() == 0, container.log()
        assert int(container.log()) > 60


@pytest.mark.parametrize("memory_mb", MEMORY_MB)
def test_answers_an_https_event(memory_mb):
    with Function("lambda_fn.api.handler", memory_mb=memory_mb) as function:
        answer = function.invoke(request("/analyze", {"text": "Crypto to the moon!"})).json()
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["sentiment"]["label"] == "positive"
        batch = function.invoke(request("/batch_analyze", [{"text": c["text"]} for c in COMMENTS])).json()
        assert len(json.loads(batch["body"])["sentiment"]) == len(COMMENTS)
        assert function.peak_memory_mb() < memory_mb * 0.9


@pytest.mark.parametrize("memory_mb", MEMORY_MB)
def test_scores_an_sqs_event(aws, memory_mb):
    queue = aws.create_queue()
    comments = [{**comment, "memory": memory_mb} for comment in COMMENTS]  # other work, other object
    before = len(aws.result_keys())
    with Function("lambda_fn.bulk.handler.handler", aws.environment(queue), memory_mb=memory_mb) as function:
        assert function.invoke(sqs_event(comments)).json() == {"batchItemFailures": []}
        assert len(aws.result_keys()) == before + 1
        assert function.peak_memory_mb() < memory_mb * 0.9


def test_a_batch_of_long_comments_is_scored_in_the_least_memory_that_can_be_deployed():
    long_comments = [{"text": f"{n}: this coin will go to the moon and back " * 100} for n in range(64)]
    with Function("lambda_fn.api.handler", memory_mb=LEAST_MEMORY_MB) as function:
        assert function.invoke(EVENT).json()["statusCode"] == 200
        assert function.invoke(request("/batch_analyze", long_comments)).json()["statusCode"] == 200
        assert function.peak_memory_mb() < LEAST_MEMORY_MB * 1.05  # the limit is in units of 2**20 bytes


def test_serves_over_http():
    """The port is one that is free here; `docker run -p 8000:8000 IMAGE serve` has a network of its own."""
    port = free_port()
    command = ["serve", "--port", str(port)]
    with Container(command, {"API_AUTH": "api-key", "API_KEY": "key", "ORT_THREADS": "1"}) as container:
        url = f"http://127.0.0.1:{port}"
        wait_until_answers(url, container)
        assert container.is_healthy()
        assert httpx.get(f"{url}/health", timeout=60).json() == {"status": "ok"}
        assert httpx.post(f"{url}/analyze", json={"text": "bullish"}, timeout=60).status_code == 401
        answer = httpx.post(f"{url}/analyze", json={"text": "bullish"}, headers={"x-api-key": "key"}, timeout=60)
        assert answer.json()["sentiment"]["label"] == "positive"
        assert "<title>Crypto sentiment" in httpx.get(f"{url}/", timeout=60).text
        assert container.stop() == 0


def test_a_server_that_does_not_answer_is_unhealthy():
    hangs = ["python3", "-c", "import time; time.sleep(600)", "lambda_fn", "serve", "--port", str(free_port())]
    with Container(hangs, entry=True) as container:
        assert not container.is_healthy()


def test_works_on_a_queue(aws):
    queue = aws.create_queue()
    aws.sqs.send_message(QueueUrl=queue.url, MessageBody=json.dumps({"comments": COMMENTS[:10]}))
    before = len(aws.result_keys())
    with Container(
        ["worker", "--until-empty", "--wait", "1"], {**aws.environment(queue), "ORT_THREADS": "1"}
    ) as container:
        assert container.wait() == 0, container.log()
    assert len(aws.result_keys()) == before + 1


def test_a_worker_that_waits_is_healthy_and_stops_when_it_is_told(aws):
    environment = {**aws.environment(aws.create_queue()), "ORT_THREADS": "1"}
    before = aws.requests["POST", "/"]
    with Container(["worker"], environment) as container:
        while aws.requests["POST", "/"] < before + 2:  # it has asked for the queue's attributes, and polls
            time.sleep(0.1)
        assert container.is_healthy()
        assert container.stop() == 0


def test_a_worker_that_is_told_to_stop_while_it_starts_does_so(aws):
    with Container(["worker"], aws.environment(aws.create_queue()), cpus=0.1) as container:
        while not container.catches(signal.SIGTERM):
            time.sleep(0.1)
        assert container.stop() == 0


@pytest.mark.parametrize("packing", [None, "zst", "gz"])
def test_scores_standard_input_as_the_command_does(packing, tmp_path):
    rows = ["id;comment;subreddit", "1;To the moon!;Bitcoin", "2;;Bitcoin", "3;It is a scam, I lost all.;"]
    content = "\n".join(rows).encode("utf-16")
    content = {None: bytes, "zst": zstandard.compress, "gz": gzip.compress}[packing](content)
    (tmp_path / "in.csv").write_bytes(content)
    done = run_once("score", "-", "-", stdin=content)
    command = [sys.executable, "-m", "crypto_sentiment", "score", str(tmp_path / "in.csv"), "-"]
    there = subprocess.run(command, cwd=build.REPOSITORY, capture_output=True)
    assert (done.returncode, there.returncode) == (3, 3), done.stderr
    assert done.stdout == there.stdout
    assert b"1 of 3 comments could not be scored: 1 text_empty" in done.stderr


def test_says_what_it_can_do_where_it_is_started_without_a_verb():
    done = run_once()
    assert done.returncode == 2
    assert b"docker run -p 8000:8000 IMAGE serve" in done.stderr


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_dependency_has_a_wheel_for_amazon_linux_2023(machine, tmp_path):
    """Amazon Linux 2023 has glibc 2.34 and the default base image Python 3.13; nothing is ever built from source."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(17, 35)] + [f"manylinux2014_{machine}"]
    python = sys.executable if importlib.util.find_spec("pip") else sys._base_executable  # uv's environments have none
    command = [python, "-m", "pip", "install", "--dry-run", "--quiet", "--target", str(tmp_path)]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--python-version", "3.13"]
    command += [f"--platform={platform}" for platform in platforms]
    done = subprocess.run(
        [*command, "-r", "lambda_fn/requirements.txt"], cwd=build.REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
