"""What is deployed, as the estimate's assumptions: from `cdk deploy`'s context values, or from a synthesized template.

An installed wheel has no cdk/: what is here needs neither it nor Node. A template says all that the bill needs to know
of a deployment; a context value is translated by the table below.
"""

import difflib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from crypto_sentiment.cost.assumptions import Assumptions
from crypto_sentiment.cost.command import read_assumptions
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import read_json
from lambda_fn.contract import API_HANDLER, BULK_HANDLER, Env

ARCHITECTURES = {"x86_64": "x86", "arm64": "arm64"}


def _whole(text: str) -> int:
    return int(text)


# A context value of cdk/context.py -> the assumption it sets, and how its text is read.
CONTEXT: dict[str, tuple[str, Callable[[str], Any]]] = {
    "results_days": ("result_days", _whole),
    "log_days": ("log_days", _whole),
    "bulk_window_s": ("batching_window_s", _whole),
    "bulk_batch_size": ("messages_per_invocation", _whole),
    "bulk_memory_mb": ("bulk_memory_mb", _whole),
    "bulk_timeout_s": ("bulk_timeout_s", _whole),
    "api_memory_mb": ("api_memory_mb", _whole),
    "api_timeout_s": ("api_timeout_s", _whole),
    "api_log": ("access_log", str),
    "api_auth": ("secrets", lambda text: 1 if text == "api-key" else 0),
    "architecture": ("architecture", lambda text: ARCHITECTURES[text]),
    "fargate_cpu": ("fargate_vcpu", lambda text: int(text) / 1024),
    "fargate_memory_mb": ("fargate_memory_gb", lambda text: int(text) / 1024),
    "fargate_spot_percent": ("spot_share", lambda text: int(text) / 100),
    "budget_usd": ("budget", float),
}


def deployed(assumptions: Assumptions, template: Path | None, context: Iterable[str]) -> Assumptions:
    """`assumptions` for that deployment: the template's values, over them the context's, over them flags that were set.

    Raises CostError for a template or a value that cannot be read, and for a name that is no context value.
    """
    found = (from_template(read_json(template)) if template else {}) | from_context(context)
    default = Assumptions()
    by_flag = {name: value for name, value in assumptions if value != getattr(default, name)}
    return read_assumptions(assumptions.model_dump() | found | by_flag)


def from_context(pairs: Iterable[str]) -> dict[str, Any]:
    """Assumptions that `NAME=VALUE` of `cdk deploy -c` set."""
    found = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in CONTEXT:
            near = difflib.get_close_matches(name, CONTEXT, 1, 0.7)
            meant = f"did you mean {near[0]}? " if near else ""
            raise CostError(f"--context {name}: {meant}The bill depends on {', '.join(CONTEXT)}")
        field, read = CONTEXT[name]
        try:
            found[field] = read(text)
        except (ValueError, KeyError) as error:
            raise CostError(f"--context {pair}: cannot be read: {error}") from error
    return found


def from_template(template: dict) -> dict[str, Any]:
    """Assumptions of one synthesized stack. Raises CostError for what is none of ours."""
    resources = template.get("Resources")
    if not isinstance(resources, dict):
        raise CostError("not a CloudFormation template: it has no Resources")

    def of(kind: str) -> list[dict]:
        return [r.get("Properties", {}) for r in resources.values() if r.get("Type") == f"AWS::{kind}"]

    found: dict[str, Any] = {
        "alarms": sum(map(_alarm_metrics, of("CloudWatch::Alarm"))) + SCALING_ALARMS * len(_tracking(of)),
        "dashboards": len(of("CloudWatch::Dashboard")),
        "secrets": len(of("SecretsManager::Secret")),
    }
    retention = {group["RetentionInDays"] for group in of("Logs::LogGroup") if "RetentionInDays" in group}
    if len(retention) == 1:
        found["log_days"] = retention.pop()
    found |= _buckets(of("S3::Bucket"))
    for function in of("Lambda::Function"):
        command = function.get("ImageConfig", {}).get("Command")
        room = {json.dumps([API_HANDLER]): "api", json.dumps([BULK_HANDLER]): "bulk"}.get(json.dumps(command))
        if room == "api":
            logs = function["Environment"]["Variables"].get(Env.ACCESS_LOG) == "true"
            found["access_log"] = WHO_LOGS[bool(_logged_stages(of)), logs]
        if room:
            found |= {f"{room}_memory_mb": function["MemorySize"], f"{room}_timeout_s": function["Timeout"]}
            found["architecture"] = ARCHITECTURES[function.get("Architectures", ["x86_64"])[0]]
    for mapping in of("Lambda::EventSourceMapping"):
        found["messages_per_invocation"] = mapping["BatchSize"]
        found["batching_window_s"] = mapping.get("MaximumBatchingWindowInSeconds", 0)
    for task in of("ECS::TaskDefinition"):
        variables = {v["Name"]: v["Value"] for c in task["ContainerDefinitions"] for v in c.get("Environment", [])}
        if variables.get(Env.ACCESS_LOG) == "true":
            found["access_log"] = "function"
        found |= {"fargate_vcpu": int(task["Cpu"]) / 1024, "fargate_memory_gb": int(task["Memory"]) / 1024}
    if not (of("Lambda::Function") or of("ECS::TaskDefinition")):
        raise CostError("the template has no function and no task of this project")
    return found


# (the gateway logs, the function logs) -> who does.
WHO_LOGS = {(True, False): "gateway", (False, True): "function", (True, True): "both", (False, False): "none"}


def _logged_stages(of: Callable[[str], list[dict]]) -> list[dict]:
    """Stages with an access log; a front that has no log of its own counts as one whose gateway may log."""
    stages = [*of("ApiGatewayV2::Stage"), *of("ApiGateway::Stage")]
    return [s for s in stages if "AccessLogSettings" in s or "AccessLogSetting" in s] if stages else [{}]


# A target-tracking policy makes two alarms at deployment, which no template shows.
SCALING_ALARMS = 2


def _alarm_metrics(alarm: dict) -> int:
    """Metrics that an alarm looks at, each of which is billed: https://aws.amazon.com/cloudwatch/pricing/"""
    return sum("MetricStat" in metric for metric in alarm.get("Metrics", [])) or 1


def _tracking(of: Callable[[str], list[dict]]) -> list[dict]:
    policies = of("ApplicationAutoScaling::ScalingPolicy")
    return [policy for policy in policies if policy.get("PolicyType") == "TargetTrackingScaling"]


def _buckets(buckets: list[dict]) -> dict[str, Any]:
    """Days that results are kept: of the bucket that has a shorter life for a prefix, its parts."""
    for bucket in buckets:
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
        if any("Prefix" in rule for rule in rules):
            days = [r["ExpirationInDays"] for r in rules if "Prefix" not in r and "ExpirationInDays" in r]
            if days:
                return {"result_days": days[0]}
    return {}
