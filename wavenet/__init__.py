"""wavenet: learn the distribution of sound sample by sample, and generate it fast on a CPU.

Names are loaded when they are first used: `import wavenet` itself loads nothing heavy.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavenet.assets import shipped_models as shipped_models
    from wavenet.base.cpu import cpu_info as cpu_info
    from wavenet.conversion.converter import VoiceConverter as VoiceConverter
    from wavenet.conversion.mixture.gmm import JointDensityGMM as JointDensityGMM
    from wavenet.dsp.dtw import dtw as dtw
    from wavenet.dsp.mlpg import RecursiveMLPG as RecursiveMLPG
    from wavenet.dsp.mlpg import mlpg as mlpg
    from wavenet.dsp.mulaw import mulaw_decode as mulaw_decode
    from wavenet.dsp.mulaw import mulaw_encode as mulaw_encode
    from wavenet.evaluation.verification import verify as verify
    from wavenet.features.mel import mel_spectrogram as mel_spectrogram
    from wavenet.forecasting.forecast import forecast as forecast
    from wavenet.forecasting.series import read_series as read_series
    from wavenet.inference.generator import Generator as Generator
    from wavenet.inference.load import load as load
    from wavenet.inference.recurrent import RecurrentGenerator as RecurrentGenerator
    from wavenet.inference.score import Score as Score
    from wavenet.inference.streams import Streams as Streams
    from wavenet.inference.wavenet import WaveNetGenerator as WaveNetGenerator
    from wavenet.io.audio import read_audio as read_audio
    from wavenet.io.audio import write_audio as write_audio
    from wavenet.metrics.mel_cepstral_distortion import (
        mel_cepstral_distortion as mel_cepstral_distortion,
    )

__version__ = "0.1.0"

_MODULE_OF = {
    "Generator": "wavenet.inference.generator",
    "JointDensityGMM": "wavenet.conversion.mixture.gmm",
    "RecurrentGenerator": "wavenet.inference.recurrent",
    "RecursiveMLPG": "wavenet.dsp.mlpg",
    "Score": "wavenet.inference.score",
    "Streams": "wavenet.inference.streams",
    "VoiceConverter": "wavenet.conversion.converter",
    "WaveNetGenerator": "wavenet.inference.wavenet",
    "cpu_info": "wavenet.base.cpu",
    "dtw": "wavenet.dsp.dtw",
    "forecast": "wavenet.forecasting.forecast",
    "load": "wavenet.inference.load",
    "mel_cepstral_distortion": "wavenet.metrics.mel_cepstral_distortion",
    "mel_spectrogram": "wavenet.features.mel",
    "mlpg": "wavenet.dsp.mlpg",
    "mulaw_decode": "wavenet.dsp.mulaw",
    "mulaw_encode": "wavenet.dsp.mulaw",
    "read_audio": "wavenet.io.audio",
    "read_series": "wavenet.forecasting.series",
    "shipped_models": "wavenet.assets",
    "verify": "wavenet.evaluation.verification",
    "write_audio": "wavenet.io.audio",
}
__all__ = ["__version__", *_MODULE_OF]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """The public names, and the modules of the package, when they are first used."""
    if name == "_core":  # asked for by `from wavenet import _core`, before it looks for the module
        return _import_core()
    if name in _MODULE_OF:
        globals()[name] = value = getattr(import_module(_MODULE_OF[name]), name)
        return value
    if not name.startswith("_") and find_spec(f"wavenet.{name}"):
        return import_module(f"wavenet.{name}")
    raise AttributeError(f"module 'wavenet' has no attribute {name!r}")


def _import_core() -> Any:
    try:
        return import_module("wavenet._core")
    except ModuleNotFoundError as error:
        raise ImportError(
            "the C++ core of wavenet is not built; install the package with `pip install .` (or "
            "`pip install -e .`) and run Python outside the source folder"
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)
