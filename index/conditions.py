"""What is wanted of a dish by structure, and how that is told to a user."""

from __future__ import annotations

from dataclasses import dataclass

from index.wish_words import IMPLIED_WITHOUT, TAG_LABELS


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of a dish.

    Attributes:
        ingredients: all of these go in.
        without: none of these kinds of food, or foods of this name; never relaxed.
        free_of: none of these groups of `core.allergens`; never relaxed.
        tags: facets of `index.facets` that it has.
        max_minutes: from start to plate.
        count: how many dishes; 0 when not said.
        subject: the dish that is meant, or "" for any.
    """

    ingredients: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    free_of: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    max_minutes: int | None = None
    count: int = 0
    subject: str = ""

    def __or__(self, other: Wishes) -> Wishes:
        """Both together; what `other` says of time, number and subject counts where it says something."""
        return Wishes(
            _both(self.ingredients, other.ingredients),
            _both(self.without, other.without),
            _both(self.free_of, other.free_of),
            _both(self.tags, other.tags),
            self.max_minutes if other.max_minutes is None else other.max_minutes,
            other.count or self.count,
            other.subject or self.subject,
        )

    @property
    def has_conditions(self) -> bool:
        """Whether it asks for anything beside a subject."""
        return bool(self.ingredients or self.without or self.free_of or self.tags or self.max_minutes)

    @property
    def asks_for(self) -> bool:
        """Whether it says what the dish is made of or like, not only what it must not be."""
        return bool(self.ingredients or self.tags)

    @property
    def forbids(self) -> bool:
        """Whether something must not be in it."""
        return bool(self.without or self.free_of)


def labels(wishes: Wishes) -> tuple[str, ...]:
    """Each wish in a word or two, for telling a user: 清淡, 有土豆, 20 分钟以内, 不含花生."""
    told = [TAG_LABELS.get(tag, tag) for tag in wishes.tags]
    told += [f"有{name}" for name in wishes.ingredients]
    told += [f"{wishes.max_minutes} 分钟以内"] if wishes.max_minutes is not None else []
    implied = {word for tag in wishes.tags for word in IMPLIED_WITHOUT.get(tag, ())}
    told += ["不辣" if name == "辣" else f"不含{name}" for name in wishes.without if name not in implied]
    told += [f"不含{name}" for name in wishes.free_of if f"不含{name}" not in told]
    return tuple(told)


def _both(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))
