"""Manifests, the corpus and the sequences drawn from it."""

import csv
import dataclasses
import json
import os
import resource
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import soxr

from wavenet import mulaw_encode
from wavenet.compression.quantization import read_recordings
from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.features.labels import LabelFeatures
from wavenet.features.mel import MelFeatures
from wavenet.features.statistics import FrameStatistics
from wavenet.io.manifest import Clip, read_clips
from wavenet.training.config import TrainingConfig
from wavenet.training.data import kind_of
from wavenet.training.data.corpus import Item, build_corpus, complete_config
from wavenet.training.data.recordings import held_out_clips
from wavenet.training.data.sequences import PAUSE_WEIGHT, SequenceSampler, validation_batches

CONFIG = WaveNetConfig(sample_rate=8000, dilations=(1, 2, 4, 8))


def read(path, text):
    path.write_text(text)
    return read_clips(path)


def corpus(clips, tmp_path, config=CONFIG):
    return build_corpus(clips, config, tmp_path / "cache", progress=lambda: None)


def test_folder(recordings):
    clips = read_clips(recordings)
    assert [clip.path.name for clip in clips] == [f"{i}.wav" for i in range(6)]
    assert clips[0].end is None and clips[0].speaker == ""


def test_csv_and_json_lines_say_the_same(recordings):
    rows = [{"path": "0.wav", "speaker": "ann", "labels": "a:0:0.2 b:0.2:0.5", "start": 0.1}]
    lines = "\n".join(json.dumps(row) for row in rows)
    expected = Clip(
        recordings / "0.wav", 0.1, None, "ann", None, (("a", 0.0, 0.2), ("b", 0.2, 0.5))
    )
    assert read(recordings / "m.jsonl", lines) == [expected]
    text = "path,speaker,labels,start\n0.wav,ann,a:0:0.2 b:0.2:0.5,0.1\n"
    assert read(recordings / "m.csv", text) == [expected]


BREAKS = "\n \r\n \u2028 \v \f \x85".split(" ")


