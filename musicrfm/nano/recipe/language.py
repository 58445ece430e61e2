"""Trains nano's text encoder and decoder on the codec's codes, and assembles the checkpoint.

During training, linear read-outs on every block but the last also predict the beat, the bar and the
sounding notes (`truths.py`). In some crops, the blocks' outputs are moved along the read-outs of
the beat to the true values. The read-outs are discarded afterwards, but the hidden states then
encode these properties linearly, where directions can find them, and the blocks above have learnt
to follow; otherwise, a small model only repeats its history. Source of the idea: interventions on
concept bottlenecks, Koh et al. 2020, arXiv:2007.04612.
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from torch.nn import functional
from transformers import (
    AutoTokenizer,
    EncodecFeatureExtractor,
    EncodecModel,
    GenerationConfig,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForConditionalGeneration,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    T5Config,
)

from musicrfm.data.compose import compose
from musicrfm.files.writing import beside
from musicrfm.nano.recipe.codec import config as codec_config
from musicrfm.nano.recipe.precision import bfloat16_is_faster
from musicrfm.nano.recipe.translate import translate
from musicrfm.nano.recipe.truths import GROUPS, Readouts, truths

CODEBOOKS, CODES = 4, 1024
START = CODES  # the id at positions without a code
FRAMES = 800  # of a crop, 16 s
CODEBOOK_WEIGHTS = (1.6, 1.1, 0.7, 0.6)  # the first codebook carries most of the pitch
# Shares of crops in which a group of `truths.GROUPS` is set in the blocks. The bar and what sounds
# are only read: their read-outs are nearly dependent, and setting them moves hidden states so far
# that the loss rises without end.
TELL = {"tempo": 0.3, "beat": 0.25}
TELL_AFTER = 400  # steps in which read-outs only learn, before the blocks are set along them
DROP_PROMPT = 0.12  # share of crops trained without text, for guidance
SPACE = "\u2581"  # how the tokenizer writes the blank before a word
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'-&#/"
FILLERS = (
    "music",
    "song",
    "play",
    "please",
    "some",
    "nice",
    "beautiful",
    "soft",
    "with",
    "and",
    "a",
    "the",
)


@dataclass(frozen=True)
class Budget:
    """Optimiser steps, crops of 16 s per step, peak learning rate, weight of the read-outs."""

    steps: int = 60_000
    batch: int = 4
    learning_rate: float = 1.5e-3
    readout_weight: float = 1.0


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A Unigram tokenizer with one piece per word of the prompts; other words become letters."""
    prompts = (
        " ".join(compose(seed).prompt for seed in range(3000)).replace(",", " ").replace(":", " ")
    )
    words = sorted({*prompts.lower().split(), *FILLERS})
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0), (SPACE, -10.0)]
    pieces += [(SPACE + word, -3.0) for word in words if len(word) > 1]
    pieces += [(letter, -10.0) for letter in LETTERS]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=64,
    )


def make_model(vocabulary: int) -> MusicgenForConditionalGeneration:
    """An untrained nano: 2-layer T5, 6 x 256 decoder, the codec of `codec.py`."""
    text = T5Config(
        vocab_size=vocabulary, d_model=128, d_kv=32, num_heads=4, d_ff=256, num_layers=2,
        dropout_rate=0.05, feed_forward_proj="relu", is_encoder_decoder=False, use_cache=False,
    )  # fmt: skip
    decoder = MusicgenDecoderConfig(
        vocab_size=CODES, hidden_size=256, num_hidden_layers=6, num_attention_heads=4, ffn_dim=1024,
        num_codebooks=CODEBOOKS, max_position_embeddings=FRAMES + CODEBOOKS, dropout=0.0,
        pad_token_id=START, bos_token_id=START, audio_channels=1,
    )  # fmt: skip
    full = MusicgenConfig(
        text_encoder=text.to_dict(),
        audio_encoder=codec_config().to_dict(),
        decoder=decoder.to_dict(),
    )
    model = MusicgenForConditionalGeneration(full)
    for embedding in model.decoder.model.decoder.embed_tokens:
        nn.init.normal_(embedding.weight, std=0.25)
    model.config.decoder_start_token_id = model.config.pad_token_id = START
    model.generation_config = GenerationConfig(
        do_sample=True, guidance_scale=3.0, max_length=FRAMES + CODEBOOKS, bos_token_id=START,
        pad_token_id=START, decoder_start_token_id=START, top_k=250,
    )  # fmt: skip
    return model


