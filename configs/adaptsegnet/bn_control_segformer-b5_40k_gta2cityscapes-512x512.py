# control: the target is forwarded and moves the statistics of normalisation in
# the head, no loss reads it
_base_ = ['./source_only_segformer-b5_40k_gta2cityscapes-512x512.py']
model = dict(forward_target=True)
