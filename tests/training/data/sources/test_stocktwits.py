import pytest
from openpyxl import Workbook

from training.data.sources import stocktwits
from training.data.sources.errors import SourceError

pytestmark = pytest.mark.training


@pytest.fixture
def spreadsheet(tmp_path):
    """The publisher's form: two sheets of text and label."""
    workbook = Workbook()
    first, second = workbook.active, workbook.create_sheet("stocktwits_2")
    first.title = "stocktwits_1"
    for row in (("text", "label"), ("to the moon we go", 2), ("dumping hard again", 0), (None, 1)):
        first.append(row)
    for row in (("label", "text"), (1, "what time is the call"), (7, "no such label")):
        second.append(row)
    path = tmp_path / stocktwits.FILE
    workbook.save(path)
    return path


def test_both_sheets_are_read_whatever_the_order_of_their_columns(spreadsheet):
    records = list(stocktwits.read_stocktwits(spreadsheet))

    assert [(record["id"], record["text"], record["label"]) for record in records] == [
        ("stocktwits_1-0", "to the moon we go", "positive"),
        ("stocktwits_1-1", "dumping hard again", "negative"),
        ("stocktwits_2-0", "what time is the call", "neutral"),
    ]


def test_a_file_that_is_no_spreadsheet_is_refused(tmp_path):
    (tmp_path / stocktwits.FILE).write_text("text,label\n")

    with pytest.raises(SourceError, match=r"cannot be read as st-data-full.xlsx"):
        list(stocktwits.read_stocktwits(tmp_path / stocktwits.FILE))


def test_without_the_hub_the_error_names_the_dataset_and_the_local_alternative(monkeypatch):
    import huggingface_hub

    def unreachable(*args, **kwargs):
        raise huggingface_hub.errors.LocalEntryNotFoundError("no connection")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)

    with pytest.raises(SourceError, match=r"https://huggingface.co/datasets/ElKulako/stocktwits-crypto.*copy of"):
        stocktwits.download_stocktwits()
