#!/usr/bin/env bash
# One tokenizer.json with its truncation in it, read by Rust's tokenizers and by the JavaScript ones of transformers.js.
#
# Guess: both cut at the max_length that the file gives
# Seen: Rust cuts at 4 tokens, JavaScript ignores the file's truncation and gives all 8: a model exported for 96 or 512 tokens
#   gets more in the browser than in the service
# With: tokenizers 0.23.3, @huggingface/tokenizers 0.2.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tokenizers==0.23.3
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/tokenizers@0.2.0 >/dev/null
venv/bin/python - <<'PY'
import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

words = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "to", "the", "moon"])}
tokenizer = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer()
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
special = [("[CLS]", 2), ("[SEP]", 3)]
tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
tokenizer.enable_truncation(4)
tokenizer.save("tokenizer.json")
ids = Tokenizer.from_file("tokenizer.json").encode("to the moon to the moon").ids
print(f"Rust, tokenizers {tokenizers.__version__}:", ids)
assert ids == [2, 4, 5, 3]
PY
cat > read.mjs <<'JS'
import fs from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

const tokenizer = new Tokenizer(JSON.parse(fs.readFileSync("tokenizer.json")), { model_max_length: 4 });
const ids = tokenizer.encode("to the moon to the moon").ids;
console.log("JavaScript, @huggingface/tokenizers 0.2.0:", JSON.stringify(ids));
if (JSON.stringify(ids) !== "[2,4,5,6,4,5,6,3]") { console.error("JavaScript truncates now"); process.exit(1); }
JS
node read.mjs
