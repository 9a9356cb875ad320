"""Models that write down what is said, and voices."""

from __future__ import annotations

from core.model_hub.catalogue_model import CatalogueModel, Source

_MB = 1_000_000
_FUNASR_TAG = "v2.0.4"
"""The tag that funasr's own examples ask for (`model_revision="v2.0.4"`)."""
_FUNASR_LICENCE = "Apache-2.0 on its page; FunASR Model License 1.1 (name the source)"
_WHISPER_DIGESTS = {
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_WHISPER_V3_DIGESTS = {
    "config.json": "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9",
    "tokenizer.json": "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
    "vocabulary.json": "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1",
}


def _funasr(
    name: str, title: str, repository: str, size_mb: int, setting: str, files: tuple[str, ...], note: str
) -> CatalogueModel:
    return CatalogueModel(
        name=name,
        role="speech",
        title=title,
        sources=(Source("modelscope", repository, _FUNASR_TAG),),
        licence=_FUNASR_LICENCE,
        size_bytes=size_mb * _MB,
        weights=(("model.pt",),),
        files=("config.yaml", *files),
        optional=tuple(sorted({"configuration.json", "seg_dict", "jieba_usr_dict"} - set(files))),
        settings=("STT_BACKEND=paraformer", f"{setting}={{folder}}"),
        note=note,
    )


def _whisper(size: str, revision: str, size_mb: int, model_sha256: str) -> CatalogueModel:
    others = _WHISPER_V3_DIGESTS if size == "large-v3" else _WHISPER_DIGESTS
    return CatalogueModel(
        name=f"faster-whisper-{size}",
        role="speech",
        title=f"Whisper {size}",
        sources=(
            Source("huggingface", f"Systran/faster-whisper-{size}", revision),
            Source("modelscope", f"Systran/faster-whisper-{size}"),
        ),
        licence="MIT",
        size_bytes=size_mb * _MB,
        weights=(("model.bin",),),
        files=("config.json", "tokenizer.json", "vocabulary.*"),
        optional=("preprocessor_config.json",),
        sha256={"model.bin": model_sha256, **others},
        settings=("STT_BACKEND=faster-whisper", "STT_MODEL={folder}"),
    )


SPEECH = (
    CatalogueModel(
        name="sherpa-paraformer",
        role="speech",
        title="Paraformer for sherpa-onnx, 8 bits, Mandarin and English",
        sources=(
            Source(
                "huggingface",
                "csukuangfj/sherpa-onnx-paraformer-zh-2024-03-09",
                "906992d326ebf0c5171cde675aa0902be9e5bc6c",
            ),
        ),
        licence=_FUNASR_LICENCE,
        size_bytes=228 * _MB,
        weights=(("model.int8.onnx",),),
        files=("tokens.txt",),
        sha256={
            "model.int8.onnx": "90bc03034ae1bef9575f8cc798cd1519c8be8aa9e8b458a033e32017ff4d584c",
            "tokens.txt": "6c0e3b35cece259829e6cb5b8d90d13db88f61ea3a2953d11898e4b2bfd7a2e2",
        },
        settings=("STT_BACKEND=sherpa", "STT_MODEL={folder}"),
        note="needs no torch",
    ),
    _funasr(
        "paraformer-zh",
        "Paraformer large with hotwords (SeACo)",
        "iic/speech_seaco_paraformer_large_asr_nat-zh-cn-16k-common-vocab8404-pytorch",
        1_000,
        "STT_MODEL",
        ("tokens.json", "am.mvn", "seg_dict"),
        "needs requirements-models.txt",
    ),
    _funasr(
        "paraformer",
        "Paraformer large",
        "iic/speech_paraformer-large_asr_nat-zh-cn-16k-common-vocab8404-pytorch",
        890,
        "STT_MODEL",
        ("tokens.json", "am.mvn"),
        "needs requirements-models.txt; `models export paraformer` makes it fit for sherpa",
    ),
    _funasr(
        "fsmn-vad",
        "FSMN-VAD, cuts long recordings",
        "iic/speech_fsmn_vad_zh-cn-16k-common-pytorch",
        2,
        "STT_VAD_MODEL",
        ("am.mvn",),
        "beside a Paraformer",
    ),
    _funasr(
        "ct-punc",
        "CT-Transformer, sets punctuation",
        "iic/punc_ct-transformer_cn-en-common-vocab471067-large",
        1_160,
        "STT_PUNCTUATION_MODEL",
        ("tokens.json",),
        "beside a Paraformer",
    ),
    _funasr(
        "ct-punc-c",
        "CT-Transformer, sets punctuation, smaller",
        "iic/punc_ct-transformer_zh-cn-common-vocab272727-pytorch",
        290,
        "STT_PUNCTUATION_MODEL",
        ("tokens.json",),
        "beside a Paraformer",
    ),
    _whisper(
        "base",
        "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        148,
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    _whisper(
        "small",
        "536b0662742c02347bc0e980a01041f333bce120",
        486,
        "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
    ),
    _whisper(
        "large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        3_090,
        "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
    ),
)

VOICES = (
    CatalogueModel(
        name="melo-zh",
        role="voice",
        title="MeloTTS, Mandarin and English, one woman's voice",
        sources=(Source("huggingface", "csukuangfj/vits-melo-tts-zh_en"),),
        licence="MIT",
        size_bytes=61 * _MB,
        weights=(("model.int8.onnx",),),
        files=("tokens.txt", "lexicon.txt", "*.fst"),
        optional=("LICENSE",),
        sha256={
            "model.int8.onnx": "f085f5079e05f039b800aeb542f5253c26a303211b0c6465d0d9387977855a63",
            "tokens.txt": "d18664a7e12bd7ea1022ddaf951e534e136815016c5a809d6b64156bffb4369d",
            "lexicon.txt": "7236884b02435ac5d10cf69b4be40a61b45aa676b5300f0e412f185748fee528",
            "date.fst": "eb8aa079ae3cb81d8f4404992f39d61a0cb990947512b5b8d1e54d1f6980e718",
            "number.fst": "743f402181fcfebf76cc2f0546b71fa26476e626fbe4e460fb7b4c3a7a8bd5bd",
            "phone.fst": "1ac2b6fa56b1442320c4de7db08353bab8963a2b57f365eebcdd3a2d3562f8d7",
            "new_heteronym.fst": "ca14b2127e27baa571664e4bb791e143e7425f56a6bc29db08d74f97e6aa4e29",
        },
        settings=("TTS_BACKEND=sherpa", "TTS_MODEL={folder}"),
    ),
    CatalogueModel(
        name="kokoro-zh",
        role="voice",
        title="Kokoro v1.1, 8 bits, a hundred Mandarin voices",
        sources=(Source("huggingface", "csukuangfj/kokoro-int8-multi-lang-v1_1"),),
        licence="Apache-2.0",
        size_bytes=180 * _MB,
        weights=(("model.int8.onnx",),),
        files=("voices.bin", "tokens.txt", "lexicon-us-en.txt", "lexicon-zh.txt", "*.fst"),
        optional=("LICENSE",),
        sha256={
            "model.int8.onnx": "bda15858163726a492d02a9a727bc263551b86ac77f90812c4b30ff41d380e26",
            "voices.bin": "e64a5a581d8c2a350d848f51c3121657cd83aa07ed6109172177345874a7244c",
        },
        settings=("TTS_BACKEND=sherpa", "TTS_MODEL={folder}", "TTS_VOICE=3"),
    ),
)
