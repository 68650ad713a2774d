"""Rewrites a region's price file from the AWS Price List (boto3's `pricing` client, GetProducts).

The price list has no row for what AWS does not sell by the unit (the Spot discount, Savings Plans, Google): those keep
their old value, source and date. Usage types carry the region's prefix (`EU-`, `USE1-`, none for some of us-east-1), so
they are matched by their end; the other attributes tell Standard from FIFO queues, and Shared Linux from the rest.
"""

import datetime as dt
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import read_json
from crypto_sentiment.cost.prices import PriceTable

API_REGION = "us-east-1"  # one of the few that serve the price list
PREFIX = re.compile(r"^(?:[A-Z]{2,4}\d?-)?")


@dataclass(frozen=True)
class Query:
    """How one price row is found: a service, the usage type without its region prefix, and further filters."""

    service: str
    usage: str
    filters: dict[str, str] = field(default_factory=dict)


def _lambda(usage: str, group: str) -> Query:
    return Query("AWSLambda", usage, {"group": f"AWS-Lambda-{group}"})


def _ec2(kind: str) -> Query:
    shared_linux = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    return Query("AmazonEC2", f"BoxUsage:{kind}", {"instanceType": kind, **shared_linux})


QUERIES: dict[str, Query] = {
    "lambda.requests.x86": _lambda("Request", "Requests"),
    "lambda.requests.arm64": _lambda("Request-ARM", "Requests-ARM"),
    "lambda.duration.x86": _lambda("Lambda-GB-Second", "Duration"),
    "lambda.duration.arm64": _lambda("Lambda-GB-Second-ARM", "Duration-ARM"),
    "lambda.provisioned.x86": _lambda("Lambda-Provisioned-Concurrency", "Provisioned-Concurrency"),
    "lambda.provisioned.arm64": _lambda("Lambda-Provisioned-Concurrency-ARM", "Provisioned-Concurrency-ARM"),
    "lambda.provisioned_duration.x86": _lambda("Lambda-Provisioned-GB-Second", "Duration-Provisioned"),
    "lambda.provisioned_duration.arm64": _lambda("Lambda-Provisioned-GB-Second-ARM", "Duration-Provisioned-ARM"),
    "sqs.requests": Query("AWSQueueService", r"Requests-(?:RBP|Tier1)", {"queueType": "Standard"}),
    "apigateway.http": Query("AmazonApiGateway", "ApiGatewayHttpRequest"),
    "apigateway.rest": Query("AmazonApiGateway", "ApiGatewayRequest"),
    "fargate.vcpu.x86": Query("AmazonECS", "Fargate-vCPU-Hours:perCPU"),
    "fargate.memory.x86": Query("AmazonECS", "Fargate-GB-Hours"),
    "fargate.vcpu.arm64": Query("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
    "fargate.memory.arm64": Query("AmazonECS", "Fargate-ARM-GB-Hours"),
    "alb.hour": Query("AWSELB", "LoadBalancerUsage", {"productFamily": "Load Balancer-Application"}),
    "alb.lcu": Query("AWSELB", "LCUUsage", {"productFamily": "Load Balancer-Application"}),
    "ipv4.hour": Query("AmazonVPC", "PublicIPv4:InUseAddress"),
    "nat.hour": Query("AmazonEC2", "NatGateway-Hours"),
    "nat.gb": Query("AmazonEC2", "NatGateway-Bytes"),
    "logs.ingest": Query("AmazonCloudWatch", "DataProcessing-Bytes"),
    "logs.storage": Query("AmazonCloudWatch", "TimedStorage-ByteHrs"),
    "cloudwatch.metric": Query("AmazonCloudWatch", "CW:MetricMonitorUsage"),
    "cloudwatch.alarm": Query("AmazonCloudWatch", "CW:AlarmMonitorUsage"),
    "s3.storage": Query("AmazonS3", "TimedStorage-ByteHrs", {"volumeType": "Standard"}),
    "s3.put": Query("AmazonS3", "Requests-Tier1", {"group": "S3-API-Tier1"}),
    "s3.get": Query("AmazonS3", "Requests-Tier2", {"group": "S3-API-Tier2"}),
    "ecr.storage": Query("AmazonECR", "TimedStorage-ByteHrs"),
    "data.out": Query("AWSDataTransfer", "DataTransfer-Out-Bytes", {"toLocation": "External"}),
    "ec2.c7g.large": _ec2("c7g.large"),
    "ec2.c8g.large": _ec2("c8g.large"),
    "ec2.c7a.large": _ec2("c7a.large"),
}


def refresh_file(region: str, path: Path, template: Path, client=None) -> str:
    """Fetch, check and write; returns what happened in a sentence. The old file stays if anything is wrong.

    Raises CostError where AWS cannot be asked or a row cannot be read. `template`: where a new region's file takes the
    rows from that the price list does not have.
    """
    document = read_json(path if path.exists() else template)
    client = client or boto3.client("pricing", region_name=API_REGION)
    today = dt.date.today().isoformat()
    rows = dict(document["rows"])
    changed = []
    for key, query in QUERIES.items():
        tiers = fetch(client, region, key, query)
        old = rows.get(key, {})
        if old.get("tiers") != tiers:
            changed.append(key)
        unit = old.get("unit") or read_json(template)["rows"][key]["unit"]
        source = f"AWS Price List, {query.service}, {region}"
        rows[key] = {**old, "unit": unit, "tiers": tiers, "mark": "V", "source": source, "date": today}
    kept = [key for key in rows if key not in QUERIES]
    document = {**document, "region": region, "rows": rows}
    PriceTable.from_dict(document)  # refuse to write what could not be read
    path.write_text(as_text(document), encoding="utf-8")
    return (
        f"{path}: {len(QUERIES)} prices read, {len(changed)} changed ({', '.join(changed) or 'none'}). "
        f"Not in the price list, kept as they were: {', '.join(kept)}."
    )


def fetch(client, region: str, key: str, query: Query) -> list[dict]:
    """Tiers of one row, as in the price file. Raises CostError unless exactly one product matches."""
    field_of_region = "fromRegionCode" if query.service == "AWSDataTransfer" else "regionCode"
    wanted = {field_of_region: region, **query.filters}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    try:
        pages = client.get_paginator("get_products").paginate(ServiceCode=query.service, Filters=filters)
        products = [json.loads(text) for page in pages for text in page["PriceList"]]
    except (BotoCoreError, ClientError) as error:
        raise CostError(f"cannot read AWS's price list ({key}): {error}") from error
    except ValueError as error:
        raise CostError(f"AWS's price list answered {key} with something that is not JSON: {error}") from error
    matching = [product for product in products if _usage_matches(product, query.usage)]
    if len(matching) != 1:
        raise CostError(
            f"{len(matching)} products of {query.service} in {region} match '{key}' ({query.usage}), not one"
        )
    return tiers_of(matching[0], key)


def _usage_matches(product: dict, usage: str) -> bool:
    found = product["product"]["attributes"].get("usagetype", "")
    pattern = usage if "(?:" in usage else re.escape(usage)
    return bool(re.fullmatch(pattern, PREFIX.sub("", found, count=1)) or re.fullmatch(pattern, found))


def tiers_of(product: dict, key: str) -> list[dict]:
    """Price dimensions of the on-demand term, in rising order; tiers that are free (a free tier) are left out."""
    try:
        terms = list(product["terms"]["OnDemand"].values())
        dimensions = [d for term in terms for d in term["priceDimensions"].values()]
        ranges = sorted(
            (float(d["beginRange"]), str(d["endRange"]), float(d["pricePerUnit"]["USD"])) for d in dimensions
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CostError(f"AWS's price list has no readable price for {key}: {error!r}") from error
    paid = [{"up_to": None if end == "Inf" else float(end), "usd": usd} for _, end, usd in ranges if usd > 0]
    if not paid:
        raise CostError(f"AWS's price list says {key} is free; that is not believed")
    return paid


def as_text(document: dict) -> str:
    """The price file's JSON, one row a line, so that a change reads well in a diff."""
    rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in document["rows"].items())
    head = {key: value for key, value in document.items() if key != "rows"}
    lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
    return f'{{\n{lines},\n "rows": {{\n{rows}\n }}\n}}\n'
