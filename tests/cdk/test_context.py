import subprocess
import sys

import pytest

from cdk.context import ContextValues, WrongContextValue, choices, markdown_table
from tests.cdk.conftest import ARN, REPOSITORY


def test_every_knob_has_a_default_a_line_of_help_and_choices():
    context = ContextValues.from_context({})
    for name, field in ContextValues.model_fields.items():
        assert not field.is_required(), name
        assert field.description, name
        assert choices(field), name
    assert (context.compute, context.api_auth, context.budget_usd) == ("lambda", "api-key", 100)


def test_takes_the_texts_that_the_command_line_gives():
    context = ContextValues.from_context(
        {"api_memory_mb": "3008", "log_days": "7", "fargate_cpu": "512", "fargate_memory_mb": "1024"}
    )
    assert (context.api_memory_mb, context.log_days, context.fargate_cpu) == (3008, 7, 512)


def test_reads_a_schedule_and_clients_as_the_command_line_gives_them():
    context = ContextValues.from_context({"api_provisioned_schedule": "0=2, 13=5", "api_clients": "alice, bob"})
    assert (context.api_provisioned_schedule, context.api_clients) == ({0: 2, 13: 5}, ["alice", "bob"])


def test_splits_origins_at_commas():
    assert ContextValues.from_context({"cors_origins": "https://a.org, http://localhost:8000"}).cors_origins == [
        "https://a.org",
        "http://localhost:8000",
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"compute": "ec2"}, "; choose lambda, fargate, fargate-worker, both"),
        ({"api_auth": "password"}, "choose api-key, iam, none"),
        ({"api_memory_mb": "64"}, "choose 256 to 10,240"),
        ({"api_memory_mb": "lots"}, "choose 256 to 10,240"),
        ({"api_timeout_s": "30"}, "choose 1 to 29"),
        ({"log_days": "2"}, "choose 1, 3, 5, 7, 14"),
        ({"bulk_concurrency": "1"}, "choose 2 to 1,000"),
        ({"bulk_batch_size": "20000"}, "choose 1 to 10,000"),
        ({"bulk_batch_size": "11", "bulk_window_s": "0"}, "bulk_window_s must be 1 or more"),
        ({"api_concurrency": "2", "api_provisioned": "3"}, "api_provisioned (3) must not exceed api_concurrency (2)"),
        ({"fargate_min_tasks": "8"}, "must not exceed fargate_max_tasks (7)"),
        ({"fargate_cpu": "4096"}, "with fargate_cpu=4096 must be 8192 to 30720 in steps of 1024, not 2048"),
        ({"fargate_memory_mb": "2500"}, "fargate_memory_mb with fargate_cpu=1024 must be 2048 to 8192"),
        ({"balancer_access": "https"}, "needs certificate_arn"),
        ({"compute": "both", "api_auth": "iam"}, "api_auth=iam needs compute=lambda"),
        ({"cors_origins": "example.org"}, "'example.org' is not an origin such as https://example.org"),
        ({"cors_origins": "https://example.org/path"}, "is not an origin"),
        ({"alarm_email": "me"}, "choose for example ops@example.org"),
        ({"stage": "My Stage"}, "choose for example prod"),
        ({"api-auth": "iam"}, "api-auth: there is no such context value; did you mean api_auth?"),
        ({"bulk_memory": "2048"}, "bulk_memory: there is no such context value; did you mean bulk_memory_mb?"),
        ({"memory": "2048"}, "did you mean api_memory_mb or bulk_memory_mb or fargate_memory_mb?"),
        ({"rate": "5"}, "did you mean api_rate?"),
        ({"colour": "blue"}, "colour: there is no such context value"),
        ({"worker_max_tasks": "40"}, "choose 1 to 19"),
        ({"tags": "team"}, "tags are written name=value"),
        ({"api_front": "function-url", "api_concurrency": "0"}, "nothing else bounds its bill"),
        ({"api_front": "load-balancer", "api_concurrency": "0"}, "nothing else bounds its bill"),
        ({"api_front": "load-balancer", "api_auth": "iam"}, "a load balancer checks no signatures"),
        ({"api_clients": "alice,no spaces"}, "'no spaces' is no client's name"),
        ({"api_clients": "alice,Alice"}, "a client is named twice"),
        ({"api_domain": "api.example.org"}, "api_domain needs certificate_arn"),
        ({"api_domain": "api.example.org", "certificate_arn": ARN, "api_front": "function-url"}, "needs a gateway"),
        ({"api_domain": "not a domain"}, "choose for example api.example.org"),
        ({"api_provisioned_schedule": "noon=2"}, "a schedule is written hour=environments"),
        ({"api_provisioned_schedule": "24=2"}, "hours are 0 to 23"),
        ({"api_provisioned_schedule": "8=9"}, "api_provisioned (9) must not exceed api_concurrency (5)"),
        ({"api_provisioned_schedule": "8=2", "api_provisioned": "1"}, "not both"),
    ],
)
def test_says_what_could_be_given_instead(wrong, says):
    with pytest.raises(WrongContextValue) as error:
        ContextValues.from_context(wrong)
    assert says in str(error.value)


def test_names_all_that_is_wrong_at_once():
    with pytest.raises(WrongContextValue) as error:
        ContextValues.from_context({"compute": "ec2", "api_rate": "0", "log_level": "LOUD"})
    assert all(name in str(error.value) for name in ["compute", "api_rate", "log_level"])


def test_lets_the_context_of_cdk_and_other_tools_be():
    ContextValues.from_context({"@aws-cdk/core:x": True, "cli-telemetry": False, "hosted-zone:account=1": {}})


def test_the_table_in_the_docs_is_what_the_code_says():
    assert markdown_table() in (REPOSITORY / "docs" / "DEPLOY.md").read_text()


def test_prints_the_table():
    done = subprocess.run(
        [sys.executable, "-m", "cdk.context"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == markdown_table()
