"""InternLM2's weights under Llama's names, number for number.

InternLM2 (arXiv:2403.17297, section 2.2) is Llama with its query, key and value projections in one matrix
`wqkv`, interleaved a group at a time: for each key-value head first the query heads that share it, then the
key head, then the value head. Taking that matrix apart is all there is to a conversion; the result computes
the same, and needs no code from a model's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ModelRejectedError

_PLAIN = {
    "model.tok_embeddings.weight": "model.embed_tokens.weight",
    "model.norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_IN_LAYER = {
    "attention.wo": "self_attn.o_proj",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w3": "mlp.up_proj",
    "feed_forward.w2": "mlp.down_proj",
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_LAYER = re.compile(r"model\.layers\.(?P<number>\d{1,4})\.(?P<part>[a-z0-9_.]+)\.(?P<kind>weight|bias)")
_BUFFER = re.compile(r"model\.layers\.\d+\.attention\.rotary_emb\.inv_freq")
"""Older files carry it; it is computed from the configuration."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The shape of attention: `key_value` heads of `size` numbers, `queries_each` query heads to each."""

    key_value: int
    queries_each: int
    size: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Heads:
        """As `config.json` of an InternLM2 folder says.

        Raises:
            ModelRejectedError: its numbers do not go together.
        """
        try:
            queries = int(config["num_attention_heads"])
            key_value = int(config.get("num_key_value_heads") or queries)
            hidden = int(config["hidden_size"])
            if min(queries, key_value, hidden) < 1 or queries % key_value or hidden % queries:
                raise ValueError
        except (KeyError, TypeError, ValueError) as exc:
            raise ModelRejectedError(
                "config.json: num_attention_heads, num_key_value_heads and hidden_size do not go together"
            ) from exc
        return cls(key_value, queries // key_value, hidden // queries)


def as_llama(name: str, tensor: Any, heads: Heads) -> Iterator[tuple[str, Any]]:
    """One of InternLM2's tensors as Llama's: one, three for `wqkv`, none for what is computed anyway.

    Raises:
        ModelRejectedError: InternLM2 has no such tensor, or not of this shape.
    """
    if name in _PLAIN:
        yield _PLAIN[name], tensor
        return
    if _BUFFER.fullmatch(name):
        return
    match = _LAYER.fullmatch(name)
    if match is None or (match["part"] not in _IN_LAYER and match["part"] != "attention.wqkv"):
        raise ModelRejectedError(
            f"InternLM2 has no tensor named {name[:80]}: is this folder another model's?"
        )
    layer, kind = f"model.layers.{match['number']}", match["kind"]
    if match["part"] in _IN_LAYER:
        yield f"{layer}.{_IN_LAYER[match['part']]}.{kind}", tensor
        return
    for projection, part in zip("qkv", _taken_apart(name, tensor, heads), strict=True):
        yield f"{layer}.self_attn.{projection}_proj.{kind}", part


def as_internlm2(name: str) -> str:
    """InternLM2's name of one of Llama's tensors, but for queries, keys and values (`put_together`).

    Raises:
        ModelRejectedError: there is no such tensor.
    """
    for ours, llamas in _PLAIN.items():
        if name == llamas:
            return ours
    for ours, llamas in _IN_LAYER.items():
        layer, is_there, kind = name.partition(f".{llamas}.")
        if is_there and kind in {"weight", "bias"}:
            return f"{layer}.{ours}.{kind}"
    raise ModelRejectedError(f"InternLM2 has nothing for {name[:80]}: is this another kind of model?")


def _taken_apart(name: str, wqkv: Any, heads: Heads) -> tuple[Any, Any, Any]:
    """Queries, keys and values of `wqkv`: a weight [rows, hidden] or a bias [rows]."""
    group = heads.queries_each + 2
    rows = heads.key_value * group * heads.size
    if wqkv.shape[0] != rows:
        raise ModelRejectedError(f"{name} has {wqkv.shape[0]} rows where config.json asks for {rows}")
    rest = wqkv.shape[1:]
    grouped = wqkv.reshape(heads.key_value, group, heads.size, *rest)
    queries = grouped[:, : heads.queries_each].reshape(-1, *rest)
    keys = grouped[:, heads.queries_each].reshape(-1, *rest)
    values = grouped[:, heads.queries_each + 1].reshape(-1, *rest)
    return queries, keys, values


def put_together(queries: Any, keys: Any, values: Any, heads: Heads) -> Any:
    """The way back: `wqkv` of three projections, for tools that only read InternLM2's own layout."""
    rest = queries.shape[1:]
    grouped = queries.new_empty(heads.key_value, heads.queries_each + 2, heads.size, *rest)
    grouped[:, : heads.queries_each] = queries.reshape(heads.key_value, heads.queries_each, heads.size, *rest)
    grouped[:, heads.queries_each] = keys.reshape(heads.key_value, heads.size, *rest)
    grouped[:, heads.queries_each + 1] = values.reshape(heads.key_value, heads.size, *rest)
    return grouped.reshape(-1, *rest)
