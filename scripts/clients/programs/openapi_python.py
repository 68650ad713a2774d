"""The package `generated`, which openapi-python-client has made of docs/openapi.json."""

import os

from generated import Client
from generated.api.default import analyze, batch_analyze
from generated.models import Comment

with Client(base_url=os.environ["URL"], headers={"x-api-key": os.environ["API_KEY"]}) as client:
    one = analyze.sync(client=client, body=Comment(text="\nCrypto to the moon!"))
    refused = analyze.sync(client=client, body=Comment(text=" "))
    batch = batch_analyze.sync(client=client, body=["total scam", Comment(text="to the moon")])
print(one.sentiment.label, refused.error.code, [str(found.label) for found in batch.sentiment])
