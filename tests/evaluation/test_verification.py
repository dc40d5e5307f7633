"""A model whose feature frames nobody can make from its file alone is not whole."""

import dataclasses

from wavenet.config import WaveNetConfig
from wavenet.evaluation.verification import verify
from wavenet.io.model_file import load_model, save_model


def features_check(folder, config: WaveNetConfig, weights) -> bool:
    save_model(folder, config, weights)
    (check,) = (check for check in verify(folder) if check.name == "features")
    return check.passed


def test_features_must_be_described(speaking_model, tmp_path):
    config, weights = load_model(speaking_model)
    assert features_check(tmp_path / "whole", config, weights)
    silent = dataclasses.replace(config, features=None)
    assert not features_check(tmp_path / "undescribed", silent, weights)
    durations = {"ann": config.features.durations["ann"]}
    features = dataclasses.replace(config.features, durations=durations)
    partial = dataclasses.replace(config, features=features)
    assert not features_check(tmp_path / "partial", partial, weights)
