#!/usr/bin/env bash
# tokenizers' encode_batch_fast, which is what one takes for speed, and what its encodings lack.
#
# Guess: the same encodings, only quicker
# Seen: the same ids, but all offsets (0, 0), all word_ids None, and the tokens themselves empty texts but for the special ones,
#   without an error: what marks words by their offsets marks nothing
# With: tokenizers 0.23.3
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tokenizers==0.23.3
venv/bin/python - <<'PY'
import tokenizers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

words = {word: i for i, word in enumerate(["[UNK]", "[CLS]", "[SEP]", "to", "the", "moon"])}
tokenizer = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
print("tokenizers", tokenizers.__version__)
slow, fast = tokenizer.encode_batch(["to the moon"])[0], tokenizer.encode_batch_fast(["to the moon"])[0]
for name, encoding in (("encode_batch", slow), ("encode_batch_fast", fast)):
    print(f"{name:18}", encoding.ids, encoding.offsets, encoding.tokens, encoding.word_ids)
assert slow.ids == fast.ids
assert slow.offsets == [(0, 0), (0, 2), (3, 6), (7, 11), (0, 0)]
assert set(fast.offsets) == {(0, 0)}, "encode_batch_fast has offsets now"
assert fast.tokens == ["[CLS]", "", "", "", "[SEP]"], "encode_batch_fast names its tokens in another way"
assert set(fast.word_ids) == {None}, "encode_batch_fast has word ids now"
PY