@pytest.mark.parametrize("mark", BREAKS)
def test_whatever_breaks_lines_elsewhere_is_kept_in_a_cell(recordings, mark):
    """Only line breaks outside quotes end a row of CSV, only line feeds one of JSON."""
    row = {"path": "0.wav", "speaker": f"ann{mark}b", "text": f"one{mark}two"}
    with open(recordings / "m.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows([row, {"path": "1.wav", "speaker": "bob", "text": "two"}])
    lines = f"{json.dumps(row, ensure_ascii=False)}\r\n" + '{"path": "1.wav"}'
    (recordings / "m.jsonl").write_bytes(lines.encode())
    for name in ("m.csv", "m.jsonl"):
        first, second = read_clips(recordings / name)
        assert (first.speaker, first.text) == (f"ann{mark}b", f"one{mark}two")
        assert first.symbols == ["one", "two"] and second.path == recordings / "1.wav"
    assert kind_of(recordings / "m.csv").name == "audio"


def test_unquoted_marks_do_not_split_rows(recordings):
    text = "path,text\n0.wav,one\u2028two\x85three\v\ffour\n"
    (recordings / "m.csv").write_text(text, encoding="utf-8")
    (clip,) = read_clips(recordings / "m.csv")
    assert clip.text == "one\u2028two\x85three\v\ffour"


def test_what_a_table_is_is_seen_in_its_header(tmp_path):
    table = tmp_path / "t.csv"
    for header, kind in (('"path","speaker"', "audio"), ('speaker, "path"', "series"),
                         ("\ufeff\"path\"", "audio"), ('"a,path",b', "series"),
                         ("\n\nspeaker, path", "audio"), ("", "series")):  # fmt: skip
        table.write_text(f"{header}\n", encoding="utf-8")
        assert kind_of(table).name == kind, header


def test_text_is_spread_evenly():
    clip = Clip(None, text="a b c d")
    assert clip.spans(2.0) == [("a", 0, 0.5), ("b", 0.5, 1), ("c", 1, 1.5), ("d", 1.5, 2)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "path\n", "lists no clip"),
        ("m.csv", "file\na.wav\n", "line 2 has no path"),
        ("m.csv", "path,pitch\na.wav,3\n", "unknown column 'pitch'"),
        ("m.csv", "path,start,end\na.wav,2,1\n", "ends at 1.0 s, not after its start 2.0"),
        ("m.csv", "path,start\na.wav,soon\n", "start 'soon', not a time"),
        ("m.csv", "path,start\na.wav,-1\n", "start '-1'"),
        ("m.csv", "path,end\na.wav,nan\n", "end 'nan'"),
        ("m.csv", "path,split\na.wav,test\n", "split 'test'"),
        ("m.csv", "path,labels\na.wav,x:1\n", "label 'x:1', not symbol:start:end"),
        ("m.csv", "path,labels\na.wav,x:2:1\n", "does not end after its start"),
        ("m.csv", f"path,text\na.wav,{'x ' * 70000}\n", "cannot be read as CSV: field larger"),
        ("m.jsonl", "{}\n", "line 1 has no path"),
        ("m.csv", "path\na.wav,ann\n", "line 2 has 2 cells for 1 columns"),
        ("m.csv", "path,speaker,path\na.wav,ann,b.wav\n", "two columns of one name"),
        ("m.csv", "path\na.wav\n\n,\n", "line 4 has 2 cells"),
        ("m.csv", 'path,text\n\na.wav,"x\ny\n', "line 3 .* a quote is opened here and never"),
        ("m.csv", 'path,text\na.wav,"x\ny"\nb.wav,"y" z\n', "line 4 cannot be read as CSV"),
        ("m.csv", 'path,end\na.wav,"1\n"\nb.wav,soon\n', "line 4 has the end 'soon'"),
        ("m.jsonl", '\n{"path": "a.wav"}\n\n{"path": 3, "end": "x"}', "line 4 has the end 'x'"),
        ("m.jsonl", "[" * 100_000, "line 1 is JSON nested more than"),
        ("m.jsonl", "[" * 950 + "]" * 950, "line 1 is JSON nested more than 100"),
        ("m.jsonl", "[\n", "line 1 is not valid JSON"),
        ("m.txt", "", "neither a folder nor"),
    ],
)
def test_bad_manifests(tmp_path, name, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path / name, text)


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder or manifest"):
        read_clips(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="there is no sound file in"):
        read_clips(tmp_path)
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ValueError, match="not UTF-8"):
        read_clips(tmp_path / "m.csv")


def test_bad_audio(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"not audio")
    with pytest.raises(ValueError, match=r"a\.wav cannot be read"):
        corpus([Clip(path)], tmp_path)
    soundfile.write(path, np.zeros(0), 8000)
    with pytest.raises(ValueError, match="has no samples"):
        corpus([Clip(path)], tmp_path)
    soundfile.write(path, np.array([0.1, np.nan], np.float32), 8000, subtype="FLOAT")
    with pytest.raises(ValueError, match="not finite"):
        corpus([Clip(path)], tmp_path)
    soundfile.write(path, np.zeros(800), 8000)
    with pytest.raises(
        ValueError, match=r"lasts for 0\.100 s, less than its clip from 0\.0 to 0\.2"
    ):
        corpus([Clip(path, end=0.2)], tmp_path)
    with pytest.raises(ValueError, match="cannot be read"):
        corpus([Clip(tmp_path / "missing.wav")], tmp_path)


def test_labels_beyond_the_clip(recordings, tmp_path):
    text = "path,labels,start,end\n0.wav,a:0:0.2 b:0.2:{},0.1,0.5\n"
    clips = read(recordings / "m.csv", text.format(0.405))  # less than a frame
    config = complete_config(CONFIG, clips)
    corpus(clips, tmp_path, config)
    with pytest.raises(ValueError, match=r"0\.wav: the label 'b' ends at 0\.6 s, after its clip"):
        corpus(read(recordings / "m.csv", text.format(0.6)), tmp_path, config)


