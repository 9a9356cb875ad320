"""`python -m bot models`: what it lists, fetches and says when it cannot."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from bot.models_command import add_models_command, models
from core.errors import SettingsError
from core.model_catalogue import model_named
from core.settings import load_settings
from tests.core.model_hub.hub_kit import checkpoint, names_in
from tests.fakes.model_hub import ModelHub, Repository

ROOT = Path(__file__).parents[2]
FOLDER = Path("data/models/fsmn-vad")
VAD = "iic/speech_fsmn_vad_zh-cn-16k-common-pytorch"
WEIGHTS = checkpoint({"numbers": "7" * 900_000})


@pytest.fixture
async def hub() -> AsyncIterator[ModelHub]:
    files = {
        "model.pt": WEIGHTS,
        "config.yaml": b"model: FsmnVADStreaming\n",
        "am.mvn": b"<Nnet>",
        "run.py": b"",
    }
    async with ModelHub({VAD: Repository(files, revisions=("v2.0.4",))}).running() as running:
        yield running


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("core.model_hub.connection.retry_pause", lambda *_: 0.0)


async def run(*arguments: str, **settings: object) -> tuple[int, str, str]:
    """Exit status, output and errors of one command."""
    parser = ArgumentParser()
    add_models_command(parser)
    output, errors = (Console(file=io.StringIO(), width=200) for _ in range(2))
    status = await models(parser.parse_args(arguments), load_settings(**settings), output, errors)
    return status, *(console.file.getvalue() for console in (output, errors))  # type: ignore[attr-defined]


async def test_the_list_names_what_the_settings_ask_for() -> None:
    Path("voice").mkdir()  # noqa: ASYNC240 - nothing else runs here
    status, output, _ = await run(
        stt_backend="paraformer",
        stt_model="paraformer",
        tts_backend="sherpa",
        tts_model="voice",
    )
    assert status == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in output.splitlines() if "│" in line]
    assert rows[:2] == [
        ["speech", "STT_BACKEND=paraformer", "paraformer", "not there"],
        ["voice", "TTS_BACKEND=sherpa", "voice", "empty"],
    ]
    assert ["language", "LLM_BACKEND=composer", "–", "no model folder needed"] in rows


async def test_the_list_names_what_there_is() -> None:
    _, output, _ = await run("list", model_hub="huggingface")
    lines = output.splitlines()
    start = lines.index("faster-whisper-small: speech, ≈ 486 MB, not there")
    assert lines[start : start + 4] == [
        "faster-whisper-small: speech, ≈ 486 MB, not there",
        "  Whisper small",
        "  Hugging Face Systran/faster-whisper-small, revision 536b066274",
        "  licence: MIT",
    ]
    assert "  ModelScope zhanghuiATchina/zhangxiaobai_shishen2_full, revision master" in lines


async def test_a_download_ends_with_what_to_write_into_the_settings(hub: ModelHub) -> None:
    status, output, errors = await run("download", "fsmn-vad", modelscope_url=hub.url)
    assert (status, errors) == (0, "")
    assert names_in(FOLDER) == ["am.mvn", "config.yaml", "fetched.json", "model.pt"]
    assert output.splitlines()[-4:] == [
        "Programs of the repository were not fetched: 1",
        "Write into .env:",
        "  STT_BACKEND=paraformer",
        "  STT_VAD_MODEL=data/models/fsmn-vad",
    ]
    _, output, _ = await run("list", modelscope_url=hub.url)
    assert "fsmn-vad: speech, ≈ 2 MB, complete" in output.splitlines()


async def test_a_hub_out_of_reach_is_told_with_the_way_around_it(unused_tcp_port: int) -> None:
    status, _, errors = await run(
        "download",
        "bce-reranker",
        modelscope_url=f"http://127.0.0.1:{unused_tcp_port}",
        models_dir="elsewhere",
    )
    assert status == 1
    said = errors.splitlines()
    assert said[0].startswith("出错了 cannot connect to 127.0.0.1 ")
    assert said[1:] == [
        "Run the command again to go on. By hand, from a computer that reaches it:",
        "  download from https://modelscope.cn/models/maidalun/bce-reranker-base_v1/files?version=master",
        "  (or MODEL_HUB=huggingface: maidalun1020/bce-reranker-base_v1)",
        "  these files: model.safetensors (or pytorch_model.bin), config.json, tokenizer.json",
        f"  and if there: {', '.join(model_named('bce-reranker').optional)}",
        "  copy them into elsewhere/bce-reranker and write into .env:",
        "    RERANKER=bce",
        "    RERANKER_MODEL=elsewhere/bce-reranker",
    ]


async def test_a_model_with_code_is_not_recommended_for_copying(hub: ModelHub) -> None:
    hub.repositories[VAD].files["model.pt"] = b"\x80\x02cos\nsystem\n."
    status, _, errors = await run("download", "fsmn-vad", modelscope_url=hub.url)
    assert status == 1
    assert errors == (
        "出错了 model.pt carries code: its pickle calls os.system; it was deleted, the model is not used\n"
    )


async def test_verify_reads_every_file(hub: ModelHub) -> None:
    with pytest.raises(SettingsError, match="was not fetched by"):
        await run("verify", "fsmn-vad")
    await run("download", "fsmn-vad", modelscope_url=hub.url)
    assert (await run("verify", "fsmn-vad"))[:2] == (
        0,
        "data/models/fsmn-vad: 3 files as they were fetched\n",
    )
    FOLDER.joinpath("am.mvn").write_bytes(b"<nnet>")
    status, output, _ = await run("verify", "fsmn-vad")
    assert status == 1
    assert output.startswith(
        "changed or missing: am.mvn; get them with: python -m bot models download fsmn-vad"
    )


async def test_an_unknown_model() -> None:
    with pytest.raises(SettingsError, match="NAME: no such model; known are "):
        await run("download", "../x")


async def test_exporting_checks_the_folder_first() -> None:
    with pytest.raises(SettingsError, match="there is no folder"):
        await run("export", "paraformer", "nowhere", "out", "--int8")


def has_arrived(size: int) -> bool:
    return any(part.stat().st_size == size for part in FOLDER.glob("model.pt.*.part"))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
async def test_a_stopped_command_goes_on_where_it_was(
    hub: ModelHub, number: signal.Signals, status: int
) -> None:
    hub.stall_after = 600_000
    stopped = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "models", "download", "fsmn-vad"),
        env={**os.environ, "MODELSCOPE_URL": hub.url, "PYTHONPATH": str(ROOT), "DATA_DIR": "data"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    while not has_arrived(524_288):
        assert stopped.returncode is None
        await asyncio.sleep(0.02)
    stopped.send_signal(number)
    _, errors = await stopped.communicate()
    said = b"" if number is signal.SIGKILL else b"stopped: run the command again to go on where it is now\n"
    assert (stopped.returncode, errors) == (status, said)
    hub.stall_after = None
    hub.seen.clear()
    exit_status, output, _ = await run("download", "fsmn-vad", modelscope_url=hub.url)
    assert exit_status == 0
    assert "checksums right" in output
    assert [request.range for request in hub.seen] == ["", "bytes=524288-"]
    assert FOLDER.joinpath("model.pt").read_bytes() == WEIGHTS


@pytest.mark.models
async def test_a_paraformer_from_the_hub_to_sherpa(hub: ModelHub, tmp_path: Path) -> None:
    pytest.importorskip("funasr", reason="needs requirements-models.txt")
    from core.speech.sherpa_recognizer import SherpaRecognizer
    from tests.fakes.tiny_paraformer import PARAFORMER, make_folder

    made = await asyncio.to_thread(make_folder, PARAFORMER, tmp_path / "made")
    files = {path.name: path.read_bytes() for path in made.iterdir()}
    name = model_named("paraformer").sources[0].repository
    hub.repositories[name] = Repository(files, revisions=("v2.0.4",))
    assert (await run("download", "paraformer", modelscope_url=hub.url))[0] == 0
    status, output, _ = await run("export", "paraformer", "data/models/paraformer", "sherpa", "--int8")
    assert (status, output.splitlines()[-1]) == (0, "  STT_MODEL=sherpa")
    assert names_in(Path("sherpa")) == ["model.int8.onnx", "tokens.txt"]
    SherpaRecognizer("sherpa")
