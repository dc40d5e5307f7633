"""Writes a manifest of a folder of recordings that holds ranges of file names out for validation.

python examples/vocoder_manifest.py speech_arctic/slt manifest.csv \\
    arctic_a0181-arctic_a0200 arctic_b0490-arctic_b0539
"""

import csv
import sys
from pathlib import Path

from wavenet.io.audio_files import find_audio

folder, manifest = Path(sys.argv[1]).resolve(), sys.argv[2]
ranges = [held_out.split("-") for held_out in sys.argv[3:]]
with open(manifest, "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["path", "split"])
    for path in find_audio(folder):
        held_out = any(first <= path.stem <= last for first, last in ranges)
        writer.writerow([path, "validation" if held_out else "train"])
