"""Likelihoods of samples under the outputs of a model, stable in float32."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from wavenet.config import WaveNetConfig
from wavenet.config.wavenet import PCM_LEVELS

_HALF_STEP = 1 / PCM_LEVELS  # half the distance of two values of a sample
_NARROW = 0.1  # intervals narrower than this many deviations take the density instead


def negative_log_likelihood(outputs: Tensor, codes: Tensor, config: WaveNetConfig) -> Tensor:
    """Negative log-probability of each sample.

    Under continuous outputs a sample has the probability of the interval of values that round to
    it; the lowest and the highest value take all that lies beyond (arXiv 1701.05517, sec. 2.1). So
    the probabilities of all codes sum to 1 whatever the distribution is.

    Parameters
    ----------
    outputs
        `(B, output_channels, T)` of the model.
    codes
        `(B, T)` int64.
    config
        The model.

    Returns
    -------
    Tensor
        `(B, T)` [nats].
    """
    if config.output == "categorical":
        logits = outputs.permute(2, 0, 1)  # as the model has them in memory
        losses = functional.cross_entropy(
            logits.reshape(-1, logits.shape[2]), codes.t().reshape(-1), reduction="none"
        )
        return losses.view(logits.shape[:2]).t()
    y = ((codes - PCM_LEVELS // 2) / (PCM_LEVELS // 2)).to(outputs.dtype)[:, None]
    lowest, highest = (codes == 0)[:, None], (codes == PCM_LEVELS - 1)[:, None]
    *logits, means, log_scales = outputs.split(config.components, dim=1)
    log_scales = log_scales.clamp(min=config.log_scale_min)
    interval = _logistic if config.output == "logistic-mixture" else _gaussian
    log_probabilities = interval(y - means, log_scales, lowest, highest)
    if logits:
        log_probabilities = log_probabilities + torch.log_softmax(logits[0], dim=1)
    return -torch.logsumexp(log_probabilities, dim=1)


def _logistic(distance: Tensor, log_scales: Tensor, lowest: Tensor, highest: Tensor) -> Tensor:
    """Log-probability of the interval around `distance` from the mean.

    With a and b the ends of the interval in scales, s the sigmoid, the probability is
    s(b) - s(a) = s(b) s(-a) (1 - exp(a - b)), where nothing cancels however far or narrow it is.
    """
    per_scale = torch.exp(-log_scales)
    above = functional.logsigmoid((distance + _HALF_STEP) * per_scale)
    below = functional.logsigmoid((_HALF_STEP - distance) * per_scale)
    log_width = math.log(2 * _HALF_STEP) - log_scales
    inside = above + below + _log_mean_decay(torch.exp(log_width)) + log_width
    return torch.where(lowest, above, torch.where(highest, below, inside))


def _gaussian(distance: Tensor, log_scales: Tensor, lowest: Tensor, highest: Tensor) -> Tensor:
    """Log-probability of the interval around `distance` from the mean."""
    per_scale = torch.exp(-log_scales)
    above = _log_tail((-distance - _HALF_STEP) * per_scale)
    below = _log_tail((distance - _HALF_STEP) * per_scale)
    log_width = math.log(2 * _HALF_STEP) - log_scales
    is_narrow = log_width < math.log(_NARROW)
    narrow = _log_mean_density(distance.abs() * per_scale, torch.exp(log_width).clamp(max=_NARROW))
    wide = _log_difference(distance, torch.where(is_narrow, 1.0, per_scale))
    inside = torch.where(is_narrow, narrow + log_width, wide)
    return torch.where(lowest, above, torch.where(highest, below, inside))


def _log_mean_density(middle: Tensor, width: Tensor) -> Tensor:
    """Log of the mean of the normal density over an interval of at most _NARROW.

    exp(-(m + t)^2 / 2) = exp(-m^2 / 2) exp(-m t) exp(-t^2 / 2), |t| < width / 2: the second factor
    is integrated, the third replaced by its mean (5e-6 wrong, or 3e-7 of a large logarithm).
    """
    product = middle * width
    log_density = -0.5 * (middle * middle - product) - 0.5 * math.log(2 * math.pi)
    return log_density + _log_mean_decay(product) - width * width / 24


def _log_difference(distance: Tensor, per_scale: Tensor) -> Tensor:
    """Log of the normal probability of an interval of at least _NARROW deviations."""
    begin = (distance.abs() - _HALF_STEP) * per_scale * math.sqrt(0.5)
    end = (distance.abs() + _HALF_STEP) * per_scale * math.sqrt(0.5)
    around_mean = torch.erf(end) - torch.erf(begin.clamp(max=0))
    begin = begin.clamp(min=0)
    fall = torch.log(torch.special.erfcx(end) / torch.special.erfcx(begin)) - (
        end * end - begin * begin
    )
    in_tail = _log_tail(begin * math.sqrt(2)) + torch.log(-torch.expm1(fall.clamp(max=-1e-6)))
    return torch.where(distance.abs() < _HALF_STEP, torch.log(around_mean / 2), in_tail)


def _log_tail(x: Tensor) -> Tensor:
    """Log of the normal probability above x; its gradient is right however far x is."""
    x = x * math.sqrt(0.5)
    right = x.clamp(min=0)
    far = torch.log(torch.special.erfcx(right) / 2) - right * right
    return torch.where(x > 0, far, torch.log(torch.erfc(x.clamp(max=0)) / 2))


def _log_mean_decay(width: Tensor) -> Tensor:
    """log((1 - exp(-w)) / w), the log of the mean of exp(-t) over 0 < t < w; w >= 0."""
    small = width < 1e-2
    safe = torch.where(small, torch.ones_like(width), width)
    exact = torch.log(-torch.expm1(-safe) / safe)
    near = width.clamp(max=1e-2)
    return torch.where(small, near * (near / 24 - 0.5), exact)
