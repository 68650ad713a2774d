"""The public places this project's data came from, by their public names, and how each is read.

`registry` lists them, `checkouts` finds or downloads them, `comments`, `general`, `stocktwits` and `evaluation_set`
know their file formats. ../DATA.md says what each holds and under which licence.
"""
