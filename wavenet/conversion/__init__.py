"""GMM voice conversion: joint-density mixture, trajectories, the converter."""

from wavenet.conversion.trajectory.global_variance import (
    GlobalVarianceTrajectory,
    global_variance_gradient,
    global_variance_objective,
    global_variance_postfilter,
)
from wavenet.conversion.trajectory.modulation_spectrum import (
    ModulationStatistics,
    modulation_spectrum_postfilter,
)
from wavenet.dsp.mlpg import (
    MixtureTrajectory,
    RecursiveMLPG,
    mlpg,
    trajectory_convert,
)

__all__ = [
    "GlobalVarianceTrajectory",
    "MixtureTrajectory",
    "ModulationStatistics",
    "RecursiveMLPG",
    "global_variance_gradient",
    "global_variance_objective",
    "global_variance_postfilter",
    "mlpg",
    "modulation_spectrum_postfilter",
    "trajectory_convert",
]
