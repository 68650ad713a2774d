"""boto3: Comprehend's batch call, in which one document is too large."""

import os

import boto3

comprehend = boto3.client(
    "comprehend",
    endpoint_url=os.environ["URL"],
    region_name="us-east-1",
    aws_access_key_id="crypto-sentiment",
    aws_secret_access_key=os.environ["API_KEY"],
)
answer = comprehend.batch_detect_sentiment(TextList=["Crypto to the moon!", "a" * 5001], LanguageCode="en")
print([found["Sentiment"] for found in answer["ResultList"]], [error["ErrorCode"] for error in answer["ErrorList"]])
