"""Prometheus' own parser, of what its server reads with `authorization: {credentials: KEY}`."""

import os
from urllib.request import Request, urlopen

from prometheus_client.openmetrics.parser import text_string_to_metric_families

headers = {"authorization": f"Bearer {os.environ['API_KEY']}", "accept": "application/openmetrics-text; version=1.0.0"}
with urlopen(Request(f"{os.environ['URL']}/metrics", headers=headers)) as answer:
    families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
scored = sum(sample.value for sample in families["sentiment_comments"].samples if sample.name.endswith("_total"))
print(len([name for name in families if name.startswith("sentiment_")]), "families of metrics;", scored > 0, "comments")
