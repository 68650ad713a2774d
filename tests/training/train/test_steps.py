# ruff: noqa: E402
"""All steps from a tiny checkpoint to an artifact that the service loads, for each class that `--base` takes."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.training

from corpus import write_checkpoint

from lambda_fn.model.classifier import SentimentClassifier
from training.evaluate import calibrate, evaluate, parity, predict
from training.evaluate.ablations import markdown
from training.ship import artifact, export, finish, quantize
from training.train import distil, encoder, finetune, ngrams, pretrain, teacher, warmup
from training.train import pseudo_label as labelling


@pytest.fixture(autouse=True, scope="module")
def small_settings():
    """Settings of the real run are for 20,000 comments; two hundred need fewer rows and more, smaller steps."""
    patch = pytest.MonkeyPatch()
    patch.setattr(quantize, "CALIBRATION_COMMENTS", 30)
    patch.setattr(evaluate, "BOOTSTRAPS", 20)
    patch.setattr(calibrate, "BOOTSTRAPS", 20)
    patch.setattr(finetune, "BATCH_TOKENS", 256)
    patch.setattr(ngrams, "BATCH", 8)
    patch.setattr(ngrams, "EPOCHS", 4)
    patch.setattr(distil, "BATCH_TOKENS", 256)
    yield
    patch.undo()


@pytest.mark.parametrize("kind", ["distilbert", "bert", "roberta"])
def test_any_base_becomes_an_artifact_that_the_service_loads(kind, data, tmp_path):
    base, tuned = tmp_path / "base", tmp_path / "tuned"
    encoder.main(str(write_checkpoint(tmp_path / "tiny", kind)), base)
    finetune.finetune(base, tuned, data=data, epochs=30, learning_rate=1e-3, ema=0.0)
    assert json.loads((tuned / "figures.json").read_text())["binary"] > 80  # learned the made-up phrases

    onnx, int8 = tmp_path / "onnx" / "model.onnx", tmp_path / "onnx" / "model_quantized.onnx"
    export.export(tuned, onnx)
    quantize.quantize(tuned, int8, onnx, data=data)
    words = tmp_path / "ngrams.npz"
    ngrams.train(tuned, words, data=data)
    calibrate.calibrate(int8, tuned, tmp_path / "calibration.json", words, data=data)
    ready = tmp_path / "onnx" / "model_calibrated.onnx"
    finish.finish(int8, tuned, tmp_path / "calibration.json", ready, words)
    evaluate.evaluate(
        ready, tuned, tmp_path / "metrics.json", onnx, tmp_path / "calibration.json", data=data,
        previous=[tuned / "dev_logits.npz"],
    )  # fmt: skip
    out = tmp_path / "artifact"
    artifact.main(
        tuned, ready, out, tmp_path / "metrics.json", data=data, ngrams=words,
        calibration=tmp_path / "calibration.json",
    )  # fmt: skip

    classifier = SentimentClassifier.load(out)
    praise, blame = classifier.classify(["solana: best project ever, friday noon", "doge: total scam, friday noon"])
    assert (praise.label, blame.label) == ("positive", "negative")
    texts = ["to the moon", "lost everything, selling all of it, worst exchange ever " * 3, "what is the fee"]
    assert parity.batch_difference(classifier, texts) < 1e-3

    metrics = json.loads((out / "metrics.json").read_text())
    assert abs(metrics["models"]["int8"]["binary"] - metrics["models"]["fp32"]["binary"]) <= 10  # 40 rows: 4 of them
    assert metrics["paired"]["fp32"]["binary"]["interval"][0] <= metrics["paired"]["fp32"]["binary"]["interval"][1]
    assert metrics["paired"]["tuned"]["binary"]["interval"], "an earlier model goes by its folder's name"
    manifest = json.loads((out / "manifest.json").read_text())
    assert classifier.revision == manifest["revision"]
    assert {f["file"] for f in manifest["training_data"]} == {
        "labelled.jsonl.gz",
        "dev.jsonl.gz",
        "general.jsonl.gz",
    }  # nothing unlabelled was used
    for name, entry in manifest["files"].items():
        assert artifact.sha256(out / name) == entry["sha256"]
    assert manifest["revision"] in (out / "README.md").read_text()
    assert "- 200 crypto Reddit comments" in (out / "README.md").read_text()
    assert "| int8 |" in (out / "README.md").read_text()
    assert (tmp_path / "calibration.png").stat().st_size > 1000


def test_pretraining_warm_up_and_distillation_keep_a_trainable_checkpoint(data, tmp_path):
    base = tmp_path / "base"
    encoder.main(str(write_checkpoint(tmp_path / "tiny", "distilbert")), base)
    pretrain.pretrain(base, tmp_path / "pretrained", data=data)
    before, _ = encoder.load_checkpoint(base)
    after, _ = encoder.load_checkpoint(tmp_path / "pretrained")
    assert not torch.equal(
        before.base_model.get_input_embeddings().weight, after.base_model.get_input_embeddings().weight
    )
    assert torch.equal(before.classifier.weight, after.classifier.weight)  # the head has nothing to learn from masks

    warmup.warmup(tmp_path / "pretrained", tmp_path / "warm", data=data)
    for seed in (1, 2):
        finetune.finetune(
            tmp_path / "warm", tmp_path / f"t{seed}", data=data, seed=seed, epochs=30, learning_rate=1e-3, ema=0.0
        )
    labelling.pseudo_label([tmp_path / "t1", tmp_path / "t2"], tmp_path / "pseudo.npz", data=data)
    with np.load(tmp_path / "pseudo.npz") as cache:
        assert len(cache["keys"]) == 260  # 200 labelled, sixty not
        np.testing.assert_allclose(cache["probabilities"].sum(1), 1, atol=1e-5)
    distil.distil(
        tmp_path / "warm", tmp_path / "pseudo.npz", tmp_path / "student", data=data, epochs=30, learning_rate=1e-3
    )
    assert json.loads((tmp_path / "student" / "figures.json").read_text())["binary"] > 80
    assert "distilled: 200 labels, 60 unlabelled" in markdown()


def test_a_teacher_learns_in_its_upper_layers_from_a_sample_of_the_labels(data, tmp_path, monkeypatch):
    monkeypatch.setattr(teacher, "FROZEN_LAYERS", 1)
    tiny = write_checkpoint(tmp_path / "tiny", "mpnet")
    before = encoder.load_base(str(tiny)).state_dict()

    teacher.teacher(str(tiny), tmp_path / "teacher", data=data, rows=50, learning_rate=1e-2)
    teacher.teacher(str(tiny), tmp_path / "of-all", data=data, rows=0)

    after = encoder.load_checkpoint(tmp_path / "teacher")[0].state_dict()
    changed = {n for n in before if not n.startswith("classifier") and not torch.equal(before[n], after[n].float())}
    assert not any(".layer.0." in name or "embeddings" in name for name in changed)
    assert any(".layer.1." in name for name in changed)
    assert "teacher: tiny, 50 labels" in markdown()
    assert "teacher: tiny, 200 labels" in markdown()
    pads = encoder.pad_token(encoder.load_tokenizer(str(tiny)))
    assert pads == encoder.load_base(str(tiny)).config.pad_token_id


def test_pseudo_labels_resume_where_they_stopped(data, tmp_path):
    encoder.main(str(write_checkpoint(tmp_path / "tiny", "distilbert")), tmp_path / "t")
    rows = labelling.choose(data, 0)
    whole, _ = labelling.score(tmp_path / "t", rows, tmp_path / "whole.npz")
    with np.load(tmp_path / "whole.npz") as cache:
        half = {**cache, "logits": whole[:50] + 7}  # marked, to tell a cached row from a fresh one
    np.savez(tmp_path / "half.npz", **half)
    resumed, seconds = labelling.score(tmp_path / "t", rows, tmp_path / "half.npz")
    np.testing.assert_allclose(resumed[:50], whole[:50] + 7)
    np.testing.assert_allclose(resumed[50:], whole[50:], atol=0.05)
    assert seconds > half["seconds"], "both runs' time counts"

    np.savez(tmp_path / "half.npz", **half)
    of_other_rows, _ = labelling.score(tmp_path / "t", rows[::-1], tmp_path / "half.npz")
    np.testing.assert_allclose(of_other_rows, whole[::-1], atol=0.05)


def test_a_stopped_training_goes_on_to_the_same_weights(data, tmp_path, monkeypatch):
    from training.data.comments import scored, soft_targets
    from training.train import loop
    from training.train.batches import encode

    rows = scored(data, "labelled")
    targets = torch.from_numpy(soft_targets(rows))
    encoder.main(str(write_checkpoint(tmp_path / "tiny", "distilbert")), tmp_path / "base")

    def run(stop_at: int | None) -> dict:
        model, tokenizer = encoder.load_checkpoint(tmp_path / "base")
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        seen = 0

        def loss(*args):
            nonlocal seen
            seen += 1
            if seen == stop_at:
                raise KeyboardInterrupt
            return loop.soft_cross_entropy(targets)(*args)

        schedule = loop.Schedule(2, 1e-3, batch_tokens=256, ema=0.9)
        ids = encode(tokenizer, [r["text"] for r in rows], 64)
        loop.train(model, ids, loss, schedule, 0, tmp_path / "run.state")
        return model.state_dict()

    straight = run(None)
    monkeypatch.setattr(loop, "SAVE_EVERY_S", -1)  # after every step
    with pytest.raises(KeyboardInterrupt):
        run(stop_at=7)
    resumed = run(None)
    assert not (tmp_path / "run.state").exists()
    for name, weight in straight.items():
        torch.testing.assert_close(resumed[name], weight, atol=1e-5, rtol=1e-4)


def test_minilm_becomes_a_distilbert_with_the_same_hidden_states(tmp_path):
    model = encoder.load_base("minilm")  # raises where BertModel's last hidden states differ by more than 1e-4
    assert type(model).__name__ == "DistilBertForSequenceClassification"
    assert (model.config.n_layers, model.config.dim) == (6, 384)


def test_a_base_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(encoder.EncoderError, match="no-such-folder"):
        encoder.load_base(str(tmp_path / "no-such-folder"))
    from transformers import GPT2Config

    GPT2Config(n_layer=1).save_pretrained(tmp_path / "gpt2")
    with pytest.raises(encoder.EncoderError, match="gpt2"):
        encoder.load_base(str(tmp_path / "gpt2"))


def test_dev_figures_of_a_perfect_and_a_reversed_model():
    scores = np.array([-2, -1, 0, 0, 1, 2])
    logits = np.eye(3, dtype=np.float32)[np.sign(scores) + 1] * 5
    assert predict.dev_figures(logits, scores)["macro_f1_3"] == 100
    assert predict.dev_figures(logits[:, ::-1], scores)["binary"] == 0
