"""How far two blind readings of the same comments agree: `labels_again.csv`, columns source, id, first, second.

    python -m training.agreement

Among the comments labelled in the second round were some of the first round's, unmarked; `first` and `second` are
their scores of -2 to 2. Prints the shares in percent and Cohen's kappa of the three classes.
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


def main(table: Annotated[Path, typer.Argument(help="CSV with columns first and second")] = DEFAULT) -> None:
    """Print the agreement of two readings."""
    with table.open(newline="") as file:
        pairs = np.array([(int(row["first"]), int(row["second"])) for row in csv.DictReader(file)])
    for name, value in agreement(pairs[:, 0], pairs[:, 1]).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    typer.run(main)
