"""BCE's two models, tiny, in the published file format, with random weights and a tokenizer of their own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXTS = (
    "红烧肉怎么做？五花肉五百克切块，冷水下锅焯水，加冰糖、生抽、老抽、料酒，小火炖四十分钟。",
    "番茄炒蛋怎么做？鸡蛋三个打散，番茄两个切块，先炒蛋再炒番茄，加盐三克。",
    "How do I cook Kung Pao chicken? Dice the chicken, fry it with peanuts and dried chillies.",
    "今天天气怎么样？清蒸鲈鱼的做法：鲈鱼一条，葱姜丝，蒸鱼豉油，热油浇上。",
) * 20
PIECES = 300
MAX_POSITIONS = 514


@dataclass(frozen=True)
class TinyBce:
    """Its shape; `write` makes the folder. `spread` is the deviation of the weights."""

    reranker: bool = False
    hidden: int = 64
    layers: int = 2
    heads: int = 4
    intermediate: int = 96
    vocabulary: int = PIECES
    spread: float = 0.2
    seed: int = 7

    def config(self) -> dict[str, Any]:
        """As published, transformers 4.35's keys included."""
        kind = "XLMRobertaForSequenceClassification" if self.reranker else "XLMRobertaModel"
        labels = {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}} if self.reranker else {}
        return {
            "_name_or_path": "bce",
            "architectures": [kind],
            "attention_probs_dropout_prob": 0.1,
            "bos_token_id": 0,
            "classifier_dropout": None,
            "eos_token_id": 2,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "hidden_size": self.hidden,
            "initializer_range": 0.02,
            "intermediate_size": self.intermediate,
            "layer_norm_eps": 1e-05,
            "max_position_embeddings": MAX_POSITIONS,
            "model_type": "xlm-roberta",
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "output_past": True,
            "pad_token_id": 1,
            "position_embedding_type": "absolute",
            "torch_dtype": "float32",
            "type_vocab_size": 1,
            "use_cache": True,
            "vocab_size": self.vocabulary,
            **labels,
        }

    def tensors(self) -> dict[str, Any]:
        import torch
        from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification, XLMRobertaModel

        torch.manual_seed(self.seed)
        config = XLMRobertaConfig(**{k: v for k, v in self.config().items() if k != "model_type"})
        config.initializer_range = self.spread
        kind = XLMRobertaForSequenceClassification if self.reranker else XLMRobertaModel
        return {name: tensor.contiguous() for name, tensor in kind(config).state_dict().items()}

    def write(self, folder: Path, *, pickled: bool = False) -> Path:
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(self.config()))
        write_tokenizer(folder)
        if pickled:
            import torch

            torch.save(self.tensors(), folder / "pytorch_model.bin")
        else:
            from safetensors.torch import save_file

            save_file(self.tensors(), folder / "model.safetensors", metadata={"format": "pt"})
        return folder


def write_tokenizer(folder: Path) -> None:
    """SentencePiece's unigram in XLM-R's order: <s>, <pad>, </s>, <unk>, pieces, <mask>."""
    import sentencepiece
    import tokenizers
    from sentencepiece import sentencepiece_model_pb2
    from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_writer=written,
        model_type="unigram",
        vocab_size=200,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (folder / "sentencepiece.bpe.model").write_bytes(written.getvalue())
    model = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
    pieces = [(piece.piece, piece.score) for piece in model.pieces[3:]]
    marks = [(mark, 0.0) for mark in ("<s>", "<pad>", "</s>", "<unk>")]
    tokenizer = tokenizers.Tokenizer(models.Unigram([*marks, *pieces, ("<mask>", 0.0)], unk_id=3))
    tokenizer.add_special_tokens([mark for mark, _ in marks] + ["<mask>"])
    tokenizer.normalizer = normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace])
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "bos_token": "<s>",
                "cls_token": "<s>",
                "eos_token": "</s>",
                "mask_token": "<mask>",
                "model_max_length": MAX_POSITIONS - 2,
                "pad_token": "<pad>",
                "sep_token": "</s>",
                "tokenizer_class": "XLMRobertaTokenizer",
                "unk_token": "<unk>",
            }
        )
    )
