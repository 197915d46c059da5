"""Vietnamese text as people type it: one form to store, one form to compare."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
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
    return " ".join(map(_fold_word, text.split()))


_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Controls, marks that turn the direction of writing, halves of characters: what XML refuses or no reader sees."""


def seen(text: str) -> str:
    """Return text that reads as it stands: what would be invisible, or turn the text around, shows as a replacement sign."""
    return _UNSEEN.sub("\ufffd", text)


def did_you_mean(word: str, known: Iterable[str], meant: Mapping[str, str] | None = None) -> str:
    """Return `; did you mean …?` where some known word is near, or what is `meant` by that word; else nothing.

    >>> did_you_mean("sexx", ["sex", "level"])
    "; did you mean 'sex'?"
    """
    from difflib import get_close_matches  # noqa: PLC0415  # only who has made a mistake waits for its import

    near = get_close_matches(word, known, n=1)
    return f"; did you mean {(meant or {}).get(near[0], near[0])!r}?" if near else ""


@lru_cache(maxsize=65_536)
def _fold_word(word: str) -> str:
    if word.isascii():
        return word.casefold()
    word = unicodedata.normalize("NFD", word.casefold())
    tones = "".join(sorted(mark for mark in word if mark in _TONES))
    return re.sub(f"[{_TONES}]", "", word) + tones
