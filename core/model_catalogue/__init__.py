"""The models that the bot knows how to use. docs/models.md is the same list for people.

Revisions and checksums are copied from what the publishers and other projects document; where none is
documented, the default branch is asked and what it held is recorded (`core.model_hub.manifest`). Sizes are
those of the files, or parameters times bytes, rounded.
"""

from __future__ import annotations

from core.errors import SettingsError
from core.model_catalogue.pictures import PICTURES
from core.model_catalogue.speech import SPEECH, VOICES
from core.model_catalogue.text import LANGUAGE, RETRIEVAL
from core.model_hub.catalogue_model import CatalogueModel

MODELS = (*SPEECH, *VOICES, *LANGUAGE, *RETRIEVAL, *PICTURES)


def model_named(name: str) -> CatalogueModel:
    """The model of that name.

    Raises:
        SettingsError: there is none.
    """
    for model in MODELS:
        if model.name == name:
            return model
    raise SettingsError("NAME", f"no such model; known are {', '.join(model.name for model in MODELS)}")
