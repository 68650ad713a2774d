import asyncio
import threading

import boto3
import pytest
from moto.server import ThreadedMotoServer
from starlette.datastructures import Headers

from lambda_fn.http import auth
from lambda_fn.http.auth import ApiKeyAuth, AuthUnavailable, Unauthorized
from lambda_fn.settings import Settings


def run(coroutine):
    """asyncio.run would leave the main thread without an event loop, which Mangum needs in other tests."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def aws():
    """Secrets Manager over HTTP."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as env:
        env.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        env.setenv("AWS_ACCESS_KEY_ID", "testing")
        env.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        env.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield boto3.client("secretsmanager")
    server.stop()


@pytest.fixture
def secret(aws, request):
    arn = aws.create_secret(Name=request.node.name, SecretString="first-key")["ARN"]
    yield arn
    aws.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def secret_auth(secret, clock):
    return ApiKeyAuth(Settings(api_auth="api-key", api_key_secret_arn=secret), clock)


def check(api_auth: ApiKeyAuth, key: str | None = None) -> None:
    headers = {} if key is None else {"X-Api-Key": key}
    run(api_auth.check(Headers(headers)))


def local(key: str) -> ApiKeyAuth:
    return ApiKeyAuth(Settings(api_auth="api-key", api_key=key))


@pytest.mark.parametrize("mode", ["none", "iam"])
def test_passes_everybody_where_the_api_does_not_check_keys(mode):
    check(ApiKeyAuth(Settings(api_auth=mode)))


def test_lets_the_right_key_in():
    check(local("a-key"), "a-key")


def test_compares_a_key_outside_ascii_by_its_utf8_bytes():
    check(local("clé-λ"), "clé-λ".encode().decode("latin-1"))


def test_names_the_header_when_the_key_is_missing():
    with pytest.raises(Unauthorized, match="x-api-key") as error:
        check(local("a-key"))
    assert (error.value.status, error.value.code) == (401, "missing_api_key")


@pytest.mark.parametrize("key", ["a-ke", "a-key2", "A-KEY", "ключ", " "])
def test_refuses_a_wrong_key_without_repeating_it(key):
    with pytest.raises(Unauthorized) as error:
        run(local("a-key").check({"x-api-key": key}))
    assert error.value.code == "wrong_api_key"
    assert "a-key" not in error.value.message


@pytest.mark.parametrize("key", [None, "", "  "])
def test_does_not_start_without_a_key(key):
    with pytest.raises(ValueError, match="API_KEY_SECRET_ARN"):
        ApiKeyAuth(Settings(api_auth="api-key", api_key=key))


def test_reads_the_key_from_secrets_manager(secret_auth):
    check(secret_auth, "first-key")
    with pytest.raises(Unauthorized):
        check(secret_auth, "second-key")


def test_accepts_a_rotated_key_at_once(aws, secret, secret_auth, clock):
    check(secret_auth, "first-key")
    aws.put_secret_value(SecretId=secret, SecretString="second-key\n")
    clock.now += auth.MIN_REFETCH_S
    check(secret_auth, "second-key")
    with pytest.raises(Unauthorized):
        check(secret_auth, "first-key")


def test_forgets_the_old_key_when_its_time_is_up(aws, secret, secret_auth, clock):
    check(secret_auth, "first-key")
    aws.put_secret_value(SecretId=secret, SecretString="second-key")
    clock.now += auth.KEY_TTL_S
    with pytest.raises(Unauthorized):
        check(secret_auth, "first-key")


def test_a_guesser_does_not_drive_calls_to_secrets_manager(secret_auth, monkeypatch):
    calls = []
    monkeypatch.setattr(secret_auth._secret, "_fetch", lambda: calls.append(1) or "first-key")
    for guess in range(50):
        with pytest.raises(Unauthorized):
            check(secret_auth, f"guess-{guess}")
    assert len(calls) == 1


def test_concurrent_first_requests_wait_for_one_read(secret_auth, monkeypatch):
    calls, release, fetch = [], threading.Event(), secret_auth._secret._fetch

    def slow_fetch():
        calls.append(1)
        release.wait(30)
        return fetch()

    monkeypatch.setattr(secret_auth._secret, "_fetch", slow_fetch)

    async def ten_requests():
        waiting = [asyncio.create_task(secret_auth.check({"x-api-key": "first-key"})) for _ in range(10)]
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(*waiting)

    run(ten_requests())
    assert len(calls) == 1


