"""The models that speeds are quoted for; they have random weights."""

from wavenet.config import LocalConditioning, WaveNetConfig

_MODELS = {
    "W32": WaveNetConfig(residual_channels=32, gate_channels=64, skip_channels=128),
    "W64": WaveNetConfig(residual_channels=64, gate_channels=128, skip_channels=128),
    # wavenet_vocoder's egs/mol for LJSpeech, with its 80 mel channels 256 samples apart.
    "R128": WaveNetConfig(
        sample_rate=22050,
        dilations=tuple(2**i for i in range(6)) * 4,
        kernel_size=3,
        residual_channels=128,
        gate_channels=256,
        skip_channels=128,
        input="scalar",
        input_kernel_size=1,
        output="logistic-mixture",
        mixtures=10,
        local=LocalConditioning(
            80,
            256,
            layers=1,
            hidden_channels=80,
            kernel_size=5,
            activation="none",
            padding="edge",
            upsampling="stretch",
            upsampling_factors=(4, 4, 4, 4),
        ),
    ),
}


def reference_names() -> list[str]:
    """Names that `reference_config` knows."""
    return list(_MODELS)


def reference_config(name: str) -> WaveNetConfig:
    """Configuration of "W32", "W64" or "R128"."""
    return _MODELS[name]
