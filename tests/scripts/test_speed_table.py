import csv
import json

from scripts.speed_table import PAGE, PRODUCTS, experiments_table, operators_table, page, put


def test_the_page_is_what_the_tables_say():
    assert PAGE.read_text() == page()


def row(what: str, before: str, after: str) -> dict[str, str]:
    return {"part": "graph", "what": what, "before": before, "after": after, "unit": "tokens/s", "CPU": "VNNI"}


def test_a_try_measured_again_keeps_what_was_decided(tmp_path):
    experiments = tmp_path / "experiments.csv"
    with experiments.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*row("", "", ""), "kept", "why"])
        writer.writeheader()
        writer.writerow(row("int32 inputs", "100", "101") | {"kept": "no", "why": "no faster"})
    put([row("int32 inputs", "200", "210"), row("a new one", "200", "300")], experiments)
    old, new = experiments_table(experiments)[2:]
    assert old == "| graph | int32 inputs | 200 | 210 | tokens/s, VNNI | +5 % | no | no faster |"
    assert "| a new one | 200 | 300 | tokens/s, VNNI | +50 % | no |" in new


def test_the_operators_are_set_against_the_peak(tmp_path):
    measured = {
        "hardware": {"cpu": "a CPU", "int8": ["avx2"], "onnxruntime": "1.0", "date": "2026-01-01"},
        "rows": 10,
        "tokens": 100,
        "run_us": 1000.0,
        "operators_us": {PRODUCTS: 500.0, "Gelu": 400.0, "Slice": 1.0},
        "peak_gmac_s": 200.0,
        "nominal_mmac_per_token": 0.2,
        "computed_mmac_per_token": 0.1,
    }
    file = tmp_path / "operators.json"
    file.write_text(json.dumps(measured))
    text = "\n".join(operators_table(file))
    assert "| Gelu | of the feed-forward's 1,536 features | 400 | 40.0 % |" in text
    assert "| all others |  | 1 | 0.1 % |" in text
    # 0.1 GMAC in 1 ms are 100 GMAC/s, in the products' half of it 200.
    assert "\n100: 50 % of it" in text
    assert "GMAC/s, 100 %" in text
    assert "leaves 333 µs for all other" in text
