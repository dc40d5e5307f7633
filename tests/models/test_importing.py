"""Models of other projects: the same weights and input give the same logits."""

import json
import os
import pickle
import warnings
from argparse import Namespace

import numpy as np
import pytest
import torch

import wavenet
from wavenet.inference.samples import decode_samples
from wavenet.models.importing import import_model

PRESENT = {
    "input_type": "mulaw-quantize", "out_channels": 256, "quantize_channels": 256,
    "sample_rate": 22050, "hop_size": 8, "output_distribution": "Logistic", "log_scale_min": -9.0,
    "layers": 6, "stacks": 2, "residual_channels": 12, "gate_channels": 20,
    "skip_out_channels": 14, "kernel_size": 3, "cin_channels": 5, "cin_pad": 2,
    "upsample_conditional_features": True, "upsample_net": "ConvInUpsampleNetwork",
    "upsample_params": {"upsample_scales": [4, 2]}, "gin_channels": -1,
    "preprocess": "preemphasis", "global_gain_scale": 0.55,
}  # fmt: skip
RAW = {"input_type": "raw", "out_channels": 30, "quantize_channels": 65536}
PRESENT_VARIANTS = {
    "mu-law": {},
    "two taps": {"kernel_size": 2, "layers": 4, "stacks": 1},
    "logistic mixture": RAW,
    "gaussian": RAW | {"out_channels": 2, "output_distribution": "Normal"},
    "gaussian mixture": RAW | {"out_channels": 9, "output_distribution": "Normal"},
    "one of a gaussian mixture": RAW | {"out_channels": 3, "output_distribution": "Normal"},
    "speakers": {"gin_channels": 4, "n_speakers": 3},
    "vector": {"gin_channels": 4},
    "no features": {"cin_channels": -1, "upsample_conditional_features": False},
    "repeated frames": {"upsample_conditional_features": False},
    "over channels": {"upsample_params": {"upsample_scales": [4, 2], "freq_axis_kernel_size": 3}},
    "no first convolution": {"upsample_net": "UpsampleNetwork", "cin_pad": 0},
}
OLD = {
    "builder": "wavenet", "input_type": "mulaw-quantize", "out_channels": 256,
    "quantize_channels": 256, "sample_rate": 16000, "hop_size": 6, "layers": 6, "stacks": 2,
    "log_scale_min": -32.23619130191664, "residual_channels": 12, "gate_channels": 20,
    "skip_out_channels": 14, "kernel_size": 3, "weight_normalization": True, "legacy": True,
    "cin_channels": 5, "upsample_conditional_features": True, "upsample_scales": [2, 3],
    "freq_axis_kernel_size": 3, "gin_channels": -1, "n_speakers": 7,
}  # fmt: skip
OLD_VARIANTS = {
    "mu-law": {},
    "not legacy": {"legacy": False},
    "no weight normalization": {"weight_normalization": False},
    "logistic mixture": RAW,
    "speakers": {"gin_channels": 4},
    "repeated frames": {"upsample_conditional_features": False},
    "no features": {"cin_channels": -1, "upsample_conditional_features": False},
}
KAN_BAYASHI = {
    "n_quantize": 256, "n_aux": 5, "n_resch": 12, "n_skipch": 14, "dilation_depth": 3,
    "dilation_repeat": 2, "kernel_size": 2, "upsampling_factor": 8, "use_upsampling_layer": True,
}  # fmt: skip


def randomized(model: torch.nn.Module) -> torch.nn.Module:
    """Weights with which each part of the network matters."""
    torch.manual_seed(0)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_(torch.randn_like(value) * (0.1 if name.endswith("bias") else 0.4))
            if name.endswith(("weight_g", "original0")):
                value.abs_().add_(2)
            if any(part in name for part in ("up_layers", "upsample_conv", "upsampling")):
                value.abs_().mul_(0.5)
    return model.eval()


def imported(tmp_path, model: torch.nn.Module, values: dict, key: str = "state_dict"):
    """Our generator with the weights of a peer's module, by way of its files."""
    torch.save({key: model.state_dict(), "global_step": 1000}, tmp_path / "checkpoint.pth")
    (tmp_path / "hparams.json").write_text(json.dumps(values))
    import_model(tmp_path / "checkpoint.pth", tmp_path / "hparams.json", tmp_path / "model")
    return wavenet.load(tmp_path / "model")


