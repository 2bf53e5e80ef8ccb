# control: the target is forwarded and moves the statistics of normalisation,
# no loss reads it
_base_ = ['./source_only_r101-deeplabv2_150k_synthia2cityscapes-512x1024.py']
model = dict(forward_target=True)
