"""What one run of the pipeline has found so far, and the request that its answer is made from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from core.answering import AnswerRequest, ForServings, Turn, Understanding
from core.messages import Picture, Reply
from core.ports import Retrieval
from core.stages import LatestSteps, StageTimes
from core.web_ports import WebPage


@dataclass(slots=True)
class Run:
    """What one run has found so far.

    Attributes:
        understanding: what is asked for; by the rules, until the rewrite knows better.
        retrieval: what the index said, if it was asked for a dish.
        pages: what the web said, if it was asked for a dish that the index does not know.
        reply: the answer, once its text is whole.
        picture: the drawing under way, if there is one.
        picture_steps: how far it is.
    """

    turn: Turn
    understanding: Understanding
    times: StageTimes = field(default_factory=StageTimes)
    retrieval: Retrieval | None = None
    pages: tuple[WebPage, ...] = ()
    reply: Reply = field(default_factory=lambda: Reply(text=""))
    picture: asyncio.Task[Picture] | None = None
    picture_steps: LatestSteps = field(default_factory=LatestSteps)

    @property
    def is_refused(self) -> bool:
        """Whether the index was asked and knows no answer."""
        return self.retrieval is not None and (self.retrieval.refused or not self.retrieval.hits)

    @property
    def uses_index(self) -> bool:
        """Whether the user lets the bot look into its recipes; otherwise no recipe plays a part at all."""
        return self.turn.preferences.rag


def request_of(run: Run) -> AnswerRequest:
    """What the answer is made from. Without a recipe the answerer asks back, or does without the index."""
    hits = run.retrieval.hits if run.retrieval is not None and not run.is_refused else ()
    recipe = run.understanding.dish or (hits[0].recipe if hits else None)
    if not run.uses_index:
        recipe = None
    aspect = run.understanding.aspect
    if recipe is not None and isinstance(aspect, ForServings) and recipe.servings != aspect.servings:
        recipe = recipe.scaled(aspect.servings)
    return AnswerRequest(run.turn, run.understanding, recipe, alternatives=hits, pages=run.pages)
