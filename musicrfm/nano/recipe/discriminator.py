"""A discriminator of spectra, which makes the codec's decoder sound less smeared.

Two spectrograms with different windows, real and imaginary parts as channels, each judged by a
stack of small strided convolutions with hinge loss and feature matching: a small version of
EnCodec's (Défossez et al. 2022, arXiv:2210.13438) and DAC's (Kumar et al. 2023, arXiv:2306.06546).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

WINDOWS = (512, 2048)
CHANNELS = (8, 16, 16, 16)
MATCHING = 2.0  # weight of feature matching beside the hinge loss
SHARE = 0.4  # length of the discriminator's gradient beside that of the spectral loss
RATE = 3e-4


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stacks = nn.ModuleList(_stack() for _ in WINDOWS)
        for n in WINDOWS:
            self.register_buffer(f"window_{n}", torch.hann_window(n), persistent=False)
        self.optimiser = torch.optim.AdamW(self.parameters(), RATE, betas=(0.8, 0.99))

    def forward(self, audio: Tensor) -> list[list[Tensor]]:
        """audio [batch, samples] -> for each window the outputs of all layers, the verdict last."""
        judged = []
        for n, stack in zip(WINDOWS, self.stacks, strict=True):
            window = getattr(self, f"window_{n}")
            spectrum = torch.stft(audio, n, n // 2, window=window, return_complex=True)
            spectrum = spectrum * (2 / window.sum())
            compressed = spectrum * (spectrum.abs().square() + 1e-8) ** -0.25  # |X|^0.5, same phase
            x = torch.stack((compressed.real, compressed.imag), 1)
            outputs = []
            for layer in stack.children():
                x = layer(x)
                outputs.append(x)
            judged.append(outputs)
        return judged

    def learn(self, real: Tensor, made: Tensor) -> None:
        """One training step to distinguish recordings from decoded audio, both [batch, samples]."""
        loss = torch.zeros((), device=real.device)
        for is_real, is_made in zip(self(real), self(made), strict=True):
            loss = loss + functional.relu(1 - is_real[-1]).mean()
            loss = loss + functional.relu(1 + is_made[-1]).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()

    def wish(self, real: Tensor, made: Tensor) -> Tensor:
        """The loss for the decoder, scalar."""
        with torch.no_grad():
            wanted = self(real)
        loss = torch.zeros((), device=real.device)
        for targets, outputs in zip(wanted, self(made), strict=True):
            loss = loss - outputs[-1].mean()
            for target, output in zip(targets[:-1], outputs[:-1], strict=True):
                scale = target.abs().mean() + 1e-4
                loss = loss + MATCHING * (target - output).abs().mean() / scale
        return loss


def balanced(close: Tensor, wish: Tensor, out: Tensor) -> None:
    """Backward through `out` [batch, samples]: the gradient of `close`, and SHARE of its length
    along that of `wish`."""
    first = torch.autograd.grad(close, out, retain_graph=True)[0]
    second = torch.autograd.grad(wish, out, retain_graph=True)[0]
    second = second * (SHARE * first.norm() / (second.norm() + 1e-12))
    out.backward(first + second)


def _stack() -> nn.ModuleList:
    layers, before = [], 2
    for i, channels in enumerate(CHANNELS):
        stride = (4, 1) if i == 0 else (2, 1 if i % 2 else 2)
        convolution = nn.Conv2d(before, channels, (7, 3), stride, (3, 1))
        layers.append(
            nn.Sequential(nn.utils.parametrizations.weight_norm(convolution), nn.LeakyReLU(0.2))
        )
        before = channels
    layers.append(nn.Conv2d(before, 1, 3, padding=1))
    return nn.ModuleList(layers)
