"""BCE's models as `python -m index export` writes them, on the processor; needs no torch.

Imports onnxruntime: import it where a model is loaded, not before.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.embedders.bce_folder import MODEL_FILE, BceFolder
from core.embedders.bce_tokens import Ids
from core.errors import ModelRejectedError

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "result"


class OnnxEncoder:
    """A loaded model; computes one batch at a time.

    Raises:
        ModelRejectedError: it cannot be loaded.
    """

    def __init__(self, folder: BceFolder) -> None:
        path = folder.path / MODEL_FILE
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Threads that wait by spinning take the processor from the rest of the bot.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            names = [item.name for item in self._session.get_inputs()]
        except Exception as exc:  # onnxruntime's errors have no common root
            raise ModelRejectedError(
                f"{folder.path.name}/{MODEL_FILE} cannot be loaded ({type(exc).__name__}): is it whole?"
            ) from exc
        if sorted(names) != sorted(INPUTS):
            raise ModelRejectedError(f"{path.name} was not made by `python -m index export`")
        self.where = f"onnxruntime, cpu, {'int8' if folder.export.get('int8') else 'float32'}"
        self.memory_bytes = path.stat().st_size

    def __call__(self, ids: Ids, mask: Ids) -> NDArray[np.float32]:
        """What the model makes of a batch."""
        (result,) = self._session.run([OUTPUT], dict(zip(INPUTS, (ids, mask), strict=True)))
        return np.asarray(result, dtype=np.float32)
