"""What the forms of a segment are made from, worked out from lines of `recipes.jsonl`, in any process."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.recipe import Recipe
from index.quality import quality_of
from index.questions import dish_of, forms_of
from index.synonyms import canonical_spelling


@dataclass(slots=True)
class RecipeFacts:
    """Of some recipes in order: their forms and traits, as flat as another process can hand them over.

    Attributes:
        forms: all forms of all recipes, each followed by a line break.
        form_hashes: 64 bits that stand for a form.
        form_counts: how many forms each recipe has.
        dish_places: which of its forms names a recipe's dish.
        dish_hashes: 64 bits that are equal for names of one dish, synonyms included.
        quality: `index.quality.quality_of`.
        minutes: 0 for unknown.
    """

    forms: bytes = b""
    form_hashes: array[int] = field(default_factory=lambda: array("Q"))
    form_counts: array[int] = field(default_factory=lambda: array("B"))
    dish_places: array[int] = field(default_factory=lambda: array("B"))
    dish_hashes: array[int] = field(default_factory=lambda: array("Q"))
    quality: array[int] = field(default_factory=lambda: array("B"))
    minutes: array[int] = field(default_factory=lambda: array("H"))


def facts_of(lines: Sequence[str]) -> RecipeFacts:
    """The facts of the recipes on `lines`."""
    facts, texts = RecipeFacts(), list[bytes]()
    for recipe in recipes_on(lines):
        forms = forms_of(recipe)
        dish = dish_of(recipe, forms)
        encoded = [form.encode("utf-8", "replace") for form in forms]
        texts += encoded
        facts.form_hashes.extend(map(form_hash, encoded))
        facts.form_counts.append(len(forms))
        facts.dish_places.append(forms.index(dish))
        facts.dish_hashes.append(form_hash(canonical_spelling(dish).encode("utf-8", "replace")))
        facts.quality.append(quality_of(recipe))
        facts.minutes.append(min(recipe.minutes or 0, 65_535))
    facts.forms = b"".join(text + b"\n" for text in texts)
    return facts


def recipes_on(lines: Iterable[str]) -> Iterator[Recipe]:
    """The recipes on lines of `recipes.jsonl`."""
    return (Recipe.from_dict(json.loads(line)) for line in lines)


def form_hash(form: bytes) -> int:
    """64 bits that stand for a form, encoded as UTF-8."""
    return int.from_bytes(hashlib.blake2b(form, digest_size=8).digest())
