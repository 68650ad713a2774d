"""How far two blind readings of the same comments agree: `labels_again.csv`, columns round, source, id, first, second.

    python -m training.annotate.agreement

Among the comments labelled in a later round were some of an earlier one's, unmarked; `first` and `second` are their
scores of -2 to 2. Prints for each round the shares in percent and Cohen's kappa of the three classes.
"""

import csv
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sklearn.metrics import cohen_kappa_score

DEFAULT = Path(__file__).with_name("labels_again.csv")


def agreement(first: np.ndarray, second: np.ndarray) -> dict[str, float]:
    """first, second: [n] scores. same_class: negative, neutral or positive alike; opposite: positive against negative.

    sided: of the comments that both readings give a side, the share with the same side.
    """
    a, b = np.sign(first), np.sign(second)
    both = (a != 0) & (b != 0)
    return {
        "comments": len(a),
        "same_class": round(100 * float((a == b).mean()), 1),
        "opposite": round(100 * float((a * b < 0).mean()), 1),
        "sided": round(100 * float((a[both] == b[both]).mean()), 1),
        "kappa": round(float(cohen_kappa_score(a, b)), 3),
    }


def main(table: Annotated[Path, typer.Argument(help="CSV with columns round, first and second")] = DEFAULT) -> None:
    """Print the agreement of two readings, a line for each round."""
    rounds: dict[str, list[tuple[int, int]]] = {}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            rounds.setdefault(row["round"], []).append((int(row["first"]), int(row["second"])))
    for name, pairs in sorted(rounds.items()):
        figures = agreement(*np.array(pairs).T)
        print(f"round {name}: " + ", ".join(f"{measure} {value}" for measure, value in figures.items()))


if __name__ == "__main__":
    typer.run(main)
