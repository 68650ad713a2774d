"""A day of comments played event by event, which counts what AWS would bill.

Shares with crypto_sentiment.cost what was measured (the speed, bytes that the handlers write, the lengths of comments)
and the prices, and none of its formulas or derived sizes: how many comments fill a message, how many bytes a call has,
which task is cheapest, is drawn and counted here. The two are two answers to one question.
"""
