"""The teachers that run on this machine, on tiny checkpoints with random weights that the tests make."""

import json

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import DistilBertConfig, DistilBertForSequenceClassification

from lambda_fn.model.classifier import SentimentClassifier
from training.annotate.teachers import EnsembleTeacher, HuggingFaceTeacher, Opinion, TeacherError, class_of, score_of

pytestmark = pytest.mark.training
WORDS = "the moon to scam buy sell never again bitcoin is dead love hate it a coin".split()  # noqa: SIM905
NAMES = {0: "negative", 1: "neutral", 2: "positive"}


def write_tokenizer(folder):
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    tokens = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **tokens}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def checkpoint(folder, seed, names=NAMES):
    """A DistilBERT of one layer, 8 wide."""
    torch.manual_seed(seed)
    config = DistilBertConfig(
        vocab_size=len(WORDS) + 5,
        dim=8,
        hidden_dim=16,
        n_layers=1,
        n_heads=2,
        max_position_embeddings=34,
        id2label=names,
    )
    model = DistilBertForSequenceClassification(config)
    # Large enough to make answers that differ from one text to the next.
    torch.nn.init.normal_(model.classifier.weight, std=2.0)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


@pytest.fixture
def folders(tmp_path):
    return [checkpoint(tmp_path / f"seed-{seed}", seed) for seed in (1, 2)]


def test_a_local_checkpoint_gives_probabilities_in_the_projects_order(folders):
    teacher = HuggingFaceTeacher(str(folders[0]))
    texts = ["to the moon", "bitcoin is dead, never again", "sell " * 100]

    opinions = teacher.annotate(texts)

    assert teacher.name == "hf:seed-1"
    model = DistilBertForSequenceClassification.from_pretrained(folders[0]).eval()
    ids = Tokenizer.from_file(str(folders[0] / "tokenizer.json")).encode("to the moon").ids
    with torch.inference_mode():
        expected = model(torch.tensor([ids])).logits.softmax(-1)[0].numpy()
    np.testing.assert_allclose(opinions[0].probabilities, expected, atol=1e-5)
    assert all(sum(opinion.probabilities) == pytest.approx(1, abs=1e-5) for opinion in opinions)
    assert opinions[0].score == score_of(opinions[0].probabilities)


def test_texts_are_normalised_as_the_service_does(folders):
    teacher = HuggingFaceTeacher(str(folders[0]))

    quoted, plain = teacher.annotate(["> it is a scam\n\nto the moon", "to the moon"])

    np.testing.assert_allclose(quoted.probabilities, plain.probabilities, atol=1e-6)


def test_models_with_other_names_for_the_classes_are_understood(tmp_path):
    bearish = checkpoint(tmp_path / "three", 3, {0: "Bearish", 1: "Neutral", 2: "Bullish"})
    binary = checkpoint(tmp_path / "two", 3, {0: "LABEL_0", 1: "LABEL_1"})

    assert sum(HuggingFaceTeacher(str(bearish)).annotate(["buy"])[0].probabilities) == pytest.approx(1, abs=1e-5)
    assert HuggingFaceTeacher(str(binary)).annotate(["buy"])[0].probabilities[1] == 0


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("POSITIVE", ["NEGATIVE", "POSITIVE"], "positive"),
        ("LABEL_1", ["LABEL_0", "LABEL_1"], "positive"),
        ("LABEL_1", ["LABEL_0", "LABEL_1", "LABEL_2"], "neutral"),
        ("Bullish", ["Bearish", "Neutral", "Bullish"], "positive"),
    ],
)
def test_class_names(name, names, expected):
    assert class_of(name, names) == expected


def test_a_model_whose_labels_say_nothing_is_refused(tmp_path):
    folder = checkpoint(tmp_path / "stars", 1, {0: "1 star", 1: "2 stars", 2: "3 stars"})

    with pytest.raises(TeacherError, match="which of them is negative/neutral/positive cannot be told"):
        HuggingFaceTeacher(str(folder))


def test_a_folder_that_is_no_model_names_the_public_alternative(tmp_path):
    with pytest.raises(TeacherError, match=r"https://huggingface\.co/"):
        HuggingFaceTeacher(str(tmp_path))


def test_an_ensemble_is_the_mean_of_its_members(folders):
    texts = ["love it", "hate it"]
    members = [HuggingFaceTeacher(str(folder)).annotate(texts) for folder in folders]

    ensemble = EnsembleTeacher(folders)

    assert ensemble.name == "ensemble:seed-1+seed-2"
    for n, opinion in enumerate(ensemble.annotate(texts)):
        mean = np.mean([member[n].probabilities for member in members], axis=0)
        np.testing.assert_allclose(opinion.probabilities, mean, atol=1e-6)


def bag_of_words(path):
    """An ONNX model with the service's inputs and outputs: logits are the sum of a vector per token."""
    path.parent.mkdir(parents=True)
    vectors = np.random.default_rng(1).normal(size=(len(WORDS) + 5, 3)).astype(np.float32)
    names = "batch", "tokens"
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, names) for n in ("input_ids", "attention_mask")]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["vectors", "input_ids"], ["embedded"]),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
            helper.make_node("Mul", ["embedded", "column"], ["masked"]),
            helper.make_node("ReduceSum", ["masked", "first"], ["logits"], keepdims=0),
        ],
        "bag-of-words",
        inputs,
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("batch", 3))],
        [
            numpy_helper.from_array(vectors, "vectors"),
            numpy_helper.from_array(np.array([2]), "last"),
            numpy_helper.from_array(np.array([1]), "first"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


def test_an_artifact_folder_is_scored_as_the_service_scores(folders, tmp_path):
    folder = tmp_path / "artifact"
    bag_of_words(folder / "onnx" / "model_quantized.onnx")
    write_tokenizer(folder)
    config = {"max_tokens": 34, "pad_token_id": 0, "id2label": NAMES}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "manifest.json").write_text('{"revision": "test"}')
    [expected] = SentimentClassifier.load(folder).classify(["to the moon"])

    [alone] = EnsembleTeacher([folder]).annotate(["to the moon"])
    [mixed] = EnsembleTeacher([folder, folders[0]]).annotate(["to the moon"])

    assert alone.probabilities == pytest.approx(tuple(expected.probabilities.values()))
    [other] = HuggingFaceTeacher(str(folders[0])).annotate(["to the moon"])
    np.testing.assert_allclose(mixed.probabilities, np.mean([alone.probabilities, other.probabilities], axis=0))


def test_a_broken_artifact_and_an_empty_ensemble_are_refused(tmp_path):
    (tmp_path / "onnx").mkdir()
    with pytest.raises(TeacherError, match="cannot load the model"):
        EnsembleTeacher([tmp_path])
    with pytest.raises(TeacherError, match="at least one folder"):
        EnsembleTeacher([])


@pytest.mark.parametrize(
    ("probabilities", "score"),
    [((0.9, 0.05, 0.05), -2), ((0.6, 0.3, 0.1), -1), ((0.2, 0.7, 0.1), 0), ((0.1, 0.2, 0.7), 1), ((0, 0.1, 0.9), 2)],
)
def test_probabilities_become_the_guidelines_scores(probabilities, score):
    assert score_of(probabilities) == score
    assert Opinion(score, probabilities).score == score
