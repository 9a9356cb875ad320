"""The hypothetical questions of a recipe (HyQE): what people ask when this recipe is the answer.

Hypothetical Question Encoding (as in Vake et al., "Bridging the Question–Answer Gap in Retrieval-
Augmented Generation: Hypothetical Prompt Embeddings", 2025): the index holds questions, not recipes;
a query is compared with questions, like with like, and the recipe hangs on them.

A question here is a *form* (a way to name the dish) in the shell 「X怎么做」. The shell is removed from
queries as well, so one shell a form is enough; the forms carry the information.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.recipe import Recipe
from index.text import dish_form, name_forms, simplify, strip_shell, without_marks

_SHELL = "怎么做"
MAX_FORMS = 12
"""Bound on forms per recipe; the longest decorated title of the measured corpora has nine."""
MAX_WRITTEN = 8
"""Bound on the questions of `Recipe.questions` that count."""


def forms_of(recipe: Recipe) -> tuple[str, ...]:
    """The ways to name the dish, most faithful first, at most `MAX_FORMS`; then the questions written for it.

    Without duplicates.
    """
    forms: dict[str, None] = {}
    for form in _candidates(recipe):
        if form:
            forms.setdefault(form)
    if not forms:
        forms.setdefault(simplify(recipe.name).strip() or recipe.name.replace("\n", " "))
    return tuple(dict.fromkeys(tuple(forms)[:MAX_FORMS]) | _written(recipe))


def dish_of(recipe: Recipe, forms: tuple[str, ...]) -> str:
    """Which of its `forms` names the dish with the least decoration; recipes are grouped by it."""
    bare = dish_form(recipe.name)
    return bare if bare in forms else forms[0]


def question_of(form: str) -> str:
    """The hypothetical question that is embedded for a form, and for the subject of a query."""
    return f"{form}{_SHELL}"


def form_of(question: str) -> str:
    """The form that `question_of` made a question of."""
    return question.removesuffix(_SHELL)


def _written(recipe: Recipe) -> dict[str, None]:
    """The subjects of the questions that were written for it."""
    texts = map(simplify, recipe.questions)
    subjects = (strip_shell(text) or without_marks(text) for text in texts)
    return dict.fromkeys([subject for subject in subjects if len(subject) >= 2][:MAX_WRITTEN])


def _candidates(recipe: Recipe) -> Iterator[str]:
    yield from name_forms(recipe.name)
    for alias in recipe.aliases:
        yield from name_forms(alias)
    for keyword in recipe.keywords:
        text = simplify(keyword)
        subject = strip_shell(text)
        if subject != without_marks(text):  # a question form, as in XiaChuFang's rows
            yield subject
