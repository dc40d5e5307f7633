"""Likelihoods of samples under the outputs of a model, stable in float32."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from wavenet.config import RecurrentConfig, WaveNetConfig
from wavenet.config.wavenet import PCM_LEVELS

_HALF_STEP = 1 / PCM_LEVELS  # half the distance of two values of a sample
_LEAST_LOG_SCALE = -7.0  # of recurrent models, as the core has it
_NARROW = 0.1  # intervals narrower than this many deviations take the density instead


def wavenet_nll(outputs: Tensor, codes: Tensor, config: WaveNetConfig) -> Tensor:
    """Negative log-probability of each sample of a WaveNet.

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


def recurrent_nll(outputs: Tensor, targets: Tensor, config: RecurrentConfig) -> Tensor:
    """Negative log-probability (of classes) or log-density (of vectors) of recurrent samples.

    Parameters
    ----------
    outputs
        `(B, T, output_size)` of the model: logits of classes; or the logits of the components,
        where there are several, then for each component the means, the logarithms of the scales
        (at least -7), and for Student-t what softplus makes of its degrees of freedom less 2. Of
        points half the squared error is returned.
    targets
        `(B, T)` int64 classes, or `(B, T, dimensions)` float.
    config
        The model.

    Returns
    -------
    Tensor
        `(B, T)` [nats].
    """
    if config.output == "categorical":
        return functional.cross_entropy(outputs.transpose(1, 2), targets, reduction="none")
    if config.output == "point":
        return 0.5 * (targets - outputs).square().sum(dim=2)
    count = config.components
    if count == 1:
        return -_log_density(outputs[:, :, None], targets, config)[:, :, 0]
    logits, components = outputs[:, :, :count], outputs[:, :, count:].unflatten(2, (count, -1))
    joint = torch.log_softmax(logits, dim=2) + _log_density(components, targets, config)
    return -torch.logsumexp(joint, dim=2)


def _log_density(parameters: Tensor, targets: Tensor, config: RecurrentConfig) -> Tensor:
    """`(B, T, components, parameters)` and `(B, T, dimensions)` to `(B, T, components)`."""
    mean, log_scale, *others = parameters.split(config.dimensions, dim=3)
    log_scale = log_scale.clamp(min=_LEAST_LOG_SCALE)
    z = (targets[:, :, None] - mean) * torch.exp(-log_scale)
    if config.output == "gaussian":
        density = -0.5 * z.square() - 0.5 * math.log(2 * math.pi)
    elif config.output == "logistic":
        density = -z.abs() - 2 * torch.log1p(torch.exp(-z.abs()))
    else:
        degrees = 2 + functional.softplus(others[0])
        density = torch.lgamma(0.5 * (degrees + 1)) - torch.lgamma(0.5 * degrees)
        density = density - 0.5 * torch.log(math.pi * degrees)
        density = density - 0.5 * (degrees + 1) * torch.log1p(z.square() / degrees)
    return (density - log_scale).sum(dim=3)


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
