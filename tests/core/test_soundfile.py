"""The heading of a sound file is what a library that reads it says."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from bridge.core.soundfile import heading

FORMS = [
    *(("WAV", sub) for sub in ("PCM_16", "PCM_24", "FLOAT")),
    ("WAVEX", "PCM_16"),
    *(("AIFF", sub) for sub in ("PCM_16", "PCM_24")),
    *(("FLAC", sub) for sub in ("PCM_16", "PCM_24")),
    ("OGG", "VORBIS"),
]


def written(form, sub, channels=2, rate=44100, frames=30000):
    wave = 0.5 * np.sin(np.arange(frames) / 20)[:, None].repeat(channels, 1)
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format=form, subtype=sub)
    return file.getvalue()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 44100, 96000])
@pytest.mark.parametrize(("form", "sub"), FORMS)
def test_channels_rate_and_length(form, sub, rate, channels):
    found = heading(written(form, sub, channels, rate))
    assert (found.channels, found.rate, found.frames) == (channels, rate, 30000)
    assert found.seconds == pytest.approx(30000 / rate)


def test_opus_counts_at_48_khz():
    found = heading(written("OGG", "OPUS", rate=48000, frames=48000))
    assert (found.channels, found.rate) == (2, 48000)
    assert found.seconds == pytest.approx(1, abs=0.02)


def test_what_stands_before_the_samples_does_not_matter():
    plain = written("WAV", "PCM_16")
    chunk = b"LIST" + (5).to_bytes(4, "little") + b"hello\0"
    assert heading(plain[:12] + chunk + plain[12:]) == heading(plain)


def test_a_wav_that_promises_more_than_it_holds_is_as_long_as_what_it_holds():
    whole = written("WAV", "PCM_16", channels=1, frames=1000)
    assert heading(whole[:-1000]).frames == 500


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"fLaC",
        b"OggS" + bytes(60),
        b"FORM" + b"x" * 80,
        b"ID3" + bytes(50),
        b"RIFF" + bytes(200),
    ],
)
def test_what_is_no_sound_file_is_refused(content):
    with pytest.raises(ValueError, match="no WAV"):
        heading(content)


@pytest.mark.parametrize(("form", "sub"), [form for form in FORMS if form[0] != "OGG"])
def test_an_empty_one_is_refused(form, sub):
    """The library writes no empty Ogg file."""
    with pytest.raises(ValueError, match="is empty"):
        heading(written(form, sub, frames=0))
