"""ONNX Runtime's execution providers by short names: which part of the machine runs the networks.

It is imported where it is asked: where Onoma's own code runs the network, nothing asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onoma.errors import InputError, nearest

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["CPU", "PROVIDERS", "available", "check_running", "chosen"]

CPU = "cpu"

# short name: (ONNX Runtime's name, the package that brings it)
PROVIDERS = {
    "cpu": ("CPUExecutionProvider", "onnxruntime"),
    "coreml": ("CoreMLExecutionProvider", "onnxruntime (on macOS)"),
    "cuda": ("CUDAExecutionProvider", "onnxruntime-gpu"),
    "directml": ("DmlExecutionProvider", "onnxruntime-directml"),
    "migraphx": ("MIGraphXExecutionProvider", "onnxruntime-migraphx"),
    "openvino": ("OpenVINOExecutionProvider", "onnxruntime-openvino"),
    "qnn": ("QNNExecutionProvider", "onnxruntime-qnn"),
    "tensorrt": ("TensorrtExecutionProvider", "onnxruntime-gpu"),
}


def available() -> list[str]:
    """The providers that the installed ONNX Runtime was built with, by their short names.

    >>> "cpu" in available()
    True
    """
    import onnxruntime

    built = onnxruntime.get_available_providers()
    return [short for short, (name, _) in PROVIDERS.items() if name in built]


def chosen(provider: str) -> list[str]:
    """What ONNX Runtime is asked for: the provider called ``provider``, and the CPU for what it cannot run.

    Raises `InputError` naming those there are, and the package to install, when it is not there.

    >>> chosen("cpu")
    ['CPUExecutionProvider']
    """
    if provider not in PROVIDERS:
        raise InputError(f"there is no provider called {provider!r}; {nearest(provider, PROVIDERS)}")
    name, package = PROVIDERS[provider]
    if provider not in available():
        raise InputError(
            f"the provider {provider!r} is not in the ONNX Runtime installed here; available: "
            f"{', '.join(available())}. It comes with the package {package}, in place of onnxruntime"
        )
    return [name] if provider == CPU else [name, PROVIDERS[CPU][0]]


def check_running(session: onnxruntime.InferenceSession, provider: str) -> None:
    """Raise `InputError` where ONNX Runtime fell back to the CPU, as it does when a driver is missing."""
    name, package = PROVIDERS[provider]
    if name not in session.get_providers():
        raise InputError(
            f"the provider {provider!r} is installed ({package}) but could not start, so ONNX Runtime would "
            f"use the CPU unasked: look for its drivers and libraries, or choose another of "
            f"{', '.join(available())}"
        )
