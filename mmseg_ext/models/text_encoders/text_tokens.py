"""Token ids of sentences, by the tokenizer that MMSegmentation ships."""
from functools import lru_cache
from typing import Sequence

import torch
from mmseg.utils.tokenizer import tokenize
from torch import Tensor

__all__ = ['token_ids']


def token_ids(sentences: Sequence[str], length: int = 77) -> Tensor:
    """CLIP's token ids, with begin and end, padded with zeros.

    Args:
        sentences (Sequence[str]): Sentences.
        length (int): Ids of each. Defaults to 77.

    Returns:
        Tensor: int64 of shape (sentences, length), on the CPU.
    """
    return torch.stack(
        [_token_ids(sentence, length) for sentence in sentences])


@lru_cache(maxsize=65536)
def _token_ids(sentence: str, length: int) -> Tensor:
    return tokenize(sentence, context_length=length)[0]
