"""The command `wavenet voice-convert`, run in this process."""

import json
import re
import shutil
import warnings

import numpy as np
import pytest
import soundfile

from wavenet.cli import main
from wavenet.io.audio import write_audio

RATE = 16000


@pytest.fixture
def command(monkeypatch, capfd):
    """Arguments to exit code, standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["wavenet", "voice-convert", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capfd.readouterr()
        return stopped.value.code or 0, captured.out, captured.err

    return run


@pytest.fixture(scope="module")
def model(converter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "model"
    converter.save(folder)
    return folder


def test_fit_lists_what_it_leaves_out(command, corpus, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(corpus, folder)
    (folder / "source" / "03.wav").write_bytes(b"junk")
    (folder / "target" / "06.wav").rename(folder / "target" / "six.wav")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        code, out, err = command(
            "fit", folder / "source", folder / "target", "-o", tmp_path / "model",
            "--components", 4, "--mixtures", 1, "--half", "--source-f0", 70, 170,
        )  # fmt: skip
    assert code == 1
    assert re.search(r"6 pairs at [\d,]+ Hz, 4 components", out)
    assert "wavenet: warning: 6 pairs are few: 25 or more make a better converter\n" in err
    assert "06.wav has no counterpart" in err
    assert "six.wav has no counterpart" in err
    assert "03.wav cannot be read as audio" in err
    assert "Traceback" not in err
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["kind"] == "voice-converter"
    assert (config["source"]["f0_low"], config["source"]["f0_high"]) == (70.0, 170.0)


def test_apply_to_a_file(command, model, corpus, tmp_path):
    source = corpus / "source" / "01.wav"
    target = tmp_path / "out.flac"
    code, out, _ = command("apply", model, source, "-o", target, "--method", "differential")
    assert code == 0
    made = soundfile.info(target)
    assert made.frames == soundfile.info(source).frames
    said = f"{target}: {made.duration:.2f} s at {made.samplerate:,} Hz, converted by {model}\n"
    assert out == said


def test_apply_to_a_folder_keeps_what_can_be_converted(command, model, corpus, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("00.wav", "01.wav"):
        shutil.copy(corpus / "source" / name, folder)
    write_audio(folder / "silent.wav", np.zeros(RATE), RATE)
    output = tmp_path / "out"
    code, out, err = command("apply", model, folder, "-o", output, "--jobs", 2)
    assert code == 1
    assert out == f"2 of 3 written to {output}, converted by {model}; 1 failed\n"
    assert "silent.wav: the sound is silent" in err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["00.wav", "01.wav"]


def test_apply_warns_of_clipped_recordings_and_of_those_without_f0(
    command, model, corpus, tmp_path
):
    folder = tmp_path / "in"
    folder.mkdir()
    y, _ = soundfile.read(corpus / "source" / "00.wav")
    write_audio(folder / "clipped.wav", np.clip(20.0 * y, -1.0, 1.0), RATE)
    write_audio(folder / "whistle.wav", np.sin(np.arange(RATE) * 1.2) / 2, RATE)
    shutil.copy(corpus / "source" / "01.wav", folder / "good.wav")
    code, out, err = command("apply", model, folder, "-o", tmp_path / "out")
    assert code == 0
    assert out == f"3 of 3 written to {tmp_path / 'out'}, converted by {model}\n"
    lines = sorted(err.splitlines())
    assert len(lines) == 4
    assert all(line.startswith(f"wavenet: warning: {folder}") for line in lines)
    assert "clipped.wav:" in lines[0]
    assert lines[0].endswith("% of the samples are clipped, the loudest at 1")
    assert "clipped.wav: the source is unlike the recordings trained on: log-like" in lines[1]
    assert "whistle.wav: no F0 was found between" in lines[2]
    assert "whistle.wav: the source is unlike the recordings trained on: log-like" in lines[3]
    code, _, err = command("apply", model, folder / "whistle.wav", "-o", tmp_path / "one.wav")
    assert (code, err.count("\n")) == (0, 2)


def test_apply_from_and_to_standard_streams(model, corpus, tmp_path):
    import subprocess
    import sys

    source = corpus / "source" / "02.wav"
    result = subprocess.run(
        [sys.executable, "-m", "wavenet", "voice-convert", "apply", model, "-", "-o", "-"],
        input=source.read_bytes(), capture_output=True, check=True,
    )  # fmt: skip
    (tmp_path / "out.wav").write_bytes(result.stdout)
    assert soundfile.info(tmp_path / "out.wav").frames == soundfile.info(source).frames


def test_evaluate(command, model, corpus, tmp_path):
    pytest.importorskip("matplotlib")
    report, picture = tmp_path / "report.json", tmp_path / "report.png"
    code, out, _ = command(
        "evaluate", model, corpus / "source", corpus / "target",
        "-o", report, "--plot", picture, "--method", "mlpg",
    )  # fmt: skip
    assert code == 0
    values = json.loads(report.read_text())
    assert len(values["files"]) == 8
    better = {"distortion_db": 0.7, "log_f0_rmse": 0.5, "voicing_error": 1.1}
    for name, factor in better.items():
        mean = values["means"][name]
        assert mean["after"]["mean"] < factor * mean["before"]["mean"], name
        assert mean["after"]["half_width"] > 0
    assert values["settings"]["world"]["order"] == 24
    for side in ("before", "after"):
        ratios = values["global_variance_ratio"][side]
        assert len(ratios) == 24
        mean = values["means"]["global_variance_ratio"][side]["mean"]
        assert mean == pytest.approx(np.mean(ratios))
        assert set(values["files"][str(corpus / "source" / "00.wav")][side]) == set(values["means"])
    lines = out.splitlines()
    assert lines[0].split("  ")[-1].strip() == "level [dB]"
    assert len(lines[2].split()) == 13  # name and six figures, before and after
    assert len(next(line for line in lines if line.startswith("6500-7900 Hz")).split()) == 6
    assert "power_threshold_db: -20.0" in out
    assert picture.stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["apply", "MODEL", "IN.wav", "-o", "x.wav"], "no audio file at IN.wav"),
        (["apply", "none", "IN.wav", "-o", "x.wav"], "no model at none"),
        (["apply", "digits", "IN.wav", "-o", "x.wav"], "does not convert voices"),
        (["apply", "MODEL", "WAV", "-o", "x.xyz"], "x.xyz has no known audio extension"),
        (["apply", "MODEL", "WAV", "-o", "x.wav", "--method", "x"], "method must be one of"),
        (["apply", "MODEL", "WAV", "-o", "x.wav", "--vocoder", "digits"], "must be a WaveNet cond"),
        (["apply", "MODEL", "WAV", "-o", "x.wav", "--vocoder", "none"], "no model at none"),
        (["apply", "MODEL", "SOURCE", "-o", "-"], "take one recording; name one file"),
        (["fit", "none", "none", "-o", "m"], "there is no folder none"),
        (["fit", "SOURCE", "EMPTY", "-o", "m"], "there is no sound file in"),
        (["fit", "SOURCE", "SOURCE", "-o", "WAV"], "00.wav is a file; a model is a folder"),
        (["evaluate", "MODEL", "SOURCE", "none"], "there is no folder none"),
        (["evaluate", "MODEL", "SOURCE", "SOURCE", "-o", "no/r.json"], "the folder no does not"),
        (["evaluate", "MODEL", "SOURCE", "SOURCE", "--plot", "no/r.png"], "the folder no does not"),
    ],
)
def test_refusals(command, model, corpus, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    places = {
        "MODEL": model,
        "WAV": corpus / "source" / "00.wav",
        "SOURCE": corpus / "source",
        "EMPTY": tmp_path / "empty",
    }
    code, _, err = command(*(places.get(a, a) for a in arguments))
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert not (tmp_path / "x.wav").exists()
