"""Lets a model answer the samples, several at once, each answer kept as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from core.errors import ModelRejectedError, ModelResponseError
from core.language_models.whole_answer import whole_answer
from core.ports import LanguageModel, Sampling
from finetune.evaluate.samples import AnswerJournal, Sample

Progress = Callable[[int, int], None]
_MAX_ANSWER_CHARACTERS = 8000
_ENDS = (ModelResponseError, ModelRejectedError)


async def answered(
    samples: Sequence[Sample],
    model: LanguageModel,
    journal: AnswerJournal,
    sampling: Sampling,
    *,
    at_once: int,
    progress: Progress,
) -> list[str]:
    """The answers of `model`, in the order of `samples`; those in the journal are not asked for again.

    A sample that the model refuses or breaks off at has what was written, or nothing, as its answer.

    Raises:
        ModelUnavailableError: the model is gone; what was answered is in the journal.
        ModelRejectedError: the model refuses every sample.
    """
    free = asyncio.Semaphore(at_once)
    done = sum(1 for sample in samples if journal.get(sample) is not None)
    progress(done, len(samples))

    async def one(sample: Sample) -> str:
        nonlocal done
        kept = journal.get(sample)
        if kept is not None:
            return kept
        async with free:
            answer = await whole_answer(
                model.stream(sample.prompt, sampling), _MAX_ANSWER_CHARACTERS, ended_by=_ENDS
            )
        journal.put(sample, answer)
        done += 1
        progress(done, len(samples))
        return answer

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(sample)) for sample in samples]
    answers = [task.result() for task in tasks]
    if samples and not any(answers):
        raise ModelRejectedError(f"{model.name} answered none of {len(samples)} questions")
    return answers
