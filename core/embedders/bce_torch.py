"""BCE's models in torch: the embedding as its normalised first state, the reranker as a probability.

Imports torch and transformers: import it where a model is loaded, not before.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification, XLMRobertaModel

from core.devices import Placement
from core.embedders.bce_folder import BceFolder
from core.embedders.bce_tokens import Ids
from core.errors import ModelRejectedError

_UNUSED = ("pooler.", "embeddings.position_ids")
"""Tensors of published folders that neither model computes with."""


class SentenceVector(torch.nn.Module):  # type: ignore[misc, unused-ignore]  # torch is not everywhere installed
    """Token ids to float32 [n, dimension]: the state of <s>, L2-normalised."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Both arguments int64 [n, width]."""
        states = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return torch.nn.functional.normalize(states[:, 0].float(), dim=1)


class PairScore(torch.nn.Module):  # type: ignore[misc, unused-ignore]
    """Token ids to float32 [n] in [0, 1]: the sigmoid of the only label."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Both arguments int64 [n, width]."""
        logits = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return torch.sigmoid(logits[:, 0].float())


class TorchEncoder:
    """A loaded model; computes one batch at a time."""

    def __init__(self, module: torch.nn.Module, placement: Placement) -> None:
        self._module = module
        self._device = placement.device
        self.where = f"torch, {placement.device}, {placement.dtype}"

    @property
    def memory_bytes(self) -> int:
        """What its weights take."""
        return sum(p.numel() * p.element_size() for p in self._module.parameters())

    def __call__(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        """What the model makes of a batch."""
        with torch.inference_mode():
            result = self._module(
                torch.from_numpy(ids).to(self._device), torch.from_numpy(mask).to(self._device)
            )
            return np.asarray(result.cpu().numpy(), dtype=np.float32)


def load_module(folder: BceFolder, placement: Placement) -> torch.nn.Module:
    """The model of `folder`, ready to compute.

    Raises:
        ModelRejectedError: it cannot be loaded, or lacks tensors.
    """
    is_reranker = folder.head == "reranker"
    settings: dict[str, Any] = {} if is_reranker else {"add_pooling_layer": False}
    model_class = XLMRobertaForSequenceClassification if is_reranker else XLMRobertaModel
    transformers.logging.set_verbosity_error()  # what is missing or left over is looked at here
    transformers.logging.disable_progress_bar()
    try:
        model, report = model_class.from_pretrained(
            folder.path,
            config=XLMRobertaConfig.from_pretrained(folder.path, local_files_only=True),
            dtype=getattr(torch, placement.dtype),
            device_map=placement.device,
            output_loading_info=True,
            trust_remote_code=False,
            local_files_only=True,
            **settings,
        )
    except (RuntimeError, MemoryError):
        raise  # out of memory is the shelf's business
    except Exception as exc:
        raise ModelRejectedError(
            f"{folder.path.name} cannot be loaded ({type(exc).__name__}): is it whole?"
        ) from exc
    unexpected = [name for name in report["unexpected_keys"] if not any(part in name for part in _UNUSED)]
    if lacking := [*report["missing_keys"], *unexpected, *report["mismatched_keys"]]:
        raise ModelRejectedError(f"{folder.path.name}: {len(lacking)} tensors do not fit its config.json")
    return (PairScore if is_reranker else SentenceVector)(model).eval()
