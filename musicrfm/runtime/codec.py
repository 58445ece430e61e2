"""EnCodec's decoder as a stream: receives the codes of a frame, returns the samples that are final.

Every layer keeps the state it needs (the end of its input, the LSTM's state). The audio therefore
equals that of decoding all codes at once, except for rounding, and the cost of a frame is constant.
Non-causal convolutions wait for their future input; the total delay is `latency`.

Internally, signals are [batch, time, channels] (left and right are a batch of two) and convolutions
are matrix products over windows of the input, which is faster than the library's for one frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from musicrfm.errors import MusicRFMError

if TYPE_CHECKING:
    from transformers import EncodecModel

State = tuple  # a layer's memory; its tensors are never overwritten
PAD_MODES = ("reflect", "constant", "replicate")


class Conv:
    """A convolution with stride 1.

    weight: [taps * inputs, outputs], rows by tap and then input channel. left, right: number of
    samples that `pad_mode` adds at the two ends of the whole signal.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        taps: int,
        dilation: int,
        left: int,
        right: int,
        mode: str,
    ) -> None:
        self.weight, self.bias = weight, bias
        self.taps, self.dilation = taps, dilation
        self.span = (taps - 1) * dilation  # samples that are needed again with the next input
        self.left, self.right, self.mode = left, right, mode
        # Reflection at the start needs later samples; shorter signals are padded differently.
        self.patience = max(left, right) if mode == "reflect" else 0
        self.reset()

    def reset(self) -> None:
        self.tail: Tensor | None = None
        self.started = False

    @property
    def state(self) -> State:
        return self.tail, self.started

    @state.setter
    def state(self, state: State) -> None:
        self.tail, self.started = state

    def push(self, x: Tensor | None, last: bool = False) -> Tensor | None:
        """[batch, time, inputs] -> [batch, time', outputs], or None while no output is final."""
        if self.tail is not None:
            x = self.tail if x is None else torch.cat([self.tail, x], 1)
        if x is None:
            return None
        if not self.started:
            if x.shape[1] <= self.patience and not last:
                self.tail = x
                return None
            x = _pad(x, self.left, self.right if last else 0, self.mode)
            self.started = True
        elif last:
            x = _pad(x, 0, self.right, self.mode)
        count = x.shape[1] - self.span
        if self.span:
            self.tail = x[:, max(0, count) :]
        return self._apply(x, count) if count > 0 else None

    def _apply(self, x: Tensor, count: int) -> Tensor:
        batch, _, inputs = x.shape
        if self.taps > 1:
            whole, step, _ = x.stride()
            windows = (batch, count, self.taps, inputs)
            x = x.as_strided(windows, (whole, step, self.dilation * step, 1))
        y = torch.addmm(self.bias, x.reshape(batch * count, -1), self.weight)
        return y.view(batch, count, -1)


class TransposedConv:
    """A transposed convolution: `stride` output samples per input sample.

    Input sample t and the samples before it, as far as the kernel reaches, determine outputs t *
    stride .. (t + 1) * stride - 1: again a product over a window. weight: [inputs, outputs,
    kernel]. trim_left, trim_right: samples removed at the ends of the whole output.
    """

    def __init__(
        self, weight: Tensor, bias: Tensor, stride: int, trim_left: int, trim_right: int
    ) -> None:
        inputs, outputs, kernel = weight.shape
        taps = math.ceil(kernel / stride)
        weight = F.pad(weight, (0, taps * stride - kernel)).view(inputs, outputs, taps, stride)
        # Oldest input first; its part of the kernel is the last.
        matrix = weight.flip(2).permute(2, 0, 3, 1).reshape(taps * inputs, stride * outputs)
        self.conv = Conv(matrix.contiguous(), bias.repeat(stride), taps, 1, taps - 1, 0, "constant")
        self.stride, self.trim_left = stride, trim_left
        self.excess = taps * stride - kernel + trim_right  # of what the end gives
        self.reset()

    def reset(self) -> None:
        self.conv.reset()
        self.to_skip = self.trim_left

    @property
    def state(self) -> State:
        return self.conv.state, self.to_skip

    @state.setter
    def state(self, state: State) -> None:
        self.conv.state, self.to_skip = state

    def push(self, x: Tensor | None, last: bool = False) -> Tensor | None:
        """[batch, time, inputs] -> [batch, time', outputs], or None while no output is final."""
        if last and (x is not None or self.conv.started):
            x = self._with_zeros(x)
        y = self.conv.push(x)
        if y is None:
            return None
        y = y.view(y.shape[0], y.shape[1] * self.stride, -1)
        if last and self.excess:
            y = y[:, : -self.excess]
        if self.to_skip:
            skipped = min(self.to_skip, y.shape[1])
            self.to_skip -= skipped
            y = y[:, skipped:]
        return y if y.shape[1] else None

    def _with_zeros(self, x: Tensor | None) -> Tensor | None:
        """The input and the zeros after it that let the kernel run out."""
        like = x if x is not None else self.conv.tail
        if like is None or self.conv.taps == 1:
            return x
        zeros = like.new_zeros(like.shape[0], self.conv.taps - 1, like.shape[2])
        return zeros if x is None else torch.cat([x, zeros], 1)


