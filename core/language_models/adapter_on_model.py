"""An adapter on a loaded model: added to its weights, or beside them where they are quantised.

Weights of 16 or 32 bits are changed in place, which costs nothing while answering and gives exactly what
`python -m finetune merge` writes. Quantised weights stay as they are: adding to 4 bits would round the
adapter away.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import torch

from core.language_models.adapter_folder import AdapterFolder, LoraPair


def put_on(model: Any, adapter: AdapterFolder, *, beside: bool) -> None:
    """Let `model` answer as the adapter taught it. `adapter.check_fits` comes first.

    Args:
        model: a causal model of transformers.
        adapter: of that model.
        beside: leave the weights as they are, for quantised ones.
    """
    if beside:
        _put_beside(model, adapter.pairs())
        return
    with torch.no_grad():
        for name, pair in adapter.pairs().items():
            weight = model.get_submodule(name).weight
            weight.copy_(pair.added_to(weight))


def _put_beside(model: Any, pairs: dict[str, LoraPair]) -> None:
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it speaks up when it is imported
    from peft import LoraConfig, inject_adapter_in_model, set_peft_model_state_dict

    first = next(iter(pairs.values()))
    rank = len(first.a)
    config = LoraConfig(r=rank, lora_alpha=first.scale * rank, target_modules=list(pairs), lora_dropout=0.0)
    with warnings.catch_warnings():  # peft asks transformers by a name that is going away
        warnings.simplefilter("ignore", FutureWarning)
        inject_adapter_in_model(config, model)
    halves = {f"{name}.lora_A.weight": pair.a for name, pair in pairs.items()}
    halves |= {f"{name}.lora_B.weight": pair.b for name, pair in pairs.items()}
    set_peft_model_state_dict(model, halves)
    model.eval()
