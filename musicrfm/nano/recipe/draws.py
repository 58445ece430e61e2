"""Codes as the language model draws them, with which the codec's decoder is trained.

The language model draws one of several codes that sound alike, a different one in every frame. A
decoder that knows only encoded music plays this flicker as onsets. So it is trained on the codes
that the model draws when it is given the true history, with the true sound as the target.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import EncodecModel

from musicrfm.files.writing import beside
from musicrfm.nano.recipe import language
from musicrfm.nano.recipe.codec import QUIET, SILENT

DRAWN = 400  # clips
TRUE, NOTES = 0.35, 0.15  # shares of crops with the true codes alone, and of single notes
LIKE = 0.8  # quantile of the distances of drawn latents from true ones that still sounds the same


@torch.inference_mode()
def draw(
    work: Path,
    codes: np.ndarray,
    prompts: Sequence[str],
    device: str = "cpu",
    start: Path | None = None,
) -> np.ndarray:
    """Codes drawn by the model of `work/lm.pt`: int16 [clips, codebooks, frames], in
    `work/drawn.npy`.

    codes: of the clips, at most DRAWN of which are used. start: as of `language.train`.
    """
    path = work / "drawn.npy"
    if path.exists():
        return np.load(path, mmap_mode="r")
    torch.manual_seed(0)
    tokenizer, model = language.begin(start)
    state = torch.load(work / "lm.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(state["average"])
    model.to(device).eval()
    longest = model.config.decoder.max_position_embeddings - language.CODEBOOKS
    drawn = np.empty_like(codes[:DRAWN])
    for clip, prompt in enumerate(prompts[: len(drawn)]):
        text = tokenizer([prompt], return_tensors="pt").to(device)
        states = model.text_encoder(**text).last_hidden_state
        states = model.enc_to_dec_proj(states)
        for first in range(0, codes.shape[2], longest):
            part = torch.from_numpy(codes[clip, :, first : first + longest].astype(np.int64))
            hidden = model.decoder.model.decoder(
                language.delayed(part[None])[0].flatten(0, 1).to(device),
                encoder_hidden_states=states,
                encoder_attention_mask=text["attention_mask"],
                use_cache=False,
            ).last_hidden_state[0]
            for book, head in enumerate(model.decoder.lm_heads):
                odds = head(hidden[book : book + part.shape[1]]).softmax(-1)
                found = torch.multinomial(odds, 1)[:, 0]
                drawn[clip, book, first : first + longest] = found.cpu().numpy()
        if clip % 10 == 0:
            print(f"\rdrawn {clip}/{len(drawn)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    with beside(path) as new, new.open("wb") as file:
        np.save(file, drawn)
    return drawn


@dataclass(frozen=True)
class Drawn:
    """Rendered clips, int16 [clips, samples], with their true codes and those that were drawn,
    int16 [clips, codebooks, frames]. notes: clips of single notes. limit: as of `likeness`."""

    clips: np.ndarray
    codes: np.ndarray
    drawn: np.ndarray
    notes: np.ndarray
    limit: float

    def crops(
        self, codec: EncodecModel, batch: int, frames: int, rng: np.random.Generator
    ) -> tuple[Tensor, Tensor]:
        """(sound [batch, 1, samples], latents [batch, dim, frames]) of random places.

        In most crops, drawn latents take the place of true ones, except where they differ most:
        there, another note was drawn, which this sound cannot teach.
        """
        per, device = self.clips.shape[1] // self.codes.shape[2], next(codec.parameters()).device
        sounds: list[np.ndarray] = []
        found: list[Tensor] = []
        while len(sounds) < batch:
            of_notes = rng.random() < NOTES
            source = self.notes if of_notes else self.clips[: len(self.drawn)]
            clip = rng.integers(len(source))
            first = rng.integers(source.shape[1] // per - frames)
            place = slice(first, first + frames)
            sound = source[clip][first * per : (first + frames) * per].astype(np.float32) / 32768
            if np.abs(sound).max() < QUIET and (of_notes or rng.random() > SILENT):
                continue
            if of_notes:
                alone = torch.from_numpy(sound)[None, None].to(device)
                with torch.no_grad():
                    codes = codec.encode(alone).audio_codes[0, 0]
                latents = _latents(codec, codes)
            else:
                latents = _latents(codec, self.codes[clip, :, place])
                if rng.random() > TRUE:
                    other = _latents(codec, self.drawn[clip, :, place])
                    like = (other - latents).square().mean(1) < self.limit
                    kept = torch.from_numpy(rng.random(frames) < rng.uniform(0.5, 1))
                    like &= kept.to(device)
                    latents = torch.where(like[:, None], other, latents)
            sounds.append(sound)
            found.append(latents)
        sound = torch.from_numpy(np.stack(sounds))[:, None].to(device)
        return sound, torch.stack(found).transpose(1, 2)


def likeness(codec: EncodecModel, codes: np.ndarray, drawn: np.ndarray) -> float:
    """The mean squared difference of latents below which drawn codes count as the same sound."""
    some = range(0, len(drawn), max(1, len(drawn) // 40))
    far = [(_latents(codec, drawn[i]) - _latents(codec, codes[i])).square().mean(1) for i in some]
    return float(torch.cat(far).quantile(LIKE))


def _latents(codec: EncodecModel, codes: np.ndarray | Tensor) -> Tensor:
    """codes [codebooks, frames] -> latents [frames, dim]."""
    codebooks = torch.stack([layer.codebook.embed for layer in codec.quantizer.layers])
    books = torch.arange(len(codebooks), device=codebooks.device)[:, None]
    return codebooks[books, torch.as_tensor(codes).long().to(codebooks.device)].sum(0)
