"""The predecessor's service: FastAPI around a transformers pipeline, run by uvicorn. PREDECESSOR_MODEL: its folder."""

import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

torch.set_num_threads(1)
classify = pipeline("text-classification", model=os.environ["PREDECESSOR_MODEL"], device="cpu")
app = FastAPI()


class Comment(BaseModel):
    text: str


@app.get("/health")
def health() -> dict:
    return {"status": "ok"}


@app.post("/analyze")
def analyze(comment: Comment) -> dict:
    return {"sentiment": classify(comment.text, truncation=True)[0]}
