"""Naming a container from its first bytes, and nothing else as one."""

from __future__ import annotations

import pytest

from core.audio_formats import AAC, AMR, FLAC, MP3, MP4, OGG, WAV, WEBM, Container, sniff
from tests.core import audio_kit as kit


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (b"OggS\0\2", OGG),
        (b"ID3\4\0\0", MP3),
        (b"\xff\xfb\x90\x64", MP3),
        (b"\xff\xf3\x44\xc4", MP3),
        (b"\0\0\0\x1cftypM4A ", MP4),
        (b"\0\0\0\x18ftyp3gp4", MP4),
        (b"RIFF\x24\0\0\0WAVEfmt ", WAV),
        (b"#!AMR\n\x3c", AMR),
        (b"#!AMR-WB\n\x14", AMR),
        (b"\x1a\x45\xdf\xa3\x9f", WEBM),
        (b"fLaC\0\0\0\x22", FLAC),
        (b"\xff\xf1\x50\x80", AAC),
        (b"\xff\xf9\x50\x80", AAC),
    ],
)
def test_what_people_record(data: bytes, container: Container) -> None:
    assert sniff(data) is container


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xfe",
        b"\xff\xfeh\0i\0",
        b"\xff\xff\xff\xff",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"RIFF\x24\0\0\0AVI LIST",
        b"RIFX\0\0\0\x24WAVEfmt ",
        b"#EXTM3U\nhttp://127.0.0.1/a.ts",
        b"ffconcat version 1.0",
        b"#!AMR_MC1.0\n",
        b"%PDF-1.7",
        b"PK\3\4",
        "宫保鸡丁怎么做".encode(),
    ],
)
def test_anything_else(data: bytes) -> None:
    assert sniff(data) is None


def test_the_table_fits_what_ffmpeg_calls_its_parts() -> None:
    containers = (OGG, MP3, MP4, WAV, AMR, WEBM, FLAC, AAC)
    demuxers = {alias for line in kit.listed("-demuxers") for alias in line.split(",")}
    assert {container.demuxer for container in containers} <= demuxers
    decoders = kit.listed("-decoders")
    optional = {"libopus", "libspeex", "libopencore_amrnb", "libopencore_amrwb"}
    assert {name for container in containers for name in container.decoders} - optional <= set(decoders)
