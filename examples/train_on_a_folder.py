"""Trains a small WaveNet on a folder of recordings, then lets it improvise.

    python examples/train_on_a_folder.py RECORDINGS MODEL_FOLDER

Needs torch: pip install "wavenet-engine[train]". Stop it with Ctrl-C at any time; the model so far
is in MODEL_FOLDER.
"""

import sys

import wavenet
from wavenet.io.audio import write_audio
from wavenet.training import train

recordings, folder = sys.argv[1:]
model = {"sample_rate": 16000, "residual_channels": 48, "gate_channels": 96, "skip_channels": 64}
train(recordings, folder, model=model, training={"steps": 20_000, "batch_size": 4})

generator = wavenet.load(folder)
audio = generator.generate(5 * generator.sample_rate, seed=0, temperature=0.9)
write_audio("improvisation.wav", audio, generator.sample_rate)
