"""Every error that the project raises on purpose.

The whole tree::

    BotError                      root; carries code, message, retryable
    ├── SettingsError             a setting is wrong; names the setting
    ├── InputError                a message cannot be taken as it is (empty, too long, …)
    ├── StageError                a stage of the pipeline failed; names the stage
    │   ├── TranscriptionError
    │   ├── RewriteError
    │   ├── RetrievalError
    │   ├── GenerationError
    │   ├── IllustrationError
    │   └── WebSearchError
    ├── ModelError                a model or a model server
    │   ├── ModelUnavailableError   down, unreachable, overloaded (retryable)
    │   ├── ModelRejectedError      wrong key, unknown model, bad request (not retryable)
    │   └── ModelResponseError      rubbish, or broken off in the middle
    ├── RecipeIndexError          the recipe index
    │   ├── IndexMissingError
    │   ├── IndexMismatchError      built by another embedder, version or corpus
    │   ├── IndexCorruptError
    │   ├── VectorStoreUnavailableError   its server is down or unreachable (retryable)
    │   └── CorpusError             a corpus row that cannot be read; names file and line
    ├── StorageError              the database
    │   ├── DatabaseCorruptError
    │   └── DiskFullError
    └── ChannelError              a chat platform
        └── ChannelGoneError        the chat cannot be written to any more

`message` is written for the person who runs the bot (English); what a cook reads is looked up by
`code` in `bot/error_replies.py`.
"""

from __future__ import annotations


class BotError(Exception):
    """Root of the tree.

    Args:
        message: what happened and what to do, in one sentence, without secrets or a user's words.
        retryable: whether the same call may succeed later.
    """

    code = "internal"

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.retryable = retryable


class SettingsError(BotError):
    """A setting is missing or wrong; `setting` is its name in `.env`."""

    code = "settings"

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting


class InputError(BotError):
    """A message cannot be taken as it is; `code` tells why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class StageError(BotError):
    """A stage of the pipeline failed."""

    code = "stage"


class TranscriptionError(StageError):
    """Writing down what was said failed."""

    code = "transcribe"


class RewriteError(StageError):
    """Understanding the question failed."""

    code = "rewrite"


class RetrievalError(StageError):
    """Searching the index failed."""

    code = "retrieve"


class GenerationError(StageError):
    """Writing the answer failed."""

    code = "generate"


class IllustrationError(StageError):
    """Drawing the picture failed."""

    code = "illustrate"


class WebSearchError(StageError):
    """No search engine answered."""

    code = "web"


class ModelError(BotError):
    """A model, or the server that runs it."""

    code = "model"


class ModelUnavailableError(ModelError):
    """The model cannot be reached or is overloaded; a later call may succeed."""

    code = "model_unavailable"

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class ModelRejectedError(ModelError):
    """The model server refuses the request: wrong key, unknown model, bad parameters."""

    code = "model_rejected"


class ModelResponseError(ModelError):
    """The model answered with something that is not an answer, or stopped in the middle."""

    code = "model_response"


class RecipeIndexError(BotError):
    """The recipe index."""

    code = "index"


class IndexMissingError(RecipeIndexError):
    """There is no index at the given folder."""

    code = "index_missing"


class IndexMismatchError(RecipeIndexError):
    """The index was built with another embedder, format version or corpus."""

    code = "index_mismatch"


class IndexCorruptError(RecipeIndexError):
    """The files of the index do not fit each other."""

    code = "index_corrupt"


class VectorStoreUnavailableError(RecipeIndexError):
    """The server that keeps the vectors cannot be reached; words and sounds still find dishes."""

    code = "vector_store_unavailable"

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class CorpusError(RecipeIndexError):
    """A row of a corpus cannot be read; the message names file and line."""

    code = "corpus"


class StorageError(BotError):
    """The database."""

    code = "storage"


class DatabaseCorruptError(StorageError):
    """The database file is damaged or not a database."""

    code = "database_corrupt"


class DiskFullError(StorageError):
    """There is no room left to write."""

    code = "disk_full"

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class ChannelError(BotError):
    """A chat platform refused or failed."""

    code = "channel"


class ChannelGoneError(ChannelError):
    """The chat cannot be written to any more: the bot was blocked or removed, or the chat is deleted."""

    code = "channel_gone"