class Elu:
    """The activation; overwrites its input."""

    state: State = ()

    def reset(self) -> None:
        pass

    def push(self, x: Tensor | None, last: bool = False) -> Tensor | None:
        return x if x is None else F.elu_(x)


class Residual:
    """EnCodec's residual block; the input is delayed to match the convolutions."""

    def __init__(self, first: Conv, second: Conv, shortcut: Conv | None) -> None:
        self.first, self.second, self.shortcut = first, second, shortcut
        self.reset()

    def reset(self) -> None:
        self.first.reset()
        self.second.reset()
        self.waiting: Tensor | None = None

    @property
    def state(self) -> State:  # the other two convolutions see one sample at a time
        return self.first.state, self.waiting

    @state.setter
    def state(self, state: State) -> None:
        self.first.state, self.waiting = state

    def push(self, x: Tensor | None, last: bool = False) -> Tensor | None:
        y = self.first.push(x if x is None else F.elu(x), last)
        if x is not None:
            self.waiting = x if self.waiting is None else torch.cat([self.waiting, x], 1)
        if y is None:
            return None
        y = self.second.push(F.elu_(y))
        assert y is not None and self.waiting is not None
        count = y.shape[1]
        x, self.waiting = self.waiting[:, :count], self.waiting[:, count:]
        return y.add_(x if self.shortcut is None else self.shortcut.push(x))


class Lstm:
    """The LSTM with its skip connection; one matrix product for all four gates."""

    def __init__(self, lstm: nn.LSTM) -> None:
        self.layers: list[tuple[Tensor, Tensor, Tensor]] = []
        for i in range(lstm.num_layers):
            weights = [getattr(lstm, f"{name}_l{i}") for name in ("weight_ih", "weight_hh")]
            bias = getattr(lstm, f"bias_ih_l{i}") + getattr(lstm, f"bias_hh_l{i}")
            # From (input, forget, cell, output) to one block of sigmoids and the tanh last.
            order = [0, 1, 3, 2]
            from_input, from_state, bias = (
                torch.cat([tensor.float().chunk(4)[j] for j in order])
                for tensor in (*weights, bias)
            )
            self.layers.append((from_input.T.contiguous(), from_state.T.contiguous(), bias))
        self.size = lstm.hidden_size
        self.reset()

    def reset(self) -> None:
        self.state: State = ()  # of each layer its output and its memory

    def push(self, x: Tensor | None, last: bool = False) -> Tensor | None:
        """[batch, time, channels] -> the same."""
        if x is None:
            return None
        batch, time, size = x.shape
        if not self.state:
            zero = x.new_zeros(batch, size)
            self.state = ((zero, zero),) * len(self.layers)
        y, after = x, []
        for i, (from_input, from_state, bias) in enumerate(self.layers):
            h, c = self.state[i]
            gates = torch.addmm(bias, y.reshape(batch * time, size), from_input)
            outputs = []
            for gate in gates.view(batch, time, -1).unbind(1):
                gate = torch.addmm(gate, h, from_state)
                let_in, keep, out = gate[:, : 3 * size].sigmoid().chunk(3, 1)
                c = torch.addcmul(keep * c, let_in, gate[:, 3 * size :].tanh())
                h = out * c.tanh()
                outputs.append(h)
            after.append((h, c))
            y = outputs[0].unsqueeze(1) if time == 1 else torch.stack(outputs, 1)
        self.state = tuple(after)
        return x + y


