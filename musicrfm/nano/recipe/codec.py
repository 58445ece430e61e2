"""Trains nano's EnCodec in three stages, each resumable from its last checkpoint.

1. `autoencoder`: no quantiser; latents are kept near unit variance and get Gaussian noise, so that
   they become compact and survive quantisation.
2. `quantised`: residual codebooks start from k-means on those latents and follow them by
   exponential moving averages, while the encoder learns to stay near them
   (straight-through gradients).
3. `decoder`: encoder and codebooks are frozen (the language model may already train on their
   codes), and the decoder alone adapts to them, and to those that the language model draws
   (`draws.py`).

The loss compares power-compressed spectra at several window lengths, magnitudes and phases, and mel
bands. In the last stage, a discriminator of spectra (`discriminator.py`) is added.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import EncodecConfig, EncodecModel, MusicgenForConditionalGeneration

from musicrfm.files.writing import beside
from musicrfm.nano.recipe.discriminator import Discriminator, balanced
from musicrfm.nano.recipe.precision import bfloat16_is_faster

FRAME = 640
CROP_FRAMES = 50
QUIET, SILENT = 0.005, 0.1  # highest level of a silent crop; share of these that are used
NOISE = 0.3  # standard deviation of the noise on unit-variance latents in stage 1
WINDOWS = (512, 2048, 4096)
POWER = 0.3
MEL_WINDOWS = ((1024, 40), (4096, 100))  # window length, number of bands
MEL_WEIGHT = 0.1
STAGES = ("autoencoder", "quantised", "decoder")
# (codec, number of crops, their frames, randomness) -> (sound, latents), as `Drawn.crops` of
# `draws.py`.
Crops = Callable[[EncodecModel, int, int, np.random.Generator], tuple[Tensor, Tensor]]
ALONE = 0.3  # share of the last stage before the discriminator joins in


@dataclass(frozen=True)
class Budget:
    """Optimiser steps per stage, crops of 1 s per step, peak learning rate."""

    autoencoder: int = 14_000
    quantised: int = 12_000
    decoder: int = 40_000
    batch: int = 6
    learning_rate: float = 1e-3


def config() -> EncodecConfig:
    """3.2 M parameters; a small version of MusicGen's codec: non-causal, 50 frames/s, 4 x 1024
    codes."""
    return EncodecConfig(
        target_bandwidths=[2.0], sampling_rate=32_000, audio_channels=1, normalize=False,
        chunk_length_s=None, overlap=None, hidden_size=64, num_filters=16, num_residual_layers=1,
        upsampling_ratios=[4, 4, 5, 8], norm_type="weight_norm", kernel_size=7, last_kernel_size=7,
        residual_kernel_size=3, dilation_growth_rate=2, use_causal_conv=False, pad_mode="reflect",
        compress=2, num_lstm_layers=2, trim_right_ratio=1.0, codebook_size=1024, codebook_dim=64,
        use_conv_shortcut=False,
    )  # fmt: skip


def load(folder: Path) -> EncodecModel:
    """The codec of a checkpoint, in float32."""
    model = MusicgenForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    return model.audio_encoder


class SpectralLoss(nn.Module):
    """L1 between |X|^0.3 spectra, with and without phase, at three windows, of log-mel bands and of
    the waveform.

    Power compression as in speech enhancement (Lee et al. 2018, arXiv:1804.10070): quiet partials
    and the noise floor count almost as much as loud ones.
    """

    def __init__(self) -> None:
        super().__init__()
        for n in WINDOWS:
            self.register_buffer(f"window_{n}", torch.hann_window(n), persistent=False)
        for n, bands in MEL_WINDOWS:
            self.register_buffer(f"hann_{n}", torch.hann_window(n), persistent=False)
            self.register_buffer(f"mel_{n}", _mel_bands(n, bands), persistent=False)

    def forward(self, out: Tensor, target: Tensor) -> Tensor:
        """out, target: [batch, samples] -> scalar."""
        loss = 0.1 * (out - target).abs().mean() * 10
        both = torch.cat([out, target])
        for n in WINDOWS:
            window = getattr(self, f"window_{n}")
            spectrum = torch.stft(both, n, n // 4, window=window, return_complex=True)
            real, imag = spectrum.real * (2 / window.sum()), spectrum.imag * (2 / window.sum())
            power = real.square() + imag.square() + 1e-9
            gain = power ** ((POWER - 1) / 2)
            magnitude = power ** (POWER / 2)
            batch = len(out)
            real, imag = real * gain, imag * gain
            loss = loss + (magnitude[:batch] - magnitude[batch:]).abs().mean()
            loss = loss + 0.15 * (real[:batch] - real[batch:]).abs().mean()
            loss = loss + 0.15 * (imag[:batch] - imag[batch:]).abs().mean()
        for n, _ in MEL_WINDOWS:
            window = getattr(self, f"hann_{n}")
            spectrum = torch.stft(both, n, n // 4, window=window, return_complex=True)
            bands = getattr(self, f"mel_{n}") @ (spectrum.abs() * (2 / window.sum()))
            level = (bands + 1e-4).log()
            loss = loss + MEL_WEIGHT * (level[: len(out)] - level[len(out) :]).abs().mean()
        return loss


def _mel_bands(window: int, bands: int) -> Tensor:
    """[bands, window // 2 + 1]: triangles equally wide on the mel scale, 30 Hz to 16 kHz."""
    edges = 700 * (10 ** (torch.linspace(_mel(30), _mel(16_000), bands + 2) / 2595) - 1)
    bins = torch.linspace(0, 16_000, window // 2 + 1)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = torch.minimum(rise, fall).clamp(min=0)
    return triangles / triangles.sum(1, keepdim=True).clamp(min=1e-6)


def _mel(hertz: float) -> float:
    return 2595 * math.log10(1 + hertz / 700)


class Quantiser:
    """Residual k-means codebooks in the buffers of the Hugging Face module."""

    def __init__(self, model: EncodecModel, decay: float = 0.99) -> None:
        self.books = [layer.codebook for layer in model.quantizer.layers]
        self.decay = decay

    @torch.no_grad()
    def initialise(self, latents: Tensor, rounds: int = 12) -> None:
        """k-means on latents [vectors, dim], each codebook on the residual of the one before."""
        residual = latents
        for book in self.books:
            size = book.codebook_size
            centres = residual[torch.randperm(len(residual))[:size]].clone()
            for _ in range(rounds):
                index = _nearest(residual, centres)
                count = torch.bincount(index, minlength=size).clamp(min=0)
                total = torch.zeros_like(centres).index_add_(0, index, residual)
                used = count > 0
                centres[used] = total[used] / count[used, None]
                dead = (~used).nonzero()[:, 0]
                centres[dead] = residual[torch.randint(len(residual), (len(dead),))]
            index = _nearest(residual, centres)
            count = torch.bincount(index, minlength=size).float().clamp(min=1)
            book.embed.copy_(centres)
            book.cluster_size.copy_(count * 256 / count.sum())
            book.embed_avg.copy_(centres * book.cluster_size[:, None])
            residual = residual - centres[index]

    @torch.no_grad()
    def resume(self) -> None:
        """Begin the moving averages from trained codebooks."""
        for book in self.books:
            book.cluster_size.fill_(1.0)
            book.embed_avg.copy_(book.embed)

    def __call__(self, latents: Tensor, train: bool) -> tuple[Tensor, Tensor]:
        """latents [batch, dim, frames] -> (quantised, commitment); `train` moves the codebooks."""
        flat = latents.transpose(1, 2).reshape(-1, latents.shape[1])
        residual, total, loss = flat, torch.zeros_like(flat), flat.new_zeros(())
        for book in self.books:
            with torch.no_grad():
                index = _nearest(residual, book.embed)
                chosen = book.embed[index]
            loss = loss + (residual - chosen).square().mean()
            if train:
                self._follow(book, residual.detach(), index)
            total = total + chosen
            residual = residual - chosen
        quantised = flat + (total - flat).detach()
        return quantised.view(len(latents), -1, latents.shape[1]).transpose(1, 2), loss / len(
            self.books
        )

    @torch.no_grad()
    def _follow(self, book: nn.Module, vectors: Tensor, index: Tensor) -> None:
        count = torch.bincount(index, minlength=book.codebook_size).float()
        total = torch.zeros_like(book.embed).index_add_(0, index, vectors)
        book.cluster_size.lerp_(count, 1 - self.decay)
        book.embed_avg.lerp_(total, 1 - self.decay)
        alive = book.cluster_size > 0.02
        book.embed[alive] = book.embed_avg[alive] / book.cluster_size[alive, None]
        dead = (~alive).nonzero()[:, 0]
        if len(dead):  # an unused code moves to a data point
            fresh = vectors[torch.randint(len(vectors), (len(dead),), device=vectors.device)]
            book.embed[dead] = fresh
            book.cluster_size[dead] = 0.1
            book.embed_avg[dead] = fresh * 0.1


def _nearest(vectors: Tensor, centres: Tensor) -> Tensor:
    parts = [
        (c @ centres.T).mul_(-2).add_(centres.square().sum(1)).argmin(1)
        for c in vectors.split(16_384)
    ]
    return torch.cat(parts)


def crops(
    audio: Sequence[np.ndarray],
    shares: Sequence[float],
    batch: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Tensor:
    """float32 [batch, 1, samples]: random places in random clips, few of them silent.

    audio: sets of clips, int16 [clips, samples] each. shares: how often each set is drawn from.
    """
    samples = CROP_FRAMES * FRAME
    out: list[np.ndarray] = []
    while len(out) < batch:
        clips = audio[rng.choice(len(audio), p=shares)]
        clip = clips[rng.integers(len(clips))]
        start = rng.integers(len(clip) - samples)
        piece = clip[start : start + samples].astype(np.float32) / 32768
        if np.abs(piece).max() > QUIET or rng.random() < SILENT:
            out.append(piece * rng.uniform(0.7, 1.1))
    return torch.from_numpy(np.stack(out).astype(np.float32))[:, None].to(device)


def train(
    audio: Sequence[np.ndarray],
    shares: Sequence[float],
    work: Path,
    budget: Budget,
    device: str = "cpu",
    until: str = "decoder",
    start: EncodecModel | None = None,
    drawn: Crops | None = None,
    renew: bool = False,
) -> EncodecModel:
    """Run the remaining stages up to `until`; returns the averaged weights.

    audio: sets of clips, int16 [clips, samples] at 32 kHz each. shares: how often each set is drawn
    from. work: folder of the checkpoints `codec-<stage>.pt`. start: a trained codec, of which only
    the decoder is trained further, so that its codes stay valid; with `renew`, all of it from the
    second stage on. drawn: what the decoder learns from, in place of encoded crops.
    """
    work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = (EncodecModel(config()) if start is None else start).to(device)
    loaded = None
    first = 0 if start is None else 1 if renew else len(STAGES) - 1
    for stage in STAGES[first : STAGES.index(until) + 1]:
        path = work / f"codec-{stage}.pt"
        state = torch.load(path, map_location=device, weights_only=True) if path.exists() else None
        if state is None and loaded is not None:
            model.load_state_dict(loaded)  # start from the previous stage's average
        heard = drawn if stage == "decoder" else None
        stages = _Stage(stage, model, audio, shares, state, budget, heard, start is not None)
        stages.run(audio, shares, path)
        loaded = torch.load(path, map_location=device, weights_only=True)["average"]
    model.load_state_dict(loaded)
    return model.eval()


class _Stage:
    """One stage: the model with its optimiser, losses and progress.

    state: of the checkpoint to continue from, if any. known: whether the codebooks are trained
    already.
    """

    def __init__(
        self,
        name: str,
        model: EncodecModel,
        sets: Sequence[np.ndarray],
        shares: Sequence[float],
        state: dict | None,
        budget: Budget,
        drawn: Crops | None = None,
        known: bool = False,
    ) -> None:
        self.name, self.model, self.budget, self.drawn = name, model, budget, drawn
        self.steps = getattr(budget, name)
        self.device = next(model.parameters()).device
        self.peak = budget.learning_rate * (1.0 if name == "autoencoder" else 0.5)
        self.frozen = name == "decoder"
        parts = model.decoder if self.frozen else model
        self.parameters = list(parts.parameters())
        self.optimiser = torch.optim.AdamW(
            self.parameters, self.peak, betas=(0.8, 0.99), weight_decay=0.01
        )
        self.measure, self.quantiser = SpectralLoss().to(self.device), Quantiser(model)
        self.judge = Discriminator().to(self.device) if self.frozen else None
        self.half = bfloat16_is_faster(self.device)
        self.done = 0
        if state is not None:
            model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average, self.done = state["average"], state["step"]
            if self.judge is not None:
                self.judge.load_state_dict(state["judge"])
            return
        if name == "quantised" and known:
            self.quantiser.resume()
        elif name == "quantised":
            self.quantiser.initialise(_latents(model, sets, shares))
        self.average = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def run(self, sets: Sequence[np.ndarray], shares: Sequence[float], path: Path) -> None:
        """Run the remaining steps, with regular checkpoints at `path`."""
        first, mean_loss, started = self.done, 0.0, time.time()
        rng = np.random.default_rng([STAGES.index(self.name), first])
        self.model.train()
        while self.done < self.steps:
            if self.drawn is None:
                loss = self.step(crops(sets, shares, self.budget.batch, rng, self.device))
            else:
                places = self.budget.batch, CROP_FRAMES, rng
                loss = self.step(*self.drawn(self.model, *places))
            passed = self.done - first
            mean_loss += (loss - mean_loss) * max(0.01, 1 / passed)
            if self.done % 50 == 0:
                left = (time.time() - started) / passed * (self.steps - self.done)
                print(
                    f"{self.name} {self.done}/{self.steps} loss {mean_loss:.4f} "
                    f"left {left / 60:.0f} min",
                    file=sys.stderr,
                    flush=True,
                )
            if self.done % 250 == 0 or self.done == self.steps:
                self.save(path)

    def step(self, sound: Tensor, latents: Tensor | None = None) -> float:
        """One step of the optimiser on sound [batch, 1, samples]; the spectral loss.

        latents: [batch, dim, frames] to decode in place of those of the sound.
        """
        self._set_rate()
        out, extra = self._through(sound, latents)
        close = self.measure(out, sound[:, 0])
        self.optimiser.zero_grad(set_to_none=True)
        if self.judge is not None and self.done > ALONE * self.steps:
            self.judge.learn(sound[:, 0], out.detach())
            balanced(close, self.judge.wish(sound[:, 0], out), out)
        else:
            (close + extra).backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.done += 1
        _average(self.average, self.model.state_dict(), min(0.999, self.done / (self.done + 9)))
        return close.item()

    def save(self, path: Path) -> None:
        keep = {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.done,
        }
        if self.judge is not None:
            keep["judge"] = self.judge.state_dict()
        with beside(path) as new:
            torch.save(keep, new)

    def _set_rate(self) -> None:
        """The learning rate of this step: a short rise, then half a cosine."""
        warm = min(1.0, (self.done + 1) / 100)
        fall = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * self.done / self.steps))
        for group in self.optimiser.param_groups:
            group["lr"] = self.peak * warm * fall

    def _through(self, sound: Tensor, latents: Tensor | None) -> tuple[Tensor, Tensor]:
        """(decoded audio [batch, samples], loss term of the latents)."""
        extra = sound.new_zeros(())
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            if latents is None:
                with torch.set_grad_enabled(not self.frozen):
                    latents = self.model.encoder(sound)
                latents = latents.float()
                if self.name == "autoencoder":
                    extra = 0.02 * (latents.square().mean((0, 2)) - 1).abs().mean()
                    latents = latents + NOISE * torch.randn_like(latents)
                else:
                    latents, commitment = self.quantiser(latents, train=not self.frozen)
                    if not self.frozen:
                        extra = 0.05 * commitment
            out = self.model.decoder(latents)[:, 0].float()
        return out, extra


@torch.no_grad()
def _average(average: dict[str, Tensor], state: dict[str, Tensor], decay: float) -> None:
    for name, value in state.items():
        if value.is_floating_point() and "quantizer" not in name:
            average[name].lerp_(value, 1 - decay)
        else:
            average[name].copy_(value)


@torch.no_grad()
def _latents(
    model: EncodecModel,
    audio: Sequence[np.ndarray],
    shares: Sequence[float],
    vectors: int = 60_000,
) -> Tensor:
    rng = np.random.default_rng(1)
    parts: list[Tensor] = []
    device = next(model.parameters()).device
    while sum(map(len, parts)) < vectors:
        z = model.encoder(crops(audio, shares, 16, rng, device))
        parts.append(z.transpose(1, 2).reshape(-1, z.shape[1]))
    return torch.cat(parts)
