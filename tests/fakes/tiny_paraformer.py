"""Folders in the layout of funasr's Paraformer, FSMN-VAD and CT-Transformer, a few thousand times smaller.

The weights are random, so what such a model hears is nonsense, but always the same. Making one needs funasr;
`files_of` alone writes a folder whose weights nobody can load.

Run as: python -m tests.fakes.tiny_paraformer DIRECTORY
It writes the sherpa-onnx folder that lies in tests/core/speech/tiny_sherpa.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

WORDS = [chr(0x4E00 + 7 * number) for number in range(36)]
TOKENS = ["<blank>", "<s>", "</s>", *WORDS, "<unk>"]
_WIDTH = 16
_ENCODER = {
    "output_size": _WIDTH,
    "attention_heads": 2,
    "linear_units": 32,
    "num_blocks": 2,
    "input_layer": "pe",
    "pos_enc_class": "SinusoidalPositionEncoder",
    "normalize_before": True,
    "kernel_size": 11,
    "sanm_shfit": 0,  # sic
    "selfattention_layer_type": "sanm",
}
_DECODER = {
    "attention_heads": 2,
    "linear_units": 32,
    "num_blocks": 1,
    "att_layer_num": 1,
    "kernel_size": 11,
    "sanm_shfit": 0,
}
PARAFORMER: dict[str, Any] = {
    "model": "Paraformer",
    "model_conf": {"ctc_weight": 0.0, "lsm_weight": 0.1, "predictor_bias": 1, "sampling_ratio": 0.75},
    "encoder": "SANMEncoder",
    "encoder_conf": _ENCODER,
    "decoder": "ParaformerSANMDecoder",
    "decoder_conf": _DECODER,
    "predictor": "CifPredictorV2",
    "predictor_conf": {"idim": _WIDTH, "threshold": 1.0, "l_order": 1, "r_order": 1, "tail_threshold": 0.45},
    "frontend": "WavFrontend",
    "frontend_conf": {
        "fs": 16000, "window": "hamming", "n_mels": 80, "frame_length": 25, "frame_shift": 10,
        "lfr_m": 7, "lfr_n": 6, "dither": 0.0,
    },
    "tokenizer": "CharTokenizer",
    "tokenizer_conf": {"unk_symbol": "<unk>", "split_with_space": True},
    "specaug": "SpecAugLFR",
    "specaug_conf": {
        "apply_time_warp": False, "apply_freq_mask": True, "freq_mask_width_range": [0, 30], "lfr_rate": 6,
        "num_freq_mask": 1, "apply_time_mask": True, "time_mask_width_range": [0, 12], "num_time_mask": 1,
    },
    "train_conf": {"max_epoch": 150},
    "normalize": None,
}  # fmt: skip
SEACO: dict[str, Any] = {
    **PARAFORMER,
    "model": "SeacoParaformer",
    "model_conf": {**PARAFORMER["model_conf"], "inner_dim": _WIDTH, "NO_BIAS": len(TOKENS) - 1},
    "predictor": "CifPredictorV3",
    "predictor_conf": {
        **PARAFORMER["predictor_conf"], "smooth_factor2": 0.25, "noise_threshold2": 0.01,
        "upsample_times": 3, "use_cif1_cnn": False, "upsample_type": "cnn_blstm",
    },
    "seaco_decoder": "ParaformerSANMDecoder",
    "seaco_decoder_conf": {
        "attention_heads": 2, "linear_units": 32, "num_blocks": 1, "kernel_size": 11, "sanm_shfit": 0,
        "use_output_layer": False, "wo_input_layer": True,
    },
}  # fmt: skip
VAD: dict[str, Any] = {
    "model": "FsmnVADStreaming",
    "model_conf": {"sample_rate": 16000, "max_end_silence_time": 800, "speech_noise_thres": 0.6},
    "encoder": "FSMN",
    "encoder_conf": {
        "input_dim": 400, "input_affine_dim": 14, "fsmn_layers": 1, "linear_dim": 25, "proj_dim": 12,
        "lorder": 20, "rorder": 0, "lstride": 1, "rstride": 0, "output_affine_dim": 14, "output_dim": 24,
    },
    "frontend": "WavFrontendOnline",
    "frontend_conf": {
        "fs": 16000, "window": "hamming", "n_mels": 80, "frame_length": 25, "frame_shift": 10,
        "lfr_m": 5, "lfr_n": 1, "dither": 0.0,
    },
}  # fmt: skip
PUNCTUATION: dict[str, Any] = {
    "model": "CTTransformer",
    "model_conf": {
        "ctc_weight": 0.0, "embed_unit": _WIDTH, "att_unit": _WIDTH, "dropout_rate": 0.1,
        "punc_list": ["<unk>", "_", "，", "。", "？", "、"], "punc_weight": [1.0] * 6, "sentence_end_id": 3,
    },
    "encoder": "SANMEncoder",
    "encoder_conf": {**_ENCODER, "input_size": _WIDTH, "padding_idx": 0},
    "tokenizer": "CharTokenizer",
    "tokenizer_conf": {"unk_symbol": "<unk>"},
}  # fmt: skip


def files_of(config: dict[str, Any], folder: Path) -> Path:
    """Write everything but real weights: model.pt only begins and ends like one."""
    folder.mkdir(parents=True, exist_ok=True)
    # JSON is YAML, too.
    (folder / "config.yaml").write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
    metas = {"init_param": "model.pt", "config": "config.yaml"}
    if "tokenizer" in config:
        (folder / "tokens.json").write_text(json.dumps(TOKENS, ensure_ascii=False), encoding="utf-8")
        (folder / "seg_dict").write_text("".join(f"{word} {word}\n" for word in WORDS), encoding="utf-8")
        metas["tokenizer_conf"] = {"token_list": "tokens.json", "seg_dict_file": "seg_dict"}  # type: ignore[assignment]
    if "frontend" in config:
        options = config["frontend_conf"]
        (folder / "am.mvn").write_text(_normalization(options["n_mels"] * options["lfr_m"]))
        metas["frontend_conf"] = {"cmvn_file": "am.mvn"}  # type: ignore[assignment]
    (folder / "configuration.json").write_text(
        json.dumps({"framework": "pytorch", "model": {"type": "funasr"}, "file_path_metas": metas})
    )
    (folder / "model.pt").write_bytes(b"PK\x05\x06" + bytes(18))  # an empty zip
    return folder


def make_folder(config: dict[str, Any], folder: Path, *, spread: float = 0.3) -> Path:
    """Write a folder whose weights fit, always the same; `spread` is how far they are from a new model's."""
    import torch
    from funasr import AutoModel

    files_of(config, folder)
    arguments = {k: v for k, v in config.items() if v is not None and not k.startswith(("specaug", "train"))}
    if "tokenizer" in config:
        options = {**config["tokenizer_conf"], "token_list": str(folder / "tokens.json")}
        arguments["tokenizer_conf"] = options
    if "frontend" in config:
        arguments["frontend_conf"] = {**config["frontend_conf"], "cmvn_file": str(folder / "am.mvn")}
    threads = torch.get_num_threads()
    module, _ = AutoModel.build_model(**arguments, device="cpu")
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(7)
    # Wide enough apart that no two words are ever as good as equal.
    state = {
        name: tensor + spread * torch.randn(tensor.shape, generator=generator)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in module.state_dict().items()
    }
    if "predictor.cif_output.bias" in state:
        # About four words a second, as people speak.
        state["predictor.cif_output.weight"] *= 0.2
        state["predictor.cif_output.bias"].fill_(-1.0)
        # And not the same word every time.
        state["decoder.output_layer.bias"].zero_()
        state["decoder.output_layer.weight"] *= 3
        state["decoder.output_layer.bias"][:3] = -100.0  # nor marks
    torch.save(state, folder / "model.pt")
    return folder


def _normalization(width: int) -> str:
    numbers = random.Random(width)  # noqa: S311 - numbers for a model
    shift = " ".join(f"{-8 - numbers.random():.6f}" for _ in range(width))
    scale = " ".join(f"{0.1 + numbers.random() / 20:.6f}" for _ in range(width))
    return (
        f"<Nnet>\n<Splice> {width} {width}\n[ 0 ]\n"
        f"<AddShift> {width} {width}\n<LearnRateCoef> 0 [ {shift} ]\n"
        f"<Rescale> {width} {width}\n<LearnRateCoef> 0 [ {scale} ]\n</Nnet>\n"
    )


if __name__ == "__main__":
    from core.speech.paraformer_export import export_paraformer

    with tempfile.TemporaryDirectory() as scratch:
        export_paraformer(make_folder(PARAFORMER, Path(scratch)), Path(sys.argv[1]), quantize=False)