def inputs_of(generator, frames: int = 40) -> tuple[np.ndarray, dict]:
    """A signal and its conditioning."""
    random = np.random.default_rng(0)
    config, conditioning, length = generator.config, {}, 320
    if config.local:
        conditioning["condition"] = random.uniform(0, 1, (frames, config.local.channels))
        length = frames * config.local.hop_length
    if config.speakers:
        conditioning["speaker"] = 2
    if config.global_channels:
        conditioning["global_vector"] = random.standard_normal(config.global_channels)
    return random.uniform(-1, 1, length), conditioning


def likeliest_codes(generator, conditioning: dict) -> np.ndarray:
    """What is generated under argmax, for as long as the frames last."""
    streams = generator.streams(temperature=0, **conditioning)
    return streams.core.generate(streams.samples_left(None), **streams._options)[0]


def peer_logits(model, generator, codes, conditioning: dict, repeat: bool) -> np.ndarray:
    """Teacher-forced outputs of a module of wavenet_vocoder, whose input is one sample late."""
    config = generator.config
    codes = np.concatenate([generator.codes(np.zeros(1)), codes[:-1]]).astype(np.int64)
    if config.input == "scalar":
        x = torch.from_numpy(decode_samples(codes, generator.config))[None, None]
    else:
        x = torch.nn.functional.one_hot(torch.from_numpy(codes), 256).float().T[None]
    c = g = None
    if config.local:
        frames = conditioning["condition"]
        frames = frames.repeat(config.local.hop_length, axis=0) if repeat else frames
        c = torch.tensor(frames.T, dtype=torch.float32)[None]
    if config.speakers:
        g = torch.tensor([conditioning["speaker"]])
    if config.global_channels:
        g = torch.tensor(conditioning["global_vector"], dtype=torch.float32)[None]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of hooks in 0.1.1
        return model(x, c, g)[0].T.numpy()


def assert_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert np.ptp(theirs, axis=0).max() > 0.1
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)


def old_spelling(model: torch.nn.Module) -> torch.nn.Module:
    """The module with the names that torch gave the parts of normalized weights until 2.0."""
    state = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): value
        for name, value in model.state_dict().items()
    }
    model.state_dict = lambda: state
    return model


@pytest.mark.parametrize("variant", PRESENT_VARIANTS)
@pytest.mark.parametrize("spelling", ["old", "new"])
def test_wavenet_vocoder(tmp_path, peers, variant, spelling):
    values = PRESENT | PRESENT_VARIANTS[variant]
    model = randomized(peers.WavenetVocoder(values))
    generator = imported(tmp_path, old_spelling(model) if spelling == "old" else model, values)
    assert generator.sample_rate == 22050
    y, conditioning = inputs_of(generator)
    repeat = not values["upsample_conditional_features"]
    expected = peer_logits(model, generator, generator.codes(y), conditioning, repeat)
    assert_same(generator.outputs(y, **conditioning), expected)


@pytest.fixture
def old_package():
    """wavenet_vocoder 0.1.1 from the index, a requirement of the tests alone."""
    return pytest.importorskip("wavenet_vocoder", reason="wavenet_vocoder is not installed")


