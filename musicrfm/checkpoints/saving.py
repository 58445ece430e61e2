"""Saves a loaded model as a folder in Hugging Face's layout, exactly as `transformers` would."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import transformers

from musicrfm.checkpoints.files import short
from musicrfm.checkpoints.loading import Loaded, quiet
from musicrfm.errors import MusicRFMError


def check_free(folder: Path) -> None:
    """Raise MusicRFMError if the target folder of a model is not empty."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        raise MusicRFMError(f"{str(folder)!r} is not empty: give another --out")


def save(loaded: Loaded, folder: Path) -> None:
    """Write the model. The folder appears only when it is complete.

    Raises MusicRFMError if it cannot be written.
    """
    check_free(folder)
    hf = loaded.hf
    hf.decoder.to(loaded.dtype)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with quiet(), tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as made:
            whole = Path(made) / "model"
            hf.save_pretrained(whole)
            loaded.tokenizer.save_pretrained(whole)
            if hf.config.model_type == "musicgen":  # the other kind's needs torchaudio
                codec = hf.config.audio_encoder
                transformers.EncodecFeatureExtractor(
                    codec.audio_channels, codec.sampling_rate, padding_side="left"
                ).save_pretrained(whole)
            if folder.is_dir():
                folder.rmdir()  # it is empty
            shutil.move(whole, folder)
    except Exception as error:  # disk errors, in the types of several libraries
        raise MusicRFMError(f"{str(folder)!r} cannot be written: {short(error)}") from error
