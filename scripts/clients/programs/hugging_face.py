"""huggingface_hub's InferenceClient, whose model is the service's address."""

import os

from huggingface_hub import InferenceClient

client = InferenceClient(model=f"{os.environ['URL']}/predict", token=os.environ["API_KEY"])
print([(found.label, found.score) for found in client.text_classification("Crypto to the moon!", top_k=2)])
