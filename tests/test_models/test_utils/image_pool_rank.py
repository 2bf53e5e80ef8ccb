"""One of two ranks that share an ImagePool; see test_image_pool.py."""
import sys

import torch
from torch import distributed as dist

from mmseg_ext.models.utils.image_pool import ImagePool


def main(rank, store, out):
    dist.init_process_group(
        'gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    torch.manual_seed(rank)  # as with diff_rank_seed
    pool = ImagePool(3)
    torch.manual_seed(rank + 1)  # as in training, ranks draw differently
    shown = [
        pool.query(torch.tensor([4. * i + 2 * rank, 4. * i + 2 * rank + 1]))
        for i in range(8)
    ]
    torch.save(dict(shown=shown, state=pool.state_dict()), f'{out}{rank}.pth')
    dist.destroy_process_group()


if __name__ == '__main__':
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
