"""wavenet: learn the distribution of sound sample by sample, and generate it fast on a CPU.

Names are loaded when they are first used: `import wavenet` itself loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavenet.assets import shipped_models
    from wavenet.base.cpu import cpu_info
    from wavenet.conversion.converter import VoiceConverter
    from wavenet.conversion.mixture.gmm import JointDensityGMM
    from wavenet.dsp.dtw import dtw
    from wavenet.dsp.mlpg import RecursiveMLPG, mlpg
    from wavenet.dsp.mulaw import mulaw_decode, mulaw_encode
    from wavenet.inference.generator import Generator
    from wavenet.inference.load import load
    from wavenet.inference.recurrent import RecurrentGenerator
    from wavenet.inference.score import Score
    from wavenet.inference.streams import Streams
    from wavenet.inference.wavenet import WaveNetGenerator
    from wavenet.metrics.mel_cepstral_distortion import mel_cepstral_distortion

__version__ = "0.1.0"

_MODULE_OF = {
    "Generator": "wavenet.inference.generator",
    "RecurrentGenerator": "wavenet.inference.recurrent",
    "RecursiveMLPG": "wavenet.dsp.mlpg",
    "Score": "wavenet.inference.score",
    "JointDensityGMM": "wavenet.conversion.mixture.gmm",
    "Streams": "wavenet.inference.streams",
    "VoiceConverter": "wavenet.conversion.converter",
    "WaveNetGenerator": "wavenet.inference.wavenet",
    "cpu_info": "wavenet.base.cpu",
    "dtw": "wavenet.dsp.dtw",
    "load": "wavenet.inference.load",
    "mel_cepstral_distortion": "wavenet.metrics.mel_cepstral_distortion",
    "mlpg": "wavenet.dsp.mlpg",
    "mulaw_decode": "wavenet.dsp.mulaw",
    "mulaw_encode": "wavenet.dsp.mulaw",
    "shipped_models": "wavenet.assets",
}

__all__ = [
    "Generator",
    "JointDensityGMM",
    "RecurrentGenerator",
    "RecursiveMLPG",
    "Score",
    "Streams",
    "VoiceConverter",
    "WaveNetGenerator",
    "__version__",
    "cpu_info",
    "dtw",
    "load",
    "mel_cepstral_distortion",
    "mlpg",
    "mulaw_decode",
    "mulaw_encode",
    "shipped_models",
]


def __getattr__(name: str) -> Any:
    if name == "_core":  # asked for by `from wavenet import _core`, before it looks for the module
        return _import_core()
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'wavenet' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


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
