"""Models of time series: from a CSV file to forecasts."""

import csv
import json

import numpy as np
import pytest

import wavenet
from wavenet.cli import main
from wavenet.evaluation.verification import verify
from wavenet.forecasting.forecast import forecast
from wavenet.forecasting.series import (
    interleaved,
    interleaved_covariates,
    read_series,
    rows_of_samples,
)
from wavenet.training import train

MODEL = {"target": "load", "covariates": "hot", "horizon": 12, "context": 24, "hidden_size": 16}
RUN = {"steps": 150, "batch_size": 16, "learning_rate": 1e-2, "warmup_steps": 10}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Forty days of a load that follows the hour and a temperature, the last 12 hours unknown."""
    random = np.random.default_rng(0)
    hours = np.arange(24 * 40)
    hot = random.standard_normal(len(hours))
    load = 100 + 10 * np.sin(2 * np.pi * hours / 24) + 5 * hot + random.normal(0, 0.5, len(hours))
    times = np.datetime64("2020-01-01T00:00:00") + hours * np.timedelta64(1, "h")
    path = tmp_path_factory.mktemp("series") / "load.csv"
    rows = [f"{t},{'' if h >= 24 * 40 - 12 else y},{x}" for h, t, y, x in
            zip(hours, times, load, hot, strict=True)]  # fmt: skip
    path.write_text("\n".join(["hour,load,hot", *rows]) + "\n")
    return path, load


@pytest.fixture(scope="module")
def model(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "load"
    assert train(table[0], folder, MODEL, RUN)
    return folder


@pytest.fixture(scope="module")
def wavenet_model(table, tmp_path_factory):
    """Two targets, one the other with the sign changed, for a WaveNet."""
    folder = tmp_path_factory.mktemp("models") / "wavenet"
    rows = table[0].read_text().splitlines()[1:]
    cells = [row.split(",") for row in rows]
    rows = [[time, load, load and str(-float(load)), hot] for time, load, hot in cells]
    path = folder.parent / "two.csv"
    path.write_text("\n".join(["time,load,less,hot", *map(",".join, rows)]) + "\n")
    model = {"kind": "wavenet", "target": "load,less", "covariates": "hot", "horizon": 12}
    model |= {"residual_channels": 16, "gate_channels": 32, "skip_channels": 32, "context": 24}
    assert train(path, folder, model, RUN | {"steps": 300})
    return folder, path


def test_forecast(table, model):
    path, load = table
    generator = wavenet.load(model, threads=2)
    result = forecast(generator, read_series(path), samples=300, seed=1)
    assert result.paths.shape == (300, 12, 1) and result.targets == ("load",)
    assert result.times[0] == np.datetime64("2020-02-09T12:00:00")
    error = result.mean[:, 0] - load[-12:]
    assert np.abs(error).mean() < 2  # the load varies by 8
    inside = (result.quantile(0.02) < load[-12:, None]) & (load[-12:, None] < result.quantile(0.98))
    assert inside.mean() > 0.7
    again = forecast(wavenet.load(model, threads=1), read_series(path), samples=20, seed=1)
    np.testing.assert_array_equal(again.paths, result.paths[:20])


def test_wavenet_forecast(table, wavenet_model):
    """The core draws rows that go on well, and in which one target is less the other."""
    folder, path = wavenet_model
    generator = wavenet.load(folder, threads=2)
    assert generator.config.series.calendar == ("day", "week")
    assert generator.receptive_field >= 2 * generator.config.series.context
    series = read_series(path)
    result = forecast(generator, series, samples=100, seed=1)
    assert result.paths.shape == (100, 12, 2) and result.targets == ("load", "less")
    assert np.abs(result.mean[:, 0] - table[1][-12:]).mean() < 3  # the load varies by 8
    assert np.abs(result.paths.sum(axis=2)).mean() < 2
    again = forecast(wavenet.load(folder, threads=1), series, samples=20, seed=1)
    np.testing.assert_array_equal(again.paths, result.paths[:20])
    assert all(check.passed for check in verify(folder))


@pytest.mark.parametrize("kind", ["recurrent", "wavenet"])
def test_linear_part(table, tmp_path, kind):
    """With a linear part, and for a recurrent model with half a day in a step."""
    model = {"kind": kind, "target": "load", "covariates": "hot", "horizon": 8, "lags": 48}
    if kind == "recurrent":
        model |= {"patch": 6, "context": 24, "hidden_size": 16, "output": "gaussian"}
    else:
        model |= {"context": 24, "residual_channels": 8, "gate_channels": 16, "skip_channels": 16}
    assert train(table[0], tmp_path / "out", model, RUN | {"steps": 200})
    generator = wavenet.load(tmp_path / "out", threads=1)
    assert generator.lag_weights.shape == (1, 6 if kind == "recurrent" else 1, 48)
    series = read_series(table[0])
    for horizon in (8, 7):
        result = forecast(generator, series, horizon, samples=300, seed=1)
        assert result.paths.shape == (300, horizon, 1)
        assert np.abs(result.mean[:, 0] - table[1][-12 : horizon - 12]).mean() < 3  # varies by 8
    with pytest.raises(ValueError, match=r"has 60 rows .* looks back on 72"):
        forecast(generator, series.rows(0, 60), 8)


def test_echo_state_forecast(table, tmp_path):
    model = {"kind": "echo-state", "target": "load", "covariates": "hot", "horizon": 12}
    assert train(table[0], tmp_path / "esn", model | {"units": 200, "context": 48})
    generator = wavenet.load(tmp_path / "esn")
    result = forecast(generator, read_series(table[0]), samples=300, seed=1)
    assert np.abs(result.mean[:, 0] - table[1][-12:]).mean() < 2  # the load varies by 8
    inside = np.abs(result.mean[:, 0] - table[1][-12:]) < 3 * result.paths.std(axis=0)[:, 0]
    assert inside.mean() > 0.8


def test_interleaving():
    values = np.random.default_rng(0).standard_normal((3, 5, 2)).astype(np.float32)
    samples = interleaved(values)
    assert samples.shape == (3, 10) and np.abs(samples).max() < 1
    np.testing.assert_allclose(samples[:, 1::2] * 8, values[:, :, 1], rtol=1e-6)
    np.testing.assert_allclose(rows_of_samples(samples, 2), values, rtol=1e-6)
    frames = interleaved_covariates(values[0], 3)
    assert frames.shape == (15, 5)
    np.testing.assert_array_equal(frames[7], [0, 1, 0, *values[0, 2]])


def test_settings_come_from_the_data(model, table):
    config = wavenet.load(model).config
    training = read_series(table[0]).columns(("load", "hot"))[: 948 - round(0.2 * 948)]
    assert config.series.calendar == ("day", "week") and config.covariates == 5
    np.testing.assert_allclose(config.series.target_scales, training[:, :1].std(axis=0))
    np.testing.assert_allclose(config.series.covariate_means, training[:, 1:].mean(axis=0))


def test_command(table, model, tmp_path, monkeypatch, capsys):
    arguments = [
        "wavenet", "forecast", str(table[0]), "--model", str(model), "-o", str(tmp_path / "f.csv"),
        "--quantiles", "0.1,0.9", "--paths", str(tmp_path / "p.csv"), "--samples", "10",
        "--plot", str(tmp_path / "f.png"), "--seed", "1",
    ]  # fmt: skip
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    facts = f"12 rows of load, 2020-02-09T12:00:00 to 2020-02-09T23:00:00, by {model}"
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / name}: {facts}" for name in ("f.csv", "p.csv")
    ]
    expected = forecast(wavenet.load(model), read_series(table[0]), samples=10, seed=1)
    with open(tmp_path / "f.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["hour", "load mean", "load q0.1", "load q0.9"] and len(rows) == 13
    np.testing.assert_allclose([float(r[1]) for r in rows[1:]], expected.mean[:, 0], rtol=1e-6)
    with open(tmp_path / "p.csv", newline="") as file:
        assert len(next(csv.reader(file))) == 11
    assert (tmp_path / "f.png").stat().st_size > 1000


def run(capsys, monkeypatch, *arguments) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["wavenet", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out + captured.err


def test_kinds_on_the_command_line(table, tmp_path, capsys, monkeypatch):
    options = ["--kind", "echo-state", "--target=load", "--units", "50", "--spectral-radius=0.5"]
    code, text = run(capsys, monkeypatch, "train", table[0], "-o", tmp_path / "esn", *options)
    assert code == 0, text
    code, text = run(capsys, monkeypatch, "info", tmp_path / "esn")
    assert code == 0 and "layers: 1 x 50 units, rnn leak 0.5" in text
    options = ["--kind", "wavenet", "--target", "load", "--hidden-size", "5"]
    code, text = run(capsys, monkeypatch, "train", table[0], "-o", tmp_path / "w", *options)
    assert code == 2 and "there is no setting 'hidden_size'" in text
    options = ["--kind", "wave", "--target", "load"]
    code, text = run(capsys, monkeypatch, "train", table[0], "-o", tmp_path / "w", *options)
    assert code == 2 and "kind must be recurrent or wavenet or echo-state for series" in text


def test_other_commands(model, wavenet_model, tmp_path, capsys, monkeypatch):
    """They describe models of series, or say what to use instead."""
    code, text = run(capsys, monkeypatch, "info", wavenet_model[0])
    assert code == 0 and "time series: load, less; a row every 3600 s" in text
    assert "covariates: hot, day, week" in text and "ms" not in text
    for folder in (model, wavenet_model[0]):
        out = tmp_path / "out.wav"
        code, text = run(capsys, monkeypatch, "synthesize", "--model", folder, "-o", out)
        assert code == 2 and "use wavenet forecast" in text and not out.exists()
        code, text = run(capsys, monkeypatch, "score", "--model", folder, wavenet_model[1])
        assert code == 2 and "use wavenet forecast" in text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g, s: forecast(g, s, 13), "ends 1 rows before the forecast does"),
        (lambda g, s: forecast(g, s, 0), "horizon must be from 1"),
        (lambda g, s: forecast(g, s.rows(0, 20)), "has 20 rows .* looks back on 24"),
        (lambda g, s: forecast(g, s, samples=0), "samples must be from 1"),
    ],
)
def test_refused_forecasts(table, model, call, message):
    with pytest.raises(ValueError, match=message):
        call(wavenet.load(model), read_series(table[0]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "--target must name a column of .*: load, hot"),
        ({"target": "lod"}, "no column 'lod'"),
        ({"target": "load", "horizon": 800}, "fewer than context and horizon, 2400"),
        ({"target": "load", "horizon": 0}, "horizon must be from 1"),
        (
            {"target": "load", "kind": "hmm"},
            "kind must be .* or echo-state for series, got",
        ),
        ({"target": "load", "kind": "echo-state", "cell": "x"}, "no setting 'cell'"),
        ({"target": "load", "patch": 6}, "patches need a linear part: lags above 0"),
        ({"target": "load", "patch": 6, "lags": 9, "context": 7}, "context 7 must be a multiple"),
        ({"target": "load", "lags": 400}, "lags must be from 1 to half the rows .* 379 of .* 400"),
        ({"target": "load", "cell": "x"}, "config.cell must be one of"),
        ({"target": "load", "flavour": 1}, "unknown setting 'flavour'"),
    ],
)
def test_refused_settings(table, tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        train(table[0], tmp_path / "out", settings, RUN)


def test_refused_tables(table, tmp_path):
    header, *rows = table[0].read_text().splitlines()
    empty = [row if i != 38 else row.split(",")[0] + ",,1" for i, row in enumerate(rows)]
    constant = [row.split(",")[0] + ",7,1" for row in rows]
    for lines, message in (
        (empty, "row 40, column 'load': no value"),
        (constant, "column 'load' is constant"),
    ):
        path = tmp_path / "bad.csv"
        path.write_text("\n".join([header, *lines]))
        with pytest.raises(ValueError, match=message):
            train(path, tmp_path / "out", {"target": "load"}, RUN)


def command(capsys, monkeypatch, *arguments) -> str:
    code, text = run(capsys, monkeypatch, *arguments)
    assert code == 0, text
    return text


@pytest.mark.parametrize("kind", ["recurrent", "wavenet", "echo-state"])
def test_monthly_and_yearly_tables(tmp_path, capsys, monkeypatch, kind):
    """From the table to the forecast, which goes on at the ends of months, or by years."""
    random = np.random.default_rng(0)
    months = np.arange("1990-01", "2010-02", dtype="datetime64[M]")
    y = 10 * np.sin(2 * np.pi * np.arange(241) / 12) + random.standard_normal(241)
    ends = (months + 1).astype("datetime64[D]") - 1
    options = ["--kind", kind, "--target", "y", "--horizon", "14", "--context", "24"]
    if kind != "echo-state":
        options += ["--steps", "100", "--batch-size", "8", "--warmup-steps", "5"]
    if kind == "wavenet":
        options += ["--residual-channels", "8", "--gate-channels", "16", "--skip-channels", "16"]
    for name, stamps in (("months", ends), ("years", np.arange(1770, 2011))):
        table, model, out = (tmp_path / f"{name}{end}" for end in (".csv", "", ".out.csv"))
        table.write_text("t,y\n" + "".join(f"{t},{v}\n" for t, v in zip(stamps, y, strict=True)))
        command(capsys, monkeypatch, "train", table, "-o", model, *options)
        command(capsys, monkeypatch, "forecast", table, "--model", model, "-o", out)
        step = "1 month" if name == "months" else "12 months"
        assert f"a row every {step}" in command(capsys, monkeypatch, "info", model)
        rows = [line.split(",") for line in out.read_text().splitlines()[1:]]
        found = [row[0] for row in rows]
        if name == "years":
            assert found == [str(year) for year in range(2011, 2025)]
            assert wavenet.load(model).config.series.calendar == ()
            continue
        assert found[:3] == ["2010-02-28", "2010-03-31", "2010-04-30"] and len(found) == 14
        assert wavenet.load(model).config.series.calendar == ("year",)
        expected = 10 * np.sin(2 * np.pi * np.arange(241, 255) / 12)
        assert np.abs([float(row[1]) for row in rows] - expected).mean() < 4  # of 6.4
    hours = tmp_path / "hours.csv"
    rows = [f"2020-01-0{1 + i // 24}T{i % 24:02}:00,{v}" for i, v in enumerate(y[:200])]
    hours.write_text("t,y\n" + "\n".join(rows) + "\n")
    code, text = run(capsys, monkeypatch, "forecast", hours, "--model", model, "-o", out)
    assert code == 2 and "has a step of 3600 s, the model of 12 months" in text


@pytest.mark.parametrize("lags", [0, 24])
def test_a_meter_far_from_0(tmp_path, capsys, monkeypatch, lags):
    """The table shows the spread, and the model saw it."""
    random = np.random.default_rng(0)
    y = 123_456_789 + 3 * np.sin(2 * np.pi * np.arange(600) / 24) + random.normal(0, 0.1, 600)
    times = np.datetime64("2020-01-01T00:00") + np.arange(600) * np.timedelta64(1, "h")
    table, out, paths = (tmp_path / name for name in ("meter.csv", "next.csv", "paths.csv"))
    rows = (f"{t},{v:.3f}\n" for t, v in zip(times, y, strict=True))
    table.write_text("t,y\n" + "".join(rows))
    model = {"target": "y", "horizon": 12, "hidden_size": 16, "lags": lags}
    assert train(table, tmp_path / "model", model, RUN)
    options = ["--model", tmp_path / "model", "-o", out, "--paths", paths, "--samples", "50"]
    command(capsys, monkeypatch, "forecast", table, *options)
    with open(out, newline="") as file:
        quantiles = np.array([[float(v) for v in row[1:]] for row in list(csv.reader(file))[1:]])
    assert (np.diff(quantiles[:, 1:], axis=1) > 0).all()
    expected = 123_456_789 + 3 * np.sin(2 * np.pi * np.arange(600, 612) / 24)
    assert np.abs(quantiles[:, 0] - expected).mean() < 1
    result = forecast(wavenet.load(tmp_path / "model"), read_series(table), samples=50)
    with open(paths, newline="") as file:
        drawn = np.array([[float(v) for v in row[1:]] for row in list(csv.reader(file))[1:]])
    np.testing.assert_allclose(drawn.T[..., None], result.paths, rtol=0, atol=1e-3)


def test_sunspots(data, tmp_path, capsys, monkeypatch):
    """Yearly numbers with a first column of bare years."""
    table, out = data / "timeseries" / "sunspots_yearly.csv", tmp_path / "next.csv"
    options = ["--target", "SUNACTIVITY", "--horizon", "11", "--steps", "100"]
    command(capsys, monkeypatch, "train", table, "-o", tmp_path / "model", *options)
    command(capsys, monkeypatch, "forecast", table, "--model", tmp_path / "model", "-o", out)
    years = [line.split(",")[0] for line in out.read_text().splitlines()]
    assert years == ["YEAR", *(str(year) for year in range(2009, 2020))]


def test_resume(table, tmp_path):
    train(table[0], tmp_path / "out", MODEL, RUN | {"steps": 5})
    assert train(table[0], tmp_path / "out", resume=True, training={"steps": 10})
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["series"]["targets"] == ["load"]
