"""Names a recording's container from its first bytes.

A file's name and declared type are the sender's word, and ffmpeg's own guess would also take playlists and
scripts that name other files. So the container is named here, ffmpeg is told to use that demuxer and no
other, and only the decoders that such recordings are made with.

Signatures: Ogg (RFC 3533), Opus and Vorbis within it; ID3 v2 and MPEG audio frames (ISO 11172-3); ADTS
(ISO 14496-3); ISO base media (ISO 14496-12); RIFF/WAVE; AMR (RFC 4867); EBML (RFC 8794); FLAC (RFC 9639).
"""

from __future__ import annotations

from dataclasses import dataclass

_PCM = (
    "pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw",
)  # fmt: skip
_MP3 = ("mp3float", "mp3", "mp2float", "mp2")
_AMR = ("amrnb", "libopencore_amrnb", "amrwb", "libopencore_amrwb")
_OPUS = ("opus", "libopus")


@dataclass(frozen=True, slots=True)
class Container:
    """How ffmpeg reads a kind of file: the one demuxer it may use, and the decoders."""

    demuxer: str
    decoders: tuple[str, ...]


OGG = Container("ogg", (*_OPUS, "vorbis", "speex", "libspeex", "flac"))
MP3 = Container("mp3", _MP3)
MP4 = Container("mov", ("aac", "alac", *_MP3, *_AMR, *_OPUS, "flac"))
WAV = Container("wav", (*_PCM, "adpcm_ms", "adpcm_ima_wav"))
AMR = Container("amr", _AMR)
WEBM = Container("matroska", (*_OPUS, "vorbis", "aac", *_PCM))
FLAC = Container("flac", ("flac",))
AAC = Container("aac", ("aac",))

_SIGNATURES: tuple[tuple[int, bytes, Container], ...] = (
    (0, b"OggS", OGG),
    (0, b"ID3", MP3),
    (4, b"ftyp", MP4),
    (8, b"WAVE", WAV),
    (0, b"#!AMR\n", AMR),
    (0, b"#!AMR-WB\n", AMR),
    (0, b"\x1a\x45\xdf\xa3", WEBM),
    (0, b"fLaC", FLAC),
)


def sniff(data: bytes) -> Container | None:
    """The container that `data` begins like; None for anything that is not one of ours."""
    for offset, signature, container in _SIGNATURES:
        if data.startswith(signature, offset):
            return container if container is not WAV or data.startswith(b"RIFF") else None
    return _mpeg_frame(data)


def _mpeg_frame(data: bytes) -> Container | None:
    """MP3 and ADTS have no signature: eleven set bits, then version and layer; layer 0 is ADTS."""
    if len(data) < 4 or data[0] != 0xFF:
        return None
    if data[1] & 0xF6 == 0xF0:
        return AAC
    version, layer = data[1] >> 3 & 3, data[1] >> 1 & 3
    bitrate, rate = data[2] >> 4, data[2] >> 2 & 3
    is_frame = data[1] & 0xE0 == 0xE0 and version != 1 and layer in {1, 2} and bitrate != 15 and rate != 3
    return MP3 if is_frame else None
