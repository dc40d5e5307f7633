"""Speaks while it generates: blocks of raw audio go to standard output as they are made.

python examples/stream_generation.py "2 7 1 8" theo | aplay -f S16_LE -r 8000
"""

import sys

import wavenet
from wavenet.io.audio import pcm_bytes

text, speaker = sys.argv[1:]
generator = wavenet.load("digits")
condition = generator.condition_from_text(text, speaker)
for block in generator.stream(block_size=400, condition=condition, speaker=speaker):
    sys.stdout.buffer.write(pcm_bytes(block))
    sys.stdout.buffer.flush()