class StreamingCodec:
    """Decodes the codes of one endless piece.

    latency: delay of the audio relative to the codes in samples, in the steady state.
    lookahead_frames: the same in whole frames. Raises MusicRFMError for a codec that needs the
    whole signal (group normalisation over time).
    """

    def __init__(
        self,
        codec: EncodecModel,
        codebooks: int,
        stereo: bool = False,
        layers: Iterable[nn.Module] | None = None,
    ) -> None:
        """codec: of Hugging Face; codebooks: of a frame, both sides together; layers: copies of the
        decoder's, instead of its own."""
        self.codebooks, self.sides = codebooks, 2 if stereo else 1
        per_side = codebooks // self.sides
        tables = [layer.codebook.embed.float() for layer in codec.quantizer.layers[:per_side]]
        self.table = torch.cat(tables)
        starts = torch.arange(per_side, device=self.table.device) * len(tables[0])
        self.first_row = starts[:, None]  # of each codebook in the table
        self.layers = list(map(_layer, codec.decoder.layers if layers is None else layers))
        self.frame_size = math.prod(codec.config.upsampling_ratios)
        self.latency = _latency(self.layers, self.frame_size)
        self.lookahead_frames = math.ceil(self.latency / self.frame_size)
        self.channels = codec.config.audio_channels * self.sides
        self._empty = self.table.new_zeros(self.channels, 0)

    def reset(self) -> None:
        """Clear the state: the next codes start a piece."""
        for layer in self.layers:
            layer.reset()

    @property
    def state(self) -> State:
        """The state at the current position. Setting an earlier one returns there.

        It is cheap and stays valid, because no layer writes to a tensor that it stores.
        """
        return tuple(layer.state for layer in self.layers)

    @state.setter
    def state(self, state: State) -> None:
        for layer, own in zip(self.layers, state, strict=True):
            layer.state = own

    @torch.inference_mode()
    def push(self, codes: Tensor) -> Tensor:
        """Codes int64 [codebooks, frames] -> float32 [channels, samples], possibly none yet."""
        codes = codes.view(-1, self.sides, codes.shape[1]).transpose(0, 1)  # left, right alternate
        return self._run(self.table[codes + self.first_row].sum(1), last=False)

    @torch.inference_mode()
    def peek(self, codes: Tensor, known: Tensor, hold: int = 0) -> Tensor:
        """The best estimate of the output of `push`, without changing the state.

        codes: int64 [codebooks, frames]. known: bool, the same shape; unknown codebooks are left
        out. The last frame is repeated for `hold` frames.
        """
        state = self.state
        shape = (-1, self.sides, codes.shape[1])
        codes = codes.view(shape).transpose(0, 1)
        known = known.view(shape).transpose(0, 1)
        rows = torch.where(known, codes, 0) + self.first_row
        x = (self.table[rows] * known[..., None]).sum(1)
        if hold:
            x = torch.cat([x, x[:, -1:].expand(-1, hold, -1)], 1)
        audio = self._run(x, last=False)
        self.state = state
        return audio

    @torch.inference_mode()
    def flush(self) -> Tensor:
        """The remaining samples at the end of the piece, [channels, samples]; then clears the
        state."""
        audio = self._run(None, last=True)
        self.reset()
        return audio

    def _run(self, x: Tensor | None, last: bool) -> Tensor:
        for layer in self.layers:
            x = layer.push(x, last)
        if x is None:
            return self._empty
        return x.transpose(1, 2).reshape(-1, x.shape[1])


Layer = Conv | TransposedConv | Elu | Residual | Lstm


def _layer(module: Any) -> Layer:
    """One layer of `EncodecDecoder`, with its weights folded."""
    kind = type(module).__name__
    if kind == "EncodecConv1d":
        return _conv(module)
    if kind == "EncodecConvTranspose1d":
        weight, bias = _folded(module)
        stride = module.conv.stride[0]
        spare = weight.shape[2] - stride
        right = math.ceil(spare * module.trim_right_ratio) if module.causal else spare // 2
        return TransposedConv(weight, bias, stride, spare - right, right)
    if kind == "EncodecLSTM":
        return Lstm(module.lstm)
    if kind == "EncodecResnetBlock":
        first, second = (_conv(layer) for layer in module.block if hasattr(layer, "conv"))
        shortcut = _conv(module.shortcut) if hasattr(module.shortcut, "conv") else None
        return Residual(first, second, shortcut)
    if isinstance(module, nn.ELU) and module.alpha == 1.0:
        return Elu()
    raise MusicRFMError(f"the model's codec has a layer that cannot be streamed: {kind}")


def _conv(module: Any) -> Conv:
    weight, bias = _folded(module)  # [outputs, inputs, taps]
    taps, dilation = weight.shape[2], module.conv.dilation[0]
    if module.pad_mode not in PAD_MODES:
        raise MusicRFMError(f"the model's codec uses the unknown padding mode {module.pad_mode!r}")
    padding = (taps - 1) * dilation
    right = 0 if module.causal else padding // 2
    matrix = weight.permute(2, 1, 0).reshape(-1, weight.shape[0]).contiguous()
    return Conv(matrix, bias, taps, dilation, padding - right, right, module.pad_mode)


def _folded(module: Any) -> tuple[Tensor, Tensor]:
    """Weight and bias, float32, with weight normalisation (either of PyTorch's two) applied."""
    if module.norm_type != "weight_norm":
        raise MusicRFMError(
            f"the model's codec cannot be streamed: {module.norm_type!r} needs the whole audio"
        )
    conv = module.conv
    weight = conv.weight
    if hasattr(conv, "weight_g"):  # the old kind computes `weight` only when the module is called
        weight = torch._weight_norm(conv.weight_v, conv.weight_g, 0)
    return weight.detach().float(), conv.bias.detach().float()


def _latency(layers: Sequence[Layer], frame_size: int) -> int:
    """Samples between the last code's position and the last final sample, after the start."""
    latency, scale = 0, frame_size
    for layer in layers:
        if isinstance(layer, Conv):
            latency += layer.right * scale
        elif isinstance(layer, Residual):
            latency += layer.first.right * scale
        elif isinstance(layer, TransposedConv):
            scale //= layer.stride
            latency += layer.trim_left * scale
    return latency


def _pad(x: Tensor, left: int, right: int, mode: str) -> Tensor:
    """Pads the time of [batch, time, channels]; a short signal is first continued with zeros."""
    if not left and not right:
        return x
    x = x.transpose(1, 2)
    extra = max(0, max(left, right) - x.shape[2] + 1) if mode == "reflect" else 0
    padded = F.pad(F.pad(x, (0, extra)), (left, right), mode)
    return padded[..., : padded.shape[2] - extra].transpose(1, 2).contiguous()
