"""Changes the pitch of speech in the time domain: pitch-synchronous overlap-add.

Grains of two periods, taken at the source's pitch marks, are laid down again at the target's
period (Moulines and Charpentier 1990); the spectral envelope stays. Unvoiced sound passes as it is.
"""

from __future__ import annotations

import numpy as np

from wavenet.base.sound import as_samples

_LOWEST_F0 = 20.0  # [Hz]
_SEARCH = 0.15  # of a period: how far a pitch mark may lie from where the last one puts it


class PitchShifter:
    """Shifts the pitch of a sound that comes piece by piece.

    Parameters
    ----------
    sample_rate
        [Hz]
    frame_period
        Frame period of the F0 contours [ms].
    longest_period
        Upper bound of the periods of the source [s]; longer ones are clipped to it. What has been
        put out ends this long before the next grain's centre.
    """

    def __init__(self, sample_rate: float, frame_period: float, longest_period: float = 0.025):
        self._hop = sample_rate * frame_period / 1000.0
        self._rate = sample_rate
        self._longest = int(np.ceil(longest_period * sample_rate))
        self._margin = int(np.ceil(self._longest * (1.5 + _SEARCH))) + 1
        self._input = np.zeros(self._margin)
        self._output = np.zeros(2 * self._longest + 1)
        self._input_start = -self._margin
        self._output_start = -self._longest
        self._contour = np.zeros((0, 2))
        self._contour_start = 0
        self._position = 0.0
        self._mark: int | None = None

    def process(
        self, y: np.ndarray, source_f0: np.ndarray, target_f0: np.ndarray, last: bool = False
    ) -> np.ndarray:
        """Takes the next samples and the next frames of both contours; gives what is finished.

        Parameters
        ----------
        y : (n,)
        source_f0, target_f0 : (n_frames,)
            [Hz], 0 without voice; frames may run ahead of samples or the other way round.
        last
            Whether the sound ends here: all is put out, as many samples as came in.

        Raises
        ------
        ValueError
            An F0 that is neither 0 nor from 20 Hz to a quarter of the sample rate.
        """
        y = as_samples(y)
        for f0 in (source_f0, target_f0):
            _check_f0(f0, 0.25 * self._rate)
        self._input = np.concatenate([self._input, y, np.zeros(self._margin if last else 0)])
        self._contour = np.concatenate([self._contour, np.stack([source_f0, target_f0], axis=1)])
        end = self._input_start + len(self._input)
        if last and len(self._contour):
            held = np.repeat(self._contour[-1:], int(end / self._hop) + 2, axis=0)
            self._contour = np.concatenate([self._contour, held])
        while self._position + self._margin < end and self._lay_grain():
            pass
        finished = end - self._margin if last else int(self._position) - self._longest
        count = max(0, finished - self._output_start)
        self._grow(count)
        out, self._output = self._output[:count], self._output[count:]
        skipped = max(0, -self._output_start)
        self._output_start += count
        self._forget()
        return out[skipped:]

    def _lay_grain(self) -> bool:
        """Lays one grain at the present position and moves on; False without an F0 frame yet."""
        frame = round(self._position / self._hop) - self._contour_start
        if frame >= len(self._contour):
            return False
        source, target = self._contour[frame]
        if source > 0 and target > 0:
            period = min(self._rate / source, self._longest)
            step = period * source / target
            centre = self._next_mark(period)
            gain = np.sqrt(step / period)
        else:
            period = step = self._hop
            centre, self._mark, gain = round(self._position), None, 1.0
        self._add(centre, period, gain)
        self._position += step
        return True

    def _add(self, centre: int, period: float, gain: float) -> None:
        at = round(self._position)
        support = int(np.ceil(period))
        offsets = np.arange(-support, support + 1)
        window = np.clip(1.0 - np.abs(offsets + at - self._position) / period, 0.0, 1.0)
        window = 0.5 - 0.5 * np.cos(np.pi * window)
        start = at - support - self._output_start
        self._grow(start + len(offsets))
        taken = self._samples(centre - support, len(offsets))
        self._output[start : start + len(offsets)] += gain * window * taken

    def _next_mark(self, period: float) -> int:
        """The pitch mark of the source that is nearest the present position."""
        if self._mark is None:
            support = int(period / 2)
            start = round(self._position) - support
            near = np.abs(self._samples(start, 2 * support + 1))
            self._mark = start + int(near.argmax())
            return self._mark
        steps = round((self._position - self._mark) / period)
        if steps == 0:
            return self._mark
        guess = round(self._mark + steps * period)
        half, search = int(period / 2), max(1, int(_SEARCH * period))
        model = self._samples(self._mark - half, 2 * half)
        around = self._samples(guess - search - half, 2 * (half + search))
        windows = np.lib.stride_tricks.sliding_window_view(around, 2 * half)
        norm = np.sqrt((windows**2).sum(axis=1)) + 1e-9
        self._mark = guess - search + int((windows @ model / norm).argmax())
        return self._mark

    def _samples(self, start: int, count: int) -> np.ndarray:
        """Input samples; zeros where the memory ends."""
        first = start - self._input_start
        part = self._input[max(first, 0) : max(first + count, 0)]
        before = min(max(-first, 0), count)
        return np.pad(part, (before, count - before - len(part)))

    def _grow(self, length: int) -> None:
        if length > len(self._output):
            self._output = np.pad(self._output, (0, length - len(self._output)))

    def _forget(self) -> None:
        """Drops input and frames that no grain can reach any more."""
        oldest = int(self._position) - 3 * self._margin
        drop = max(0, oldest - self._input_start)
        self._input, self._input_start = self._input[drop:], self._input_start + drop
        frames = max(0, int(self._position / self._hop) - 2 - self._contour_start)
        frames = min(frames, len(self._contour))
        self._contour, self._contour_start = self._contour[frames:], self._contour_start + frames


def _check_f0(f0: np.ndarray, highest: float) -> None:
    """Refuses periods that no grain can have: steps of nothing would never end."""
    bad = (f0 != 0) & ~((f0 >= _LOWEST_F0) & (f0 <= highest))
    if bad.any():
        raise ValueError(
            f"F0 must be 0 or from {_LOWEST_F0:g} to {highest:g} Hz, a quarter of the sample rate, "
            f"got {f0[bad][0]:g}"
        )


def shift_pitch(
    y: np.ndarray,
    source_f0: np.ndarray,
    target_f0: np.ndarray,
    sample_rate: float,
    frame_period: float,
) -> np.ndarray:
    """Changes the F0 of a sound (n_samples,) from one contour (n_frames,) [Hz] to another.

    Raises
    ------
    ValueError
        An F0 that is neither 0 nor from 20 Hz to a quarter of the sample rate.
    """
    shifter = PitchShifter(sample_rate, frame_period)
    return shifter.process(y, source_f0, target_f0, last=True)[: len(y)]
