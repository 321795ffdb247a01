"""Recipes: how a case tells of bytes, however many they are.

Rules: bytes are hex, or a list of hex and of parts that repeat or are numbered. How long they are,
and where they are cut, is known without making them.
"""

from __future__ import annotations

from typing import Any

Recipe = str | list[Any] | dict[str, Any]


def made(recipe: Recipe) -> bytes:
    """The bytes that the recipe makes."""
    if isinstance(recipe, str):
        return bytes.fromhex(recipe)
    if isinstance(recipe, list):
        return b"".join(map(made, recipe))
    times = int(recipe["times"])
    if "repeat" in recipe:
        return made(recipe["repeat"]) * times
    before, after = map(made, recipe["numbered"])
    # As text, one byte a character: to encode each numeral by itself takes long.
    between = (after + before).decode("latin-1").join(numerals(times)).encode("latin-1")
    return before + between + after if times else b""


def numeral(number: int) -> str:
    """The number as a key: seven digits, so that each key is as long as the others."""
    return f"{number:07d}"


def numerals(times: int) -> list[str]:
    """The numerals from 0 on; a million of them by the thousand."""
    tails = [f"{number:03d}" for number in range(1000)]
    heads = (f"{number:04d}" for number in range(times // 1000 + 1))
    return [head + tail for head in heads for tail in tails][:times]


def size(recipe: Recipe) -> int:
    """How many bytes the recipe makes."""
    if isinstance(recipe, str):
        return len(recipe) // 2
    if isinstance(recipe, list):
        return sum(map(size, recipe))
    times = int(recipe["times"])
    if "repeat" in recipe:
        return size(recipe["repeat"]) * times
    return times * (sum(map(size, recipe["numbered"])) + len(numeral(0)))


def cut(recipe: Recipe, at: int) -> tuple[Recipe, Recipe]:
    """Two recipes, which make the first `at` bytes and the others."""
    if isinstance(recipe, str):
        return recipe[: 2 * at], recipe[2 * at :]
    if isinstance(recipe, list):
        for number, part in enumerate(recipe):
            if at <= size(part):
                before, after = cut(part, at)
                return [*recipe[:number], before], [after, *recipe[number + 1 :]]
            at -= size(part)
        return recipe, ""
    if "repeat" in recipe and (unit := size(recipe["repeat"])):
        whole, rest = divmod(at, unit)
        left = int(recipe["times"]) - whole - bool(rest)
        before, after = cut(recipe["repeat"], rest) if rest else ("", "")
        repeat = recipe["repeat"]
        first, last = {"repeat": repeat, "times": whole}, {"repeat": repeat, "times": left}
        return [first, before], [after, last]
    data = made(recipe)
    return data[:at].hex(), data[at:].hex()
