"""A WaveNet that learns a time series: its targets one after the other as samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from wavenet.config import WaveNetConfig
from wavenet.config.recurrent import RecurrentConfig
from wavenet.forecasting.series import SAMPLE_RANGE, interleaved, interleaved_covariates
from wavenet.inference.samples import decode_samples, encode_samples, silence_code
from wavenet.models import WaveNet
from wavenet.models.losses import negative_log_likelihood
from wavenet.training.recurrent_task import Windows, WindowSampler
from wavenet.training.task import to_device


class WaveNetSeriesTask:
    """Windows of a time series for a WaveNet; see `wavenet.training.task.Task`.

    Parameters
    ----------
    config
        The model, with `config.series`.
    sampler, validation
        As for a recurrent model of these rows.
    data
        What there is to train on, in words.
    """

    def __init__(
        self, config: WaveNetConfig, sampler: WindowSampler, validation: list[Windows], data: str
    ):
        self.config = config
        self.sampler = sampler
        self.validation = validation
        self._data = data

    def make_model(self) -> WaveNet:
        """The untrained model."""
        model = WaveNet(self.config)
        with torch.no_grad():  # samples are small where the range that they may have is large
            model.input.weight.mul_(SAMPLE_RANGE)
        return model

    def losses(
        self, forward: Callable[..., Tensor], batch: Windows, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of each sample [nats], and which of them count."""
        targets = batch.targets.shape[2]
        codes = encode_samples(interleaved(batch.targets), self.config)
        before = np.full_like(codes, silence_code(self.config))
        before[:, 1:] = codes[:, :-1]
        covariates = batch.covariates
        if covariates is None:
            covariates = np.zeros((*batch.targets.shape[:2], 0), dtype=np.float32)
        frames = interleaved_covariates(covariates, targets).transpose(0, 2, 1)
        inputs = to_device(decode_samples(before, self.config), device)
        outputs = forward(inputs, None, None, to_device(frames, device))
        expected = to_device(codes.astype(np.int64), device)
        losses = negative_log_likelihood(outputs.float(), expected, self.config)
        return losses, to_device(batch.counted.repeat(targets, axis=1), device)

    def baselines(self) -> dict[str, float]:
        """None: samples are not codes that stand for themselves."""
        return {}

    def describe(self, model: nn.Module) -> str:
        """The model and the data, in a sentence."""
        parameters = sum(p.numel() for p in model.parameters())
        rows = self.config.receptive_field // len(self.config.series.targets)
        return f"{parameters:,} parameters, receptive field {rows} rows; {self._data}"


def rows_of_series(config: WaveNetConfig) -> RecurrentConfig:
    """A recurrent model of the same rows, which `WindowSampler` takes."""
    columns = config.series
    return RecurrentConfig(
        output="point", dimensions=len(columns.targets), covariates=columns.covariate_channels,
        series=columns,
    )  # fmt: skip