def test_stereo_and_other_rates(tmp_path):
    random = np.random.default_rng(0)
    stereo = np.repeat(random.uniform(-0.5, 0.5, (16000, 1)), 2, axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 16000)
    soundfile.write(tmp_path / "b.wav", np.concatenate([np.ones(800), np.zeros(8000)]), 8000)
    items, summary = corpus([Clip(tmp_path / "a.wav"), Clip(tmp_path / "b.wav")], tmp_path)
    assert [len(item.codes) for item in items] == [8000, 8800]
    assert summary.resampled_files == 1 and summary.stereo_files == [str(tmp_path / "a.wav")]
    assert summary.clipped_samples == 800
    assert summary.files == 2 and summary.seconds == pytest.approx(2.1)
    assert "mixed down to mono" in str(summary)


def test_damage_is_seen_before_the_mix_down(tmp_path):
    """Channels that nearly cancel each other are not free of clipping."""
    left = np.concatenate([np.ones(500), np.zeros(8000 + 500)])
    soundfile.write(tmp_path / "a.wav", np.stack([left, -0.9 * left], axis=1), 8000)
    _, summary = corpus([Clip(tmp_path / "a.wav")], tmp_path)
    assert summary.clipped_samples == 500
    assert summary.silent_seconds == 1  # the last one, of which 1,000 samples are there
    soundfile.write(tmp_path / "b.wav", np.stack([left, -left], axis=1), 8000)
    with pytest.raises(ValueError, match=r"b\.wav: the 2 channels cancel each other"):
        corpus([Clip(tmp_path / "b.wav")], tmp_path)


def test_files_are_decoded_once(recordings, tmp_path, monkeypatch):
    """At another rate they are resampled once; the second time all comes from the cache."""
    calls = []
    resample = soxr.resample
    monkeypatch.setattr(soxr, "resample", lambda *a, **k: (calls.append(1), resample(*a, **k))[1])
    clips = read_clips(recordings)
    config = dataclasses.replace(CONFIG, sample_rate=6000)
    first, expected = corpus(clips, tmp_path, config)
    assert len(calls) == 6
    second, summary = corpus(clips, tmp_path, config)
    assert len(calls) == 6
    assert summary == expected and summary.resampled_files == 6
    assert summary.files == 6 and summary.seconds == pytest.approx(6)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.codes, other.codes)


def test_changed_files_are_decoded_again(recordings, tmp_path):
    """By their content: a change may keep size and time, and a time may change alone."""
    path = recordings / "0.wav"
    corpus(read_clips(recordings), tmp_path)
    entries = sorted((tmp_path / "cache").iterdir())
    os.utime(path, ns=(1, 1))
    corpus(read_clips(recordings), tmp_path)
    assert sorted((tmp_path / "cache").iterdir()) == entries
    soundfile.write(path, np.zeros(8000), 8000)
    os.utime(path, ns=(1, 1))
    items, _ = corpus(read_clips(recordings), tmp_path)
    assert (items[0].codes == 128).all()


