"""The torch module: causality, receptive field, conditioning, input forms."""

import pytest
import torch
from torch.nn import functional

from wavenet.config import LocalConditioning, WaveNetConfig
from wavenet.models import WaveNet

SMALL = {"residual_channels": 8, "gate_channels": 12, "skip_channels": 10}
LOCAL = LocalConditioning(3, 6, hidden_channels=5)


def model_of(**settings) -> WaveNet:
    torch.manual_seed(0)
    return WaveNet(WaveNetConfig(**(SMALL | settings))).double().eval()


@pytest.mark.parametrize("kernel_size", [2, 3])
@pytest.mark.parametrize("input_kernel_size", [1, 2, 4])
@pytest.mark.parametrize("dilations", [(1,), (1, 2, 4), (3, 1, 5, 2)])
def test_receptive_field_by_gradients(dilations, kernel_size, input_kernel_size):
    model = model_of(
        dilations=dilations, kernel_size=kernel_size, input_kernel_size=input_kernel_size,
        input="scalar",
    )  # fmt: skip
    x = torch.randn(1, 80, dtype=torch.float64, requires_grad=True)
    model(x)[0, :, -1].sum().backward()
    reached = torch.nonzero(x.grad[0]).flatten()
    assert reached.max() == 79
    assert 80 - reached.min() == model.receptive_field


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "scalar"])
def test_causality(kind):
    model = model_of(dilations=(1, 2, 4), input=kind)
    torch.manual_seed(1)
    x = torch.randint(0, 256, (2, 50))
    changed = x.clone()
    changed[:, 30:] = 255 - changed[:, 30:]
    if kind == "scalar":
        x, changed = x.double() / 128 - 1, changed.double() / 128 - 1
    before, after = model(x), model(changed)
    assert torch.equal(before[:, :, :30], after[:, :, :30])
    assert torch.all((before[:, :, 30:] != after[:, :, 30:]).any(dim=1))


def test_one_hot_input_is_a_convolution():
    model = model_of(dilations=(1, 2), input_kernel_size=3)
    x = torch.randint(0, 256, (2, 20))
    one_hot = functional.one_hot(x, 256).double().transpose(1, 2)
    expected = model.input(functional.pad(one_hot, (2, 0)))
    assert torch.allclose(model._input(x), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("upsampling", "factors"), [("repeat", ()), ("transposed", (2, 3)), ("transposed", (3, 1, 2))]
)
def test_upsampling(upsampling, factors):
    local = LocalConditioning(
        3, 6, hidden_channels=5, upsampling=upsampling, upsampling_factors=factors
    )
    network = model_of(dilations=(1,), local=local).condition
    frames = torch.randn(2, 5, 7, dtype=torch.float64)
    upsampled = network.upsample(frames)
    assert upsampled.shape == (2, 5, 42)
    if upsampling == "repeat":
        assert torch.equal(upsampled[:, :, ::6], frames)
        assert torch.equal(upsampled[:, :, 5::6], frames)


def test_every_block_is_conditioned():
    """Each conditioning reaches the output through each block alone (eq. 2 and 3)."""
    config = {"dilations": (1, 2, 4), "speakers": ("a", "b"), "global_channels": 2, "local": LOCAL}
    inputs = {
        "x": torch.randint(0, 256, (1, 24)),
        "speaker": torch.tensor([0]),
        "global_vector": torch.randn(1, 2, dtype=torch.float64),
        "features": torch.randn(1, 3, 4, dtype=torch.float64),
    }
    changes = {
        "speaker": torch.tensor([1]),
        "global_vector": -inputs["global_vector"],
        "features": -inputs["features"],
    }
    for kept in range(3):
        model = model_of(**config)
        for i, block in enumerate(model.blocks):
            if i != kept:
                torch.nn.init.zeros_(block.global_projection.weight)
                torch.nn.init.zeros_(block.local_projection.weight)
        before = model(**inputs)
        for name, value in changes.items():
            assert not torch.allclose(model(**(inputs | {name: value})), before), (kept, name)


def test_missing_conditioning_is_named():
    x = torch.zeros(1, 24, dtype=torch.int64)
    with pytest.raises(ValueError, match="needs a speaker"):
        model_of(speakers=("a",))(x)
    with pytest.raises(ValueError, match="needs a global conditioning vector"):
        model_of(global_channels=2)(x)
    with pytest.raises(ValueError, match="needs feature frames"):
        model_of(local=LOCAL)(x)
    with pytest.raises(ValueError, match="18 samples of conditioning for 24"):
        model_of(local=LOCAL)(x, features=torch.zeros(1, 3, 3, dtype=torch.float64))


@pytest.mark.parametrize("kind", ["one-hot", "embedding", "scalar"])
@pytest.mark.parametrize("local", [None, LOCAL])
def test_shapes_come_from_the_configuration(kind, local):
    model = model_of(input=kind, local=local, speakers=("a", "b"), global_channels=2)
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    assert shapes == model.config.tensor_shapes()


def test_saved_and_loaded(tmp_path):
    model = model_of(speakers=("a", "b"), local=LOCAL).float()
    model.save_pretrained(tmp_path / "model")
    loaded = WaveNet.from_pretrained(tmp_path / "model")
    assert loaded.config == model.config
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    generator = loaded.to_generator()
    assert generator.config == model.config
    assert generator.generate(30, condition=torch.zeros(5, 3).numpy()).shape == (30,)
