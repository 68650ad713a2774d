"""The files by which Hugging Face's loaders know a tokenizer, and what to write to load the folder with each.

A tokenizer.json says how text becomes tokens; how many a model reads, what pads a batch and which inputs a graph takes
stand in tokenizer_config.json. Without it transformers.js fails at the first call, transformers pads with nothing and
sends token types that the graph does not know. fastembed wants the special tokens in a file of their own.
"""

from tokenizers import Tokenizer

INPUTS = ["input_ids", "attention_mask"]
# WordPiece's names, and byte-level BPE's.
SPECIAL_TOKENS = {
    "pad_token": ("<pad>", "[PAD]"),
    "unk_token": ("[UNK]", "<unk>"),
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
    "mask_token": ("[MASK]", "<mask>"),
}

LOADERS = """
`FOLDER` is this folder, or its name on the hub. A plain softmax of the logits gives the service's probabilities, and
P(positive) / (P(positive) + P(negative)) its score. Links, users, emoji and quoted lines are what the service has
`lambda_fn/model/text.py` rewrite first.

transformers 5, with ONNX Runtime:

```python
from onnxruntime import InferenceSession
from transformers import AutoTokenizer

batch = AutoTokenizer.from_pretrained(FOLDER)(["To the moon!"], padding=True, truncation=True, return_tensors="np")
logits = InferenceSession(f"{FOLDER}/onnx/model_quantized.onnx").run(["logits"], dict(batch))[0]
```

optimum-onnx (transformers 4.57):

```python
from optimum.onnxruntime import ORTModelForSequenceClassification
from transformers import AutoTokenizer, pipeline

model = ORTModelForSequenceClassification.from_pretrained(FOLDER, subfolder="onnx", file_name="model_quantized.onnx")
classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(FOLDER), top_k=None)
```

transformers.js 4 (`PARENT` is the folder that this one lies in):

```js
import { env, pipeline } from "@huggingface/transformers";
Object.assign(env, { allowRemoteModels: false, localModelPath: PARENT });
const classify = await pipeline("text-classification", "distilbert-crypto-sentiment", { dtype: "q8" });
console.log(await classify("Bitcoin to the moon!", { top_k: null }));
```
"""


def special_tokens(tokenizer: Tokenizer) -> dict[str, str]:
    """Those of SPECIAL_TOKENS that the tokenizer has, by their names in Hugging Face's files."""
    found = {
        name: next((token for token in tokens if tokenizer.token_to_id(token) is not None), None)
        for name, tokens in SPECIAL_TOKENS.items()
    }
    return {name: token for name, token in found.items() if token}


def tokenizer_config(tokenizer: Tokenizer, max_tokens: int) -> dict:
    """tokenizer_config.json. Its class is the one that takes tokenizer.json as it is and rebuilds nothing."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_tokens,
        "model_input_names": INPUTS,
        "padding_side": "right",
        "truncation_side": "right",
        "clean_up_tokenization_spaces": False,
        **special_tokens(tokenizer),
    }
