"""transformers.js in node, with the packages of package-lock.json."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.hugging_face.conftest import TEXTS, in_our_order

HERE = Path(__file__).parent
# ONNX Runtime 1.30, which node has, rounds here and there otherwise than 1.32: 0.006 on the longest of TEXTS,
# which is less than another CPU makes (the model card).
TOLERANCE = 0.02
PROGRAM = """
{card}
import {{ AutoTokenizer }} from "@huggingface/transformers";
const texts = {texts};
const tokenizer = await AutoTokenizer.from_pretrained("{name}");
const names = Object.keys(tokenizer(texts[0]));
const alone = [];
for (const text of texts) alone.push(await classify(text, {{ top_k: null }}));
const together = await classify(texts, {{ top_k: null }});
console.log(JSON.stringify({{ names, alone, together, window: tokenizer.model_max_length }}));
"""


@pytest.fixture(scope="module")
def answer(card, folder):
    assert shutil.which("node"), "Node.js 20 or later has to be there"
    code = PROGRAM.format(card=card["transformers.js"], texts=json.dumps(TEXTS), name=Path(folder).name)
    code = code.replace("PARENT", json.dumps(str(Path(folder).parent)))
    program = ["node", "--input-type=module", "-e", code]
    done = subprocess.run(program, cwd=HERE, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "label: 'positive'" in done.stdout, "what the card's lines print"
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_cards_lines_give_the_services_probabilities(answer, expected):
    for answers in (answer["alone"], answer["together"]):
        got = in_our_order(answers)
        np.testing.assert_allclose(got, expected, atol=TOLERANCE)
        assert (got.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_a_score_does_not_depend_on_its_batch(answer):
    np.testing.assert_allclose(in_our_order(answer["alone"]), in_our_order(answer["together"]), atol=1e-6)


def test_the_tokenizer_knows_its_inputs_and_its_window(answer):
    assert answer["names"] == ["input_ids", "attention_mask"]
    assert answer["window"] == 256
