"""The price list is answered by botocore's Stubber, in the form and with the attributes of the real one."""

import json
import shutil

import boto3
import pytest
from botocore.stub import Stubber

from crypto_sentiment.cost import refresh
from crypto_sentiment.cost.errors import CostError
from crypto_sentiment.cost.inputs import PRICES, read_json
from crypto_sentiment.cost.prices import PriceTable

TEMPLATE = PRICES / "us-east-1.json"
# What AWS calls each row in us-east-1, where some usage types carry no prefix, and in eu-west-1.
PREFIXED_IN_US_EAST_1 = ("Fargate", "ApiGateway", "PublicIPv4", "DataProcessing")


def product(region: str, query: refresh.Query, tiers: list[dict], usage: str | None = None) -> str:
    """One entry of PriceList: JSON in a string, prices as strings, tiers in no order."""
    dimensions, begin = {}, "0"
    for index, tier in enumerate(tiers):
        end = "Inf" if tier["up_to"] is None else f"{tier['up_to']:.0f}"
        dimensions[f"SKU.TERM.{len(tiers) - index}"] = {
            "unit": "Requests",
            "beginRange": begin,
            "endRange": end,
            "description": "a price",
            "appliesTo": [],
            "rateCode": f"SKU.TERM.{index}",
            "pricePerUnit": {"USD": f"{tier['usd']:.10f}"},
        }
        begin = end
    attributes = {"regionCode": region, "usagetype": usage or usage_type(region, query.usage), **query.filters}
    body = {
        "product": {"productFamily": "Serverless", "attributes": attributes, "sku": "SKU"},
        "serviceCode": query.service,
        "terms": {"OnDemand": {"SKU.TERM": {"priceDimensions": dict(reversed(dimensions.items())), "sku": "SKU"}}},
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    }
    return json.dumps(body)


def usage_type(region: str, usage: str) -> str:
    usage = usage.replace("(?:RBP|Tier1)", "RBP" if region == "us-east-1" else "Tier1")
    if region == "us-east-1":
        return f"USE1-{usage}" if usage.startswith(PREFIXED_IN_US_EAST_1) else usage
    return f"EU-{usage}"


def expect(stubber: Stubber, region: str, query: refresh.Query, entries: list[str]) -> None:
    where = "fromRegionCode" if query.service == "AWSDataTransfer" else "regionCode"
    wanted = {where: region, **query.filters}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    answer = {"FormatVersion": "aws_v1", "PriceList": entries}
    stubber.add_response("get_products", answer, {"ServiceCode": query.service, "Filters": filters})


@pytest.fixture
def client():
    return boto3.client("pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_every_row_is_read_from_the_list_and_the_rest_is_kept(client, tmp_path, region):
    path = tmp_path / f"{region}.json"
    if region == "us-east-1":
        shutil.copy(TEMPLATE, path)
    dearer = 1.1
    with Stubber(client) as stubber:
        for key, query in refresh.QUERIES.items():
            tiers = [{**tier, "usd": tier["usd"] * dearer} for tier in read_json(TEMPLATE)["rows"][key]["tiers"]]
            decoys = [product(region, query, tiers, usage=f"{usage_type(region, 'Something')}-Else")]
            expect(stubber, region, query, [*decoys, product(region, query, tiers)])
        said = refresh.refresh_file(region, path, TEMPLATE, client)
        stubber.assert_no_pending_responses()
    written, before = PriceTable.from_dict(read_json(path)), PriceTable.from_dict(read_json(TEMPLATE))
    assert written.region == region
    for key in refresh.QUERIES:
        assert written.row(key).mark == "V"
        assert written.row(key).source == f"AWS Price List, {refresh.QUERIES[key].service}, {region}"
        assert written.rate(key) == pytest.approx(dearer * before.rate(key), rel=1e-3, abs=1e-9)
    assert written.charge("apigateway.rest", 25e9) == pytest.approx(dearer * before.charge("apigateway.rest", 25e9))
    assert written.row("google.sentiment") == before.row("google.sentiment")
    assert "google.sentiment" in said


def test_answers_over_several_pages_are_read_to_the_end(client):
    query = refresh.QUERIES["sqs.requests"]
    tiers = [{"up_to": None, "usd": 4e-7}]
    fifo = product("us-east-1", query, tiers, usage="Requests-FIFO-RBP")
    with Stubber(client) as stubber:
        filters = [
            {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"},
            {"Type": "TERM_MATCH", "Field": "queueType", "Value": "Standard"},
        ]
        request = {"ServiceCode": "AWSQueueService", "Filters": filters}
        stubber.add_response("get_products", {"PriceList": [fifo], "NextToken": "more"}, request)
        stubber.add_response(
            "get_products", {"PriceList": [product("us-east-1", query, tiers)]}, {**request, "NextToken": "more"}
        )
        assert refresh.fetch(client, "us-east-1", "sqs.requests", query) == tiers


def test_a_free_first_tier_is_not_taken_for_a_price(client):
    query = refresh.QUERIES["data.out"]
    tiers = [{"up_to": 100, "usd": 0}, {"up_to": 10240, "usd": 0.09}, {"up_to": None, "usd": 0.05}]
    with Stubber(client) as stubber:
        expect(stubber, "us-east-1", query, [product("us-east-1", query, tiers)])
        assert refresh.fetch(client, "us-east-1", "data.out", query) == tiers[1:]


@pytest.mark.parametrize(("count", "message"), [(0, "0 products"), (2, "2 products")])
def test_a_row_that_is_missing_or_ambiguous_leaves_the_old_file_alone(client, tmp_path, count, message):
    path = tmp_path / "us-east-1.json"
    shutil.copy(TEMPLATE, path)
    query = next(iter(refresh.QUERIES.values()))
    with Stubber(client) as stubber:
        expect(stubber, "us-east-1", query, [product("us-east-1", query, [{"up_to": None, "usd": 1}])] * count)
        with pytest.raises(CostError, match=message):
            refresh.refresh_file("us-east-1", path, TEMPLATE, client)
    assert path.read_text() == TEMPLATE.read_text()


def test_a_refusal_by_aws_is_told_in_plain_words(client):
    key, query = next(iter(refresh.QUERIES.items()))
    with Stubber(client) as stubber:
        stubber.add_client_error("get_products", "AccessDeniedException", "not authorized")
        with pytest.raises(CostError, match=r"cannot read AWS's price list .*not authorized"):
            refresh.fetch(client, "us-east-1", key, query)


def test_an_answer_that_is_no_price_is_refused(client):
    key, query = next(iter(refresh.QUERIES.items()))
    for tiers, message in (([], "free"), ([{"up_to": None, "usd": 0}], "free")):
        with Stubber(client) as stubber:
            expect(stubber, "us-east-1", query, [product("us-east-1", query, tiers)])
            with pytest.raises(CostError, match=message):
                refresh.fetch(client, "us-east-1", key, query)


def test_the_price_file_is_written_a_row_a_line():
    document = read_json(TEMPLATE)
    text = refresh.as_text(document)
    assert json.loads(text) == document
    assert len(text.splitlines()) == len(document["rows"]) + 7