def old_model(package, values: dict) -> torch.nn.Module:
    names = (
        "out_channels", "layers", "stacks", "residual_channels", "gate_channels",
        "skip_out_channels", "kernel_size", "cin_channels", "gin_channels", "n_speakers",
        "weight_normalization", "upsample_conditional_features", "upsample_scales",
        "freq_axis_kernel_size", "legacy",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of weight_norm's new place
        return package.WaveNet(
            scalar_input=values["input_type"] == "raw", **{name: values[name] for name in names}
        )


@pytest.mark.parametrize("variant", OLD_VARIANTS)
def test_wavenet_vocoder_0_1(tmp_path, old_package, variant):
    values = OLD | OLD_VARIANTS[variant]
    model = randomized(old_model(old_package, values))
    generator = imported(tmp_path, model, values)
    y, conditioning = inputs_of(generator)
    repeat = not values["upsample_conditional_features"]
    expected = peer_logits(model, generator, generator.codes(y), conditioning, repeat)
    assert_same(generator.outputs(y, **conditioning), expected)


@pytest.mark.parametrize("learned", [True, False])
@pytest.mark.parametrize("settings", ["json", "conf"])
def test_pytorch_wavenet_vocoder(tmp_path, peers, learned, settings):
    values = KAN_BAYASHI | {"use_upsampling_layer": learned}
    model = randomized(peers.PytorchWaveNetVocoder(values))
    generator = imported(tmp_path, model, values, key="model")
    if settings == "conf":
        torch.save(Namespace(**values, feature_type="world"), tmp_path / "model.conf")
        import_model(tmp_path / "checkpoint.pth", tmp_path / "model.conf", tmp_path / "other")
        assert wavenet.load(tmp_path / "other").config == generator.config
    y, conditioning = inputs_of(generator)
    codes = torch.from_numpy(generator.codes(np.concatenate([[0.0], y[:-1]])).astype(np.int64))
    with torch.no_grad():
        x = torch.nn.functional.one_hot(codes, 256).float().T[None]
        c = torch.tensor(conditioning["condition"].T, dtype=torch.float32)[None]
        expected = model(x, c)[0].T.numpy()
    assert_same(generator.outputs(y, **conditioning), expected)


@pytest.mark.parametrize("which", ["present", "0.1"])
def test_same_sequence_under_argmax(tmp_path, peers, request, which):
    """Every one of 1,000 samples is the peer's most likely one after those before it."""
    values = PRESENT if which == "present" else OLD
    if which == "present":
        model = randomized(peers.WavenetVocoder(values))
    else:
        model = randomized(old_model(request.getfixturevalue("old_package"), values))
    generator = imported(tmp_path, model, values)
    _, conditioning = inputs_of(generator, frames=-(-1000 // generator.config.local.hop_length))
    codes = likeliest_codes(generator, conditioning)
    assert len(codes) >= 1000
    assert len(np.unique(codes)) > 4
    likeliest = peer_logits(model, generator, codes, conditioning, False).argmax(axis=1)
    np.testing.assert_array_equal(codes, likeliest)


def test_generation_equals_incremental_forward(tmp_path, old_package):
    """The package's own sample-by-sample generation, fed with what we generated, agrees."""
    model = randomized(old_model(old_package, OLD))
    generator = imported(tmp_path, model, OLD)
    _, conditioning = inputs_of(generator, frames=167)
    codes = likeliest_codes(generator, conditioning)
    inputs = np.concatenate([[128], codes[:-1]]).astype(np.int64)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = model.incremental_forward(
            test_inputs=torch.nn.functional.one_hot(torch.from_numpy(inputs), 256).float()[None],
            c=torch.tensor(conditioning["condition"].T, dtype=torch.float32)[None],
            T=len(codes), softmax=False, quantize=False,
        )  # fmt: skip
    np.testing.assert_array_equal(outputs[0].numpy().argmax(axis=0), codes)


class Malicious:
    """Runs a command when it is unpickled without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("form", ["torch.save", "old torch.save", "pickle"])
@pytest.mark.parametrize("place", ["checkpoint", "settings"])
def test_malicious_pickles_are_refused(tmp_path, peers, form, place):
    model = peers.WavenetVocoder(PRESENT)
    paths = {"checkpoint": tmp_path / "c.pth", "settings": tmp_path / "model.conf"}
    torch.save({"state_dict": model.state_dict()}, paths["checkpoint"])
    torch.save(Namespace(**PRESENT), paths["settings"])
    bad = {"state_dict": model.state_dict(), "optimizer": Malicious(tmp_path / "executed")}
    if form == "pickle":
        paths[place].write_bytes(pickle.dumps(Malicious(tmp_path / "executed")))
    else:
        zipped = form == "torch.save"
        torch.save(bad, paths[place], _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match="is refused: it is damaged, or holds more than tensors"):
        import_model(*paths.values(), tmp_path / "model")
    assert not (tmp_path / "executed").exists()
    assert not (tmp_path / "model").exists()


def test_numbers_of_numpy_beside_the_weights_are_read(tmp_path, peers):
    """Learning rates in the state of an optimizer often are."""
    model = peers.WavenetVocoder(PRESENT)
    state = {"lr": np.float64(1e-3), "step": np.int64(3)}
    torch.save({"state_dict": model.state_dict(), "optimizer": state}, tmp_path / "c.pth")
    (tmp_path / "h.json").write_text(json.dumps(PRESENT))
    import_model(tmp_path / "c.pth", tmp_path / "h.json", tmp_path / "model")


def test_what_the_sound_and_the_frames_went_through(tmp_path, peers):
    """Gain and pre-emphasis become a filter, the mel spectrogram with its statistics features."""
    model = peers.WavenetVocoder(PRESENT)
    torch.save({"state_dict": model.state_dict()}, tmp_path / "c.pth")
    (tmp_path / "h.json").write_text(json.dumps(PRESENT))
    statistics = np.stack([np.arange(5.0), np.arange(1.0, 6.0)])
    np.save(tmp_path / "s.npy", statistics)
    paths = [tmp_path / name for name in ("c.pth", "h.json", "model", "s.npy")]
    config = import_model(*paths).config
    np.testing.assert_allclose(config.noise_shaping, [0.55, -0.85 * 0.55])
    assert config.features.mel_channels == 5
    assert config.features.f_max == 7600
    assert config.features.statistics.deviation == (1, 2, 3, 4, 5)
    generator = wavenet.load(tmp_path / "model")
    y = 0.1 * np.random.default_rng(0).standard_normal(4000)
    frames = generator.condition_from_sound(y)
    codes = wavenet.mulaw_encode(0.55 * (y - 0.85 * np.append(0, y[:-1])), 256, "nnmnkwii")
    np.testing.assert_array_equal(generator.codes(y), codes)
    assert generator.generate(100, condition=frames).shape == (100,)
    np.save(tmp_path / "s.npy", statistics[:, :4])
    with pytest.raises(ValueError, match=r"the statistics have the shape \(2, 4\)"):
        import_model(*paths)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_type": "mulaw"}, "input_type 'mulaw' has no equal here"),
        ({"upsample_params": {"upsample_scales": [4, 2], "mode": "bilinear"}}, "mode 'bilinear'"),
        ({"upsample_net": "UpsampleNetwork"}, "UpsampleNetwork with cin_pad has no equal"),
        ({"layers": 7}, "7 layers cannot be divided in 2 stacks"),
        ({"layers": 4}, "has the tensor 'conv_layers.4"),
        ({"layers": 8}, "lacks the tensor 'conv_layers.6"),
        ({"gate_channels": 22}, r"has shape \(20, 12, 3\); the settings ask for \(22, 12, 3\)"),
        ({"kernel_size": 4}, "kernel_size must be from 2 to 3, got 4"),
        ({"hop_size": 9}, "the product of upsampling_factors"),
        ({"layers": float("inf")}, "the setting layers must be a whole number, got inf"),
        ({"log_scale_min": float("nan"), **RAW}, "the setting log_scale_min must be a number"),
        ({"residual_channels": "many"}, "residual_channels must be a whole number, got 'many'"),
        ({"out_channels": 31, "input_type": "raw"}, "must be a multiple of 3"),
    ],
)
def test_settings_that_do_not_fit(tmp_path, peers, change, message):
    model = peers.WavenetVocoder(PRESENT)
    with pytest.raises(ValueError, match=message):
        imported(tmp_path, model, PRESENT | change)
    assert not (tmp_path / "model").exists()


def test_lacking_settings(tmp_path, peers):
    values = {name: value for name, value in PRESENT.items() if name != "stacks"}
    with pytest.raises(ValueError, match="the settings lack 'stacks'"):
        imported(tmp_path, peers.WavenetVocoder(PRESENT), values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": {"a": torch.ones(2)}}, "is not a checkpoint of wavenet_vocoder or"),
        ({"state_dict": {"a": 3}}, "'a' is not a tensor but int"),
        ({"state_dict": {"a": torch.tensor([torch.nan])}}, "'a' has values that are not finite"),
        ({"state_dict": {"a.weight_v": torch.ones(2, 2)}}, "normalization of a is not complete"),
        ({}, "holds no weights"),
        (3, "holds no weights"),
        (b"no checkpoint at all", "is not a file of torch.save|is refused"),
        (b"", "is not a file of torch.save|is refused"),
    ],
)
def test_unusable_checkpoints(tmp_path, content, message):
    path = tmp_path / "c.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    (tmp_path / "h.json").write_text("{}")
    with pytest.raises(ValueError, match=message):
        import_model(path, tmp_path / "h.json", tmp_path / "model")


@pytest.mark.parametrize(
    ("text", "message"), [("{", "is not valid JSON"), ("[1]", "is not an object with settings")]
)
def test_unusable_settings(tmp_path, peers, text, message):
    torch.save(peers.WavenetVocoder(PRESENT).state_dict(), tmp_path / "c.pth")
    (tmp_path / "h.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        import_model(tmp_path / "c.pth", tmp_path / "h.json", tmp_path / "model")
