"""Small restatements of other projects' modules, with the names of their weights.

Written from their descriptions of the network: r9y9/wavenet_vocoder as it is since 2019 (its index
release is older) and kan-bayashi/PytorchWaveNetVocoder.
"""

import math
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm


@pytest.fixture
def peers():
    """This module."""
    return sys.modules[__name__]


class Layer(nn.Module):
    """One block of wavenet_vocoder."""

    def __init__(self, residual, gate, skip, taps, dilation, local, vector):
        super().__init__()
        self.conv = weight_norm(nn.Conv1d(residual, gate, taps, dilation=dilation))
        self.conv1x1c = weight_norm(nn.Conv1d(local, gate, 1, bias=False)) if local else None
        self.conv1x1g = weight_norm(nn.Conv1d(vector, gate, 1, bias=False)) if vector else None
        self.conv1x1_out = weight_norm(nn.Conv1d(gate // 2, residual, 1))
        self.conv1x1_skip = weight_norm(nn.Conv1d(gate // 2, skip, 1))
        self.past = (taps - 1) * dilation

    def forward(self, x, c, g):
        a = self.conv(functional.pad(x, (self.past, 0)))
        if c is not None:
            a = a + self.conv1x1c(c)
        if g is not None:
            a = a + self.conv1x1g(g)
        tanh, sigmoid = a.chunk(2, dim=1)
        z = torch.tanh(tanh) * torch.sigmoid(sigmoid)
        return (self.conv1x1_out(z) + x) * math.sqrt(0.5), self.conv1x1_skip(z)


class Repeat(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x.repeat_interleave(self.factor, dim=-1)


class Upsample(nn.Module):
    """UpsampleNetwork of wavenet_vocoder."""

    def __init__(self, factors, frequencies):
        super().__init__()
        self.up_layers = nn.ModuleList()
        for factor in factors:
            size = (frequencies, 2 * factor + 1)
            filter_ = nn.Conv2d(1, 1, size, padding=(frequencies // 2, factor), bias=False)
            self.up_layers += [Repeat(factor), weight_norm(filter_)]

    def forward(self, c):
        c = c[:, None]
        for layer in self.up_layers:
            c = layer(c)
        return c[:, 0]


class ConvInUpsample(nn.Module):
    """ConvInUpsampleNetwork of wavenet_vocoder; it takes `pad` more frames at each end."""

    def __init__(self, channels, pad, factors, frequencies):
        super().__init__()
        self.conv_in = nn.Conv1d(channels, channels, 2 * pad + 1, bias=False)
        self.upsample = Upsample(factors, frequencies)
        self.pad = pad

    def forward(self, c):
        return self.upsample(self.conv_in(functional.pad(c, (self.pad, self.pad), "replicate")))


class WavenetVocoder(nn.Module):
    """The present WaveNet of wavenet_vocoder, from its hyper-parameters."""

    def __init__(self, values):
        super().__init__()
        residual, skip = values["residual_channels"], values["skip_out_channels"]
        local, vector = max(0, values["cin_channels"]), max(0, values["gin_channels"])
        self.scalar = values["input_type"] == "raw"
        inputs = 1 if self.scalar else values["out_channels"]
        self.first_conv = weight_norm(nn.Conv1d(inputs, residual, 1))
        per_stack = values["layers"] // values["stacks"]
        self.conv_layers = nn.ModuleList(
            Layer(residual, values["gate_channels"], skip, values["kernel_size"],
                  2 ** (i % per_stack), local, vector)
            for i in range(values["layers"])
        )  # fmt: skip
        self.last_conv_layers = nn.ModuleList([
            nn.ReLU(), weight_norm(nn.Conv1d(skip, skip, 1)),
            nn.ReLU(), weight_norm(nn.Conv1d(skip, values["out_channels"], 1)),
        ])  # fmt: skip
        self.embed_speakers = None
        if vector and values.get("n_speakers"):
            self.embed_speakers = nn.Embedding(values["n_speakers"], vector)
        self.upsample_net = None
        if values["upsample_conditional_features"]:
            params = values["upsample_params"]
            factors, taps = params["upsample_scales"], params.get("freq_axis_kernel_size", 1)
            if values["upsample_net"] == "UpsampleNetwork":
                self.upsample_net = Upsample(factors, taps)
            else:
                self.upsample_net = ConvInUpsample(local, values["cin_pad"], factors, taps)

    def forward(self, x, c=None, g=None):
        if self.embed_speakers is not None:
            g = self.embed_speakers(g)
        g = None if g is None else g[:, :, None].expand(-1, -1, x.shape[2])
        if c is not None and self.upsample_net is not None:
            c = self.upsample_net(c)
        x = self.first_conv(x)
        skips = 0
        for layer in self.conv_layers:
            x, skip = layer(x, None if c is None else c[:, :, : x.shape[2]], g)
            skips = skips + skip
        x = skips * math.sqrt(1 / len(self.conv_layers))
        for layer in self.last_conv_layers:
            x = layer(x)
        return x


class Causal(nn.Module):
    def __init__(self, inputs, outputs, taps, dilation=1):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, taps, dilation=dilation)
        self.past = (taps - 1) * dilation

    def forward(self, x):
        return self.conv(functional.pad(x, (self.past, 0)))


class Deconvolution(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.conv = nn.ConvTranspose2d(1, 1, (1, factor), stride=(1, factor))

    def forward(self, h):
        return self.conv(h[:, None])[:, 0]


class PytorchWaveNetVocoder(nn.Module):
    """The WaveNet of kan-bayashi/PytorchWaveNetVocoder."""

    def __init__(self, values):
        super().__init__()
        codes, size, skip = values["n_quantize"], values["n_resch"], values["n_skipch"]
        taps, channels = values["kernel_size"], values["n_aux"]
        dilations = [2**i for i in range(values["dilation_depth"])] * values["dilation_repeat"]
        self.factor = values["upsampling_factor"]
        self.causal = Causal(codes, size, taps)
        self.upsampling = Deconvolution(self.factor) if values["use_upsampling_layer"] else None
        self.dil_sigmoid = nn.ModuleList(Causal(size, size, taps, d) for d in dilations)
        self.dil_tanh = nn.ModuleList(Causal(size, size, taps, d) for d in dilations)
        self.aux_1x1_sigmoid = nn.ModuleList(nn.Conv1d(channels, size, 1) for _ in dilations)
        self.aux_1x1_tanh = nn.ModuleList(nn.Conv1d(channels, size, 1) for _ in dilations)
        self.skip_1x1 = nn.ModuleList(nn.Conv1d(size, skip, 1) for _ in dilations)
        self.res_1x1 = nn.ModuleList(nn.Conv1d(size, size, 1) for _ in dilations)
        self.conv_post_1 = nn.Conv1d(skip, skip, 1)
        self.conv_post_2 = nn.Conv1d(skip, codes, 1)

    def forward(self, x, h):
        h = self.upsampling(h) if self.upsampling else h.repeat_interleave(self.factor, dim=2)
        h = h[:, :, : x.shape[2]]
        x = self.causal(x)
        skips = 0
        for i in range(len(self.dil_tanh)):
            sigmoid = torch.sigmoid(self.dil_sigmoid[i](x) + self.aux_1x1_sigmoid[i](h))
            z = sigmoid * torch.tanh(self.dil_tanh[i](x) + self.aux_1x1_tanh[i](h))
            skips = skips + self.skip_1x1[i](z)
            x = self.res_1x1[i](z) + x
        return self.conv_post_2(torch.relu(self.conv_post_1(torch.relu(skips))))
