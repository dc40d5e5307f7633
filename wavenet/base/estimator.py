"""The parameter protocol of scikit-learn's estimators, without scikit-learn."""

from __future__ import annotations

import inspect
from typing import Any, Self


class Estimator:
    """Parameters are the keyword arguments of `__init__`, kept unchanged under their own names."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters; `deep` is there for scikit-learn and changes nothing."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Sets parameters.

        Raises
        ------
        ValueError
            There is no parameter of that name.
        """
        names = self._parameter_names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(names)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = {
            name: value
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name].default)  # arrays have no one truth
        }
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in changed.items())})"
