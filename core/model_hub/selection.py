"""Which files of a repository are fetched: those that the catalogue names, if they look right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ModelRejectedError
from core.model_hub.catalogue_model import CatalogueModel
from core.model_hub.file_names import is_attack, is_code, is_data, is_safe, matches
from core.model_hub.listing import HubFile, Listing

_MAX_FILES = 200
_SPARE_BYTES = 100_000_000


class UnfitModelError(ModelRejectedError):
    """A repository or a file that must not be used, wherever it is fetched from."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is fetched, and which programs of the repository are left where they are."""

    files: tuple[HubFile, ...]
    code_left_out: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(file.size for file in self.files)


def selected(model: CatalogueModel, listing: Listing) -> Selection:
    """Choose a model's files.

    Raises:
        UnfitModelError: files are missing, have impossible names, are far larger than known, or differ
            from what the catalogue knows of them.
    """
    if attacks := [file.path for file in listing.files if is_attack(file.path)]:
        raise UnfitModelError(
            f"{listing.host} lists a file that leads out of its folder ({_shown(attacks[0])}): "
            "nothing is fetched"
        )
    wanted = {file.path: file for pattern in _patterns(model, listing) for file in _fitting(listing, pattern)}
    wanted |= {file.path: file for pattern in model.optional for file in _fitting(listing, pattern)}
    for path in wanted:
        if is_code(path) or not is_data(path) or not is_safe(path):
            raise UnfitModelError(f"{listing.host} lists {_shown(path)}, which is no file of a model")
    files = tuple(sorted(wanted.values(), key=lambda file: (file.size, file.path)))
    chosen = Selection(files, tuple(file.path for file in listing.files if is_code(file.path)))
    _check_sizes(model, listing, chosen)
    _check_digests(model, listing, files)
    return chosen


def _patterns(model: CatalogueModel, listing: Listing) -> Sequence[str]:
    """The patterns of the best weights that are there, and of the files beside them."""
    weights = next(
        (group for group in model.weights if all(_fitting(listing, pattern) for pattern in group)), None
    )
    if weights is None:
        known = " or ".join(group[0] for group in model.weights)
        raise UnfitModelError(f"{listing.place} holds no weights that can be used ({known})")
    if missing := [pattern for pattern in model.files if not _fitting(listing, pattern)]:
        raise UnfitModelError(f"{listing.place} lacks {', '.join(missing)}")
    return (*weights, *model.files)


def _fitting(listing: Listing, pattern: str) -> list[HubFile]:
    return [file for file in listing.files if matches(file.path, pattern)]


def _check_sizes(model: CatalogueModel, listing: Listing, chosen: Selection) -> None:
    most = 2 * model.size_bytes + _SPARE_BYTES
    if len(chosen.files) > _MAX_FILES or chosen.size_bytes > most:
        raise UnfitModelError(
            f"{listing.place} offers {len(chosen.files)} files of {chosen.size_bytes / 1e6:,.0f} MB, "
            f"far more than this model has ({model.size_bytes / 1e6:,.0f} MB)"
        )


def _check_digests(model: CatalogueModel, listing: Listing, files: Sequence[HubFile]) -> None:
    for file in files:
        known = model.sha256.get(file.path)
        if known and file.sha256 and known != file.sha256:
            raise UnfitModelError(
                f"{listing.place} offers another {file.path} than the one that is known (SHA-256): "
                "try the other MODEL_HUB"
            )


def _shown(path: str) -> str:
    return ascii(path)[1:81]