def test_an_outage_keeps_the_last_key(secret, clock, monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)  # shares its secrets with the other one, but can be stopped
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    secret_auth = ApiKeyAuth(Settings(api_auth="api-key", api_key_secret_arn=secret), clock)
    check(secret_auth, "first-key")
    server.stop()
    clock.now += auth.KEY_TTL_S
    check(secret_auth, "first-key")
    with pytest.raises(Unauthorized):
        check(secret_auth, "another-key")


def test_a_deleted_secret_withdraws_the_key(aws, secret, secret_auth, clock, caplog):
    check(secret_auth, "first-key")
    aws.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    clock.now += auth.KEY_TTL_S
    with pytest.raises(AuthUnavailable):
        check(secret_auth, "first-key")
    assert "ResourceNotFoundException" in caplog.text
    assert "first-key" not in caplog.text


def test_nobody_gets_in_while_no_key_can_be_read(aws):
    missing = "arn:aws:secretsmanager:us-east-1:123456789012:secret:missing-AbCdEf"
    with pytest.raises(AuthUnavailable) as error:
        check(ApiKeyAuth(Settings(api_auth="api-key", api_key_secret_arn=missing)), "any")
    assert error.value.status == 503


def test_an_empty_secret_lets_nobody_in(aws, secret, clock):
    aws.put_secret_value(SecretId=secret, SecretString="\n")
    for key in ["any", " "]:
        with pytest.raises(AuthUnavailable):
            check(ApiKeyAuth(Settings(api_auth="api-key", api_key_secret_arn=secret), clock), key)


@pytest.mark.parametrize(
    "secret_string",
    [
        "first-key",
        '{"api_key": "first-key"}',
        '{"whatever": "first-key"}',
        '{"user": "me", "API-Key": "first-key"}',
        '{"x-api-key": " first-key ", "note": ""}',
        " first-key\n",
    ],
)
def test_reads_a_secret_of_key_value_pairs_as_the_console_makes_it(aws, secret, secret_auth, secret_string):
    aws.put_secret_value(SecretId=secret, SecretString=secret_string)
    check(secret_auth, "first-key")
    with pytest.raises(Unauthorized):
        check(secret_auth, secret_string + "x")


@pytest.mark.parametrize("secret_string", ['{"a": "one-value", "b": "two-value"}', '{"a": 7}', "{}"], ids="abc")
def test_says_in_a_line_which_pairs_it_cannot_read(aws, secret, secret_auth, caplog, secret_string):
    aws.put_secret_value(SecretId=secret, SecretString=secret_string)
    with pytest.raises(AuthUnavailable):
        check(secret_auth, "one-value")
    assert "the secret holds several pairs" in caplog.text
    assert "one-value" not in caplog.text


def test_named_keys_are_added_and_revoked_without_a_restart(aws, secret, secret_auth, clock):
    check(secret_auth, "first-key")
    aws.put_secret_value(SecretId=secret, SecretString='{"keys": {"alice": "first-key", "bob": "second-key"}}')
    clock.now += auth.MIN_REFETCH_S
    check(secret_auth, "second-key")
    assert run(secret_auth.check({"x-api-key": "first-key"})) == "alice"
    aws.put_secret_value(SecretId=secret, SecretString='{"keys": {"alice": "first-key"}}')
    clock.now += auth.KEY_TTL_S
    check(secret_auth, "first-key")
    with pytest.raises(Unauthorized):
        check(secret_auth, "second-key")


def test_a_slip_in_the_secret_leaves_the_keys_as_they_were(aws, secret, secret_auth, clock, caplog):
    check(secret_auth, "first-key")
    aws.put_secret_value(SecretId=secret, SecretString='{"keys": {"alice": {"key": "second-key", "rate": -1}}}')
    clock.now += auth.KEY_TTL_S
    check(secret_auth, "first-key")
    assert "rate and burst are numbers above 0" in caplog.text
    assert "second-key" not in caplog.text
