# "AdvEnt + MinEnt" of the paper: scores of two trained models, half and half
# python tools/test.py \
#     configs/advent/advent_minent_ensemble_r101-deeplabv2_90k_synthia2cityscapes-512x1024.py \
#     ADVENT.pth --cfg-options model.checkpoints="[None,MINENT_ER.pth]"
_base_ = ['./minent_er_r101-deeplabv2_90k_synthia2cityscapes-512x1024.py']
model = dict(
    _delete_=True,
    type='EnsembleSegmentor',
    models=[{{_base_.model}}, {{_base_.model}}],
    # None: the first is the checkpoint that the tool is given
    checkpoints=[
        None,
        'work_dirs/minent_er_r101-deeplabv2_90k_synthia2cityscapes-512x1024/iter_90000.pth'
    ],
    weights=[0.5, 0.5])
