"""How a model is taught: one frozen object, from a file of `finetune/configs` and the command line.

The defaults are those of XTuner's configurations for internlm2-chat (`internlm2_chat_1_8b_qlora_alpaca_e3`,
`internlm2_chat_7b_qlora_alpaca_e3`), with which TheGodOfCookery was trained; each file says what it changes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import SettingsError

CONFIGS = Path(__file__).parents[1] / "configs"
Share = Annotated[float, Field(ge=0, le=1)]


class TrainingSettings(BaseModel):
    """What decides the result, apart from base and data.

    Attributes:
        method: "lora" and "qlora" teach an adapter, on a base of 16 or 4 bits (NF4); "full" all weights.
        row_tokens: the longest row of tokens; what a conversation takes at most.
        packing: fill a row with several conversations, none of which sees another.
        epochs: how often all conversations are seen.
        rows_a_step: rows in one step of the optimizer, all processes and accumulation together.
        learning_rate: the highest, after the warm-up; it then falls to 0 along a cosine.
        warmup_share: of all steps, in which it rises.
        max_gradient_norm: longer gradients are shortened to it.
        lora_rank: rank of an adapter's matrices.
        lora_alpha: an adapter's weight is alpha / rank.
        lora_targets: names of the layers that get one, in Llama's layout.
        dtype: what is reckoned in; "auto" is bfloat16 on a GPU, float32 on a processor.
        gradient_checkpointing: reckon activations twice rather than keep them.
        check_every: steps between two checkpoints, each with a look at the held-out conversations.
        keep: checkpoints that stay, beside the best.
        patience: checks in a row without a better result after which training ends; 0: never early.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: Literal["lora", "qlora", "full"] = "lora"
    row_tokens: Annotated[int, Field(ge=16, le=1_048_576)] = 2048
    packing: bool = True
    epochs: Annotated[float, Field(gt=0, le=10_000)] = 3
    rows_a_step: Annotated[int, Field(ge=1, le=65_536)] = 16
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 2e-4
    warmup_share: Share = 0.03
    weight_decay: Share = 0
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    lora_rank: Annotated[int, Field(ge=1, le=4096)] = 64
    lora_alpha: Annotated[float, Field(gt=0)] = 16
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    lora_targets: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "q_proj",
        "k_proj",
        "v_proj",
        "o_proj",
        "gate_proj",
        "up_proj",
        "down_proj",
    )
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    gradient_checkpointing: bool = True
    check_every: Annotated[int, Field(ge=1)] = 100
    keep: Annotated[int, Field(ge=1, le=1000)] = 2
    patience: Annotated[int, Field(ge=0)] = 3
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 7


def read_settings(config: str, changes: Sequence[str] = ()) -> TrainingSettings:
    """Settings of a TOML file, or of one in `finetune/configs` by its name; "" for the defaults.

    Args:
        config: a path or a name.
        changes: "name=value" each, with the value as in TOML; a bare word is a string.

    Raises:
        SettingsError: no such file, or a setting that there is not or cannot be.
    """
    values = _from_file(config) if config else {}
    for change in changes:
        name, is_given, text = change.partition("=")
        if not is_given:
            raise SettingsError("--set", f"{change[:80]} has no =; write it like learning_rate=1e-4")
        values[name.strip()] = _value(text.strip())
    try:
        return TrainingSettings(**values)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"])) or config
        raise SettingsError(name, f"{first['msg']} (docs/finetune.md lists the settings)") from exc


def _from_file(config: str) -> dict[str, Any]:
    named = CONFIGS / f"{config}.toml"
    path = named if Path(config).name == config and named.exists() else Path(config)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        known = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.toml")))
        raise SettingsError("--config", f"{config} is no file, and none of {known}") from exc
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError("--config", f"{path} cannot be read: {exc}") from exc


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
