"""LoRA adapters of a model in this process: found by name, loaded when asked for, switched per request."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import AdapterError, InvalidInputError, ModelError
from retrieval.generators.adapter_files import CONFIG, WEIGHTS, Shape, base_of, made_for, read_config

MOST_LOADED = 4

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Home:
    """Where adapters lie that were learned here, each in a place of its own.

    Attributes:
        place: Name of an adapter -> where its files would be.
        check: Holds the files in such a place against what was written, before they are loaded; raises ``ModelError``.
    """

    place: Callable[[str], Path]
    check: Callable[[Path], object]


class Adapters:
    """The adapters in a folder, one folder each; a few stay loaded, the least recently used gives way.

    Without an adapter the model computes what it computed before any was loaded, bit for bit. Not to be used by two
    threads at a time, but for ``find``.

    Args:
        model: A transformers model; adapters are put into its modules.
        folder: Where they are; None for none.
        base: The model's folder: an adapter that names the weights it was trained on is held against it.
        learned: Where those lie that were learned here; None for none.

    Raises:
        ModelError: There is a folder, but peft is not installed.
    """

    def __init__(
        self, model: Any, folder: Path | None, *, base: Path | None = None, learned: Home | None = None
    ) -> None:
        self._model = model
        self._base = base
        self._fingerprint = ""  # takes seconds for a large model, and is rarely needed
        self._folder = folder
        self._learned = learned
        self._shapes = _shapes(model)  # before adapters wrap the modules
        self._peft: Any = None
        self._loaded: OrderedDict[tuple[Path, int, int], str] = OrderedDict()  # least recently used first
        self._slots = 0
        self._wrap: Any = None
        self._config: Any = None
        if folder is not None:
            self._import()

    def find(self, name: str) -> Path:
        """Look an adapter up, without reading it.

        Returns:
            Its folder.

        Raises:
            InvalidInputError: There is no such adapter.
        """
        if _NAME.fullmatch(name):
            learned = None if self._learned is None else self._learned.place(name)
            for folder in (self._folder and self._folder / name, learned):
                if folder is not None and (folder / CONFIG).is_file():
                    return folder
        raise InvalidInputError(f"there is no adapter {name[:100]!r}")

    @contextmanager
    def worn(self, folder: Path | None) -> Iterator[None]:
        """Let the model compute with one adapter, or with none.

        Args:
            folder: As ``find`` gave it.

        Raises:
            AdapterError: The adapter cannot be read, or is not one of this model; or peft is not installed.
        """
        if folder is not None:
            try:
                slot = self._slot(folder)
            except ModelError as error:
                raise AdapterError(str(error)) from error
            self._peft.set_adapter(slot)
            self._give_way()
            yield
        elif self._peft is not None:
            with self._peft.disable_adapter():
                yield
        else:
            yield

    def _slot(self, folder: Path) -> str:
        """Return the name under which peft knows the adapter; it is loaded anew where its files have changed."""
        try:
            version = folder, (folder / CONFIG).stat().st_mtime_ns, (folder / WEIGHTS).stat().st_mtime_ns
        except OSError as error:
            raise ModelError(f"the adapter {folder.name} is not whole: {error}") from error
        if version not in self._loaded:
            self._loaded[version] = self._load(folder)
        self._loaded.move_to_end(version)
        return self._loaded[version]

    def _check(self, folder: Path) -> None:
        wanted = made_for(folder) if self._base else None
        if wanted is None or self._base is None:
            return
        self._fingerprint = self._fingerprint or base_of(self._base)
        if wanted != self._fingerprint:
            raise ModelError(f"the adapter {folder.name} does not fit: it was trained on another language model")

    def _import(self) -> None:
        """Get what puts adapters into models: who has none needs none of it."""
        try:
            import peft
        except ImportError as error:
            raise ModelError('adapters need peft: pip install "attune[local]"') from error
        self._wrap, self._config = peft.PeftModel, peft.LoraConfig

    def _load(self, folder: Path) -> str:
        if self._wrap is None:
            self._import()
        self._check(folder)
        if self._learned is not None and folder.parent != self._folder:
            self._learned.check(folder)
        self._slots += 1
        slot = f"adapter{self._slots}"
        options = read_config(folder, self._shapes)
        try:
            config = self._config(inference_mode=True, **options)
            if self._peft is None:
                self._peft = self._wrap(self._model, config, adapter_name=slot)
            else:
                self._peft.add_adapter(slot, config)
            self._peft.load_adapter(folder, slot, torch_device=str(self._model.device))
        except (OSError, RuntimeError, ValueError, TypeError, KeyError) as error:
            # What was loaded of it is never worn: a slot is kept for a whole adapter only.
            raise ModelError(f"the adapter {folder.name} cannot be loaded: {error}"[:500]) from error
        return slot

    def _give_way(self) -> None:
        while len(self._loaded) > MOST_LOADED:
            _, slot = self._loaded.popitem(last=False)
            self._peft.delete_adapter(slot)


def _shapes(model: Any) -> dict[str, Shape]:
    """Find what LoRA can act on: linear layers, by their names, with how many features go in and out."""
    shapes: dict[str, Shape] = {}
    for name, module in model.named_modules():
        kind = type(module).__name__
        if kind == "Linear":
            shapes[name] = Shape(module.in_features, module.out_features)
        elif kind == "Conv1D":  # of GPT-2: a linear layer that is written the other way round
            shapes[name] = Shape(*module.weight.shape)
    return shapes
