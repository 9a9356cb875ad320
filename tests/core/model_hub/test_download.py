"""What is fetched from a hub, what is checked, and what is there after an interruption."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.errors import (
    DiskFullError,
    ModelRejectedError,
    ModelResponseError,
    ModelUnavailableError,
    SettingsError,
)
from core.model_hub.catalogue_model import Hub, Source
from core.model_hub.connection import HubConnection
from core.model_hub.selection import UnfitModelError
from core.model_hub.wanted import folder_state
from tests.core.model_hub.hub_kit import NAME, WEIGHTS, Watched, fetched, model, names_in, repository
from tests.fakes.model_hub import ModelHub, Repository, sha256

FETCHED = ["config.json", "fetched.json", "model.safetensors", "vocabulary/zh.txt"]


@pytest.fixture
async def hub() -> AsyncIterator[ModelHub]:
    async with ModelHub({NAME: repository()}, token="hf_secret").running() as running:
        yield running


def parts_in(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.rglob("*.part")]


@pytest.mark.parametrize("where", ["huggingface", "modelscope"])
async def test_the_files_of_a_model_and_no_others(hub: ModelHub, where: Hub, tmp_path: Path) -> None:
    watched = Watched()
    manifest = await fetched(hub, tmp_path / "tiny", model(where), progress=watched)
    assert names_in(tmp_path / "tiny") == FETCHED
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == WEIGHTS
    assert (manifest.hub, manifest.repository) == (where, NAME)
    assert manifest.commit == (hub.repositories[NAME].commit if where == "huggingface" else "")
    assert {file.path: file.sha256 for file in manifest.files}["model.safetensors"] == sha256(WEIGHTS)
    assert folder_state(tmp_path / "tiny").is_complete
    assert watched.selection is not None
    assert watched.selection.code_left_out == ("modeling_tiny.py",)
    assert watched.steps[-1] == ("model.safetensors", len(WEIGHTS))
    assert not [request for request in hub.seen if request.path.endswith(".py")]


async def test_a_mirror_must_send_the_commit_that_was_asked_for(hub: ModelHub, tmp_path: Path) -> None:
    commit = "b" * 40
    hub.repositories[NAME].revisions = (commit,)
    wanted = model(sources=(Source("huggingface", NAME, commit),))
    with pytest.raises(ModelResponseError, match="tells of another commit than was asked for"):
        await fetched(hub, tmp_path, wanted)
    hub.repositories[NAME].commit = commit
    assert (await fetched(hub, tmp_path, wanted)).commit == commit


async def test_files_come_from_the_commit_that_was_listed(hub: ModelHub, tmp_path: Path) -> None:
    await fetched(hub, tmp_path)
    commit = hub.repositories[NAME].commit
    on_hub = [request.path for request in hub.seen if request.host == hub.url]
    assert on_hub[0] == f"/api/models/{NAME}/revision/main?blobs=true"
    assert all(path.startswith(f"/{NAME}/resolve/{commit}/") for path in on_hub[1:])


@pytest.mark.parametrize("where", ["huggingface", "modelscope"])
async def test_a_broken_off_file_goes_on_where_it_stopped(hub: ModelHub, where: Hub, tmp_path: Path) -> None:
    hub.cut_after = [10_000, 10_000, 700_000, 300_000]  # the small files are shorter than that
    await fetched(hub, tmp_path, model(where))
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS
    ranges = list(dict.fromkeys(request.range for request in hub.seen if request.range))
    assert ranges == ["bytes=524288-", "bytes=786432-"]  # whole pieces are kept
    assert names_in(tmp_path) == FETCHED


async def test_what_has_arrived_survives_a_kill(hub: ModelHub, tmp_path: Path) -> None:
    """Cancelled as by Ctrl-C, the next run asks for the rest alone."""
    hub.stall_after = 600_000
    watched = Watched()
    task = asyncio.create_task(fetched(hub, tmp_path, progress=watched))
    await watched.reached("model.safetensors", 524_288)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert parts_in(tmp_path) == [524_288]
    assert folder_state(tmp_path).words == "incomplete: download it again to go on"
    hub.seen.clear()
    hub.stall_after = None
    await fetched(hub, tmp_path)
    assert [request.range for request in hub.seen if request.path.startswith("/cook/tiny/model")] == [
        "bytes=524288-"
    ]
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS
    assert names_in(tmp_path) == FETCHED


async def test_a_server_that_knows_no_ranges_sends_it_all_again(hub: ModelHub, tmp_path: Path) -> None:
    hub.cut_after, hub.ignores_range = [9_999, 9_999, 600_000], True
    await fetched(hub, tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS


async def test_a_new_state_of_the_repository_is_not_added_to_the_old_one(
    hub: ModelHub, tmp_path: Path
) -> None:
    hub.cut_after = [9_999, 9_999, *[600_000, 0, 0, 0, 0, 0]]
    with pytest.raises(ModelUnavailableError, match="broke off"):
        await fetched(hub, tmp_path)
    hub.cut_after = []
    hub.repositories[NAME] = repository(model__safetensors=WEIGHTS[::-1])
    await fetched(hub, tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == WEIGHTS[::-1]
    assert names_in(tmp_path) == FETCHED


async def test_what_is_there_and_right_is_not_fetched_again(hub: ModelHub, tmp_path: Path) -> None:
    await fetched(hub, tmp_path)
    (tmp_path / "config.json").write_bytes(b'{"model_type": "evil"}')  # of the same size
    hub.seen.clear()
    watched = Watched()
    await fetched(hub, tmp_path, progress=watched)
    assert [request.path.rpartition("/")[2] for request in hub.seen[1:]] == ["config.json"]
    assert watched.present["model.safetensors"] == len(WEIGHTS)


@pytest.mark.parametrize("where", ["huggingface", "modelscope"])
@pytest.mark.parametrize("path", ["model.safetensors", "config.json"])
async def test_a_wrong_checksum_deletes_the_file(
    hub: ModelHub, where: Hub, path: str, tmp_path: Path
) -> None:
    files = hub.repositories[NAME]
    files.listed = {path: files.files[path][::-1]}
    with pytest.raises(ModelResponseError, match=rf"{path} is not what it should be: its checksum differs"):
        await fetched(hub, tmp_path, model(where))
    assert path not in names_in(tmp_path)
    assert parts_in(tmp_path) == []
    assert not folder_state(tmp_path).is_complete


async def test_content_that_the_catalogue_knows_better(hub: ModelHub, tmp_path: Path) -> None:
    """Both hubs must send the file that is known, whatever they list."""
    wanted = model("modelscope", sha256={"model.safetensors": sha256(b"the known one")})
    with pytest.raises(UnfitModelError, match=r"another model\.safetensors than the one that is known"):
        await fetched(hub, tmp_path, wanted)
    hub.repositories[NAME].tells_sha256 = False
    with pytest.raises(ModelResponseError, match="checksum differs"):
        await fetched(hub, tmp_path, wanted)


async def test_a_file_without_a_checksum_begins_anew(hub: ModelHub, tmp_path: Path) -> None:
    hub.repositories[NAME].tells_sha256 = False
    (tmp_path / "config.json.new.part").write_bytes(b"left over")
    manifest = await fetched(hub, tmp_path, model("modelscope"))
    assert [file.sha256 for file in manifest.files if file.path == "model.safetensors"] == [sha256(WEIGHTS)]
    assert (tmp_path / "config.json").read_bytes() == hub.repositories[NAME].files["config.json"]


async def test_more_than_was_listed_is_refused(hub: ModelHub, tmp_path: Path) -> None:
    hub.endless = True
    with pytest.raises(ModelResponseError, match="sends more of"):
        await fetched(hub, tmp_path)


async def test_a_model_far_larger_than_known_is_refused(hub: ModelHub, tmp_path: Path) -> None:
    hub.repositories[NAME].listed = {"model.safetensors": bytes(103_000_000)}
    with pytest.raises(
        UnfitModelError, match=r"offers 3 files of 103 MB, far more than this model has \(1 MB\)"
    ):
        await fetched(hub, tmp_path)


async def test_a_full_disk_is_seen_before_anything_is_fetched(
    hub: ModelHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=100_000_000))
    with pytest.raises(DiskFullError, match=r"has room for 100 MB, and 1 MB are to come: make room"):
        await fetched(hub, tmp_path)
    assert len(hub.seen) == 1
    assert names_in(tmp_path) == []


async def test_a_folder_that_is_a_file(hub: ModelHub, tmp_path: Path) -> None:
    (tmp_path / "tiny").touch()
    with pytest.raises(SettingsError, match=r"MODELS_DIR: .* cannot be written to"):
        await fetched(hub, tmp_path / "tiny")


# What hubs answer


async def test_a_token_goes_to_the_hub_and_nowhere_else(hub: ModelHub, tmp_path: Path) -> None:
    hub.repositories[NAME].gated = True
    await fetched(hub, tmp_path, token="hf_secret")
    assert {(request.host, request.authorization) for request in hub.seen} == {
        (hub.url, "Bearer hf_secret"),
        (hub.cdn_url, ""),
    }


@pytest.mark.parametrize(
    ("token", "advice"),
    [
        ("", "ask for access on its page, then set HUGGINGFACE_TOKEN"),
        ("hf_other", "the account of HUGGINGFACE_TOKEN may not have it"),
    ],
)
async def test_a_gated_model(hub: ModelHub, token: str, advice: str, tmp_path: Path) -> None:
    hub.repositories[NAME].gated = True
    with pytest.raises(ModelRejectedError, match=advice) as caught:
        await fetched(hub, tmp_path, token=token)
    assert "hf_other" not in caught.value.message


async def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="HUGGINGFACE_TOKEN: would be sent in the clear"):
        HubConnection(
            "http://mirror.example.org",
            setting="HUGGINGFACE_URL",
            token="x",
            token_setting="HUGGINGFACE_TOKEN",
        )


async def test_no_such_repository_or_revision(hub: ModelHub, tmp_path: Path) -> None:
    hub.repositories[NAME].revisions = ()
    with pytest.raises(ModelRejectedError, match=r"has no cook/tiny \(revision main\)"):
        await fetched(hub, tmp_path)
    hub.repositories.clear()
    with pytest.raises(ModelRejectedError, match=r"has no cook/tiny \(revision master\)"):
        await fetched(hub, tmp_path, model("modelscope"))


async def test_a_busy_hub_is_asked_again(hub: ModelHub, tmp_path: Path) -> None:
    hub.busy = [429, 503, 429]
    await fetched(hub, tmp_path)
    assert names_in(tmp_path) == FETCHED
    hub.busy = [429] * 10
    with pytest.raises(ModelUnavailableError, match=r"asks to wait \(HTTP 429\); try again later"):
        await fetched(hub, tmp_path)


async def test_a_hub_that_is_not_there(tmp_path: Path, unused_tcp_port: int) -> None:
    hub = ModelHub()
    hub.url = f"http://127.0.0.1:{unused_tcp_port}"
    with pytest.raises(
        ModelUnavailableError, match=r"cannot connect to 127\.0\.0\.1 .*check HUGGINGFACE_URL"
    ):
        await fetched(hub, tmp_path)


async def test_a_redirect_away_from_https_is_not_followed(hub: ModelHub, tmp_path: Path) -> None:
    hub.redirect = "file:///etc/passwd"
    with pytest.raises(ModelResponseError, match="redirects to a place that is not https"):
        await fetched(hub, tmp_path)


async def test_redirects_without_end(hub: ModelHub, tmp_path: Path) -> None:
    hub.redirect = f"/{NAME}/resolve/main/model.safetensors"
    with pytest.raises(ModelResponseError, match="redirects without end"):
        await fetched(hub, tmp_path)


# What a hostile repository offers


@pytest.mark.parametrize(
    "name",
    [
        "../evil.json",
        "/etc/evil.json",
        "a/../../evil.json",
        "..\\evil.json",
        "./evil.json",
        "a//b.json",
        "x\n.json",
    ],
)
async def test_names_that_lead_out_of_the_folder(hub: ModelHub, name: str, tmp_path: Path) -> None:
    hub.repositories[NAME].listed_only = {name: b"{}"}
    with pytest.raises(UnfitModelError, match="leads out of its folder"):
        await fetched(hub, tmp_path / "tiny")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["evil.py", "evil.pkl", "evil.so", "evil.zip", "nul.json", "C:evil.json", ".json", "e vil.json"]
)
async def test_a_pattern_that_would_let_a_wrong_file_in(hub: ModelHub, name: str, tmp_path: Path) -> None:
    hub.repositories[NAME].files[name] = b"x"
    with pytest.raises(UnfitModelError, match="which is no file of a model"):
        await fetched(hub, tmp_path, model(optional=("*",)))
    assert names_in(tmp_path) == []


async def test_a_checkpoint_that_carries_code(hub: ModelHub, tmp_path: Path) -> None:
    evil = b"cposix\nsystem\n(S'echo'\ntR."
    hub.repositories[NAME] = Repository({"pytorch_model.bin": b"\x80\x02" + evil, "config.json": b"{}"})
    with pytest.raises(
        UnfitModelError, match=r"pytorch_model\.bin carries code: its pickle calls posix\.system"
    ):
        await fetched(hub, tmp_path)
    assert names_in(tmp_path) == ["config.json"]
    assert not folder_state(tmp_path).is_complete


async def test_safetensors_are_preferred_and_bin_taken_where_there_is_nothing_else(
    hub: ModelHub, tmp_path: Path
) -> None:
    del hub.repositories[NAME].files["model.safetensors"]
    await fetched(hub, tmp_path)
    assert "pytorch_model.bin" in names_in(tmp_path)


async def test_a_repository_that_lacks_what_is_needed(hub: ModelHub, tmp_path: Path) -> None:
    del hub.repositories[NAME].files["config.json"]
    with pytest.raises(UnfitModelError, match=r"cook/tiny on .* lacks config\.json"):
        await fetched(hub, tmp_path)
    hub.repositories[NAME].files.clear()
    with pytest.raises(UnfitModelError, match="holds no weights that can be used"):
        await fetched(hub, tmp_path)


@pytest.mark.parametrize(
    "damage", ['{"format": 2}', "[]", "no json", '{"format": 1, "files": [{"path": "../x"}]}']
)
async def test_a_damaged_manifest(hub: ModelHub, damage: str, tmp_path: Path) -> None:
    await fetched(hub, tmp_path)
    written = json.loads((tmp_path / "fetched.json").read_text(encoding="utf-8"))
    assert written["files"][0]["path"] == "vocabulary/zh.txt"  # the smallest first
    (tmp_path / "fetched.json").write_text(damage, encoding="utf-8")
    state = folder_state(tmp_path)
    assert not state.is_complete
    assert "fetched.json is damaged" in state.words


async def test_a_complete_folder_that_lost_a_file(hub: ModelHub, tmp_path: Path) -> None:
    await fetched(hub, tmp_path)
    (tmp_path / "config.json").unlink()
    assert folder_state(tmp_path).words == "incomplete: config.json missing or cut off"
