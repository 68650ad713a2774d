"""Comments that this project wrote, in the manner of crypto Reddit, with the mood that a person would read in each."""

POSITIVE = [
    "Crypto to the moon!",
    "Just bought more BTC at this dip, best decision of my life. Holding for ten years.",
    "Love this community, you guys helped me set up my first wallet in five minutes 🙏",
    "ETH staking has been great for me, rewards every single day and zero problems.",
    "This is extremely bullish news, adoption is growing faster than anyone expected 🚀🚀",
    "Best exchange I have used so far, fast support and really low fees.",
    "I'm so happy I never sold. Diamond hands pay off in the end 💎",
    "Great explanation, thank you, finally I understand how the lightning network works!",
]
NEGATIVE = [
    "Lost everything on Luna. I feel sick and I don't know how to tell my wife.",
    "This coin is a total scam, the devs dumped on everyone and disappeared.",
    "Worst exchange ever, they froze my account and support ignores me for three weeks.",
    "Stay away from this project, it's a ponzi and it will go to zero.",
    "Great, another 50% down. Wonderful investment, thanks a lot.",
    "I regret ever touching crypto. Sold at a huge loss today.",
    "The fees are ridiculous, 80 dollars to move 20, this network is garbage.",
    "Anyone still holding this shitcoin is going to get wrecked 🤡",
]
NEUTRAL = [
    "What is the difference between a hot wallet and a cold wallet?",
    "The next halving is expected in April.",
    "You can export the transaction history as CSV from the settings page.",
    "Does anyone know when the merge happens?",
]
LONG = "I have been following this project since 2017 and I want to share my experience with all of you. " * 60
ODD = {
    "emoji only": "🚀🚀🌕💎🙌",
    "other scripts": "比特币要涨了，太好了 Биткоин растёт بيتكوين",
    "control characters": "to the\x00 moon\x07\x1b[31m now\u200b\u202e",
    "lone surrogate": "to the moon \ud83d now",
    "markup": "> you will lose it all\n\nNo, **I** won't. [Read this](https://example.com/a_(b)) &amp; learn",
    "a quote and nothing else": "> to the moon",
    "one long word": "hodl" * 5_000,
    "100,000 characters": "to the moon " * 8_333 + "now!",
    "not a word": "?!?! ... ---",
}
REAL = POSITIVE + NEGATIVE + NEUTRAL


def crowd(count: int, distinct: bool = False, **fields) -> list[dict]:
    """`count` comments with ids of their own and extra `fields`; distinct: with texts of their own too."""
    return [
        {"id": f"c{n}", "text": REAL[n % len(REAL)] + (f" ({n} of {count})" if distinct else ""), **fields}
        for n in range(count)
    ]
