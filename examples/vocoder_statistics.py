"""Gives a vocoder the mixture of its training frames, by which it warns of unlike features.

Training makes it. This is for models of before, from the recordings that they were trained on, of
which every 24th is taken, as it is and as if it had been resampled from a higher rate:

python examples/vocoder_statistics.py MODEL manifest.csv OUTPUT
"""

import dataclasses
import sys
from pathlib import Path

from wavenet.compression.quantization import read_recordings
from wavenet.inference.wavenet import WaveNetGenerator
from wavenet.io.audio import band_limited
from wavenet.io.hub import find_model
from wavenet.io.manifest import read_clips
from wavenet.io.model_file import load_model, save_model
from wavenet.training.data.frame_mixture import frame_mixture

model, manifest, output = sys.argv[1:]
config, tensors = load_model(find_model(model))
generator = WaveNetGenerator(config, tensors)
clips = [clip for clip in read_clips(Path(manifest)) if clip.split != "validation"]
sounds = [r.y for r in read_recordings(generator, clips[::24])]
sounds += [band_limited(y, config.sample_rate) for y in sounds]
statistics = config.features.statistics
tracks = [statistics.normalize(generator.condition_from_sound(y)) for y in sounds]
statistics = dataclasses.replace(statistics, mixture=frame_mixture(tracks))
features = dataclasses.replace(config.features, statistics=statistics)
save_model(output, dataclasses.replace(config, features=features), tensors)
print(
    f"{output}: {statistics.mixture.expected:.2f} ± {statistics.mixture.spread:.2f} nat per frame"
)
