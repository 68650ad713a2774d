"""StockTwits messages on crypto, labelled by their authors: `ElKulako/stocktwits-crypto` on the Hugging Face hub.

November 2021 to June 2022, lower-cased and stripped of cashtags by their publisher. Labels are 0 bearish, 1 neutral
(the author chose none), 2 bullish, as in the publisher's CryptoBERT.
"""

from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

from training.data.cleaning import tidy
from training.data.records import Record
from training.data.sources.errors import SourceError

DATASET = "ElKulako/stocktwits-crypto"
FILE = "st-data-full.xlsx"
URL = f"https://huggingface.co/datasets/{DATASET}"
REVISION = "5b6da7cd5381ce0a79e7faa2bfd9ad18372abac7"
LABELS = {0: "negative", 1: "neutral", 2: "positive"}


def download_stocktwits() -> Path:
    """The dataset's spreadsheet (70 MB) in huggingface_hub's cache. Raises SourceError where it cannot be had."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(hf_hub_download(DATASET, FILE, repo_type="dataset", revision=REVISION))
    except (HfHubHTTPError, OSError) as error:
        raise SourceError(
            f"cannot download {FILE} from {URL} ({type(error).__name__}). Where the hub is not reachable, pass "
            f"the path of a copy of {FILE}."
        ) from None


def read_stocktwits(path: Path) -> Iterator[Record]:
    """Rows {id, text, label, source} of the spreadsheet's sheets, each with the columns text and label.

    Raises SourceError for a file that is not that spreadsheet.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        workbook = load_workbook(path, read_only=True, data_only=True)
    except (OSError, BadZipFile, InvalidFileException, KeyError) as error:
        raise SourceError(f"{path} cannot be read as {FILE}: {error}") from None
    for sheet in workbook.worksheets:
        rows = sheet.iter_rows(values_only=True)
        header = next(rows, ())
        if "text" not in header or "label" not in header:
            raise SourceError(f"{path}, sheet {sheet.title}: columns are {header}, expected text and label")
        text_at, label_at = header.index("text"), header.index("label")
        for number, row in enumerate(rows):
            if row[text_at] and row[label_at] in LABELS:
                id, source = f"{sheet.title}-{number}", f"{DATASET}:{FILE}"
                yield {"id": id, "text": tidy(str(row[text_at])), "label": LABELS[row[label_at]], "source": source}
    workbook.close()
