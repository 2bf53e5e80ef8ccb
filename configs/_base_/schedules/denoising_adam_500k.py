# Adam at 1e-4 with a cosine to 0 in float16 and 256 images a batch, as the
# public code of 2205.11423 has it; it trains for 100 epochs, which of
# ImageNet-1k are as many iterations as these. The schedule of the paper is
# not known.
_base_ = ['./iteration_runtime.py']
optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    # one kernel for all parameters, with the scaler's factor in it
    optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.999), fused=True))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=0.,
        by_epoch=False,
        begin=0,
        end=500000)
]
train_cfg = dict(max_iters=500000, val_interval=20000)
val_cfg = dict(type='TeacherStudentValLoop', report='gain')
default_hooks = dict(
    checkpoint=dict(interval=20000, max_keep_ckpts=2),
    denoising_visualization=dict(
        type='DenoisingVisualizationHook', interval=20000),
    export_pretrained=dict(type='ExportPretrainedHook'))
# eight GPUs
auto_scale_lr = dict(enable=False, base_batch_size=256)
