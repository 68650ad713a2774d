"""Comments in other languages are told, and English is not lost."""

import subprocess
import sys

import pytest

from lambda_fn.model.language import language
from lambda_fn.model.letters import unstyled
from lambda_fn.model.text import normalise
from tests.comments import ODD, REAL
from training.evaluate.languages import written

SHORT_ENGLISH = """
gm|lol|wagmi|ngmi|hodl|to the moon|rekt|this is the way|buy the dip|got rugged again|down bad|few|ser pls|diamond hands
ATH incoming|nice|Sounds about right|no|yes|+1|!tip 5|$SOL $ADA $XRP|BTC|Bitcoin|Luna...|Do Kwon lmao|probably nothing
in it for the tech|wen lambo|rip|same|hahaha|ape in|sir this is a wendys|cope harder|Terra Luna 2.0|Cardano > Solana
buy high sell low|100x soon|Elon|Vitalik Buterin|moons|delete this|not selling|HODL!!!|bull trap|https://example.com/a/b
0x52908400098527886E0F7030069857D2E4169EE7|Coinbase, Binance, Kraken|🚀🚀🚀|...|2022
""".strip().replace("\n", "|")


def test_comments_in_other_languages_are_told():
    rows = written()
    missed = [row for row in rows if language(row[1]) != "other"]
    assert len(rows) > 100
    assert len(missed) <= 0.03 * len(rows), missed


@pytest.mark.parametrize("text", [*REAL, *SHORT_ENGLISH.split("|")])
def test_english_however_short_is_not_lost(text):
    assert language(text) == "en"


@pytest.mark.parametrize("text", ["", " ", *ODD.values()])
def test_any_string_has_a_language(text):
    assert language(text) in ("en", "other")


def test_what_never_asks_for_a_language_loads_no_detector():
    program = (
        "import sys; from lambda_fn.model.language import language; language('I think this is good'); "
        "print('py3langid' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("styled", ["𝓼𝓬𝓪𝓶", "ｓｃａｍ", "Ⓢⓒⓐⓜ", "ꜱᴄᴀᴍ", "𝐬𝐜𝐚𝐦", "🅂🄲🄰🄼", "🆂🅲🅰🅼", "𝕤𝕔𝕒𝕞"])
def test_styled_letters_are_the_letters_they_are(styled):
    assert normalise(styled).lower() == "scam"


@pytest.mark.parametrize(
    ("mixed", "plain"),
    [("ѕсаm", "scam"), ("Nexо is а scam", "Nexo is а scam"), ("Вitcoin", "Bitcoin"), ("etһ", "eth"), ("𝐬с𝐚𝐦", "scam")],
)
def test_cyrillic_letters_among_latin_ones_are_the_latin_ones_they_look_like(mixed, plain):
    assert unstyled(mixed) == plain


def test_many_words_of_mixed_letters_take_no_longer_than_others():
    text = "ѕсаm" * 20_000 + " привет" * 20_000
    assert unstyled(text).startswith("scamscam")


@pytest.mark.parametrize(
    "kept",
    ["naïve café", "½ off", "№ 5", "10 €", "日本語", "™", "ﬁne", "привет", "с", "USDшки", "μBTC", "Δt", "L1s", "sc4m"],
)
def test_what_is_no_styled_letter_stays(kept):
    assert unstyled(kept) == kept


def test_a_styled_word_has_the_mood_of_the_plain_one(classifier):
    plain, styled = classifier.classify(["This coin is a scam", "𝓣𝓱𝓲𝓼 𝓬𝓸𝓲𝓷 𝓲𝓼 𝓪 𝓼𝓬𝓪𝓶"])
    assert styled.probabilities == plain.probabilities
