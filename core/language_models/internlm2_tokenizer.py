"""InternLM2's tokenizer as a `tokenizer.json`, from its SentencePiece model.

InternLM2 splits with byte-pair encoding by scores, bytes as the last resort (SentencePiece's BPE with
`byte_fallback`). Its chat marks stand in the SentencePiece model under other names ([UNUSED_TOKEN_145]);
`added_tokens_decoder` of tokenizer_config.json says what they are called. The loaders of transformers give
other ids on this file, so the merges are worked out here; tests hold them equal to SentencePiece itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.errors import ModelRejectedError
from core.language_models.internlm2_folder import InternLm2Folder

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""InternLM2's chat format (its model cards, "Chat Format"). It writes `<s>` itself: encode without special
tokens. The recipe models were trained on the same."""

_BEGIN, _END, _UNKNOWN = "<s>", "</s>", "<unk>"
_END_OF_TURN = "<|im_end|>"


def write_tokenizer(folder: InternLm2Folder, target: Path) -> list[int]:
    """Write tokenizer.json and tokenizer_config.json; returns the ids that end an answer.

    Raises:
        ModelRejectedError: the SentencePiece model is not InternLM2's.
    """
    tokenizer = tokenizer_of(folder)
    tokenizer.save(str(target / "tokenizer.json"))
    configuration = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": _BEGIN,
        "eos_token": _END,
        "unk_token": _UNKNOWN,
        "pad_token": _END,
        "add_bos_token": False,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (target / "tokenizer_config.json").write_text(json.dumps(configuration, indent=1), encoding="utf-8")
    ids = (tokenizer.token_to_id(token) for token in (_END, _END_OF_TURN))
    return [number for number in ids if number is not None]


def tokenizer_of(folder: InternLm2Folder) -> Any:
    """The `tokenizers.Tokenizer` that splits as InternLM2 does.

    Raises:
        ModelRejectedError: the SentencePiece model is not InternLM2's, or does not fit config.json.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    model = _sentencepiece_model(folder.tokenizer_file)
    names = {number: piece.piece for number, piece in enumerate(model.pieces)} | folder.added_tokens
    if max(names) >= folder.config["vocab_size"]:
        raise ModelRejectedError(
            f"{folder.path.name}: the tokenizer has {max(names) + 1} tokens, "
            f"the model {folder.config['vocab_size']}: they do not belong together"
        )
    vocabulary = {name: number for number, name in sorted(names.items(), reverse=True)}
    scores = {piece.piece: piece.score for piece in model.pieces if piece.type == piece.NORMAL}
    tokenizer = Tokenizer(
        models.BPE(
            vocabulary, _merges(scores, vocabulary), unk_token=_UNKNOWN, fuse_unk=True, byte_fallback=True
        )
    )
    starts_with_space = model.normalizer_spec.add_dummy_prefix
    steps = [normalizers.Prepend("▁")] if starts_with_space else []
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
    joined = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    stripped = [decoders.Strip(" ", 1, 0)] if starts_with_space else []
    tokenizer.decoder = decoders.Sequence([*joined, *stripped])
    special = {_UNKNOWN, _BEGIN, _END} | {names[number] for number in folder.added_tokens}
    ordered = sorted(special & vocabulary.keys(), key=lambda name: vocabulary[name])
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in ordered])
    whole = [p.piece for p in model.pieces if p.type == p.USER_DEFINED and p.piece in vocabulary]
    tokenizer.add_tokens([AddedToken(name, normalized=False) for name in whole if name not in special])
    return tokenizer


def _sentencepiece_model(path: Path) -> Any:
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except Exception as exc:
        raise ModelRejectedError(f"{path.parent.name}/{path.name} is no SentencePiece model") from exc
    spec = model.trainer_spec
    if not model.pieces or spec.model_type != spec.BPE or not spec.byte_fallback:
        raise ModelRejectedError(
            f"{path.parent.name}/{path.name} is not InternLM2's: byte-pair encoding with bytes is expected"
        )
    return model


def _merges(scores: dict[str, float], vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Which pairs make a piece, in the order in which they are merged: by the score of the whole."""
    ranked = []
    for piece, score in scores.items():
        if piece not in vocabulary:
            continue
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in scores and right in scores:
                ranked.append((-score, vocabulary[left], vocabulary[right], left, right))
    return [(left, right) for *_, left, right in sorted(ranked)]
