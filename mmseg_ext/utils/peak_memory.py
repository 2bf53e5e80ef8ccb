from pathlib import Path

import torch


def peak_bytes() -> int:
    """Largest memory of this process so far, of the GPU's tensors if any.

    Returns:
        int: Bytes; without a GPU those of the whole process (Linux).
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    status = Path('/proc/self/status').read_text()
    line = next(x for x in status.splitlines() if x.startswith('VmHWM'))
    return int(line.split()[1]) * 1024
