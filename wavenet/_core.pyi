"""Types of the C++ core; the public functions of the package check more and explain more."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

def available_instruction_sets() -> list[str]: ...
def instruction_set() -> str: ...
def set_instruction_set(name: str, /) -> None: ...
def peak_products(precision: str) -> float: ...
def read_rate(bytes: int) -> float: ...
def clock_rate() -> float: ...
def hand_over_time() -> float: ...

class Mulaw:
    def __init__(self, channels: int, convention: str) -> None: ...
    def encode(self, y: NDArray[Any]) -> NDArray[Any]: ...
    def decode_float32(self, codes: NDArray[Any]) -> NDArray[np.float32]: ...
    def decode_float64(self, codes: NDArray[Any]) -> NDArray[np.float64]: ...

def undo_noise_shaping(
    x: NDArray[np.float32],
    taps: NDArray[np.float64],
    knees: NDArray[np.float64],
    mean_rate: float,
    hop: int,
    offset: int,
    state: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.float64]]: ...

class WaveNet:
    def __init__(
        self,
        config: dict[str, Any],
        weights: dict[str, NDArray[np.float32]],
        silence: int,
        code_values: list[float],
        precision: str = "float32",
        activation_ranges: dict[str, list[NDArray[np.float32]]] = ...,
    ) -> None: ...
    @property
    def instruction_set(self) -> str: ...
    @property
    def lookahead_frames(self) -> int: ...

class WaveNetStreams:
    def __init__(self, model: WaveNet, batch: int, threads: int) -> None: ...
    def __copy__(self) -> WaveNetStreams: ...
    def condition(
        self,
        stream: int,
        speaker: int,
        global_vector: NDArray[np.float32] | None,
        features: NDArray[np.float32] | None,
        last: bool = True,
    ) -> None: ...
    def append(self, stream: int, features: NDArray[np.float32], last: bool) -> None: ...
    def generate(
        self, steps: int, seed: int, temperature: float, top_k: int, top_p: float
    ) -> NDArray[np.uint16]: ...
    def prime(self, codes: NDArray[np.uint16]) -> None: ...
    def score(self, codes: NDArray[np.uint16]) -> NDArray[np.float32]: ...
    def logits(self, codes: NDArray[np.uint16]) -> NDArray[np.float32]: ...
    def observe(self) -> None: ...
    def observed(self) -> dict[str, list[list[float]]]: ...
    def step_cost(self) -> dict[str, float]: ...
    @property
    def conditioned_samples(self) -> int: ...
    @property
    def time(self) -> int: ...

class Recurrent:
    def __init__(
        self,
        config: dict[str, Any],
        weights: dict[str, NDArray[np.float32]],
        precision: str = "float32",
    ) -> None: ...
    @property
    def instruction_set(self) -> str: ...

class RecurrentStreams:
    def __init__(self, model: Recurrent, batch: int, threads: int) -> None: ...
    def __copy__(self) -> RecurrentStreams: ...
    def condition(self, stream: int, global_vector: NDArray[np.float32]) -> None: ...
    def generate(
        self,
        steps: int,
        covariates: NDArray[np.float32] | None,
        seed: int,
        temperature: float,
        top_k: int,
        top_p: float,
    ) -> NDArray[np.float32]: ...
    def prime(
        self, samples: NDArray[np.float32] | None, covariates: NDArray[np.float32] | None
    ) -> None: ...
    def score(
        self, samples: NDArray[np.float32] | None, covariates: NDArray[np.float32] | None
    ) -> NDArray[np.float32]: ...
    def outputs(
        self, samples: NDArray[np.float32] | None, covariates: NDArray[np.float32] | None
    ) -> NDArray[np.float32]: ...
    def save(self) -> dict[str, Any]: ...
    def restore(self, memory: dict[str, Any]) -> None: ...
    def step_cost(self) -> dict[str, float]: ...
    @property
    def time(self) -> int: ...

def mlpg(
    means: NDArray[np.float64], variances: NDArray[np.float64], windows: list[list[float]]
) -> NDArray[np.float64]: ...
def dtw(
    X: NDArray[np.float64],
    Y: NDArray[np.float64],
    step_pattern: str,
    window: int | None,
    metric: str,
) -> tuple[float, NDArray[np.int64]]: ...
def dtw_of_costs(
    costs: NDArray[np.float64], step_pattern: str, window: int | None
) -> tuple[float, NDArray[np.int64]]: ...
def trajectory_convert(
    X: NDArray[np.float64],
    posteriors: NDArray[np.float64],
    slopes: NDArray[np.float64],
    biases: NDArray[np.float64],
    variances: NDArray[np.float64],
    windows: list[list[float]],
    iterations: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def global_variance_objective(
    y: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    windows: list[list[float]],
    target_mean: NDArray[np.float64],
    target_variance: NDArray[np.float64],
    weight: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def global_variance_climb(
    start: NDArray[np.float64],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
    windows: list[list[float]],
    target_mean: NDArray[np.float64],
    target_variance: NDArray[np.float64],
    weight: float,
    iterations: int,
    tolerance: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

class RecursiveMLPG:
    def __init__(self, windows: list[list[float]], dimensions: int, delay: int) -> None: ...
    def process(
        self, means: NDArray[np.float64], variances: NDArray[np.float64]
    ) -> NDArray[np.float64]: ...
    def flush(self) -> NDArray[np.float64]: ...

class MixtureTraining:
    def __init__(self, Z: NDArray[np.float64], threads: int) -> None: ...
    def expect(
        self,
        weights: NDArray[np.float64],
        means: NDArray[np.float64],
        covariances: NDArray[np.float64],
    ) -> float: ...
    def assign(self, labels: NDArray[np.int32], components: int) -> None: ...
    def maximise(
        self, covariance_type: str, reg_covar: float, prior_frames: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...

class MixtureRegression:
    def __init__(
        self,
        weights: NDArray[np.float64],
        means: NDArray[np.float64],
        covariances: NDArray[np.float64],
        source: int,
        threads: int,
    ) -> None: ...
    def conditional(
        self, X: NDArray[np.float64], best: bool, threads: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    @property
    def source(self) -> int: ...

def mixture_log_joint(
    X: NDArray[np.float64],
    weights: NDArray[np.float64],
    means: NDArray[np.float64],
    covariances: NDArray[np.float64],
    threads: int,
) -> NDArray[np.float64]: ...
