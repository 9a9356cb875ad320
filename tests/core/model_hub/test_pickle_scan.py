"""Checkpoints of numbers pass, everything that could call something is refused, nothing is ever run."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest

from core.model_hub.pickle_scan import fault_of_checkpoint, is_checkpoint
from tests.core.model_hub.hub_kit import checkpoint

TENSOR = (
    b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01X\x01\x00\x00\x00wq\x02ctorch._utils\n_rebuild_tensor_v2\n"
    b"q\x03((X\x07\x00\x00\x00storageq\x04ctorch\nFloatStorage\nq\x05X\x01\x00\x00\x000q\x06X\x03\x00\x00\x00cpu"
    b"q\x07K\x02tq\x08QK\x00K\x02\x85q\tK\x01\x85q\n\x89h\x00)Rq\x0btq\x0cRq\rs."
)
"""What `torch.save({"w": torch.zeros(2)})` pickles, in an OrderedDict."""


def archive(**entries: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, data in entries.items():
            file.writestr(name.replace("__", "/").replace("_pkl", ".pkl"), data)
    return content.getvalue()


def fault(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    return fault_of_checkpoint(path)


def legacy(data: bytes) -> bytes:
    """As PyTorch wrote before 1.6: five pickles, then numbers."""
    head = [
        pickle.dumps(value, protocol=2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    ]
    return b"".join([*head, data, pickle.dumps(["0"], protocol=2), struct.pack("<q2f", 2, 0, 0)])


class Caller:
    """Would call `print` when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def test_numbers_pass(tmp_path: Path) -> None:
    assert fault(tmp_path, archive(model__data_pkl=TENSOR)) == ""
    assert fault(tmp_path, legacy(TENSOR)) == ""
    assert fault(tmp_path, checkpoint(OrderedDict(a=[1, 2.0, "x", None]))) == ""


@pytest.mark.parametrize("protocol", [2, 4])
def test_calls_are_refused(protocol: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = pickle.dumps({"a": Caller()}, protocol=protocol)
    what = "its pickle calls __builtin__.print" if protocol == 2 else "its pickle uses STACK_GLOBAL"
    assert fault(tmp_path, archive(model__data_pkl=evil)) == f"carries code: {what}"
    assert fault(tmp_path, legacy(evil)) == f"carries code: {what}"
    assert capsys.readouterr().out == ""


def test_code_behind_the_tensors(tmp_path: Path) -> None:
    """In another pickle of the archive, or of the old format."""
    evil = b"\x80\x02cos\nsystem\n."
    assert "os.system" in fault(tmp_path, archive(model__data_pkl=TENSOR, model__constants_pkl=evil))
    assert "os.system" in fault(tmp_path, legacy(TENSOR + evil))


@pytest.mark.parametrize("name", [b"torch\nload", b"torch.hub\nload", b"torch.storage\n_load_from_bytes"])
def test_not_all_of_torch_is_harmless(name: bytes, tmp_path: Path) -> None:
    shown = name.decode().replace("\n", ".")
    assert fault(tmp_path, b"\x80\x02c" + name + b"\n.") == f"carries code: its pickle calls {shown}"


def test_what_is_shown_of_a_name_is_harmless(tmp_path: Path) -> None:
    assert fault(tmp_path, b"\x80\x02c\x1b[2Jx\nsystem\n.") == "carries code: its pickle calls ??2Jx.system"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no PyTorch file"),
        (b"<html>", "is no PyTorch file"),
        (b"PK\x03\x04 broken", "is damaged, or no PyTorch file"),
        (b"\x80\x02X\xff\xff\xff\x7f", "is damaged, or no PyTorch file"),
        (archive(model__readme=b""), "is a zip file, but no PyTorch file"),
        (archive(model__data_pkl=TENSOR, model__code__x=b""), "is TorchScript: it carries code"),
    ],
)
def test_what_is_no_checkpoint(content: bytes, words: str, tmp_path: Path) -> None:
    assert fault(tmp_path, content) == words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model.pt", True),
        ("unet/diffusion_pytorch_model.bin", True),
        ("pytorch_model-00001-of-00008.bin", True),
        ("model.bin", False),  # CTranslate2's
        ("voices.bin", False),
        ("model.safetensors", False),
    ],
)
def test_which_files_are_checkpoints(name: str, expected: bool) -> None:
    assert is_checkpoint(name) is expected


@pytest.mark.models
@pytest.mark.parametrize("is_zip", [True, False])
def test_what_torch_writes_passes(is_zip: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs requirements-models.txt")
    kinds = (torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool)
    tensors = OrderedDict((str(kind), torch.ones(3, 4).to(kind)) for kind in kinds)
    tensors["parameter"] = torch.nn.Parameter(torch.ones(2).t())
    path = tmp_path / "model.pt"
    content = {"state_dict": tensors, "epoch": 3, "loss": 0.5}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    assert fault_of_checkpoint(path) == ""
    assert torch.load(path, weights_only=True).keys() == content.keys()
