"""wavenet: learn the distribution of sound sample by sample, and generate it fast on a CPU.

Names are loaded when they are first used: `import wavenet` itself loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavenet.alignment import dtw
    from wavenet.assets import shipped_models
    from wavenet.codec import mulaw_decode, mulaw_encode
    from wavenet.conversion.converter import VoiceConverter
    from wavenet.conversion.gmm import JointDensityGMM
    from wavenet.conversion.parameter_generation import RecursiveMLPG, mlpg
    from wavenet.cpu import cpu_info
    from wavenet.generator import Generator, Score, Streams, load
    from wavenet.metrics.mel_cepstral_distortion import mel_cepstral_distortion
    from wavenet.recurrent.generator import RecurrentGenerator

__version__ = "0.1.0"

_MODULE_OF = {
    "Generator": "wavenet.generator",
    "RecurrentGenerator": "wavenet.recurrent.generator",
    "RecursiveMLPG": "wavenet.conversion.parameter_generation",
    "Score": "wavenet.generator",
    "JointDensityGMM": "wavenet.conversion.gmm",
    "Streams": "wavenet.generator",
    "VoiceConverter": "wavenet.conversion.converter",
    "cpu_info": "wavenet.cpu",
    "dtw": "wavenet.alignment",
    "load": "wavenet.generator",
    "mel_cepstral_distortion": "wavenet.metrics.mel_cepstral_distortion",
    "mlpg": "wavenet.conversion.parameter_generation",
    "mulaw_decode": "wavenet.codec",
    "mulaw_encode": "wavenet.codec",
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
