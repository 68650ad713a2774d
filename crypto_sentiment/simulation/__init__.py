"""A day of comments played event by event, which counts what AWS would bill.

Shares the inputs (assumptions, benchmark figures, prices) with crypto_sentiment.cost and none of its formulas: the two
are two answers to one question.
"""
