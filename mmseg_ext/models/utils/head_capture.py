"""Penultimate features and main logits of any decode head, from outside."""
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Optional, Tuple

from torch import Tensor, nn

from .mask_classification import classifies_masks, read_logits

ADVICE = (
    "name a module of the head as '<dotted path>:input' or "
    "'<dotted path>:output', or an inner head as '<dotted path>.cls_seg', "
    'whose maps of features are (N, D, h, w)')


class HeadCapture:
    """What one forward of a decode head computed on its way.

    Attributes:
        source (str): Where the features are taken.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._features: Optional[Tensor] = None
        self._logits: Optional[Tensor] = None

    @property
    def features(self) -> Tensor:
        """Tensor: penultimate features (N, D, h, w), before any dropout."""
        return self._read(self._features)

    @property
    def logits(self) -> Tensor:
        """Tensor: main logits (N, C, h, w)."""
        return self._read(self._logits)

    def _read(self, value: Optional[Tensor]) -> Tensor:
        if value is None:
            raise RuntimeError(
                f'{self.source!r} was not called with a tensor in the forward '
                f'of the decode head, so it shows nothing; {ADVICE}.')
        return value


@contextmanager
def capture_head(head: nn.Module, source: str = 'cls_seg'):
    """Record features and logits of the forwards of a head in the scope.

    With ``source='cls_seg'`` the method ``cls_seg`` of the head is watched:
    its argument are the penultimate features, ahead of the dropout, and its
    result the main logits, whatever else the head returns while it trains.
    Other sources take the features at a module; the logits are then what the
    head returns, the last of a list (stages) or the first of a tuple
    (auxiliary outputs). Of a head that classifies masks they are the
    logarithms of the shares of the classes. A head may say otherwise by
    ``logits_method``, the name of a method, and ``read_logits``, which turns
    what that returns into logits.

    On exit, also by an exception, nothing is left on the head. A deep copy
    of a head must not be made in the scope.

    Args:
        head (nn.Module): A decode head, or the ``ModuleList`` of a cascade,
            of which the last stage is watched.
        source (str): ``'cls_seg'``, ``'<dotted path>.cls_seg'``,
            ``'<dotted path>:input'`` or ``'<dotted path>:output'``. Defaults
            to 'cls_seg'.

    Yields:
        HeadCapture: Holds ``features`` and ``logits`` of the last forward.

    Raises:
        ValueError: If the head has no such source.
    """
    head = last_stage(head)
    owner, name, port = _resolve(head, source)
    captured = HeadCapture(source)

    def watch_source(call: Callable) -> Callable:

        def watched(*args, **kwargs):
            output = call(*args, **kwargs)
            argument = args[0] if args else next(iter(kwargs.values()))
            captured._features = _tensor(argument if port ==
                                         'input' else output)
            if owner is head and name == 'cls_seg':
                captured._logits = output
            return output

        return watched

    method, read = _logits_reader(head)

    def watch_head(call: Callable) -> Callable:

        def watched(*args, **kwargs):
            output = call(*args, **kwargs)
            captured._logits = read(output)
            return output

        return watched

    with ExitStack() as stack:
        stack.enter_context(_replaced(owner, name, watch_source))
        if not (owner is head and name == 'cls_seg'):
            stack.enter_context(_replaced(head, method, watch_head))
        yield captured


def check_capturable(head: nn.Module, source: str = 'cls_seg') -> None:
    """Raise where :func:`capture_head` will find nothing, at build time.

    Args:
        head (nn.Module): A decode head or the ``ModuleList`` of a cascade.
        source (str): See :func:`capture_head`. Defaults to 'cls_seg'.

    Raises:
        ValueError: If the head has no such source.
    """
    _resolve(last_stage(head), source)


def penultimate_channels(head: nn.Module, source: str = 'cls_seg') -> int:
    """Channels of the features that :func:`capture_head` records.

    Args:
        head (nn.Module): A decode head or the ``ModuleList`` of a cascade.
        source (str): See :func:`capture_head`. Defaults to 'cls_seg'.

    Raises:
        ValueError: If the head has no such source, or its channels cannot be
            told from the module.
    """
    owner, name, port = _resolve(last_stage(head), source)
    if name == 'cls_seg':
        return owner.conv_seg.in_channels
    kinds = ('in_channels', 'in_features', 'num_features')
    if port == 'output':
        kinds = ('out_channels', 'out_features', 'num_features')
    for kind in kinds:
        channels = getattr(owner, kind, None)
        if isinstance(channels, int):
            return channels
    raise ValueError(
        f'The channels at {source!r} cannot be told from a '
        f'{type(owner).__name__}: give them in the config (in_channels of '
        'the projector).')


def last_stage(head: nn.Module) -> nn.Module:
    """The head itself, or the last stage of a cascade of heads."""
    return head[-1] if isinstance(head, nn.ModuleList) else head


def _resolve(head: nn.Module, source: str) -> Tuple[nn.Module, str, str]:
    """The module, its callable and the side of it that a source names."""
    path, colon, port = source.partition(':')
    kind = type(head).__name__
    if colon and port not in ('input', 'output'):
        raise ValueError(f"The source {source!r} must end in ':input' or "
                         f"':output'; {ADVICE}.")
    if not colon:
        path, _, method = source.rpartition('.')
        if method != 'cls_seg':
            raise ValueError(f'The source {source!r} names no side of a '
                             f'module; {ADVICE}.')
    try:
        owner = head.get_submodule(path)
    except AttributeError as error:
        raise ValueError(f'{kind} has no module {path!r}, which the source '
                         f'{source!r} names; {ADVICE}.') from error
    if colon:
        return owner, 'forward', port
    # Heads that never call the inherited method have no conv_seg either.
    if not (callable(getattr(owner, 'cls_seg', None))
            and getattr(owner, 'conv_seg', None) is not None):
        raise ValueError(
            f'{type(owner).__name__} does not classify pixels by cls_seg and '
            f'conv_seg, so its features are not found by {source!r}; '
            f'{ADVICE}.')
    return owner, 'cls_seg', 'input'


@contextmanager
def _replaced(owner: nn.Module, name: str, wrap: Callable):
    """A method wrapped on one instance, as long as the scope lasts."""
    own = owner.__dict__
    missing = name not in own
    previous = own.get(name)
    own[name] = wrap(getattr(owner, name))
    try:
        yield
    finally:
        if missing:
            del own[name]
        else:
            own[name] = previous


def _logits_reader(head: nn.Module) -> Tuple[str, Callable]:
    """The method that shows the logits, and how they are read from it."""
    method = getattr(head, 'logits_method', None)
    if method is not None:
        return method, head.read_logits
    if classifies_masks(head):
        return 'forward', read_logits
    return 'forward', _main_logits


def _main_logits(output: Any) -> Optional[Tensor]:
    if isinstance(output, (list, tuple)) and output:
        output = output[-1] if isinstance(output, list) else output[0]
    return _tensor(output)


def _tensor(value: Any) -> Optional[Tensor]:
    return value if isinstance(value, Tensor) else None
