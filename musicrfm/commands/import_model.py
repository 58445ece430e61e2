"""`musicrfm import-model`: converts a model in any layout to a folder in Hugging Face's layout."""

from __future__ import annotations

import argparse
from pathlib import Path

from musicrfm.commands.arguments import command
from musicrfm.files.paths import path_of

FOLDER = "converted"


def add(commands) -> None:
    p = command(
        commands,
        "import-model",
        run,
        "turn a model (audiocraft's files, an adapter, any checkpoint) into a Hugging Face folder",
    )
    p.add_argument(
        "source", metavar="SRC", help="a folder, a file, or a model on the Hugging Face hub"
    )
    p.add_argument(
        "--out", metavar="FOLDER", help=f"output folder (default: {FOLDER}/ and SRC's name)"
    )
    p.add_argument(
        "--base",
        metavar="MODEL",
        help="base model of an adapter such as LoRA (default: from its config)",
    )
    p.add_argument(
        "--text-encoder",
        metavar="FOLDER",
        help="for audiocraft's files, which lack it: folder of T5, or of a MusicGen with the same "
        "T5 (default: searched in SRC and on the hub)",
    )
    p.add_argument(
        "--codec",
        metavar="FOLDER",
        help="folder of the EnCodec, or of a MusicGen with the same EnCodec (default: as for "
        "--text-encoder)",
    )


def run(o: argparse.Namespace) -> None:
    from musicrfm.checkpoints import finding, loading, saving

    checkpoint = finding.find(o.source)
    folder = path_of(o.out) if o.out else Path(FOLDER) / checkpoint.name
    saving.check_free(folder)
    text, codec = (path_of(f) if f else None for f in (o.text_encoder, o.codec))
    loaded = loading.load(checkpoint, loading.Elsewhere(o.base, text, codec))
    saving.save(loaded, folder)
    decoder = loaded.hf.config.decoder
    sound = "stereo" if decoder.audio_channels == 2 else "mono"
    print(
        f"{checkpoint.name}: {decoder.num_hidden_layers} layers, {decoder.hidden_size} wide, "
        f"{sound}, {str(loaded.dtype).removeprefix('torch.')}"
    )
    print(f"  play it with: bridge play --model {folder}")
