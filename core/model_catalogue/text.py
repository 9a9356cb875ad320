"""Language models, and models that search recipes."""

from __future__ import annotations

from core.model_hub.catalogue_model import CatalogueModel, Source

_MB = 1_000_000
_INTERNLM_LICENCE = "InternLM: free for research; commercial use free on application"


def _internlm2(
    name: str, title: str, sources: tuple[Source, ...], licence: str, size_mb: int
) -> CatalogueModel:
    return CatalogueModel(
        name=name,
        role="language",
        title=title,
        sources=sources,
        licence=licence,
        size_bytes=size_mb * _MB,
        weights=(
            ("model-*.safetensors", "model.safetensors.index.json"),
            ("model.safetensors",),
            ("pytorch_model-*.bin", "pytorch_model.bin.index.json"),
            ("pytorch_model.bin",),
        ),
        files=("config.json", "tokenizer.model", "tokenizer_config.json"),
        optional=("special_tokens_map.json", "generation_config.json"),
        settings=("LLM_BACKEND=internlm2", "LLM_MODEL={folder}"),
    )


def _bce(kind: str, revision: str) -> CatalogueModel:
    embeds = kind == "embedding"
    return CatalogueModel(
        name=f"bce-{kind}",
        role="embedding" if embeds else "reranking",
        title=f"BCE {kind} base v1",
        sources=(
            Source("huggingface", f"maidalun1020/bce-{kind}-base_v1", revision),
            Source("modelscope", f"maidalun/bce-{kind}-base_v1"),
        ),
        licence="Apache-2.0",
        size_bytes=1_120 * _MB,
        weights=(("model.safetensors",), ("pytorch_model.bin",)),
        files=("config.json", "tokenizer.json"),
        optional=(
            "tokenizer_config.json",
            "special_tokens_map.json",
            "sentencepiece.bpe.model",
            "modules.json",
            "config_sentence_transformers.json",
            "sentence_bert_config.json",
            "1_Pooling/config.json",
        ),
        settings=("EMBEDDER=bce", "EMBEDDER_MODEL={folder}")
        if embeds
        else ("RERANKER=bce", "RERANKER_MODEL={folder}"),
    )


LANGUAGE = (
    _internlm2(
        "internlm2-chat-1_8b",
        "InternLM2 chat, 1.8 billion parameters",
        (
            Source("huggingface", "internlm/internlm2-chat-1_8b"),
            Source("modelscope", "Shanghai_AI_Laboratory/internlm2-chat-1_8b"),
        ),
        _INTERNLM_LICENCE,
        3_780,
    ),
    _internlm2(
        "internlm2-chat-7b",
        "InternLM2 chat, 7 billion parameters",
        (
            Source("huggingface", "internlm/internlm2-chat-7b"),
            Source("modelscope", "Shanghai_AI_Laboratory/internlm2-chat-7b"),
        ),
        _INTERNLM_LICENCE,
        15_480,
    ),
    _internlm2(
        "shishen2-1_8b",
        "TheGodOfCookery's recipe model, 1.8 billion parameters",
        (Source("modelscope", "zhanghuiATchina/zhangxiaobai_shishen2_1_8b"),),
        f"see its page; made from InternLM2 ({_INTERNLM_LICENCE})",
        3_780,
    ),
    _internlm2(
        "shishen2-7b",
        "TheGodOfCookery's recipe model, 7 billion parameters",
        (Source("modelscope", "zhanghuiATchina/zhangxiaobai_shishen2_full"),),
        f"see its page; made from InternLM2 ({_INTERNLM_LICENCE})",
        15_480,
    ),
)

RETRIEVAL = (
    _bce("embedding", "9c0d82af44af61abe171ffae23fde5740c0ec1a8"),
    _bce("reranker", "eb7650fca1d81e2856fbd0d522488844aa502735"),
)
