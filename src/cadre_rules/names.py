"""Vietnamese text as people type it: one form to store, one form to compare."""

import re
import unicodedata
from functools import lru_cache

_TONES = "\u0300\u0301\u0303\u0309\u0323"


@lru_cache(maxsize=16_384)
def clean(text: str) -> str:
    """Return NFC text without stray spaces at its ends or doubled within."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return the form in which names compare: case, stray spaces and the place of the tone do not count.

    >>> fold("Uỷ  ban") == fold("ủy ban")
    True
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    return " ".join(_fold_word(word) for word in unicodedata.normalize("NFD", text.casefold()).split())


def _fold_word(word: str) -> str:
    tones = "".join(sorted(mark for mark in word if mark in _TONES))
    return re.sub(f"[{_TONES}]", "", word) + tones
