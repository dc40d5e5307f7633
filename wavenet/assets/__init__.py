from pathlib import Path


def find_model(p):
    return Path(p)
