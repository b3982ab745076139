"""Words that were meant: those one slip of the fingers away from what was typed. Pure.

Each known word is kept under itself and under every spelling with one character left out; what was
typed is looked up by the same (Garbe's symmetric deletes). That finds a letter missing, added,
exchanged or swapped with its neighbour, and many pairs of slips, in any alphabet; the distance
then decides.
"""

from hashlib import blake2b

LENGTH_MIN = 4
LENGTH_MAX = 32
TWO_SLIPS_FROM = 8
"""From this length on, a word may differ in two places."""


def is_known_word(word: str) -> bool:
    """Whether a word is worth keeping for its spelling."""
    return LENGTH_MIN <= len(word) <= LENGTH_MAX and not word.isdecimal()


def is_card_word(word: str) -> bool:
    """The same for a word of a card, where most of what has digits is a number or a hash."""
    return is_known_word(word) and not any(map(str.isdigit, word))


def spellings(word: str) -> set[int]:
    """The numbers under which a word is kept and looked up: itself and what lacks a character."""
    return {number(word), *(number(word[:at] + word[at + 1 :]) for at in range(len(word)))}


def slips_allowed(word: str) -> int:
    """In how many places a known word may differ from this one."""
    return 2 if len(word) >= TWO_SLIPS_FROM else 1


def distance(one: str, other: str, most: int) -> int:
    """Characters to add, drop, exchange or swap from one to the other; `most` + 1 when beyond."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def number(text: str) -> int:
    """What a spelling is kept under."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
