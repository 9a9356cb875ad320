"""What belongs to a model beside its weights: configuration, tokenizer, chat template, how answers end.

With these the folder is loaded by this bot, by LMDeploy and by vLLM, without code of anybody's.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from core.language_models.chat_prompt import END_MARK
from core.model_files import read_json

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)


def complete_model(base: Path, tokenizer: Any, folder: Path) -> None:
    """Put all but the weights into `folder`, as it is in `base`.

    Args:
        base: in a layout that transformers knows.
        tokenizer: of the base, with the chat template that the model was taught with.
        folder: the new model's.
    """
    config = read_json(base / "config.json")
    config.pop("quantization_config", None)
    for name in _TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, folder / name)
    if not (folder / "chat_template.jinja").exists():
        settings = read_json(base / "tokenizer_config.json") | {"chat_template": tokenizer.chat_template}
        _write(folder / "tokenizer_config.json", settings)
    generation: dict[str, Any] = {}
    if (base / "generation_config.json").is_file():
        generation = read_json(base / "generation_config.json")
    ends = generation.get("eos_token_id", config.get("eos_token_id"))
    known = ends if isinstance(ends, list) else [ends]
    mark = tokenizer.convert_tokens_to_ids(END_MARK)
    ends = [end for end in known if isinstance(end, int) and end != mark] + [mark]
    _write(folder / "generation_config.json", generation | {"eos_token_id": ends})
    _write(folder / "config.json", config | {"eos_token_id": ends})


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
