"""Writes a manifest of a folder of recordings that holds the last ones out for validation.

python examples/vocoder_manifest.py speech_arctic/slt 50 manifest.csv
"""

import csv
import sys
from pathlib import Path

from wavenet.conversion.recordings import audio_files

folder, held_out, manifest = Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3]
files = audio_files(folder)
with open(manifest, "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["path", "split"])
    for i, path in enumerate(files):
        writer.writerow([path, "validation" if i >= len(files) - held_out else "train"])
