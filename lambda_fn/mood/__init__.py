"""Mood from scored comments: how many are negative, neutral and positive, by hour, coin and subreddit, and how sure.

`rollup.sql` counts result lines into cells of a grid over the three probabilities; the grids of any hours, coins and
subreddits add up. `estimate` turns a grid into shares with 95 % intervals. numpy only: it also answers in the image.
"""
