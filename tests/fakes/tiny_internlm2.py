"""A tiny InternLM2 in the published file format, with random weights and a tokenizer of its own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXTS = (
    "红烧肉怎么做？五花肉五百克切块，冷水下锅焯水，加冰糖、生抽、老抽、料酒，小火炖四十分钟。",
    "番茄炒蛋怎么做？鸡蛋三个打散，番茄两个切块，先炒蛋再炒番茄，加盐三克。",
    "<|user|> How do I cook Kung Pao chicken?  Dice the chicken, fry it with peanuts.\n1. 2. 3.",
    "系统提示：你是食神，只按菜谱回答。system user assistant",
) * 20
CHAT_MARKS = (
    "<|plugin|>",
    "<|interpreter|>",
    "<|action_end|>",
    "<|action_start|>",
    "<|im_end|>",
    "<|im_start|>",
)
PIECES = 600


@dataclass(frozen=True)
class TinyInternLm2:
    """Its shape; `write` makes the folder."""

    hidden: int = 64
    intermediate: int = 96
    layers: int = 2
    heads: int = 8
    key_value_heads: int = 2
    bias: bool = False
    rope_scaling: dict[str, Any] | None = None
    max_positions: int = 512
    seed: int = 7

    def config(self) -> dict[str, Any]:
        return {
            "architectures": ["InternLM2ForCausalLM"],
            "auto_map": {"AutoModelForCausalLM": "modeling_internlm2.InternLM2ForCausalLM"},
            "model_type": "internlm2",
            "hidden_size": self.hidden,
            "intermediate_size": self.intermediate,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.key_value_heads,
            "vocab_size": PIECES + len(CHAT_MARKS),
            "max_position_embeddings": self.max_positions,
            "rms_norm_eps": 1e-5,
            "rope_theta": 1_000_000,
            "rope_scaling": self.rope_scaling,
            "bias": self.bias,
            "tie_word_embeddings": False,
            "torch_dtype": "float32",
        }

    def tensors(self) -> dict[str, Any]:
        import torch

        torch.manual_seed(self.seed)
        size = self.hidden // self.heads
        rows = (self.heads + 2 * self.key_value_heads) * size
        tensors = {
            "model.tok_embeddings.weight": torch.randn(PIECES + len(CHAT_MARKS), self.hidden),
            "model.norm.weight": 1 + 0.1 * torch.randn(self.hidden),
            "output.weight": torch.randn(PIECES + len(CHAT_MARKS), self.hidden),
        }
        for number in range(self.layers):
            layer = f"model.layers.{number}"
            shapes = {
                "attention.wqkv": (rows, self.hidden),
                "attention.wo": (self.hidden, self.hidden),
                "feed_forward.w1": (self.intermediate, self.hidden),
                "feed_forward.w3": (self.intermediate, self.hidden),
                "feed_forward.w2": (self.hidden, self.intermediate),
            }
            for part, shape in shapes.items():
                tensors[f"{layer}.{part}.weight"] = torch.randn(shape) / shape[1] ** 0.5
                if self.bias and part.startswith("attention"):
                    tensors[f"{layer}.{part}.bias"] = 0.1 * torch.randn(shape[0])
            for norm in ("attention_norm", "ffn_norm"):
                tensors[f"{layer}.{norm}.weight"] = 1 + 0.1 * torch.randn(self.hidden)
        return tensors

    def write(self, folder: Path, *, shards: int = 2, pickled: bool = False) -> Path:
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(self.config()))
        (folder / "modeling_internlm2.py").write_text("raise SystemExit('code of a model folder was run')\n")
        write_tokenizer_files(folder)
        write_weights(folder, self.tensors(), shards=shards, pickled=pickled)
        return folder


def write_weights(folder: Path, tensors: dict[str, Any], *, shards: int, pickled: bool) -> None:
    import torch
    from safetensors.torch import save_file

    stem, suffix = ("pytorch_model", "bin") if pickled else ("model", "safetensors")
    names = sorted(tensors)
    weight_map = {}
    for shard in range(shards):
        name = f"{stem}-{shard + 1:05d}-of-{shards:05d}.{suffix}" if shards > 1 else f"{stem}.{suffix}"
        part = {key: tensors[key] for key in names[shard::shards]}
        weight_map.update(dict.fromkeys(part, name))
        if pickled:
            torch.save(part, folder / name)
        else:
            save_file(part, folder / name, metadata={"format": "pt"})
    if shards > 1:
        index = {"metadata": {}, "weight_map": weight_map}
        (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(index))


def write_tokenizer_files(folder: Path) -> None:
    """SentencePiece's BPE with bytes; the chat marks stand in it under other names, as in the original."""
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_writer=model,
        model_type="bpe",
        vocab_size=PIECES + len(CHAT_MARKS),
        byte_fallback=True,
        user_defined_symbols=[f"[UNUSED_TOKEN_{140 + number}]" for number in range(len(CHAT_MARKS))],
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
        normalization_rule_name="identity",
        split_digits=True,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    marks = {
        str(processor.piece_to_id(f"[UNUSED_TOKEN_{140 + number}]")): {"content": name, "special": True}
        for number, name in enumerate(CHAT_MARKS)
    }
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": marks}))
