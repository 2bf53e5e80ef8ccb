# baseline: the labelled images alone
_base_ = ['./eln_r50-deeplabv3plus_133k_voc12aug-1_20-505x505.py']
model = dict(
    pseudo_filter=dict(_delete_=True, type='ConfidenceFilter'),
    aux_decoders=None,
    loss_contrast=None)
train_dataloader = dict(
    batch_size=6,
    sampler=dict(source_sizes=dict(_delete_=True, labeled=6)),
    dataset=dict(unlabeled=None))
default_hooks = dict(
    # never reaches a further stage
    stage=dict(stages=[
        dict(name='pretrain', iters=133000),
        dict(name='localize', iters=0),
        dict(name='semi')
    ]))
auto_scale_lr = dict(base_batch_size=6)
