"""The estimate of memory, and what is advised where it does not suffice. Shapes are the published ones."""

from __future__ import annotations

import pytest

from core.devices import Placement
from finetune.errors import TrainingError
from finetune.train.memory import Shape, check_memory, needed_bytes
from finetune.train.settings import TrainingSettings, read_settings

SEVEN = Shape(6_979_321_856, 758_386_688, 2_654_208, layers=32, width=4096, vocabulary=92_544)
"""internlm2-chat-7b."""
GPU = Placement("cuda:0", "bfloat16")
GB = 1_000_000_000


def needed(**changes: object) -> float:
    settings = read_settings("internlm2-chat-7b").model_copy(update=changes)
    return needed_bytes(SEVEN, settings, "bfloat16") / GB


def test_the_estimate_is_of_the_right_size() -> None:
    assert 20 < needed(method="lora") < 24  # 15.5 GB are the weights alone
    assert 10 < needed(method="qlora") < 14
    assert 138 < needed(method="full") < 150  # 18 bytes each
    assert needed(gradient_checkpointing=False) > needed() + 8
    assert needed(row_tokens=512) < needed() - 2


def test_zero_2_shares_gradients_and_optimizer() -> None:
    settings = TrainingSettings(method="full")
    alone = needed_bytes(SEVEN, settings, "bfloat16")
    shared = needed_bytes(SEVEN, settings, "bfloat16", shared_by=4)
    assert alone - shared == pytest.approx(0.75 * 12 * (SEVEN.inner + SEVEN.outer), rel=0.001)


def test_what_fits_is_let_through() -> None:
    assert check_memory(SEVEN, TrainingSettings(), GPU, 24 * GB) < 24 * GB


@pytest.mark.parametrize(
    ("settings", "free", "advice"),
    [
        (TrainingSettings(), 21, "It would fit with row_tokens=1024 (about"),
        (TrainingSettings(), 16, "method=qlora (about 1"),
        (TrainingSettings(method="full"), 24, "method=lora (about 2"),
        (
            TrainingSettings(gradient_checkpointing=False),
            24,
            "It would fit with gradient_checkpointing=true (about",
        ),
        (TrainingSettings(), 4, "Nothing fits: take a smaller base"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(
    settings: TrainingSettings, free: int, advice: str
) -> None:
    with pytest.raises(TrainingError) as caught:
        check_memory(SEVEN, settings, GPU, free * GB)
    assert f"on cuda:0, {free}.0 GB are free" in caught.value.message
    assert advice in caught.value.message
