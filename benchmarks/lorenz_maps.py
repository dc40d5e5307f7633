"""Models of vectors as maps of all that they remember, with the derivatives of these maps."""

import torch
from torch import Tensor
from torch.func import jvp, vmap

from wavenet.forecasting.series import SAMPLE_RANGE
from wavenet.models import RecurrentModel, WaveNet


class RecurrentMap:
    """State: hidden values, cells of an LSTM, the last row. One layer."""

    def __init__(self, model: RecurrentModel):
        self.weights = {name: value.double() for name, value in model.state_dict().items()}
        self.config = model.config
        self.lstm = model.config.cell == "lstm"

    def state_after(self, y: Tensor) -> Tensor:
        """The state that the rows `(n, 3)` lead to."""
        size = (2 if self.lstm else 1) * self.config.hidden_size
        state = torch.zeros(size + y.shape[1], dtype=torch.float64)
        for row in y.double():
            state = torch.cat([self(state)[:size], row])
        return state

    def advance(self, state: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
        """The next state, and tangents `(size, count)` at it."""

        def push(tangent: Tensor) -> Tensor:
            return jvp(self, (state,), (tangent,))[1]

        with torch.no_grad():
            return self(state), vmap(push, in_dims=1, out_dims=1)(tangents)

    def __call__(self, state: Tensor) -> Tensor:
        units, w = self.config.hidden_size, self.weights
        h, x = state[:units], state[-self.config.dimensions :]
        gates = w["layers.0.weight_ih_l0"] @ x + w["layers.0.weight_hh_l0"] @ h
        gates = gates + w["layers.0.bias_ih_l0"] + w["layers.0.bias_hh_l0"]
        if self.lstm:
            i, f, g, o = gates.unflatten(0, (4, units)).unbind()
            c = torch.sigmoid(f) * state[units : 2 * units] + torch.sigmoid(i) * torch.tanh(g)
            memory = [torch.sigmoid(o) * torch.tanh(c), c]
        else:
            memory = [h + self.config.leak * (torch.tanh(gates) - h)]
        size = self.config.dimensions
        after = w["output.weight"][:size] @ memory[0] + w["output.bias"][:size]
        return torch.cat([*memory, after + w["skip.weight"][:size] @ x])


class WaveNetMap:
    """State: the samples that reach an output; a step is a row, a sample for each coordinate."""

    def __init__(self, model: WaveNet, coordinates: int):
        self.model = model.double()
        rows = -(-model.receptive_field // coordinates) + 1
        self.size, self.coordinates = rows * coordinates, coordinates
        self.frames = torch.eye(coordinates, dtype=torch.float64).repeat(rows + 1, 1)

    def state_after(self, y: Tensor) -> Tensor:
        """The state that the rows `(n, 3)` lead to."""
        return (y.double() / SAMPLE_RANGE).flatten()[-self.size :]

    def advance(self, state: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
        """The next state, and tangents `(size, count)` at it."""
        # The output at a sample is that of the next one, whose conditioning it sees.
        for i in range(self.coordinates):
            frames = self.frames[i + 1 : i + 1 + self.size].T[None]
            state = state.detach().requires_grad_()
            mean = self.model(state[None], None, None, frames)[0, 0, -1]
            (gradient,) = torch.autograd.grad(mean, state)
            state = torch.cat([state[1:], mean[None]])
            tangents = torch.cat([tangents[1:], (gradient @ tangents)[None]])
        return state.detach(), tangents
