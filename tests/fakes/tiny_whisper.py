"""A folder in the layout of a multilingual Whisper for CTranslate2, a thousand times smaller.

The weights are random: what it hears is nonsense, but always the same. Making one needs ctranslate2 and
transformers (requirements-models.txt).
"""

from __future__ import annotations

import json
from pathlib import Path

_LANGUAGES = ("en", "zh", *(f"l{number}" for number in range(97)))
"""As many as Whisper's."""
_SPECIAL = [
    "<|endoftext|>", "<|startoftranscript|>", *(f"<|{language}|>" for language in _LANGUAGES),
    "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>",
    "<|notimestamps|>",
]  # fmt: skip
_MULTILINGUAL = ""
"""The word by which CTranslate2 tells a multilingual vocabulary."""
_TIMESTAMPS = 1501
WIDTH = 16


def make_folder(folder: Path, *, seed: int = 7) -> Path:
    """Write config.json, model.bin, tokenizer.json and vocabulary.json."""
    import torch
    from ctranslate2.converters.transformers import WhisperLoader
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    words = _words()
    ids = {word: number for number, word in enumerate(words)}
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=len(words), num_mel_bins=80, d_model=WIDTH,
        encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=32,
        pad_token_id=ids["<|endoftext|>"], bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"], decoder_start_token_id=ids["<|startoftranscript|>"],
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    loader = WhisperLoader()
    spec = loader.get_model_spec(model)
    spec.register_vocabulary(words)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [ids["<|endoftext|>"]]
    spec.config.alignment_heads = [(0, 0)]
    spec.config.lang_ids = [ids[f"<|{language}|>"] for language in _LANGUAGES]
    spec.validate()
    spec.optimize(quantization="float32")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(words)), encoding="utf-8")
    return folder


def _words() -> list[str]:
    """256 bytes, special words, timestamps: in the order of Whisper's own vocabulary."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    stamps = [f"<|{number * 0.02:.2f}|>" for number in range(_TIMESTAMPS)]
    return [*letters, _MULTILINGUAL, *_SPECIAL, *stamps]


def _tokenizer(words: list[str]) -> dict[str, object]:
    ordinary = words[: words.index(_SPECIAL[0])]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "added_tokens": [
            {
                "id": number, "content": word, "special": not word[2].isdigit(), "single_word": False,
                "lstrip": False, "rstrip": False, "normalized": False,
            }
            for number, word in enumerate(words) if number >= len(ordinary)
        ],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "vocab": {word: number for number, word in enumerate(ordinary)}, "merges": [],
        },
    }  # fmt: skip
