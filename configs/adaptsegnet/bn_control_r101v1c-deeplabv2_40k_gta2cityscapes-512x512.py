# control: the target is forwarded and moves the statistics of normalisation,
# no loss reads it
_base_ = ['./source_only_r101v1c-deeplabv2_40k_gta2cityscapes-512x512.py']
model = dict(forward_target=True)
