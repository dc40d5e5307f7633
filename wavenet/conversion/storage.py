"""A voice converter as a model file, and back."""

from __future__ import annotations

import os

import numpy as np

from wavenet.config.conversion import VoiceConverterConfig
from wavenet.conversion.mixture.gmm import JointDensityGMM
from wavenet.conversion.mixture.joint_features import SourceProjection
from wavenet.conversion.mixture.spectral_mapping import SpectralMapping
from wavenet.conversion.trajectory.band_mapping import BandMapping
from wavenet.conversion.trajectory.modulation_filter import ModulationFilter
from wavenet.conversion.trajectory.voice_shaping import VoiceShaping
from wavenet.io.hub import find_model
from wavenet.io.model_file import load_model, save_model

_LARGEST = 1e6  # magnitude; those of voices are below 1e3
_MODULATION = ("mean", "response", "low", "high")


def save(
    directory: str | os.PathLike,
    config: VoiceConverterConfig,
    mapping: SpectralMapping,
    shaping: VoiceShaping,
    dtype: str = "float32",
) -> None:
    """Writes a model folder.

    The mixture is standardised, and its covariances are kept as Cholesky factors: in float16 they
    stay positive definite.
    """
    if dtype not in ("float16", "float32"):
        raise ValueError(f"dtype must be float16 or float32, got {dtype!r}")
    mixture, projection = mapping.mixture, mapping.projection
    variance = np.einsum("m,mii->i", mixture.weights_, mixture.covariances_)
    offset = mixture.weights_ @ mixture.means_
    scale = np.sqrt(variance + mixture.weights_ @ (mixture.means_ - offset) ** 2)
    factors = np.linalg.cholesky(mixture.covariances_ / np.outer(scale, scale))
    lower = np.tril_indices(len(scale))
    tensors = {
        "projection.mean": projection.mean.astype(np.float32),
        "projection.matrix": projection.matrix.astype(np.float32),
        "mixture.weights": mixture.weights_.astype(np.float32),
        "mixture.offset": offset.astype(np.float32),
        "mixture.scale": scale.astype(np.float32),
        "mixture.means": ((mixture.means_ - offset) / scale).astype(dtype),
        "mixture.factors": factors[:, *lower].astype(dtype),
        **{
            f"modulation.{name}": getattr(shaping.modulation, name).astype(np.float32)
            for name in _MODULATION
        },
        "bands.quantiles": shaping.bands.quantiles.astype(np.float32),
        "bands.changes": shaping.bands.changes.astype(np.float32),
    }
    save_model(directory, config, tensors)


def load(
    path: str | os.PathLike,
) -> tuple[VoiceConverterConfig, SpectralMapping, VoiceShaping]:
    """Reads what `save` wrote."""
    config, tensors = load_model(find_model(path))
    if not isinstance(config, VoiceConverterConfig):
        raise ValueError(
            f"{path} holds a {config.kind} model, which does not convert voices: load it "
            "with wavenet.load"
        )
    values = {name: value.astype(np.float64) for name, value in tensors.items()}
    for name, value in values.items():
        if np.abs(value).max() > _LARGEST:
            raise ValueError(f"{path}: the tensor {name!r} has values beyond {_LARGEST:g}")
    for name in ("mixture.weights", "mixture.scale"):
        if not (values[name] > 0).all():
            raise ValueError(f"{path}: the tensor {name!r} has values that are not above 0")
    size, scale = config.joint_dimensions, values["mixture.scale"]
    factors = np.zeros((config.n_components, size, size))
    factors[:, *np.tril_indices(size)] = values["mixture.factors"]
    mixture = JointDensityGMM(config.n_components)
    mixture.weights_ = values["mixture.weights"] / values["mixture.weights"].sum()
    mixture.means_ = values["mixture.means"] * scale + values["mixture.offset"]
    mixture.covariances_ = factors @ factors.transpose(0, 2, 1) * np.outer(scale, scale)
    for array in (mixture.weights_, mixture.means_, mixture.covariances_):
        array.setflags(write=False)  # so that every block of a stream need not compare them
    projection = SourceProjection(
        config.context, values["projection.mean"], values["projection.matrix"]
    )
    modulation = ModulationFilter(*(values[f"modulation.{name}"] for name in _MODULATION))
    if (np.diff(values["bands.quantiles"], axis=0) < 0).any():
        raise ValueError(f"{path}: the tensor 'bands.quantiles' has quantiles that do not rise")
    bands = BandMapping(values["bands.quantiles"], values["bands.changes"])
    shaping = VoiceShaping(config.world, config.gain_db, modulation, bands)
    return config, SpectralMapping(projection, mixture), shaping
