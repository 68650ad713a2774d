"""The evaluation as Markdown, generated from metrics.json: nothing here is typed by hand."""

MEASURES = (
    ("binary", "binary accuracy"),
    ("sure", "of these, labels sure of"),
    ("binary_f1", "binary macro-F1"),
    ("accuracy_3", "three classes"),
    ("macro_f1_3", "macro-F1, three classes"),
)


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def models_table(metrics: dict) -> str:
    """Every model's measures in percent with their 95 % intervals."""
    rows = []
    for name, f in metrics["models"].items():
        cells = []
        for key, _ in MEASURES:
            low, high = f[f"{key}_interval"]
            cells.append(f"{f[key]:.1f} ({low:.1f}–{high:.1f})")
        rows.append([name, *cells])
    return table(["model", *(title for _, title in MEASURES)], rows)


def paired_table(metrics: dict) -> str:
    """int8 minus each other model, in points."""
    rows = []
    for name, differences in metrics["paired"].items():
        cells = []
        for key, _ in MEASURES:
            d = differences[key]
            cells.append(f"{d['difference']:+.2f} ({d['interval'][0]:+.2f} to {d['interval'][1]:+.2f})")
        rows.append([f"int8 − {name}", *cells])
    return table(["difference in points", *(title for _, title in MEASURES)], rows)


def slices_table(metrics: dict) -> str:
    names = list(metrics["models"])
    rows = [
        [s["slice"], str(s["rows"]), str(s["sided"]), *(f"{s[name]:.1f}" if name in s else "" for name in names)]
        for s in metrics["slices"]
    ]
    return table(["slice", "rows", "polar", *names], rows)


def calibration_lines(metrics: dict) -> str:
    c = metrics["calibration"]
    low, high = c["ece_interval"]
    classes = ", ".join(f"{label} {error:.3f}" for label, error in c["ece_classes"].items())
    return (
        f"Expected calibration error of the binary score on the {c['rows']} rows that take a side, {c['bins']} bins of "
        f"equal mass, cross-fitted over {c['folds']} folds: **{c['ece']:.3f}** (95 % bootstrap {low:.3f}–{high:.3f}); "
        f"uncalibrated {c['ece_uncalibrated']:.3f}. Of each class's probability on all rows: {classes}.\n"
    )


def first_stage_lines(metrics: dict) -> str:
    """What the first stage settles, and what both stages are worth beside the encoder alone, cross-fitted."""
    stage = metrics["calibration"]["first_stage"]
    rows = []
    for key, title in (("binary", "binary accuracy"), ("macro_f1_3", "macro-F1, three classes")):
        f = stage[key]
        low, high = f["interval"]
        difference = f"{f['both'] - f['encoder']:+.2f} ({low:+.2f} to {high:+.2f})"
        rows.append([title, f"{f['encoder']:.2f}", f"{f['both']:.2f}", difference])
    return (
        f"N-grams settle {stage['settled']:.1f} % of the comments alone; of the others the encoder's log-odds are "
        "added to theirs. Percent, cross-fitted, thresholds included:\n\n"
        + table(["", "encoder alone", "both stages", "difference (95 %)"], rows)
    )


def parity_lines(metrics: dict) -> str:
    p = metrics["parity"]
    lines = [
        f"The same {p['comments']} comments alone and inside a batch: scores differ by at most "
        f"{p['batch_difference']:.1e}.\n"
    ]
    if p.get("cpus"):
        rows = [[c["cpu"], f"{c['agree']:.2f} %", f"{c['score_difference']:.4f}"] for c in p["cpus"]]
        lines.append(table([f"against {p['reference']}", "labels that agree", "largest score difference"], rows))
    else:
        lines.append(f"Compared with no other CPU than {p['reference']}: none could be emulated.\n")
    return "\n".join(lines)


def markdown(metrics: dict) -> str:
    """The whole report."""
    parts = [
        f"Development set: {metrics['rows']} comments, {metrics['sided_rows']} of them take a side, the label is sure "
        f"of {metrics['sure_rows']}. Percent, with 95 % bootstrap intervals ({metrics['bootstraps']} resamples).\n",
        models_table(metrics),
        "Paired bootstrap:\n",
        paired_table(metrics),
    ]
    if "calibration" in metrics:
        parts += ["### Calibration\n", calibration_lines(metrics)]
        if "first_stage" in metrics["calibration"]:
            parts += ["### First stage\n", first_stage_lines(metrics)]
    if "parity" in metrics:
        parts += ["### The same on every CPU and in every batch\n", parity_lines(metrics)]
    parts += ["### Slices\n", "Binary accuracy on the rows that take a side, in percent.\n", slices_table(metrics)]
    return "\n".join(parts)