def begin(
    start: Path | None,
) -> tuple[PreTrainedTokenizerBase, MusicgenForConditionalGeneration]:
    """The tokenizer and the model that training begins with: new ones, or the model of the folder
    `start` with the words of today, of which unknown ones begin as the mean of the known."""
    tokenizer = make_tokenizer()
    if start is None:
        return tokenizer, make_model(len(tokenizer))
    model = MusicgenForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
    words, known = tokenizer.get_vocab(), AutoTokenizer.from_pretrained(start).get_vocab()
    old = model.text_encoder.get_input_embeddings().weight.detach().clone()
    model.text_encoder.resize_token_embeddings(len(words))
    model.config.text_encoder.vocab_size = len(words)
    new = model.text_encoder.get_input_embeddings().weight
    with torch.no_grad():
        for word, row in words.items():
            new[row] = old[known[word]] if word in known else old.mean(0)
    return tokenizer, model


@torch.inference_mode()
def encode_set(codec: EncodecModel, audio: np.ndarray, path: Path, batch: int = 1) -> np.ndarray:
    """Codes of all clips, int16 [clips, codebooks, frames], in `path`; continues an unfinished
    file."""
    frames = audio.shape[1] // 640
    codes = np.lib.format.open_memmap(
        path,
        mode="r+" if path.exists() else "w+",
        dtype=np.int16,
        shape=(len(audio), CODEBOOKS, frames),
    )
    progress = path.with_suffix(".done")
    first = int(progress.read_text()) if progress.exists() else 0
    device = next(codec.parameters()).device
    for i in range(first, len(audio), batch):
        sound = torch.from_numpy(audio[i : i + batch].astype(np.float32) / 32768)[:, None].to(
            device
        )
        codes[i : i + batch] = codec.encode(sound).audio_codes[0].cpu().numpy()
        progress.write_text(str(i + batch))
        if i // batch % 10 == 0:
            print(f"\rencoded {i}/{len(audio)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return codes


def delayed(codes: Tensor) -> tuple[Tensor, Tensor]:
    """codes [batch, codebooks, frames] -> decoder input and labels, codebooks - 1 longer.

    MusicGen's delay pattern: codebook k is k positions late; labels are -100 without a code.
    """
    batch, books, frames = codes.shape
    rows = codes.new_full((batch, books, frames + books), START)
    for k in range(books):
        rows[:, k, 1 + k : 1 + k + frames] = codes[:, k, : frames + books - 1 - k]
    labels = rows[:, :, 1:]
    return rows[:, :, :-1], labels.masked_fill(labels == START, -100)


def reword(prompt: str, rng: random.Random) -> str:
    """The prompt with an occasional word removed or a strange one added, as performers type."""
    words = prompt.split()
    if rng.random() < 0.15 and len(words) > 3:
        words.pop(rng.randrange(len(words)))
    if rng.random() < 0.2:
        strange = "".join(rng.choices(LETTERS[:26], k=rng.randint(3, 8)))
        words.insert(rng.randrange(len(words) + 1), rng.choice((*FILLERS, strange)))
    return " ".join(words)


def train(
    codes: np.ndarray,
    rows: list[dict],
    work: Path,
    budget: Budget,
    device: str = "cpu",
    start: Path | None = None,
    before: np.ndarray | None = None,
) -> None:
    """Train, or continue training; checkpoint `work/lm.pt`, held-out losses `work/lm.jsonl`.

    codes: int16 [clips, codebooks, frames]. rows: one dict per clip. The last 1 % is held out.
    start: folder of a finished checkpoint, which is trained further. before: codes of the first
    clips by the codec of `start`, if `codes` are another's.
    """
    torch.manual_seed(0)
    trainer = _Trainer(codes, rows, budget, device, start)
    path = work / "lm.pt"
    if path.exists():
        trainer.load(path)
    elif before is not None:
        trainer.translate(before)
    first, mean_loss, started = trainer.done, 0.0, time.time()
    rng = random.Random(first)
    trainer.model.train()
    while trainer.done < budget.steps:
        loss = trainer.step(rng)
        passed = trainer.done - first
        mean_loss += (loss - mean_loss) * max(0.02, 1 / passed)
        if trainer.done % 25 == 0:
            left = (time.time() - started) / passed * (budget.steps - trainer.done)
            print(
                f"lm {trainer.done}/{budget.steps} loss {mean_loss:.3f} left {left / 60:.0f} min",
                file=sys.stderr,
                flush=True,
            )
        if trainer.done % 200 == 0 or trainer.done == budget.steps:
            row = {"step": trainer.done, "train": round(mean_loss, 4), **trainer.held_out()}
            print(json.dumps(row), file=sys.stderr, flush=True)
            with (work / "lm.jsonl").open("a") as log:
                log.write(json.dumps(row) + "\n")
            trainer.save(path)


class _Trainer:
    """The model with its read-outs and optimiser, the clips, and its progress."""

    def __init__(
        self,
        codes: np.ndarray,
        rows: list[dict],
        budget: Budget,
        device: str,
        start: Path | None,
    ) -> None:
        self.codes, self.rows, self.budget, self.device = codes, rows, budget, device
        self.tokenizer, self.model = begin(start)
        self.model.to(device)
        self.frames = self.model.config.decoder.max_position_embeddings - CODEBOOKS
        self.readouts = Readouts(self.model.decoder.model.decoder.layers, 256).to(device)
        self.model.audio_encoder.requires_grad_(False)
        both = (*self.model.parameters(), *self.readouts.parameters())
        self.parameters = [p for p in both if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.parameters, budget.learning_rate, betas=(0.9, 0.95), weight_decay=0.02
        )
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        self.weights = torch.tensor(CODEBOOK_WEIGHTS, device=device)
        self.half = bfloat16_is_faster(torch.device(device))
        self.held = max(16, len(codes) // 100)
        self.done = 0

    def translate(self, before: np.ndarray) -> None:
        """Go over from the codes `before` to those of the clips."""
        translate(self.model, before, self.codes[: len(before)])
        self.average = {k: v.detach().clone() for k, v in self.model.state_dict().items()}

    def load(self, path: Path) -> None:
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.readouts.load_state_dict(state["readouts"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average, self.done = state["average"], state["step"]

    def save(self, path: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average,
            "readouts": self.readouts.state_dict(),
            "step": self.done,
            "optimiser": self.optimiser.state_dict(),
        }
        with beside(path) as new:
            torch.save(state, new)

    def step(self, rng: random.Random) -> float:
        """One step of the optimiser on crops drawn by `rng`; the mean loss of the codes."""
        self._set_rate()
        self.optimiser.zero_grad(set_to_none=True)
        places = [self._place(rng) for _ in range(self.budget.batch)]
        with torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.half):
            tell = self.done >= TELL_AFTER
            per_book, misses = self.losses(places, rng, DROP_PROMPT, tell)
            loss = (per_book * self.weights).mean()
            loss = loss + self.budget.readout_weight * misses.nan_to_num().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        self.done += 1
        _average(self.average, self.model.state_dict(), min(0.998, self.done / (self.done + 9)))
        return per_book.mean().item()

    def held_out(self) -> dict:
        """Losses on held-out clips, of the codes and of every read-out."""
        self.model.eval()
        rng, parts, missed = random.Random(0), [], []
        with torch.inference_mode():
            for i in range(0, 16, 8):
                places = [(len(self.codes) - self.held + i + j, 100) for j in range(8)]
                per_book, misses = self.losses(places, rng, 0.0, tell=False)
                parts.append(per_book)
                missed.append(misses)
        self.model.train()
        loss, readout_loss = torch.stack(parts).mean(0), torch.stack(missed).nanmean(0)
        return {
            "held_out": round(loss.mean().item(), 4),
            "per_codebook": [round(v, 3) for v in loss.tolist()],
            **{
                group: [round(v, 3) for v in readout_loss[:, place].mean(1).tolist()]
                for group, place in GROUPS.items()
            },
        }

    def losses(
        self, places: Sequence[tuple[int, int]], rng: random.Random, drop: float, tell: bool
    ) -> tuple[Tensor, Tensor]:
        """(loss of each codebook, errors [blocks, truths]) of crops at (clip, frame)."""
        clips, starts = [c for c, _ in places], [s for _, s in places]
        crop = np.stack([self.codes[c][:, s : s + self.frames] for c, s in places])
        inputs, labels = delayed(torch.from_numpy(crop.astype(np.int64)).to(self.device))
        states, visible = self._prompts([self.rows[c]["prompt"] for c in clips], rng, drop)
        true, audible = truths([self.rows[c] for c in clips], starts, inputs.shape[-1])
        told = torch.zeros(true.shape, dtype=torch.bool)
        for i in range(len(clips) if tell else 0):
            for group, place in GROUPS.items():
                told[i, :, place] = rng.random() < TELL.get(group, 0.0)
        self.readouts.told = true.masked_fill(~told, math.nan).to(self.device)
        out = self.model.decoder.model.decoder(
            inputs.flatten(0, 1), encoder_hidden_states=states, encoder_attention_mask=visible,
            output_hidden_states=True, use_cache=False,
        )  # fmt: skip
        heads = self.model.decoder.lm_heads
        logits = torch.stack([head(out.last_hidden_state) for head in heads], 1)
        each = functional.cross_entropy(
            logits.flatten(0, 2).float(), labels.flatten(), ignore_index=-100, reduction="none"
        ).view(labels.shape)
        per_book = each.sum((0, 2)) / (labels >= 0).sum((0, 2))
        asked = audible.masked_fill(told, math.nan).to(self.device)
        return per_book, self._misses(out.hidden_states[1:-1], asked)

    def _prompts(
        self, prompts: Sequence[str], rng: random.Random, drop: float
    ) -> tuple[Tensor, Tensor]:
        """(input of cross-attention, its mask): some prompts reworded, some dropped."""
        text = self.tokenizer(
            [reword(prompt, rng) for prompt in prompts], return_tensors="pt", padding=True
        ).to(self.device)
        mask = text["attention_mask"]
        keep = torch.tensor([float(rng.random() >= drop) for _ in prompts], device=self.device)
        encoder = self.model.text_encoder
        states = encoder(text["input_ids"], attention_mask=mask).last_hidden_state
        states = self.model.enc_to_dec_proj(states) * (mask * keep[:, None])[..., None]
        return states, torch.where(keep[:, None] > 0, mask, torch.ones_like(mask))

    def _misses(self, states: Sequence[Tensor], asked: Tensor) -> Tensor:
        """The distance of each block's read-outs from their targets, NaN without a target."""
        known, misses = ~asked.isnan(), []
        for readout, h in zip(self.readouts, states, strict=True):
            said = torch.where(known, readout(h).float(), 0.0)
            each = functional.smooth_l1_loss(said, asked.nan_to_num(), reduction="none")
            misses.append(each.sum((0, 1)) / known.sum((0, 1)))
        return torch.stack(misses)

    def _place(self, rng: random.Random) -> tuple[int, int]:
        clip = rng.randrange(len(self.codes) - self.held)
        return clip, rng.randrange(self.codes.shape[2] - self.frames + 1)

    def _set_rate(self) -> None:
        """The learning rate of this step: a short rise, then half a cosine."""
        fall = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * self.done / self.budget.steps))
        rate = min(1.0, (self.done + 1) / 150) * fall
        for group in self.optimiser.param_groups:
            group["lr"] = self.budget.learning_rate * rate


@torch.no_grad()
def _average(average: dict[str, Tensor], state: dict[str, Tensor], decay: float) -> None:
    for name, value in state.items():
        if value.is_floating_point() and not name.startswith("audio_encoder"):
            average[name].lerp_(value, 1 - decay)


def assemble(codec: EncodecModel, work: Path, out: Path, start: Path | None = None) -> None:
    """Write the folder `out` in the Hugging Face layout, half precision, from `work/lm.pt`.

    start: as of `train`.
    """
    tokenizer, model = begin(start)
    state = torch.load(work / "lm.pt", map_location="cpu", weights_only=True)["average"]
    model.load_state_dict(state)
    model.audio_encoder.load_state_dict(codec.cpu().state_dict())
    out.mkdir(parents=True, exist_ok=True)
    model.eval().half().save_pretrained(out)
    tokenizer.save_pretrained(out)
    about = out / "tokenizer_config.json"  # the class's name of today is unknown to transformers 4
    about.write_text(about.read_text().replace("TokenizersBackend", "PreTrainedTokenizerFast"))
    EncodecFeatureExtractor(feature_size=1, sampling_rate=32_000).save_pretrained(out)
    for file in out.iterdir():
        file.chmod(0o644)
