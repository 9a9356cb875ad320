"""A recipe with what conversations about it need: its name as people say it, and what it is an example of."""

from __future__ import annotations

from dataclasses import dataclass

from core.composer_wording import duration
from core.recipe import Recipe
from finetune.data.dishes import dish_of, title_of
from finetune.data.labels import Label, labels_of, main_ingredients


@dataclass(frozen=True, slots=True)
class Dish:
    """One recipe to talk about.

    Attributes:
        recipe: tidied.
        title: its name as people say it.
        key: the comparable name of the dish.
        labels: what it is an example of.
        mains: main ingredients, most important first.
    """

    recipe: Recipe
    title: str
    key: str
    labels: tuple[Label, ...]
    mains: tuple[str, ...]

    @classmethod
    def of(cls, recipe: Recipe) -> Dish:
        """Read everything from the recipe."""
        return cls(recipe, title_of(recipe), dish_of(recipe), labels_of(recipe), main_ingredients(recipe))

    @property
    def brief(self) -> str:
        """What the dish is: 「酸甜口味，主要用番茄、鸡蛋，约 15 分钟」; "" when nothing is known."""
        tastes = "、".join(label.word for label in self.labels if label.sort == "taste")
        parts = [f"{tastes}口味"] if tastes else []
        if self.mains:
            parts.append(f"主要用{'、'.join(self.mains[:3])}")
        if self.recipe.minutes is not None:
            parts.append(f"约 {duration(self.recipe.minutes)}")
        return "，".join(parts)

    @property
    def listed(self) -> str:
        """The dish as an item of a list of suggestions."""
        return f"{self.title}：{self.brief}。" if self.brief else f"{self.title}。"
