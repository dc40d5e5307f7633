"""Makes a recording again from its features with a vocoder, and says how near it came.

python examples/copy_synthesis.py speech.wav copy.wav
"""

import sys

import wavenet
from wavenet.evaluation.vocoder import CopyComparison
from wavenet.io.audio import read_audio, write_audio

recording, copy = sys.argv[1:]
vocoder = wavenet.load("slt16k")
y, rate = read_audio(recording, vocoder.sample_rate)

frames = vocoder.condition_from_sound(y)  # (frames, channels), as in the training
print(f"{len(frames)} frames: {vocoder.config.features}")
sound = vocoder.generate(len(y), condition=frames, seed=1)
write_audio(copy, sound, rate)

print(f"bits per sample: {vocoder.score(y, condition=frames).bits_per_sample:.3f}")
print(CopyComparison(y, rate)(sound))
