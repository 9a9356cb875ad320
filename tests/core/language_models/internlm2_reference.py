"""InternLM2's own mathematics, written out from its paper (arXiv:2403.17297) on its own tensors.

Slow and plain on purpose: what the converted model is compared with.
"""

from __future__ import annotations

from typing import Any

import torch

Tensors = dict[str, torch.Tensor]


def logits(tensors: Tensors, config: dict[str, Any], ids: list[int]) -> torch.Tensor:
    """The next token's logits at every position: float32 [len(ids), vocabulary]."""
    hidden = tensors["model.tok_embeddings.weight"][ids]
    for number in range(config["num_hidden_layers"]):
        layer = f"model.layers.{number}"
        normed = _rms_norm(hidden, tensors[f"{layer}.attention_norm.weight"], config)
        hidden = hidden + _attention(normed, tensors, layer, config)
        normed = _rms_norm(hidden, tensors[f"{layer}.ffn_norm.weight"], config)
        gate = torch.nn.functional.silu(_linear(normed, tensors, f"{layer}.feed_forward.w1"))
        up = _linear(normed, tensors, f"{layer}.feed_forward.w3")
        hidden = hidden + _linear(gate * up, tensors, f"{layer}.feed_forward.w2")
    return _linear(_rms_norm(hidden, tensors["model.norm.weight"], config), tensors, "output")


def _attention(x: torch.Tensor, tensors: Tensors, layer: str, config: dict[str, Any]) -> torch.Tensor:
    length = len(x)
    queries_each = config["num_attention_heads"] // config["num_key_value_heads"]
    size = config["hidden_size"] // config["num_attention_heads"]
    wqkv = _linear(x, tensors, f"{layer}.attention.wqkv").view(length, -1, queries_each + 2, size)
    cosine, sine = _rotations(length, size, config)
    heads = []
    for group in range(config["num_key_value_heads"]):
        key = _rotated(wqkv[:, group, queries_each], cosine, sine)
        value = wqkv[:, group, queries_each + 1]
        for number in range(queries_each):
            query = _rotated(wqkv[:, group, number], cosine, sine)
            scores = query @ key.T / size**0.5
            scores = scores.masked_fill(torch.ones(length, length).triu(1).bool(), float("-inf"))
            heads.append(scores.softmax(-1) @ value)
    return _linear(torch.cat(heads, dim=-1), tensors, f"{layer}.attention.wo")


def _rotations(length: int, size: int, config: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rotary positions; beyond the trained length the base grows with it ("dynamic" scaling)."""
    base, trained = config["rope_theta"], config["max_position_embeddings"]
    scaling = config["rope_scaling"]
    if scaling and length > trained:
        factor = scaling["factor"]
        base = base * (factor * length / trained - (factor - 1)) ** (size / (size - 2))
    frequencies = 1.0 / base ** (torch.arange(0, size, 2).float() / size)
    angles = torch.outer(torch.arange(length).float(), frequencies)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def _rotated(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine


def _rms_norm(x: torch.Tensor, weight: torch.Tensor, config: dict[str, Any]) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + config["rms_norm_eps"]) * weight


def _linear(x: torch.Tensor, tensors: Tensors, name: str) -> torch.Tensor:
    return torch.nn.functional.linear(x, tensors[f"{name}.weight"], tensors.get(f"{name}.bias"))
