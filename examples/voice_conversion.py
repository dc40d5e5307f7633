"""Fits a voice converter on two folders of parallel recordings and converts a sentence.

python examples/voice_conversion.py slt/ bdl/ sentence.wav converted.wav
"""

import sys

import numpy as np

import wavenet
from wavenet.io.audio import read_audio, write_audio

source_folder, target_folder, sentence, converted = sys.argv[1:]
converter = wavenet.VoiceConverter(n_components=64).fit(source_folder, target_folder)
converter.save("converter")

y, rate = read_audio(sentence)
write_audio(converted, converter.convert(y, rate), rate)

# The same block by block, as from a microphone.
converter = wavenet.VoiceConverter.load("converter")
y, rate = read_audio(sentence, converter.config_.sample_rate)
stream = converter.stream(rate)
blocks = [stream.process(y[i : i + 160]) for i in range(0, len(y), 160)]
live = np.concatenate([*blocks, stream.flush()])
print(f"latency {1000 * stream.latency:.0f} ms beside the block of 10 ms; {len(live)} samples")
