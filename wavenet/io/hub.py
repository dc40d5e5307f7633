"""Where models are: at a path, among the shipped ones, or on the Hugging Face Hub.

Of a repository on the Hub only `config.json` and `model.safetensors` are read, neither of which can
run code.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from wavenet.assets import shipped_folder, shipped_models
from wavenet.base.extras import extra

MODEL_FILES = ["config.json", "model.safetensors"]


def find_model(path: str | os.PathLike) -> Path:
    """The path of a model: of a file or folder, a shipped one, or one on the Hub, in this order.

    A file or folder that is no model does not hide the shipped one of its name.

    Parameters
    ----------
    path
        A model folder, a `.safetensors` file, a name of `wavenet.shipped_models()`, or
        "owner/name" on the Hugging Face Hub, which is downloaded once and then kept in its cache.

    Raises
    ------
    FileNotFoundError
        There is none of these; the sentence lists the shipped models.
    """
    place = Path(path)
    is_model = place.suffix == ".safetensors" or (place / "config.json").is_file()
    if str(path) in shipped_models() and not is_model:
        return shipped_folder(str(path))
    if place.exists():
        return place
    missing = f"no model at {path}; shipped models: {', '.join(shipped_models()) or 'none'}"
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", str(path)) or is_model:
        raise FileNotFoundError(missing)
    try:
        return _download(str(path))
    except (ImportError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise FileNotFoundError(f"{missing}; not from the Hugging Face Hub: {reason}") from error


class HubMixin:
    """`push_to_hub` for what has `save_pretrained`."""

    def save_pretrained(self, directory: str | os.PathLike) -> None:
        """Writes the model file."""
        raise NotImplementedError

    def push_to_hub(self, name: str, *, private: bool = False) -> str:
        """Uploads the model file to the Hugging Face Hub; see `push_to_hub`."""
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return push_to_hub(folder, name, private=private)


def push_to_hub(directory: str | os.PathLike, name: str, *, private: bool = False) -> str:
    """Uploads a model folder, with its card `README.md` if it has one, to the Hugging Face Hub.

    The token is that of `hf auth login` or of the environment variable HF_TOKEN.

    Parameters
    ----------
    directory
        The model folder, as `save_pretrained`, `save` and `wavenet train` write it.
    name
        "owner/name" of the repository, made if it is not there.
    private
        Whether a new repository is hidden from others.

    Returns
    -------
    str
        Address of the upload.

    Raises
    ------
    FileNotFoundError
        The folder is no model.
    ImportError
        huggingface_hub is not installed.
    """
    directory = Path(directory)
    for file in MODEL_FILES:
        if not (directory / file).is_file():
            raise FileNotFoundError(f"{directory} is not a model folder: it has no {file}")
    with extra("hub", "models on the Hugging Face Hub"):
        import huggingface_hub
    huggingface_hub.create_repo(name, private=private, exist_ok=True)
    upload = huggingface_hub.upload_folder(
        repo_id=name, folder_path=directory, allow_patterns=[*MODEL_FILES, "README.md"]
    )
    return str(upload)


def _download(name: str) -> Path:
    """The folder of the cache with the model files of a repository."""
    with extra("hub", "its models"):
        import huggingface_hub
    return Path(huggingface_hub.snapshot_download(name, allow_patterns=MODEL_FILES))
