"""Which coins a comment names: the shipped table, through `Coins.named`."""

import time

import pytest

from lambda_fn.model.coin_table import TABLE, Coin, read_table, spellings_by_form
from lambda_fn.model.coins import Coins


@pytest.fixture(scope="module")
def coins():
    return Coins.load()


def symbols(coins, text):
    return list(dict.fromkeys(mention.coin for mention in coins.named(text)))


def test_the_table_has_150_coins_with_source_and_date():
    assert len(read_table()) >= 150
    for row in TABLE.read_text().splitlines()[1:]:
        assert "CoinGecko" in row
        assert row.rsplit(",", 1)[1] in ("2022-07-24", "2025-10-23")


def test_no_two_coins_share_a_spelling():
    row = {"name": "Other", "aliases": "btc", "misspellings": "", "ticker_is_word": "0", "name_is_word": "0"}
    with pytest.raises(ValueError, match="names both BTC and OTH"):
        spellings_by_form([*read_table(), Coin.from_row({"symbol": "OTH", **row})])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("btc and Ethereum, nothing else", ["BTC", "ETH"]),
        ("$ALGO to the moon", ["ALGO"]),
        ("dodgecoin is fun", ["DOGE"]),
        ("my bitcoins and my doges", ["BTC", "DOGE"]),
        ("0.5ETH for 20KSM", ["ETH", "KSM"]),
        ("Bitcoin Cash is no bitcoin", ["BCH", "BTC"]),
        ("Ethereum Classic", ["ETC"]),
        ("the ETH/BTC pair", ["ETH", "BTC"]),
        ("stack sats", ["BTC"]),
        ("Harmony (ONE) has low fees", ["ONE"]),
        ("anti-BTC FUD", ["BTC"]),
    ],
)
def test_cashtags_names_tickers_nicknames_and_misspellings(coins, text, expected):
    assert symbols(coins, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I untangled it, linked the parts and put it near the gate",
        "no one likes the sand, and the gas is hot",
        "TRUST NO ONE NEAR THE SAND",
        "gas fees are high for every alt",
        "when it moons we all win",
        "many moons ago",
        "my Ledger Nano X arrived",
        "Canada has adaptable people",
        "etc. etc.",
        "a ton of people just hold",
        "the ripple effect",
    ],
)
def test_ordinary_words_are_no_coins(coins, text):
    assert symbols(coins, text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NEAR and LINK are cheap", ["NEAR", "LINK"]),
        ("btc, eth and link", ["BTC", "ETH", "LINK"]),
        ("ETH, BTC and ONE", ["ETH", "BTC", "ONE"]),
        ("staking sol since May", ["SOL"]),
        ("bought some ada", ["ADA"]),
        ("the OP token", ["OP"]),
        ("paid in moons, sold my moons", ["MOON"]),
        ("I think Stellar moves fast", ["XLM"]),
    ],
)
def test_a_word_is_a_coin_where_its_spelling_or_its_neighbours_say_so(coins, text, expected):
    assert symbols(coins, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "see https://example.com/bitcoin for more",
        "ask in r/Bitcoin or u/ethereum",
        "read it on bitcoin.org",
        "> bitcoin is dead\n\nno it is not",
        "[pros](/r/markets/bitcoin is here)",
    ],
)
def test_links_subreddits_users_and_quotations_name_nothing(coins, text):
    assert "BTC" not in symbols(coins, text.replace(" is here", ""))


def test_a_comment_that_is_nothing_but_quotation_is_read(coins):
    assert symbols(coins, "> bitcoin is dead") == ["BTC"]


def test_offsets_are_code_points(coins):
    text = "🚀🚀 İstanbul loves Bitcoin"
    (mention,) = coins.named(text)
    assert text[mention.start : mention.end] == "Bitcoin"


@pytest.mark.parametrize("text", ["", " ", "\ud800 btc", "ſol", "KSM", "0x", "$", "btc\x00eth"])
def test_any_string_is_searched(coins, text):
    for mention in coins.named(text):
        assert text[mention.start : mention.end]


@pytest.mark.parametrize("part", ["btc ", "one,", "\n", "a.", "a-", "> btc\n", "r/btc ", "one\n\n", "$one "])
def test_no_comment_is_slow(coins, part):
    text = part * (20_000 // len(part))
    started = time.process_time()
    coins.named(text)
    assert time.process_time() - started < 2
