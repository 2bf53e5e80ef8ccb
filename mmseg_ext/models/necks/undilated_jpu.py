import torch
from mmseg.models.necks import JPU
from mmseg.registry import MODELS


@MODELS.register_module()
class UndilatedJPU(JPU):
    """JPU behind a backbone without dilation, as FastFCN has it.

    The stock configs of FastFCN keep the dilation of the backbone. Their
    checkpoints fit this neck in every name and shape, but the features would
    be wrong; they are refused. Of `FastFCN
    <https://arxiv.org/abs/1903.11816>`_.

    Args:
        **kwargs: As of ``JPU``.

    Raises:
        ValueError: If a checkpoint of a dilated backbone is loaded.
    """

    # Weights of JPU that were trained without dilation carry this mark.
    _MARK = 'undilated'

    def __init__(self, **kwargs) -> None:
        for name in ('in_channels', 'dilations'):
            if name in kwargs:
                kwargs[name] = tuple(kwargs[name])
        super().__init__(**kwargs)
        self.register_buffer(self._MARK, torch.ones((), dtype=torch.bool))

    def _load_from_state_dict(self, state_dict, prefix, *args,
                              **kwargs) -> None:
        # other necks have the same prefix and are none of JPU's business
        weights = f'{prefix}conv_layers.0.0.conv.weight' in state_dict
        if weights and f'{prefix}{self._MARK}' not in state_dict:
            raise ValueError(
                f'The checkpoint has weights of {prefix[:-1] or "JPU"} that '
                'were trained behind a dilated backbone, as those of '
                "MMSegmentation's fastfcn configs are: they would give wrong "
                'features; use configs/fastfcn/*_stock-dilation.py, or '
                "tools/model_converters/fastfcn.py for the authors' files.")
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