def test_a_long_file_is_decoded_once(tmp_path, monkeypatch):
    """However many clips of it there are, between those of others, with features and filters."""
    random = np.random.default_rng(0)
    clips = []
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, random.uniform(-0.5, 0.5, 16000), 8000)
    for i in range(15):
        clips += [Clip(tmp_path / name, i / 10, i / 10 + 0.5) for name in ("a.wav", "b.wav")]
    features = MelFeatures(
        sample_rate=8000, fft_length=64, window_length=64, hop_length=40, mel_channels=4
    )
    config = WaveNetConfig(
        sample_rate=8000, dilations=(1, 2), features=features, local=LocalConditioning(4, 40),
        adaptive_noise_shaping=0.5, noise_shaping=(1.0,),
    )  # fmt: skip
    decoded = []
    original = soundfile.SoundFile.read

    def read(file, *arguments, **options):
        decoded.append(file.name)
        return original(file, *arguments, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", read)
    items, summary = corpus(clips, tmp_path, config)
    assert len(decoded) == 2 and summary.files == 2 and summary.clips == 30
    for i in (3, 28):
        alone, _ = corpus([clips[i]], tmp_path / "other", config)
        np.testing.assert_array_equal(items[i].codes, alone[0].codes)
        np.testing.assert_array_equal(items[i].track, alone[0].track)
    decoded.clear()
    generator = SimpleNamespace(sample_rate=8000, config=CONFIG)
    assert len(list(read_recordings(generator, clips))) == 30 and len(decoded) == 2


def test_damaged_entries_of_the_cache_are_made_again(recordings, tmp_path):
    first, summary = corpus(read_clips(recordings), tmp_path)
    for i, path in enumerate(sorted((tmp_path / "cache").iterdir())):
        content = path.read_bytes()
        path.write_bytes([b"", b"no archive", content[: len(content) // 2], content[:-1],
                          content[:200] + b"?" * 50 + content[250:], b"\x93NUMPY"][i])  # fmt: skip
    second, again = corpus(read_clips(recordings), tmp_path)
    assert again == summary
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.codes, other.codes)


def test_many_files_need_few_descriptors(tmp_path):
    clips = [Clip(tmp_path / f"{i}.wav") for i in range(80)]
    for clip in clips:
        soundfile.write(clip.path, np.zeros(80), 8000)
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 20, most))
    try:
        items, _ = corpus(clips, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
    assert len(items) == 80


def test_files_are_held_out_whole(recordings):
    clips = read_clips(recordings / "manifest.csv")
    for seed in range(5):
        held_out = held_out_clips(clips, TrainingConfig(seed=seed, validation=0.3))
        files = [clip.path for clip in clips]
        chosen = {path for path, held in zip(files, held_out, strict=True) if held}
        assert len(chosen) == 2 and held_out.sum() == 4


def test_configuration_from_the_data(recordings):
    config = complete_config(CONFIG, read_clips(recordings / "manifest.csv"))
    assert config.speakers == ("ann", "bob")
    assert config.features.symbols == ("x", "y")
    assert config.features.durations["ann"]["y"] == pytest.approx((0.45, 0))
    assert config.local.channels == config.features.channels == 21
    assert config.local.hop_length == 80
    assert complete_config(CONFIG, read_clips(recordings)) == CONFIG


def test_unknown_speakers_and_missing_labels(recordings):
    clips = read_clips(recordings / "manifest.csv")
    with pytest.raises(ValueError, match="speaker 'bob', which is not known"):
        complete_config(WaveNetConfig(speakers=("ann",)), clips)
    features = LabelFeatures(symbols=("x",))
    labelled = WaveNetConfig(local=LocalConditioning(features.channels, 80), features=features)
    with pytest.raises(ValueError, match="neither text nor labels"):
        complete_config(labelled, read_clips(recordings))


def test_labels_of_items(recordings, tmp_path):
    clips = read_clips(recordings / "manifest.csv")
    config = complete_config(CONFIG, clips)
    items, _ = corpus(clips, tmp_path, config)
    assert items[0].track.shape == (30, 21) and items[1].track.shape == (45, 21)
    assert np.all(items[0].track[:, :10].sum(axis=1) == pytest.approx(1))
    assert np.all(items[0].track[:, 10:20] == 0)
    assert items[0].speaker == 1


def make_sampler(lengths, window=400, **settings) -> SequenceSampler:
    config = WaveNetConfig(sample_rate=8000, dilations=(1, 2, 4, 8), **settings)
    hop = config.local.hop_length if config.local else 1
    random = np.random.default_rng(0)
    items = []
    for i, length in enumerate(lengths):
        frames = -(-length // hop)
        track = random.standard_normal((frames, config.local.channels)) if config.local else None
        codes = random.integers(1, 127, length).astype(np.uint16)
        items.append(Item(codes, track, i % 2))
    return SequenceSampler(items, config, window, seed=3)


LOCAL = {"local": LocalConditioning(4, 7)}


@pytest.mark.parametrize("settings", [{}, LOCAL])
def test_batches_are_a_function_of_the_step(settings):
    sampler = make_sampler([90, 5000, 200, 1000], **settings)
    whole = sampler.batch(5, range(6))
    again = sampler.batch(5, range(6))
    second_half = sampler.batch(5, range(3, 6))
    np.testing.assert_array_equal(whole.inputs, again.inputs)
    np.testing.assert_array_equal(whole.targets[3:], second_half.targets)
    assert not np.array_equal(whole.targets, sampler.batch(6, range(6)).targets)


@pytest.mark.parametrize("settings", [{}, LOCAL])
def test_sequences_are_pieces_of_clips(settings):
    sampler = make_sampler([90, 5000, 200, 1000], **settings)
    seen_inside = seen_joined = False
    for step in range(40):
        batch = sampler.batch(step, range(4))
        assert np.all(batch.inputs[:, 0] == 128)
        np.testing.assert_array_equal(batch.inputs[:, 1:], batch.targets[:, :-1])
        for i in range(4):
            inside = batch.weights[i, 0] == 0
            seen_inside |= inside
            target = batch.targets[i]
            silent = target == 128  # no clip has this code
            expected = np.where(silent, np.float32(PAUSE_WEIGHT), 1)
            expected[: inside * sampler.context] = 0
            np.testing.assert_array_equal(batch.weights[i], expected)
            if silent.any():
                seen_joined = True
                assert batch.frames is None or np.all(batch.frames[i, :, :1] == 0) | ~silent[0]
            else:
                clips = [item for item in sampler.items if len(item.codes) >= sampler.length]
                assert any(is_piece(target, clip.codes) for clip in clips)
    assert seen_inside and seen_joined


def is_piece(part, whole) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(whole, len(part))
    return bool(np.any(np.all(windows == part, axis=1)))


@pytest.mark.parametrize("settings", [{}, LOCAL])
def test_validation_counts_every_sample_once(settings):
    sampler = make_sampler([90, 5000, 200, 1000], **settings)
    batches = validation_batches(sampler.items, sampler, 3)
    counted = sum(batch.weights.sum() for batch in batches)
    assert counted == 90 + 5000 + 200 + 1000
    codes = np.concatenate([batch.targets[batch.weights > 0] for batch in batches])
    expected = np.concatenate([item.codes for item in sampler.items])
    np.testing.assert_array_equal(codes, expected)


def test_silence_between_joined_clips_has_its_own_frame():
    statistics = FrameStatistics((-5.0,) * 4, (2.0,) * 4, (-12.0,) * 4, (0.0,) * 4)
    features = MelFeatures(
        sample_rate=8000, fft_length=64, window_length=64, hop_length=40, mel_channels=4,
        statistics=statistics,
    )  # fmt: skip
    config = WaveNetConfig(
        sample_rate=8000, dilations=(1, 2), features=features, local=LocalConditioning(4, 40)
    )
    clip = Item(np.full(400, 7, np.uint16), np.ones((10, 4), np.float32), 0)
    batch = SequenceSampler([clip], config, window=4000, seed=0).batch(0, range(2))
    codes = batch.targets.reshape(2, -1, 40)
    speaks = (codes == 7).all(axis=2)
    assert 0.2 < speaks.mean() < 0.9
    np.testing.assert_array_equal(batch.frames.transpose(0, 2, 1)[speaks], 1)
    silence = statistics.normalize(np.full(4, np.log(1e-5)))
    np.testing.assert_allclose(
        batch.frames.transpose(0, 2, 1)[~speaks], np.tile(silence, ((~speaks).sum(), 1)), rtol=1e-5
    )


def test_codes_are_those_of_the_codec(recordings, tmp_path):
    items, _ = corpus(read_clips(recordings), tmp_path)
    audio, _ = soundfile.read(recordings / "0.wav", dtype="float32")
    np.testing.assert_array_equal(items[0].codes, mulaw_encode(audio))
