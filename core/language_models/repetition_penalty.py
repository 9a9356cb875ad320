"""Repetition penalty (CTRL, arXiv:1909.05858) for requests that share a batch.

transformers' continuous batching has temperature, top-k and top-p for each request, but not this one, which
the recipe models of 1.8 billion parameters need (1.17). Which tokens a request has used stands in one row of
a table on the model's device; a batch only carries the numbers of its rows.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor,
)


class BatchedRepetitionPenalty(ContinuousBatchingLogitsProcessor):  # type: ignore[misc]
    """Scales the logits of used tokens down: divided by the penalty when positive, multiplied otherwise.

    Args:
        vocabulary: size of the model's.
        rows: how many requests may run at once.
        device: where the logits are.
    """

    supported_kwargs = {"repetition_penalty": float}  # noqa: RUF012 - the library's own shape
    ignored_kwargs = ()

    def __init__(self, vocabulary: int, rows: int, device: Any) -> None:
        # One more row, never penalised, for padding and for requests without a penalty.
        self._used = torch.zeros(rows + 1, vocabulary, dtype=torch.bool, device=device)
        self._penalties = torch.ones(rows + 1, dtype=torch.float32, device=device)
        self._free = list(range(1, rows + 1))
        self._rows: dict[str, int] = {}
        self._seen: dict[str, int] = {}

    def fill_defaults(self, int32_tensor: Any) -> None:
        """No penalty."""
        int32_tensor.fill_(0)

    def prepare_tensor_args(self, requests_with_new_token: list[Any]) -> Any:
        """The row of each request, brought up to date."""
        rows = [self._row_of(request.state) for request in requests_with_new_token]
        return torch.tensor(rows, dtype=torch.int32, device="cpu")

    def forget(self, request_id: str) -> None:
        """Free the row of a request that is over."""
        row = self._rows.pop(request_id, None)
        self._seen.pop(request_id, None)
        if row is not None:
            self._free.append(row)

    def __call__(self, scores: Any, tensor_arg: Any) -> Any:
        """`scores` float [requests, vocabulary], penalised."""
        rows = tensor_arg[: scores.size(0)].to(torch.int64)
        penalties = self._penalties[rows].unsqueeze(-1)
        penalised = torch.where(scores > 0, scores / penalties, scores * penalties)
        return torch.where(self._used[rows], penalised, scores)

    def _row_of(self, state: Any) -> int:
        penalty = state.logit_processor_kwargs.get("repetition_penalty", 1.0)
        if penalty == 1.0 or (state.request_id not in self._rows and not self._free):
            return 0
        if state.request_id not in self._rows:
            row = self._rows[state.request_id] = self._free.pop()
            self._used[row] = False
            self._penalties[row] = penalty
            self._mark(row, state.initial_tokens)
        row, tokens = self._rows[state.request_id], state.generated_tokens
        seen = self._seen.get(state.request_id, 0)
        self._mark(row, tokens[seen:])
        self._seen[state.request_id] = len(tokens)
        return row

    def _mark(self, row: int, tokens: list[int]) -> None:
        if tokens:
            self._used[row, torch.tensor(tokens, device=self._used.device)] = True
